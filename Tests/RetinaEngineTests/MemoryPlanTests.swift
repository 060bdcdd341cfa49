import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

@Suite struct MemoryPlanTests {
  @Test(arguments: 0..<60)
  func `kept boundaries are never written over, and no boundary touches the next`(seed: Int) throws {
    var generator = SeededRandom(seed: UInt64(seed))
    let program = Program(try Example.random(seed).model())
    let isKept = program.boundaryCounts.map { _ in generator.once(in: 3) }
    let plan = MemoryPlan(program) { isKept[$0] }
    let places = program.boundaryCounts.indices.map { plan.offsets[$0]..<plan.offsets[$0] + program.boundaryCounts[$0] }
    for (boundary, place) in places.enumerated() {
      #expect(place.lowerBound >= 0 && place.upperBound <= plan.arenaCount, "seed \(seed), boundary \(boundary)")
      #expect(place.lowerBound % 16 == 0, "seed \(seed), boundary \(boundary)")
      for other in places.indices where other != boundary && (isKept[boundary] || abs(other - boundary) == 1) {
        #expect(!place.overlaps(places[other]), "seed \(seed), boundaries \(boundary) and \(other)")
      }
    }
  }

  @Test func `the arena is as large as what must be there at once`() throws {
    var builder = ModelBuilder(seed: 1, input: Shape(100))
    for outputs in [50, 30, 20] { try builder.dense(outputs) }
    let program = Program(try builder.model())
    #expect(program.boundaryCounts == [100, 50, 30, 20])
    // Whole lines of 16 floats: 112, 64, 32 and 32.
    #expect(MemoryPlan(program) { _ in true }.arenaCount == 240)
    #expect(MemoryPlan(program) { _ in false }.arenaCount == 176)
    #expect(MemoryPlan(program) { $0 == 3 }.arenaCount == 176 + 32)
    #expect(MemoryPlan(program) { $0 == 1 }.arenaCount == 112 + 64)
    #expect(MemoryPlan(program) { $0 == 3 }.arenaBytes == 208 * 4)
  }

  @Test func `memory begins at whole lines`() throws {
    let program = Program(try Example.all[0].model())
    let workspace = Workspace(MemoryPlan(program) { _ in true })
    for boundary in program.boundaryCounts.indices {
      #expect(UInt(bitPattern: workspace[boundary]) % 64 == 0)
    }
  }
}
