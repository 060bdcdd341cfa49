import RetinaModel

/// Turns a model into a container: properties at their defaults are left out.
enum ModelWriter {
  static func container(of model: Model) -> Safetensors {
    var tensors: [(name: String, tensor: Tensor)] = []
    var layers: [JSON] = []
    for layer in model.layers {
      let form = form(of: layer.operation)
      let head = [JSON.Member("name", .string(layer.name)), JSON.Member("type", .string(form.type))]
      layers.append(.object(head + form.properties))
      for (name, tensor) in form.tensors { tensors.append(("\(layer.name).\(name)", tensor)) }
    }
    if case .perPixel(let mean, let deviation) = model.facts.normalization {
      tensors.append((Facts.pixelMean, mean))
      tensors.append((Facts.pixelDeviation, deviation))
    }
    if let golden = model.facts.golden {
      tensors.append((Facts.goldenInput, golden.input))
      tensors.append((Facts.goldenOutput, golden.output))
    }
    let architecture: JSON = ["input": list(model.inputShape.dimensions), "layers": .array(layers)]
    return Safetensors(
      metadata: [
        (MetadataKey.format, "1"), (MetadataKey.name, model.name), (MetadataKey.architecture, architecture.text()),
        (MetadataKey.facts, facts(model.facts).text()),
      ],
      tensors: tensors)
  }

  // MARK: Layers

  /// What a file says about an operation.
  private struct Form {
    var type: String
    var properties: [JSON.Member] = []
    var tensors: [(name: String, tensor: Tensor)] = []
  }

  private static func form(of operation: Operation) -> Form {
    switch operation {
    case .convolution(let convolution): return form(of: convolution)
    case .convolutionStack(let stack):
      let weights = stack.weights.enumerated().map { (name: "\($0.offset).weight", tensor: $0.element) }
      return Form(type: "conv2d_stack", tensors: weights + bias(stack.bias))
    case .separableConvolution(let convolution):
      return Form(
        type: "separable_conv",
        tensors: [("temporal", convolution.temporal), ("spatial", convolution.spatial)] + bias(convolution.bias))
    case .dense(let dense):
      return Form(type: "dense", tensors: [("weight", dense.weight)] + bias(dense.bias))
    case .batchNormalization(let normalization): return form(of: normalization)
    case .activation(let activation): return form(of: activation)
    case .divisiveNormalization: return Form(type: "divisive_normalization")
    case .maximumPool(let pool): return form(of: pool, "maxpool")
    case .averagePool(let pool): return form(of: pool, "avgpool")
    case .flatten: return Form(type: "flatten")
    case .reshape(let shape): return Form(type: "reshape", properties: [JSON.Member("shape", list(shape.dimensions))])
    case .readout(let readout):
      let positions = readout.positions.map { list([$0.channel, $0.row, $0.column]) }
      return Form(type: "readout", properties: [JSON.Member("positions", .array(positions))])
    case .gaussianNoise(let deviation):
      return Form(type: "gaussian_noise", properties: [JSON.Member("std", JSON(deviation))])
    }
  }

  private static func form(of convolution: Convolution) -> Form {
    var form = Form(type: "conv2d", tensors: [("weight", convolution.weight)] + bias(convolution.bias))
    let plain = Convolution(weight: convolution.weight)
    for (name, value, usual) in [
      ("stride", convolution.stride, plain.stride), ("padding", convolution.padding, plain.padding),
      ("dilation", convolution.dilation, plain.dilation),
    ] where value != usual {
      form.properties.append(JSON.Member(name, pair(value)))
    }
    if convolution.groups != plain.groups {
      form.properties.append(JSON.Member("groups", .number(Double(convolution.groups))))
    }
    return form
  }

