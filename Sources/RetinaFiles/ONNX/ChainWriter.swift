import RetinaGraph
import RetinaModel

/// Turns the layers of a model into a graph.
struct ChainWriter {
  private let model: Model
  private var nodes: [GraphNode] = []
  private var constants: [(name: String, array: TypedArray)] = []
  /// The array that the next node reads.
  private var current: String

  private static let opset = 17

  init(_ model: Model) {
    self.model = model
    // No layer may have the name of the input.
    var name = "input"
    while model.layers.contains(where: { $0.name == name }) { name += "_" }
    current = name
  }

  mutating func graph() -> Graph {
    let input = current
    writeNormalization()
    for (index, layer) in model.layers.enumerated() {
      write(layer, input: model.inputShape(ofLayer: index), output: model.shapes[index])
    }
    if let golden = model.facts.golden {
      constant(Facts.goldenInput, golden.input)
      constant(Facts.goldenOutput, golden.output)
    }
    var facts = model.facts
    facts.normalization = .none
    return Graph(
      name: model.name, opset: ChainWriter.opset, producer: "retina", nodes: nodes,
      inputs: [value(input, model.inputShape)], outputs: [value(current, model.outputShape)], constants: constants,
      metadata: [(MetadataKey.format, "1"), (MetadataKey.facts, ModelWriter.facts(facts).text())])
  }

  private func value(_ name: String, _ shape: Shape) -> GraphValue {
    GraphValue(name: name, type: .float32, extents: [.named("batch")] + shape.dimensions.map { .fixed($0) })
  }

  // MARK: Parts

  private mutating func constant(_ name: String, _ tensor: Tensor) {
    constants.append(
      (name, TypedArray(unchecked: .single(tensor.values), type: .float32, extents: tensor.shape.dimensions)))
  }

  private mutating func constant(_ name: String, _ values: [Float]) {
    constants.append((name, TypedArray(unchecked: .single(values), type: .float32, extents: [values.count])))
  }

  /// Adds a node that reads the current array and some constants; its output has its name.
  private mutating func node(
    _ name: String, _ operatorName: String, _ constants: [String] = [],
    _ attributes: [(name: String, value: GraphAttribute)] = []
  ) {
    nodes.append(
      GraphNode(name: name, operatorName, inputs: [current] + constants, outputs: [name], attributes: attributes))
    current = name
  }

  private mutating func flatten(_ name: String) { node(name, "Flatten", [], [("axis", .integer(1))]) }

  /// A reshape that keeps the batch.
  private mutating func reshape(_ name: String, _ extents: [Int]) {
    guard extents.count > 1 else { return flatten(name) }
    let target = "\(name).shape"
    constants.append(
      (target, TypedArray(unchecked: .integer([0] + extents), type: .signed64, extents: [extents.count + 1])))
    node(name, "Reshape", [target])
  }

  private mutating func writeNormalization() {
    switch model.facts.normalization {
    case .none: return
    case .scalar(let mean, let deviation):
      constants.append((Facts.pixelMean, TypedArray(unchecked: .single([mean]), type: .float32, extents: [])))
      constants.append((Facts.pixelDeviation, TypedArray(unchecked: .single([deviation]), type: .float32, extents: [])))
    case .perPixel(let mean, let deviation):
      constant(Facts.pixelMean, mean)
      constant(Facts.pixelDeviation, deviation)
    }
    node("normalisation/difference", "Sub", [Facts.pixelMean])
    node("normalisation", "Div", [Facts.pixelDeviation])
  }

  private mutating func write(_ layer: Layer, input: Shape, output: Shape) {
    let name = layer.name
    switch layer.operation {
    case .convolution(let convolution): write(name, convolution)
    case .convolutionStack(let stack):
      for (index, weight) in stack.weights.enumerated() {
        let isLast = index == stack.weights.count - 1
        write(isLast ? name : "\(name)/\(index)", Convolution(weight: weight, bias: isLast ? stack.bias : nil))
      }
    case .separableConvolution(let convolution): write(name, convolution)
    case .dense(let dense):
      if input.rank != 1 { flatten("\(name)/flatten") }
      constant("\(name).weight", dense.weight)
      node(name, "Gemm", ["\(name).weight"] + bias(name, dense.bias), [("transB", .integer(1))])
    case .batchNormalization(let normalization): write(name, normalization, input)
    case .activation(let activation): write(name, activation, input)
    case .divisiveNormalization: writeDivision(name, input)
    case .maximumPool(let pool): write(name, pool, "MaxPool", input, output)
    case .averagePool(let pool): write(name, pool, "AveragePool", input, output)
    case .flatten: flatten(name)
    case .reshape(let shape): reshape(name, shape.dimensions)
    case .readout(let readout):
      flatten("\(name)/flatten")
      let units = readout.positions.map { ($0.channel * input[1] + $0.row) * input[2] + $0.column }
      constants.append(
        ("\(name).units", TypedArray(unchecked: .integer(units), type: .signed64, extents: [units.count])))
      node(name, "Gather", ["\(name).units"], [("axis", .integer(1))])
    case .gaussianNoise: break
    }
  }

