/// A layered network that turns a stimulus into firing rates, with the facts needed to use it.
///
/// A value of this type is always consistent: shapes fit, names are unique, and every parameter is finite.
public struct Model: Sendable {
  /// What the model is called.
  public let name: String
  /// Shape of one input; for a movie model `[history, height, width]`, oldest frame first.
  public let inputShape: Shape
  /// The layers, in the order in which they run.
  public let layers: [Layer]
  /// Shape after each layer; as many as there are layers.
  public let shapes: [Shape]
  /// Time, normalisation, cells, where the model comes from.
  public var facts: Facts

  /// Creates a model after checking it.
  ///
  /// - Throws: ``ModelError`` that lists every layer whose shape, name or parameters are wrong. After a layer whose shapes
  ///   do not fit, the following layers are not judged, since their input is unknown.
  public init(name: String, inputShape: Shape, layers: [Layer], facts: Facts = Facts()) throws(ModelError) {
    var problems: [ModelError.Problem] = []
    var shapes: [Shape] = []
    if layers.isEmpty {
      problems.append(.init(place: "architecture", expected: "at least one layer", found: "none"))
    }
    for (index, layer) in layers.enumerated() {
      for earlier in layers[..<index] where earlier.name.utf8.elementsEqual(layer.name.utf8) {
        problems.append(.init(place: "layer '\(layer.name)'", expected: "a unique name", found: "two layers of it"))
      }
      if layer.name.isEmpty {
        problems.append(.init(place: "layer \(index)", expected: "a name", found: "an empty one"))
      }
      for (parameter, values) in layer.operation.parameters {
        if let place = firstNonFinite(values) {
          let found = "\(values[place]) at \(place)"
          problems.append(.init(place: "layer '\(layer.name)'", expected: "finite \(parameter)", found: found))
        }
      }
    }
    if inputShape.rank == 0 {
      problems.append(.init(place: "input", expected: "a shape of at least one axis", found: "\(inputShape)"))
    }
    var current: Shape? = inputShape.rank == 0 ? nil : inputShape
    for layer in layers {
      guard let input = current else { break }
      do throws(ShapeMismatch) {
        let output = try layer.operation.outputShape(of: input)
        shapes.append(output)
        current = output
      } catch {
        problems.append(.init(place: "layer '\(layer.name)'", expected: error.expected, found: error.found))
        current = nil
      }
    }
    problems += facts.problems(inputShape: inputShape, outputShape: current)
    guard problems.isEmpty else { throw ModelError(problems: problems) }
    self.name = name
    self.inputShape = inputShape
    self.layers = layers
    self.shapes = shapes
    self.facts = facts
  }

  /// Shape of what the last layer gives; for a rate model `[cell]`.
  public var outputShape: Shape { shapes[shapes.count - 1] }

  /// Number of values that the last layer gives.
  public var cells: Int { outputShape.count }

  /// Number of frames that a response depends on; nothing for models that do not look at movies.
  public var history: Int? { inputShape.rank == 3 ? inputShape[0] : nil }

  /// Number of parameters of all layers.
  public var parameterCount: Int {
    layers.reduce(0) { total, layer in layer.operation.parameters.reduce(total) { $0 + $1.values.count } }
  }

  /// The place of a layer, by name.
  public func index(of name: String) -> Int? {
    layers.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
  }

  /// The layers between the first and the last that are nonlinear functions of single units: what a theorist calls
  /// interneurons.
  public var interiorNonlinearities: [Int] {
    layers.indices.dropLast().filter {
      if case .activation = layers[$0].operation { return true }
      return false
    }
  }

  /// Shape that goes into a layer.
  public func inputShape(ofLayer index: Int) -> Shape {
    index == 0 ? inputShape : shapes[index - 1]
  }
}

/// The place of the first value that is not finite.
private func firstNonFinite(_ values: [Float]) -> Int? {
  values.withUnsafeBufferPointer { buffer in
    for index in 0..<buffer.count where !buffer[index].isFinite { return index }
    return nil
  }
}

extension Operation {
  /// The numbers that training sets, under the names they have in files.
  public var parameters: [(name: String, values: [Float])] {
    var list: [(name: String, values: [Float])] = []
    func bias(_ values: [Float]?) {
      if let values { list.append(("bias", values)) }
    }
    switch self {
    case .convolution(let convolution):
      list.append(("weight", convolution.weight.values))
      bias(convolution.bias)
    case .convolutionStack(let stack):
      for (index, weight) in stack.weights.enumerated() { list.append(("\(index).weight", weight.values)) }
      bias(stack.bias)
    case .separableConvolution(let convolution):
      list.append(("temporal", convolution.temporal.values))
      list.append(("spatial", convolution.spatial.values))
      bias(convolution.bias)
    case .dense(let dense):
      list.append(("weight", dense.weight.values))
      bias(dense.bias)
    case .batchNormalization(let normalization):
      list.append(("weight", normalization.scale))
      list.append(("bias", normalization.shift))
      list.append(("running_mean", normalization.mean))
      list.append(("running_var", normalization.variance))
    case .activation(.parametricSoftplus(let alpha, let beta)):
      list.append(("alpha", alpha))
      list.append(("beta", beta))
    case .activation, .divisiveNormalization, .maximumPool, .averagePool, .flatten, .reshape, .readout, .gaussianNoise:
      break
    }
    return list
  }
}
