import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

@Suite struct DerivativeTests {
  @Test(arguments: Example.all + (0..<60).map(Example.random))
  func `the derivative along a direction is that of float64 differences`(example: Example) throws {
    let model = try example.model()
    let program = Program(model)
    var generator = SeededRandom(seed: 7)
    let (input, direction) = (generator.values(program.inputCount), generator.values(program.inputCount))
    let (values, tangents) = program.workspaces(input)
    tangents[0].update(from: direction, count: direction.count)
    program.pushForward(tangents, at: values, from: 0, to: program.outputBoundary)

    let (reference, step) = (Float64Model(model: model), 1e-6)
    let above = reference.run(input.indices.map { Double(input[$0]) + step * Double(direction[$0]) })
    let below = reference.run(input.indices.map { Double(input[$0]) - step * Double(direction[$0]) })
    var before = direction.magnitude
    for index in model.layers.indices {
      let found = tangents.values(program.layerBoundaries[index], of: program)
      let expected = zip(above[index], below[index]).map { ($0 - $1) / (2 * step) }
      #expect(relativeError(found, expected, least: before) < 1e-5, "\(model.layers[index].name)")
      before = found.magnitude
    }
  }

  @Test(arguments: Example.all + (100..<160).map(Example.random))
  func `the gradient is adjoint to the derivative, between any two boundaries`(example: Example) throws {
    let program = Program(try example.model())
    var generator = SeededRandom(seed: 8)
    let (values, tangents) = program.workspaces(generator.values(program.inputCount))
    let gradients = Workspace(tangents.plan)
    let last = program.outputBoundary
    for (start, end) in [(0, last), (0, generator.integer(0...last)), (generator.integer(0...last), last)] {
      let direction = generator.values(program.boundaryCounts[start])
      let gradient = generator.values(program.boundaryCounts[end])
      tangents[start].update(from: direction, count: direction.count)
      program.pushForward(tangents, at: values, from: start, to: end)
      gradients[end].update(from: gradient, count: gradient.count)
      program.pullBack(gradients, at: values, from: end, to: start)
      let (tangent, back) = (tangents.values(end, of: program), gradients.values(start, of: program))
      let scale = (product(tangent, tangent) * product(gradient, gradient)).squareRoot()
      #expect(
        abs(product(tangent, gradient) - product(direction, back)) <= 1e-5 * max(scale, 1e-3), "\(start) to \(end)")
    }
  }

  @Test(arguments: [Example.all[0], Example.all[1], Example.all[3]])
  func `the gradient of one cell is that of float64 differences`(example: Example) throws {
    let model = try example.model()
    let program = Program(model)
    var generator = SeededRandom(seed: 9)
    let input = generator.values(program.inputCount)
    let (values, gradients) = program.workspaces(input)
    gradients[program.outputBoundary].update(repeating: 0, count: program.outputCount)
    gradients[program.outputBoundary][1] = 1
    program.pullBack(gradients, at: values, from: program.outputBoundary, to: 0)
    let (reference, step) = (Float64Model(model: model), 1e-6)
    let largest = gradients.values(0, of: program).magnitude
    for _ in 0..<12 {
      let pixel = generator.integer(0...program.inputCount - 1)
      var (above, below) = (input.float64, input.float64)
      above[pixel] += step
      below[pixel] -= step
      let last = model.layers.count - 1
      let expected = (reference.run(above)[last][1] - reference.run(below)[last][1]) / (2 * step)
      #expect(abs(Double(gradients[0][pixel]) - expected) < 1e-5 * largest, "pixel \(pixel)")
    }
  }
}

extension Program {
  /// The values of an input at every boundary, and room for as many tangents or gradients, filled with NaN.
  func workspaces(_ input: [Float]) -> (values: Workspace, others: Workspace) {
    let plan = MemoryPlan(self) { _ in true }
    let (values, others) = (Workspace(plan), Workspace(plan))
    values[0].update(from: input, count: inputCount)
    run(values)
    for boundary in boundaryCounts.indices { others[boundary].update(repeating: .nan, count: boundaryCounts[boundary]) }
    return (values, others)
  }
}
