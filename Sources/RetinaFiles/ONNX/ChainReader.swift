import RetinaGraph
import RetinaModel

/// Turns a graph that is a chain into the layers of a model.
struct ChainReader {
  private let graph: Graph
  private let file: String
  private var constants: [ExactName: TypedArray] = [:]
  /// The nodes that compute something.
  private var nodes: ArraySlice<GraphNode>
  /// The array that the next node must read, and its shape without the batch.
  private var current: String
  private var shape: Shape
  private var layers: [Layer] = []
  private var normalization = Normalization.none

  init(_ graph: Graph, file: String) throws(FileError) {
    self.graph = graph
    self.file = file
    guard graph.inputs.count == 1, graph.outputs.count == 1, let input = graph.inputs.first else {
      throw FileError(
        file: file, place: "graph", expected: "one input and one output for a chain of layers",
        found: "\(graph.inputs.count) and \(graph.outputs.count)")
    }
    let extents = (input.extents ?? []).dropFirst().compactMap { extent -> Int? in
      if case .fixed(let value) = extent { value } else { nil }
    }
    guard input.type == .float32, let axes = input.extents, axes.count >= 2, extents.count == axes.count - 1,
      let shape = Shape(checking: extents)
    else {
      throw FileError(
        file: file, place: "graph input \(quoted(input.name))",
        expected: "float32 [batch, ...] with fixed extents after the batch", found: input.summary)
    }
    current = input.name
    self.shape = shape
    for (name, array) in graph.constants { constants[ExactName(name)] = array }
    nodes = []
    for node in graph.nodes {
      if node.inputs.allSatisfy({ $0.isEmpty || constants[ExactName($0)] != nil }) {
        try fold(node)
      } else {
        nodes.append(node)
      }
    }
  }

  /// Computes a node that reads constants only, once and for all.
  private mutating func fold(_ node: GraphNode) throws(FileError) {
    var inputs: [(name: String, array: TypedArray)] = []
    for name in node.inputs where !inputs.contains(where: { ExactName($0.name) == ExactName(name) }) {
      if let array = constants[ExactName(name)] { inputs.append((name, array)) }
    }
    let outputs = node.outputs.filter { !$0.isEmpty }
    let part = Graph(name: "", opset: graph.opset, nodes: [node], inputs: [], outputs: [], constants: inputs)
    do throws(GraphError) {
      for (name, array) in zip(outputs, try GraphProgram(part).run([], reading: outputs)) {
        constants[ExactName(name)] = array
      }
    } catch {
      throw FileError(error, file: file)
    }
  }

  mutating func model() throws(FileError) -> Model {
    let inputShape = shape
    readNormalization()
    while let node = nodes.first {
      let (operation, name) = try layer(node)
      guard let operation else { continue }
      do throws(ShapeMismatch) {
        shape = try operation.outputShape(of: shape)
      } catch {
        throw failure(node, error.expected, error.found)
      }
      layers.append(Layer(name, operation))
    }
    guard ExactName(current) == ExactName(graph.outputs[0].name) else {
      throw FileError(
        file: file, place: "graph output \(quoted(graph.outputs[0].name))",
        expected: "what the last node gives, \(quoted(current))", found: "another array")
    }
    let name = graph.name.isEmpty ? "model" : graph.name
    var facts = try facts()
    facts.normalization = normalization
    do throws(ModelError) {
      return try Model(name: name, inputShape: inputShape, layers: layers, facts: facts)
    } catch {
      throw FileError(error, file: file)
    }
  }

  /// The facts that RetinaKit wrote; of other files, the program that made them.
  private func facts() throws(FileError) -> Facts {
    guard graph.metadata.contains(where: { $0.name == MetadataKey.facts }) else {
      return Facts(provenance: graph.producer.isEmpty ? [] : [("producer", graph.producer)])
    }
    var tensors: [(name: String, tensor: Tensor)] = []
    for name in [Facts.goldenInput, Facts.goldenOutput] {
      if let tensor = constants[ExactName(name)]?.tensor { tensors.append((name, tensor)) }
    }
    var reader = ModelReader(Safetensors(metadata: graph.metadata, tensors: tensors), file: file)
    return try reader.facts()
  }

  // MARK: Nodes

  private func failure(_ node: GraphNode, _ expected: String, _ found: String) -> FileError {
    FileError(
      file: file, place: "node \(quoted(node.label)) (\(node.operatorName))", expected: expected, found: found)
  }

