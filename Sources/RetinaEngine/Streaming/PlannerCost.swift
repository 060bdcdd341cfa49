/// How fast a machine does each kind of work: what turns counts into seconds, for the planner.
///
/// Only choices between algorithms depend on it, never what an algorithm gives.
public struct PlannerCost: Sendable, Equatable {
  /// Where the numbers are from, for people.
  public var name: String
  /// Operations per second of each kind of ``StageWork``, data in the nearest caches.
  public var direct, matrix, product, transform, elementwise: Double
  /// What bytes cost on top, from the smallest working set to the largest.
  public var memory: [MemoryCost]

  /// What it costs to read from a working set of some size.
  public struct MemoryCost: Sendable, Equatable {
    /// Bytes that are read again and again.
    public var workingSet: Double
    /// Seconds per byte on top of those of the arithmetic.
    public var secondsPerByte: Double

    /// Creates a cost.
    public init(workingSet: Double, secondsPerByte: Double) {
      self.workingSet = workingSet
      self.secondsPerByte = secondsPerByte
    }
  }

  /// Creates a cost from its numbers.
  public init(
    name: String, direct: Double, matrix: Double, product: Double, transform: Double, elementwise: Double,
    memory: [MemoryCost]
  ) {
    self.name = name
    (self.direct, self.matrix, self.product) = (direct, matrix, product)
    (self.transform, self.elementwise) = (transform, elementwise)
    self.memory = memory
  }

  /// What was measured on one machine (AMD EPYC, Zen 4) for a level.
  ///
  /// Only ratios of these numbers matter for a choice, and they differ less from machine to machine than the numbers.
  public static func standard(_ level: ProcessorLevel) -> PlannerCost {
    let memory = [(0x1p20, 0), (0x1p22, 3e-12), (0x1p24, 11e-12), (0x1p26, 39e-12)].map {
      MemoryCost(workingSet: $0, secondsPerByte: $1)
    }
    switch level {
    case .baseline:
      return PlannerCost(
        name: "standard", direct: 32e9, matrix: 34e9, product: 38e9, transform: 18e9, elementwise: 12e9, memory: memory)
    case .avx2, .avx512:
      return PlannerCost(
        name: "standard", direct: 53e9, matrix: 46e9, product: 101e9, transform: 38e9, elementwise: 17e9, memory: memory
      )
    }
  }

  /// Seconds that some work takes.
  ///
  /// - Parameter workingSet: bytes that the whole stream keeps coming back to; those of the work itself when it is left out.
  public func seconds(_ work: StageWork, workingSet: Double? = nil) -> Double {
    work.direct / direct + work.matrix / matrix + work.product / product + work.transform / transform
      + work.elementwise / elementwise + work.traffic * secondsPerByte(workingSet ?? work.resident)
  }

  /// Between two measured working sets along a line over the logarithm.
  func secondsPerByte(_ workingSet: Double) -> Double {
    guard var below = memory.first, workingSet > below.workingSet else { return memory.first?.secondsPerByte ?? 0 }
    for above in memory.dropFirst() {
      if workingSet <= above.workingSet {
        let part =
          StageWork.logarithm(workingSet / below.workingSet) / StageWork.logarithm(above.workingSet / below.workingSet)
        return below.secondsPerByte + part * (above.secondsPerByte - below.secondsPerByte)
      }
      below = above
    }
    return below.secondsPerByte
  }
}