  private static func form(of normalization: BatchNormalization) -> Form {
    var form = Form(
      type: "batchnorm",
      tensors: [
        ("weight", vector(normalization.scale)), ("bias", vector(normalization.shift)),
        ("running_mean", vector(normalization.mean)), ("running_var", vector(normalization.variance)),
      ])
    if normalization.axis == .unit { form.properties.append(JSON.Member("axis", "unit")) }
    if normalization.epsilon != 1e-5 { form.properties.append(JSON.Member("eps", JSON(normalization.epsilon))) }
    return form
  }

  private static func form(of activation: Activation) -> Form {
    switch activation {
    case .relu: Form(type: "relu")
    case .softplus: Form(type: "softplus")
    case .sigmoid: Form(type: "sigmoid")
    case .tanh: Form(type: "tanh")
    case .exp: Form(type: "exp")
    case .elu(let alpha): Form(type: "elu", properties: alpha == 1 ? [] : [JSON.Member("alpha", JSON(alpha))])
    case .parametricSoftplus(let alpha, let beta):
      Form(type: "parametric_softplus", tensors: [("alpha", vector(alpha)), ("beta", vector(beta))])
    }
  }

  /// Windows of one row are those along the last axis.
  private static func form(of pool: Pool, _ type: String) -> Form {
    let isFlat = pool.kernel.vertical == 1 && pool.stride.vertical == 1
    func size(_ value: Spatial) -> JSON { isFlat ? .number(Double(value.horizontal)) : pair(value) }
    var form = Form(
      type: type + (isFlat ? "1d" : "2d"), properties: [JSON.Member("kernel", size(pool.kernel))])
    if pool.stride != pool.kernel { form.properties.append(JSON.Member("stride", size(pool.stride))) }
    return form
  }

  private static func bias(_ values: [Float]?) -> [(name: String, tensor: Tensor)] {
    values.map { [("bias", vector($0))] } ?? []
  }

  // MARK: Facts

  static func facts(_ facts: Facts) -> JSON {
    var members = [JSON.Member("lag", .number(Double(facts.lag)))]
    if let rate = facts.frameRate { members.append(JSON.Member("frame_rate", .number(rate))) }
    if let size = facts.pixelSize { members.append(JSON.Member("pixel_size_um", .number(size))) }
    if case .scalar(let mean, let deviation) = facts.normalization {
      members.append(JSON.Member("normalisation", ["mean": JSON(mean), "std": JSON(deviation)]))
    }
    if let unit = facts.responseUnit { members.append(JSON.Member("response", ["unit": .string(unit)])) }
    if !facts.cells.isEmpty { members.append(JSON.Member("cells", .array(facts.cells.map(cell)))) }
    if !facts.provenance.isEmpty {
      let texts = facts.provenance.map { JSON.Member($0.name, .string($0.text)) }
      members.append(JSON.Member("provenance", .object(sorted(texts))))
    }
    if let golden = facts.golden { members.append(JSON.Member("golden", ["tolerance": JSON(golden.tolerance)])) }
    return .object(members)
  }

  /// Figures that are not finite, such as the correlation of a silent cell, cannot be said in JSON and are left out.
  private static func cell(_ cell: Cell) -> JSON {
    var members = [JSON.Member("name", .string(cell.name))]
    if let (column, row) = cell.centre {
      members.append(JSON.Member("centre", [.number(column), .number(row)]))
    }
    let figures = cell.figures.filter(\.value.isFinite).map { JSON.Member($0.name, .number($0.value)) }
    return .object(members + sorted(figures))
  }

  private static func sorted(_ members: [JSON.Member]) -> [JSON.Member] {
    members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  // MARK: Values

  private static func list(_ values: [Int]) -> JSON {
    .array(values.map { .number(Double($0)) })
  }

  private static func pair(_ value: Spatial) -> JSON {
    value.vertical == value.horizontal
      ? .number(Double(value.vertical)) : list([value.vertical, value.horizontal])
  }

  /// A tensor of one axis; a valid model has no parameter without values.
  private static func vector(_ values: [Float]) -> Tensor {
    guard let tensor = Tensor(shape: Shape(values.count), values: values) else { preconditionFailure("no values") }
    return tensor
  }
}