  /// Takes the next node, which must read what the one before gave.
  private mutating func take(_ node: GraphNode, data: Int = 0) throws(FileError) {
    let outputs = node.outputs.filter { !$0.isEmpty }
    guard data < node.inputs.count, ExactName(node.inputs[data]) == ExactName(current), outputs.count == 1 else {
      throw failure(node, "a chain, in which a node reads what the one before gives", "another graph")
    }
    for (index, input) in node.inputs.enumerated() where index != data && !input.isEmpty {
      guard constants[ExactName(input)] != nil else {
        throw failure(node, "a chain, in which all but one input are constants", "the array \(quoted(input))")
      }
    }
    current = outputs[0]
    nodes = nodes.dropFirst()
  }

  /// A constant input as float32.
  private func tensor(_ node: GraphNode, _ index: Int) -> Tensor? {
    guard index < node.inputs.count else { return nil }
    return constants[ExactName(node.inputs[index])]?.tensor
  }

  /// A constant input of integers.
  private func integers(_ node: GraphNode, _ index: Int) -> [Int]? {
    guard index < node.inputs.count else { return nil }
    return constants[ExactName(node.inputs[index])]?.integers
  }

  /// The next node, if it is an operator of that name which reads what the last gave.
  private func next(_ operatorName: String, data: Int = 0, after offset: Int = 0, reading name: String) -> GraphNode? {
    guard let node = nodes.dropFirst(offset).first, node.operatorName == operatorName, data < node.inputs.count,
      ExactName(node.inputs[data]) == ExactName(name)
    else { return nil }
    return node
  }

  /// A subtraction and a division of frames before the first layer.
  private mutating func readNormalization() {
    guard let sub = next("Sub", reading: current), let middle = sub.outputs.first,
      let div = next("Div", after: 1, reading: middle), let end = div.outputs.first,
      let mean = tensor(sub, 1), let deviation = tensor(div, 1)
    else { return }
    let frame = shape.rank == 3 ? Shape(shape[1], shape[2]) : shape
    if mean.values.count == 1, deviation.values.count == 1 {
      normalization = .scalar(mean: mean.values[0], standardDeviation: deviation.values[0])
    } else if let mean = mean.laid(out: frame), let deviation = deviation.laid(out: frame) {
      normalization = .perPixel(mean: mean, standardDeviation: deviation)
    } else {
      return
    }
    current = end
    nodes = nodes.dropFirst(2)
  }

  /// The layer that the next node, or the next few, make; no operation for what changes nothing.
  private mutating func layer(_ node: GraphNode) throws(FileError) -> (operation: Operation?, name: String) {
    switch node.operatorName {
    case "Identity", "Dropout":
      nodes = nodes.dropFirst()
      guard ExactName(node.inputs[0]) == ExactName(current), let output = node.outputs.first else {
        throw failure(node, "a chain, in which a node reads what the one before gives", "another graph")
      }
      current = output
      return (nil, node.label)
    case "Conv": return (.convolution(try convolution(node)), node.label)
    case "Gemm": return (.dense(try product(node)), node.label)
    case "MatMul": return (.dense(try matrix(node)), node.label)
    case "BatchNormalization": return (.batchNormalization(try batchNormalization(node)), node.label)
    case "MaxPool": return (.maximumPool(try pool(node)), node.label)
    case "AveragePool": return (.averagePool(try pool(node)), node.label)
    case "GlobalMaxPool": return (.maximumPool(try globalPool(node)), node.label)
    case "GlobalAveragePool": return (.averagePool(try globalPool(node)), node.label)
    case "ReduceMean": return (.averagePool(try mean(node)), node.label)
    case "Flatten", "Reshape": return try reshape(node)
    case "Mul": return try parametricSoftplus(node)
    case "Softplus": return try softplus(node)
    case "Slice": return try divisiveNormalization(node)
    default: break
    }
    let activation: Activation
    switch node.operatorName {
    case "Relu": activation = .relu
    case "Sigmoid": activation = .sigmoid
    case "Tanh": activation = .tanh
    case "Exp": activation = .exp
    case "Elu": activation = .elu(alpha: node.number("alpha") ?? 1)
    default: throw failure(node, "an operator that is a layer of a model", node.operatorName)
    }
    try take(node)
    return (.activation(activation), node.label)
  }

