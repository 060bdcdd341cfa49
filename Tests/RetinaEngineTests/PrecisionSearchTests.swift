import RetinaModel
import Testing

@testable import RetinaEngine

@Suite struct PrecisionSearchTests {
  private func search(_ example: FixedPointExample, budget: Int) throws -> PrecisionSearch {
    let (folded, inputs) = (try FoldedModel(example.model, stacks: .composed), try example.inputs)
    return try PrecisionSearch(
      folded, Calibration(folded.model, inputs), QuantizationOptions(precision: .int16), inputs, budget: budget)
  }

  @Test(arguments: FixedPointExample.all) func `budgets are kept with the least loss per byte first`(
    _ example: FixedPointExample
  ) throws {
    let wide = try search(example, budget: .max)
    #expect(wide.options.narrow.isEmpty && wide.loss == wide.lossWide)
    let useful = wide.table.filter { $0.saved > 0 }
    guard useful.count > 1 else { return }
    let one = try search(example, budget: wide.bytes - 1)
    #expect(one.bytes < wide.bytes && one.options.narrow.count == 1)
    let chosen = try #require(one.table.first { $0.isNarrow })
    #expect(one.loss == chosen.loss)
    for place in useful {
      #expect(chosen.loss / Double(chosen.saved) <= place.loss / Double(place.saved))
    }
    // What was found is what the options give.
    let model = try example.plan(one.options)
    let program = try FixedPointProgram(model)
    #expect(program.image.arenaBytes + program.image.stateBytes == one.bytes)
    #expect(([model.input] + model.layers.map { $0.output }).contains { $0.type == .int8 })
    #expect(throws: QuantizationError.self) { try search(example, budget: 1) }
  }
}