  /// The names of a bias that is there.
  private mutating func bias(_ name: String, _ values: [Float]?) -> [String] {
    guard let values else { return [] }
    constant("\(name).bias", values)
    return ["\(name).bias"]
  }

  private mutating func write(_ name: String, _ convolution: Convolution) {
    func pair(_ value: Spatial) -> [Int] { [value.vertical, value.horizontal] }
    constant("\(name).weight", convolution.weight)
    node(
      name, "Conv", ["\(name).weight"] + bias(name, convolution.bias),
      [
        ("dilations", .integers(pair(convolution.dilation))), ("group", .integer(convolution.groups)),
        ("kernel_shape", .integers(Array(convolution.weight.shape.dimensions[2...]))),
        ("pads", .integers(pair(convolution.padding) + pair(convolution.padding))),
        ("strides", .integers(pair(convolution.stride))),
      ])
  }

  /// The temporal factors as a convolution of one pixel, then the spatial ones in groups.
  private mutating func write(_ name: String, _ convolution: SeparableConvolution) {
    let (outputs, rank, inputs) = (
      convolution.temporal.shape[0], convolution.temporal.shape[1], convolution.temporal.shape[2]
    )
    var temporal = Tensor(repeating: 0, shape: Shape(outputs * rank, inputs, 1, 1))
    temporal.values = convolution.temporal.values
    write("\(name)/temporal", Convolution(weight: temporal))
    write(name, Convolution(weight: convolution.spatial, bias: convolution.bias, groups: outputs))
  }

  /// Statistics per unit are those of channels when all axes are one.
  private mutating func write(_ name: String, _ normalization: BatchNormalization, _ input: Shape) {
    let isFlattened = normalization.axis == .unit && input.rank != 1
    if isFlattened { flatten("\(name)/flatten") }
    let parameters = [
      ("weight", normalization.scale), ("bias", normalization.shift), ("running_mean", normalization.mean),
      ("running_var", normalization.variance),
    ]
    for (parameter, values) in parameters { constant("\(name).\(parameter)", values) }
    node(
      name, "BatchNormalization", parameters.map { "\(name).\($0.0)" }, [("epsilon", .number(normalization.epsilon))])
    if isFlattened { reshape("\(name)/shape", input.dimensions) }
  }

  private mutating func write(_ name: String, _ activation: Activation, _ input: Shape) {
    switch activation {
    case .relu: node(name, "Relu")
    case .softplus: node(name, "Softplus")
    case .sigmoid: node(name, "Sigmoid")
    case .tanh: node(name, "Tanh")
    case .exp: node(name, "Exp")
    case .elu(let alpha): node(name, "Elu", [], [("alpha", .number(alpha))])
    case .parametricSoftplus(let alpha, let beta):
      for (parameter, values) in [("alpha", alpha), ("beta", beta)] {
        let extents = values.count == 1 ? [1] : input.dimensions
        constants.append(
          ("\(name).\(parameter)", TypedArray(unchecked: .single(values), type: .float32, extents: extents)))
      }
      node("\(name)/inner", "Mul", ["\(name).beta"])
      node("\(name)/softplus", "Softplus")
      node(name, "Mul", ["\(name).alpha"])
    }
  }

  /// The two halves of the channels as slices, and their quotient.
  private mutating func writeDivision(_ name: String, _ input: Shape) {
    let (whole, half) = (current, input[0] / 2)
    func bounds(_ end: String, _ value: Int) -> (name: String, array: TypedArray) {
      ("\(name).\(end)", TypedArray(unchecked: .integer([value]), type: .signed64, extents: [1]))
    }
    constants += [bounds("start", 0), bounds("half", half), bounds("end", 2 * half), bounds("axis", 1)]
    constants.append(("\(name).one", TypedArray(unchecked: .single([1]), type: .float32, extents: [])))
    let numerator = "\(name)/numerator"
    node(numerator, "Slice", ["\(name).start", "\(name).half", "\(name).axis"])
    current = whole
    node("\(name)/slice", "Slice", ["\(name).half", "\(name).end", "\(name).axis"])
    node("\(name)/relu", "Relu")
    node("\(name)/divisor", "Add", ["\(name).one"])
    nodes.append(GraphNode(name: name, "Div", inputs: [numerator, current], outputs: [name]))
    current = name
  }

  /// Windows over height and width; other shapes become features before and are taken back afterwards.
  private mutating func write(_ name: String, _ pool: Pool, _ operatorName: String, _ input: Shape, _ output: Shape) {
    let attributes: [(name: String, value: GraphAttribute)] = [
      ("kernel_shape", .integers([pool.kernel.vertical, pool.kernel.horizontal])),
      ("strides", .integers([pool.stride.vertical, pool.stride.horizontal])),
    ]
    if input.rank == 3 {
      node(name, operatorName, [], attributes)
    } else if let (channels, height, width) = input.asFeatures {
      reshape("\(name)/features", [channels, height, width])
      node(name, operatorName, [], attributes)
      reshape("\(name)/shape", output.dimensions)
    }
  }
}
