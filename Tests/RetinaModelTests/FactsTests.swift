import RetinaModel
import Testing

@Suite struct FactsTests {
  private let layers = [Layer("cells", .dense(Dense(weight: ones(2, 360))))]

  private func places(_ facts: Facts, input: Shape = Shape(4, 9, 10)) throws -> [String] {
    try problems(layers, input: input, facts: facts).map(\.place)
  }

  @Test func `facts that fit are accepted`() throws {
    let facts = Facts(
      lag: 1, frameRate: 60, pixelSize: 50,
      normalization: .perPixel(mean: Tensor(repeating: 0.5, shape: Shape(9, 10)), standardDeviation: ones(9, 10)),
      responseUnit: "spikes/s", cells: [Cell(name: "a"), Cell(name: "b")],
      golden: Golden(input: ones(3, 4, 9, 10), output: ones(3, 2)))
    let model = try Model(name: "test", inputShape: Shape(4, 9, 10), layers: layers, facts: facts)
    #expect(model.facts.lag == 1 && model.facts.cells.map(\.name) == ["a", "b"])
  }

  @Test(arguments: [0, -60, Double.infinity, .nan])
  func `rates and sizes are above 0`(value: Double) throws {
    #expect(try places(Facts(frameRate: value, pixelSize: value)) == ["facts", "facts"])
  }

  @Test func `there are as many cells as outputs, or none`() throws {
    let problems = try problems(layers, facts: Facts(cells: [Cell(name: "a")]))
    #expect(problems == [.init(place: "cells", expected: "2 cells", found: "1")])
  }

  @Test func `cells are not counted when the layers do not fit`() throws {
    #expect(try places(Facts(cells: [Cell(name: "a")]), input: Shape(4, 9, 11)) == ["layer 'cells'"])
  }

  @Test(arguments: [[0, 0], [0, -1], [.nan, 1], [0, .infinity], [0, Float.nan]])
  func `a scalar normalisation is finite, its deviation above 0`(values: [Float]) throws {
    #expect(
      try places(Facts(normalization: .scalar(mean: values[0], standardDeviation: values[1]))) == ["normalisation"])
  }

  @Test func `a normalisation per pixel has the shape of a frame`() throws {
    let wrong = Facts(normalization: .perPixel(mean: ones(9, 10), standardDeviation: ones(10, 9)))
    let problems = try problems(layers, facts: wrong)
    #expect(
      problems == [.init(place: "normalisation", expected: "values of shape [9, 10]", found: "[9, 10] and [10, 9]")])
    let window = Facts(normalization: .perPixel(mean: ones(4, 9, 10), standardDeviation: ones(4, 9, 10)))
    #expect(try places(window) == ["normalisation"])
  }

  @Test(arguments: [Float.nan, 0, -1, .infinity])
  func `deviations per pixel are finite and above 0`(value: Float) throws {
    var deviation = ones(9, 10)
    deviation.values[31] = value
    #expect(
      try places(Facts(normalization: .perPixel(mean: ones(9, 10), standardDeviation: deviation)))
        == ["normalisation"])
  }

  @Test func `a golden pair has the shapes of the model`() throws {
    #expect(try places(Facts(golden: Golden(input: ones(4, 9, 10), output: ones(1, 2)))).first == "golden.input")
    #expect(try places(Facts(golden: Golden(input: ones(2, 4, 9, 9), output: ones(2, 2)))) == ["golden.input"])
    #expect(try places(Facts(golden: Golden(input: ones(2, 4, 9, 10), output: ones(3, 2)))) == ["golden.output"])
    #expect(try places(Facts(golden: Golden(input: ones(2, 4, 9, 10), output: ones(2, 3)))) == ["golden.output"])
  }

  @Test func `a golden pair is finite and its tolerance above 0`() throws {
    let (input, output) = (ones(1, 4, 9, 10), ones(1, 2))
    #expect(try places(Facts(golden: Golden(input: input, output: output, tolerance: 0))) == ["golden.tolerance"])
    #expect(try places(Facts(golden: Golden(input: input, output: output, tolerance: .nan))) == ["golden.tolerance"])
    var broken = input
    broken.values[5] = .nan
    #expect(try places(Facts(golden: Golden(input: broken, output: output))) == ["golden"])
  }
}