  private mutating func convolution(_ node: GraphNode) throws(FileError) -> Convolution {
    guard let weight = tensor(node, 1), weight.shape.rank == 4, shape.rank == 3 else {
      throw failure(node, "a two-dimensional convolution with constant weights", "\(shape)")
    }
    let biasLength = node.inputs.count > 2 && !node.inputs[2].isEmpty ? weight.shape[0] : 0
    let bias = tensor(node, 2)?.values
    guard bias?.count ?? 0 == biasLength else { throw failure(node, "\(biasLength) constants as bias", "others") }
    let strides = try pair(node, "strides") ?? Spatial(1, 1)
    let dilations = try pair(node, "dilations") ?? Spatial(1, 1)
    let kernel = Spatial(weight.shape[2], weight.shape[3])
    let padding = Spatial(
      try self.padding(node, 0, kernel.vertical, strides.vertical, dilations.vertical),
      try self.padding(node, 1, kernel.horizontal, strides.horizontal, dilations.horizontal))
    try take(node)
    return Convolution(
      weight: weight, bias: bias, stride: strides, padding: padding, dilation: dilations,
      groups: node.integer("group") ?? 1)
  }

  /// A pair of integers from an attribute.
  private func pair(_ node: GraphNode, _ name: String) throws(FileError) -> Spatial? {
    guard let values = node.integers(name) else { return nil }
    guard values.count == 2, values.allSatisfy({ (1...OperatorLimits.setting).contains($0) }) else {
      throw failure(node, "two \(name) from 1 to \(OperatorLimits.setting)", "\(values)")
    }
    return Spatial(values[0], values[1])
  }

  /// The zeros on each side along an axis, which a model has as many of before as after.
  private func padding(
    _ node: GraphNode, _ axis: Int, _ kernel: Int, _ stride: Int, _ dilation: Int
  ) throws(FileError) -> Int {
    let asymmetric = "padding as large before as after"
    switch node.text("auto_pad") ?? "NOTSET" {
    case "NOTSET":
      guard let pads = node.integers("pads") else { return 0 }
      guard pads.count == 4, pads[axis] == pads[axis + 2] else { throw failure(node, asymmetric, "\(pads)") }
      return pads[axis]
    case "VALID": return 0
    default:
      let input = shape[axis + 1]
      let output = (input + stride - 1) / stride
      let total = max(0, (output - 1) * stride + dilation * (kernel - 1) + 1 - input)
      guard total % 2 == 0 else { throw failure(node, asymmetric, "\(total) in all") }
      return total / 2
    }
  }

  /// `Gemm` with constant weights and bias.
  private mutating func product(_ node: GraphNode) throws(FileError) -> Dense {
    guard shape.rank == 1, node.integer("transA") ?? 0 == 0, var weight = tensor(node, 1), weight.shape.rank == 2 else {
      throw failure(node, "a row times a constant matrix", "\(shape)")
    }
    if node.integer("transB") ?? 0 == 0 { weight = weight.transposed }
    let alpha = node.number("alpha") ?? 1
    if alpha != 1 { weight.values = weight.values.map { $0 * alpha } }
    var bias: [Float]?
    if node.inputs.count > 2, !node.inputs[2].isEmpty {
      let beta = node.number("beta") ?? 1
      guard let values = tensor(node, 2)?.values, values.count == 1 || values.count == weight.shape[0] else {
        throw failure(node, "\(weight.shape[0]) constants as bias", "others")
      }
      let row = values.count == 1 ? [Float](repeating: values[0], count: weight.shape[0]) : values
      bias = beta == 1 ? row : row.map { $0 * beta }
    }
    try take(node)
    return Dense(weight: weight, bias: bias)
  }

  /// `MatMul` with a constant matrix, and `Add` of a bias after it.
  private mutating func matrix(_ node: GraphNode) throws(FileError) -> Dense {
    guard shape.rank == 1, let weight = tensor(node, 1), weight.shape.rank == 2 else {
      throw failure(node, "a row times a constant matrix", "\(shape)")
    }
    try take(node)
    let outputs = weight.shape[1]
    for data in [0, 1] {
      guard let add = next("Add", data: data, reading: current), let bias = tensor(add, 1 - data),
        bias.values.count == outputs, bias.shape.rank == 1
      else { continue }
      try take(add, data: data)
      return Dense(weight: weight.transposed, bias: bias.values)
    }
    return Dense(weight: weight.transposed)
  }

  private mutating func batchNormalization(_ node: GraphNode) throws(FileError) -> BatchNormalization {
    let parameters = (1...4).compactMap { tensor(node, $0)?.values }
    guard parameters.count == 4, node.integer("training_mode") ?? 0 == 0, node.integer("spatial") ?? 1 == 1 else {
      throw failure(node, "four lists of constants", "others")
    }
    try take(node)
    return BatchNormalization(
      axis: .channel, scale: parameters[0], shift: parameters[1], mean: parameters[2], variance: parameters[3],
      epsilon: node.number("epsilon") ?? 1e-5)
  }

