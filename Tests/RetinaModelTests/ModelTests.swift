import RetinaModel
import Testing

@Suite struct ModelTests {
  @Test func `a model knows its layers, shapes and parameters`() throws {
    let model = try Model(
      name: "small", inputShape: Shape(4, 9, 10),
      layers: [
        Layer("first", .convolution(Convolution(weight: ones(2, 4, 3, 3), bias: [1, 2]))),
        Layer("nonlinearity", .activation(.parametricSoftplus(alpha: [1], beta: [1]))),
        Layer("cells", .dense(Dense(weight: ones(3, 112), bias: [1, 2, 3]))),
      ])
    #expect(model.shapes == [Shape(2, 7, 8), Shape(2, 7, 8), Shape(3)])
    #expect(model.parameterCount == 72 + 2 + 2 + 336 + 3)
    #expect(model.history == 4 && model.cells == 3)
    #expect(model.index(of: "cells") == 2 && model.index(of: "Cells") == nil)
  }

  @Test func `a model of vectors has no history`() throws {
    let model = try Model(name: "vector", inputShape: Shape(5), layers: [Layer("only", .activation(.relu))])
    #expect(model.history == nil)
  }

  @Test func `parameters have the names of files`() {
    func names(_ operation: Operation) -> [String] { operation.parameters.map(\.name) }
    #expect(names(.convolution(Convolution(weight: ones(1, 1, 1, 1), bias: [0]))) == ["weight", "bias"])
    #expect(names(.convolution(Convolution(weight: ones(1, 1, 1, 1)))) == ["weight"])
    #expect(
      names(.convolutionStack(ConvolutionStack(weights: [ones(1, 1, 1, 1), ones(1, 1, 1, 1)], bias: [0])))
        == ["0.weight", "1.weight", "bias"])
    #expect(
      names(.separableConvolution(SeparableConvolution(temporal: ones(1, 1, 1), spatial: ones(1, 1, 1, 1))))
        == ["temporal", "spatial"])
    #expect(
      names(
        .batchNormalization(
          BatchNormalization(axis: .unit, scale: [1], shift: [0], mean: [0], variance: [1])))
        == ["weight", "bias", "running_mean", "running_var"])
    #expect(names(.activation(.parametricSoftplus(alpha: [1], beta: [1]))) == ["alpha", "beta"])
    #expect(names(.activation(.relu)).isEmpty && names(.flatten).isEmpty)
  }

  @Test func `a model without layers is refused`() throws {
    #expect(try problems([]).map(\.place) == ["architecture"])
  }

  @Test func `names are unique and not empty`() throws {
    let repeated = try problems([Layer("same", .flatten), Layer("other", .flatten), Layer("same", .flatten)])
    #expect(repeated == [.init(place: "layer 'same'", expected: "a unique name", found: "two layers of it")])
    let empty = try problems([Layer("first", .flatten), Layer("", .flatten)])
    #expect(empty == [.init(place: "layer 1", expected: "a name", found: "an empty one")])
  }

  @Test func `names that look alike but differ in their bytes are different`() throws {
    let layers = [Layer("caf\u{e9}", .flatten), Layer("cafe\u{301}", .flatten)]
    let model = try Model(name: "test", inputShape: Shape(3), layers: layers)
    #expect(model.index(of: "cafe\u{301}") == 1)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `parameters are finite`(value: Float) throws {
    var weight = ones(2, 4, 3, 3)
    weight.values[17] = value
    let problems = try problems([
      Layer("weights", .convolution(Convolution(weight: weight, bias: [0, value]))),
      Layer("curve", .activation(.parametricSoftplus(alpha: [value], beta: [1]))),
    ])
    #expect(
      problems == [
        .init(place: "layer 'weights'", expected: "finite weight", found: "\(value) at 17"),
        .init(place: "layer 'weights'", expected: "finite bias", found: "\(value) at 1"),
        .init(place: "layer 'curve'", expected: "finite alpha", found: "\(value) at 0"),
      ])
  }

  @Test func `all problems are reported at once`() throws {
    let layers = [
      Layer("curve", .activation(.parametricSoftplus(alpha: [.nan], beta: [1]))),
      Layer("curve", .activation(.relu)),
      Layer("wide", .dense(Dense(weight: ones(3, 7)))),
    ]
    let error = #expect(throws: ModelError.self) {
      try Model(name: "test", inputShape: Shape(4, 9, 10), layers: layers, facts: Facts(lag: -1, frameRate: 0))
    }
    let places = try #require(error).problems.map(\.place)
    #expect(places == ["layer 'curve'", "layer 'curve'", "layer 'wide'", "facts", "facts"])
    #expect(
      try #require(error).description
        == "layer 'curve': expected finite alpha, found nan at 0; "
        + "layer 'curve': expected a unique name, found two layers of it; "
        + "layer 'wide': expected 7 units for weight [3, 7], found [4, 9, 10] (360 units); "
        + "facts: expected a lag of at least 0 frames, found -1; facts: expected a frame rate above 0, found 0.0")
  }
}
