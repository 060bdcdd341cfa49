/// Where the values of each boundary live in the working memory, found before anything runs.
///
/// A kept boundary has its own place. The others are needed only until the next step has read them, so they take turns at
/// the two ends of one shared region whose size is that of the largest pair of neighbours.
public struct MemoryPlan: Sendable {
  /// Place of each boundary's first value, in floats.
  public let offsets: [Int]
  /// Floats needed in all.
  public let arenaCount: Int
  /// Place of the scratch that gradients need.
  let scratchOffset: Int

  /// Every place begins at a multiple of this many floats (64 bytes).
  static let alignment = 16

  /// Plans the memory for a program.
  ///
  /// - Parameter kept: whether the values of a boundary must still be there when all steps have run.
  public init(_ program: Program, keeping kept: (Int) -> Bool) {
    let sizes = program.boundaryCounts.map { count in
      (count + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment
    }
    let shared = sizes.indices.map { !kept($0) }
    var region = 0
    for index in sizes.indices where shared[index] {
      let next = index + 1 < sizes.count && shared[index + 1] ? sizes[index + 1] : 0
      region = max(region, sizes[index] + next)
    }
    var (offsets, end) = ([Int](), region)
    for index in sizes.indices {
      if shared[index] {
        offsets.append(index % 2 == 0 ? 0 : region - sizes[index])
      } else {
        offsets.append(end)
        end += sizes[index]
      }
    }
    self.offsets = offsets
    scratchOffset = end
    arenaCount = end + program.scratchFloats
  }

  /// Bytes needed in all.
  public var arenaBytes: Int { arenaCount * 4 }
}

/// Working memory for the boundaries of a program.
public final class Workspace {
  /// Where each boundary lives.
  public let plan: MemoryPlan
  private let arena: UnsafeMutableRawPointer

  /// Allocates the memory of a plan, filled with zeros.
  ///
  /// This is the only allocation.
  public init(_ plan: MemoryPlan) {
    self.plan = plan
    arena = .allocate(byteCount: max(64, plan.arenaBytes), alignment: 64)
    arena.initializeMemory(as: UInt8.self, repeating: 0, count: max(64, plan.arenaBytes))
  }

  deinit { arena.deallocate() }

  /// The values at a boundary.
  public subscript(boundary: Int) -> UnsafeMutablePointer<Float> {
    (arena + 4 * plan.offsets[boundary]).assumingMemoryBound(to: Float.self)
  }

  /// Memory for one step to work in.
  var scratch: UnsafeMutablePointer<Float> {
    (arena + 4 * plan.scratchOffset).assumingMemoryBound(to: Float.self)
  }
}