  private mutating func pool(_ node: GraphNode) throws(FileError) -> Pool {
    let zeros = node.integers("pads") ?? []
    guard shape.rank == 3, zeros.allSatisfy({ $0 == 0 }), node.integer("ceil_mode") ?? 0 == 0,
      ["NOTSET", "VALID"].contains(node.text("auto_pad") ?? "NOTSET"),
      (node.integers("dilations") ?? []).allSatisfy({ $0 == 1 }), let kernel = try pair(node, "kernel_shape")
    else { throw failure(node, "windows over height and width without padding or dilation", "others") }
    try take(node)
    return Pool(kernel: kernel, stride: try pair(node, "strides") ?? Spatial(1, 1))
  }

  private mutating func globalPool(_ node: GraphNode) throws(FileError) -> Pool {
    guard shape.rank == 3 else { throw failure(node, "features [channel, height, width]", "\(shape)") }
    try take(node)
    return Pool(kernel: Spatial(shape[1], shape[2]))
  }

  /// The mean over height and width as an operator over axes.
  private mutating func mean(_ node: GraphNode) throws(FileError) -> Pool {
    let axes = (integers(node, 1) ?? node.integers("axes") ?? []).map { $0 == -1 ? 3 : $0 == -2 ? 2 : $0 }
    guard axes.sorted() == [2, 3], node.integer("keepdims") ?? 1 == 1 else {
      throw failure(node, "the mean over height and width, kept as axes", "another")
    }
    return try globalPool(node)
  }

  /// Another shape, or one unit per cell when units are picked from all in a row.
  private mutating func reshape(_ node: GraphNode) throws(FileError) -> (operation: Operation?, name: String) {
    let operation = try reshaping(node)
    try take(node)
    guard let gather = next("Gather", reading: current), gather.integer("axis") == 1, shape.rank == 3,
      gather.inputs.count == 2, let array = constants[ExactName(gather.inputs[1])], array.rank == 1,
      let units = array.integers, units.allSatisfy({ (-shape.count..<shape.count).contains($0) }),
      (try? operation.outputShape(of: shape))?.rank == 1
    else { return (operation, node.label) }
    try take(gather)
    let (height, width) = (shape[1], shape[2])
    let positions = units.map { unit in
      let place = unit < 0 ? unit + shape.count : unit
      return Readout.Position(
        channel: place / (height * width), row: place / width % height, column: place % width)
    }
    return (.readout(Readout(positions: positions)), gather.label)
  }

  private func reshaping(_ node: GraphNode) throws(FileError) -> Operation {
    if node.operatorName == "Flatten" {
      guard node.integer("axis") ?? 1 == 1 else { throw failure(node, "all axes after the batch", "others") }
      return .flatten
    }
    guard var extents = integers(node, 1) ?? node.integers("shape"), extents.count >= 2,
      [-1, 0, 1].contains(extents[0]),
      node.integer("allowzero") ?? 0 == 0 || !extents.contains(0)
    else { throw failure(node, "a constant shape that keeps the batch", "another") }
    let batch = extents.removeFirst()
    for (axis, extent) in extents.enumerated() where extent == 0 && axis < shape.rank { extents[axis] = shape[axis] }
    let known = extents.filter { $0 != -1 }.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    if let open = extents.firstIndex(of: -1), batch != -1, known > 0 { extents[open] = shape.count / known }
    guard let result = Shape(checking: extents), result.count == shape.count else {
      throw failure(node, "a shape of \(shape.count) units after the batch", "\(extents)")
    }
    return result.rank == 1 ? .flatten : .reshape(result)
  }

  /// `log(1 + exp x)`, also as PyTorch writes it: x itself where x is above a threshold, at which the two are equal in
  /// float32.
  private mutating func softplus(_ node: GraphNode) throws(FileError) -> (operation: Operation?, name: String) {
    let input = current
    try take(node)
    guard let greater = next("Greater", reading: input),
      let choice = next("Where", data: 2, after: 1, reading: current),
      let threshold = tensor(greater, 1)?.values, threshold.count == 1, threshold[0] >= 17,
      ExactName(choice.inputs[0]) == ExactName(greater.outputs[0]), ExactName(choice.inputs[1]) == ExactName(input)
    else { return (.activation(.softplus), node.label) }
    current = choice.outputs[0]
    nodes = nodes.dropFirst(2)
    return (.activation(.softplus), choice.label)
  }

