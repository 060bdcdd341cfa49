import RetinaEngine
import RetinaKernels
import RetinaModel
import RetinaProbe
import Testing

extension SeededRandom {
  /// Numbers from -limit to limit.
  mutating func floats(_ count: Int, within limit: Float) -> [Float] {
    (0..<count).map { _ in Float.random(in: -limit...limit, using: &self) }
  }
}

extension Tensor {
  /// A tensor from extents and as many values as they need.
  init(_ extents: [Int], _ values: [Float]) {
    self.init(repeating: 0, shape: Shape(checking: extents) ?? Shape(1))
    self.values = values
  }
}

extension Operation {
  /// A dense layer from its rows.
  static func dense(_ rows: [[Float]], _ bias: [Float]? = nil) -> Operation {
    .dense(Dense(weight: Tensor([rows.count, rows[0].count], rows.flatMap { $0 }), bias: bias))
  }
}

/// A model with its program, asked about its cell 0 unless told otherwise.
struct Network {
  let model: Model
  let program: Program

  init(_ model: Model) {
    self.model = model
    program = Program(model)
  }

  /// Layers named by their place: "0", "1", ...
  init(_ inputShape: Int..., layers: [Operation]) throws {
    self.init(
      try Model(
        name: "net", inputShape: try #require(Shape(checking: inputShape)),
        layers: layers.enumerated().map { Layer("\($0)", $1) }))
  }

  var cell: Target { .cell(0, of: program) }

  /// The boundary after a layer.
  func after(_ layer: Int) -> Int { program.boundary(layer: layer, side: .output) }

  /// Answers one request; the baseline is zero unless given.
  func answer(
    _ request: Request, _ input: [Float], from baseline: [Float]? = nil, baselines: [[Float]] = []
  ) throws -> Attribution {
    try Probe(program).attribute(
      request, input: input, baseline: baseline ?? [Float](repeating: 0, count: input.count), baselines: baselines)
  }

  /// A request that has all that its method needs: unit 0 of the boundary as neuron, few nodes, windows of 2.
  func completeRequest(_ method: Method, boundary: Int, target: Target? = nil, steps: Int = 6) -> Request {
    let stimulus = model.inputShape.dimensions
    let layer = program.layerBoundaries.firstIndex(of: boundary).map { model.shapes[$0].dimensions } ?? stimulus
    return Request(
      method, boundary: boundary, target: target ?? cell, neuron: .unit(0, boundary: boundary), steps: .count(steps),
      groups: groups(method, boundary: boundary), corrupt: (0..<program.inputCount).map { $0 % 3 == 1 ? -0.25 : 0.5 },
      samples: method == .gradientShap ? 8 : nil, shape: method == .occlusion ? stimulus : layer,
      window: stimulus.map { min($0, 2) }, strides: stimulus.map { _ in 1 })
  }

  /// Shapley values of few enough groups.
  private func groups(_ method: Method, boundary: Int) -> [Int]? {
    switch method {
    case .shapleyValues: return (0..<program.inputCount).map { $0 % 4 }
    case .layerShapleyValues: return (0..<program.boundaryCounts[boundary]).map { $0 % 4 }
    default: return nil
    }
  }

  /// Shape of what a method gives for a boundary at the end of a layer.
  func shape(_ method: Method, layer: Int) -> Shape {
    switch method.subject {
    case .layer, .layerOrStimulus, .channels, .positions: return method.attributionShape(ofLayer: model.shapes[layer])
    case .stimulus: return model.inputShape
    case .output: return model.outputShape
    }
  }
}

/// Checks that numbers agree to a tolerance, and names the place of the largest error.
func expect<Wanted: BinaryFloatingPoint>(
  _ found: [Float], near wanted: [Wanted], within tolerance: Double, _ comment: @autoclosure () -> String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.count == wanted.count else {
    Issue.record("expected \(wanted.count) values, found \(found.count) \(comment())", sourceLocation: sourceLocation)
    return
  }
  var (worst, place) = (0.0, 0)
  for index in found.indices {
    let error = (Double(found[index]) - Double(wanted[index])).magnitude
    if !(error <= worst) { (worst, place) = (error, index) }
  }
  if !(worst <= tolerance) {
    Issue.record(
      "value \(place): expected \(wanted[place]), found \(found[place]), tolerance \(tolerance) \(comment())",
      sourceLocation: sourceLocation)
  }
}

extension [Float] {
  /// The sum in float64.
  var total: Double { reduce(0) { $0 + Double($1) } }
  /// The sum of magnitudes: the scale of rounding in a sum.
  var magnitudes: Double { reduce(0) { $0 + Double($1.magnitude) } }
}