  /// `alpha log(1 + exp(beta x))`: a product, `Softplus` and another product.
  private mutating func parametricSoftplus(_ node: GraphNode) throws(FileError) -> (operation: Operation?, name: String)
  {
    guard let inner = node.outputs.first, let softplus = next("Softplus", after: 1, reading: inner),
      let outer = softplus.outputs.first, let last = next("Mul", after: 2, reading: outer),
      let beta = factors(node), let alpha = factors(last)
    else { throw failure(node, "products on both sides of a Softplus", "another product") }
    for part in [node, softplus, last] { try take(part) }
    return (.activation(.parametricSoftplus(alpha: alpha, beta: beta)), last.label)
  }

  /// The first half of the channels over one plus the positive part of the second: two slices, `Relu`, `Add` and `Div`.
  private mutating func divisiveNormalization(
    _ node: GraphNode
  ) throws(FileError) -> (operation: Operation?, name: String) {
    let whole = current
    guard shape.rank > 0, isSlice(node, 0..<shape[0] / 2), let numerator = node.outputs.first,
      let other = next("Slice", after: 1, reading: whole), isSlice(other, shape[0] / 2..<shape[0]),
      let lower = other.outputs.first, let relu = next("Relu", after: 2, reading: lower),
      let positive = relu.outputs.first,
      let place = [0, 1].first(where: { next("Add", data: $0, after: 3, reading: positive) != nil }),
      let add = next("Add", data: place, after: 3, reading: positive), tensor(add, 1 - place)?.values == [1],
      let divisor = add.outputs.first, let quotient = next("Div", data: 1, after: 4, reading: divisor),
      ExactName(quotient.inputs[0]) == ExactName(numerator), let output = quotient.outputs.first
    else { throw failure(node, "half of the channels, over one plus a Relu of the others", "another slice") }
    current = output
    nodes = nodes.dropFirst(5)
    return (.divisiveNormalization, quotient.label)
  }

  /// Whether a slice takes these channels of what the last node gave.
  private func isSlice(_ node: GraphNode, _ channels: Range<Int>) -> Bool {
    guard ExactName(node.inputs[0]) == ExactName(current), let starts = integers(node, 1), let ends = integers(node, 2),
      starts == [channels.lowerBound], ends.count == 1, min(ends[0], shape[0]) == channels.upperBound,
      integers(node, 3) ?? [0] == [1]
    else { return false }
    return node.inputs.count < 5 || integers(node, 4) == [1]
  }

  /// One constant factor, or one per unit.
  private func factors(_ node: GraphNode) -> [Float]? {
    guard let tensor = tensor(node, 1) else { return nil }
    return tensor.values.count == 1 ? tensor.values : tensor.laid(out: shape)?.values
  }
}

/// The largest strides and dilations that a model has.
private enum OperatorLimits {
  static let setting = 1 << 16
}

extension GraphNode {
  fileprivate func integer(_ name: String) -> Int? {
    if case .integer(let value)? = attribute(name) { value } else { nil }
  }

  fileprivate func number(_ name: String) -> Float? {
    if case .number(let value)? = attribute(name) { value } else { nil }
  }

  fileprivate func text(_ name: String) -> String? {
    if case .text(let value)? = attribute(name) { value } else { nil }
  }

  fileprivate func integers(_ name: String) -> [Int]? {
    if case .integers(let values)? = attribute(name) { values } else { nil }
  }
}

extension TypedArray {
  /// The array in float32, if it has fractions and at least one element.
  fileprivate var tensor: Tensor? {
    guard let shape = Shape(checking: extents) else { return nil }
    switch numbers {
    case .single(let values): return Tensor(shape: shape, values: values)
    case .double(let values): return Tensor(shape: shape, values: values.map { Float($0) })
    case .integer: return nil
    }
  }
}

extension Tensor {
  /// The same values under a shape, when the tensor has that shape but for leading axes of extent 1.
  fileprivate func laid(out shape: Shape) -> Tensor? {
    let extents = self.shape.dimensions.drop { $0 == 1 }
    return extents.elementsEqual(shape.dimensions.drop { $0 == 1 }) ? Tensor(shape: shape, values: values) : nil
  }

  /// A matrix with rows and columns exchanged.
  fileprivate var transposed: Tensor {
    let (rows, columns) = (shape[0], shape[1])
    var result = Tensor(repeating: 0, shape: Shape(columns, rows))
    for row in 0..<rows {
      for column in 0..<columns { result.values[column * rows + row] = values[row * columns + column] }
    }
    return result
  }
}
