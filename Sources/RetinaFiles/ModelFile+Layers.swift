import RetinaModel

extension ModelReader {
  /// The types of layers, for the message when a file has another.
  static let layerTypes = [
    "conv2d", "conv2d_stack", "separable_conv", "dense", "batchnorm", "relu", "softplus", "sigmoid", "tanh", "exp",
    "elu", "parametric_softplus", "divisive_normalization", "maxpool2d", "avgpool2d", "maxpool1d", "avgpool1d",
    "flatten", "reshape", "readout", "gaussian_noise",
  ]

  /// One layer of the architecture, with its tensors.
  mutating func layer(_ json: JSON, _ index: Int) throws(FileError) -> Layer {
    let place = json["name"]?.string.map { "layer \(quoted($0))" } ?? "layer \(index)"
    var properties = try JSONProperties(json, place: place, file: file)
    let name = try properties.required("name", .text)
    let type = try properties.required("type", .text)
    let operation = try operation(type, name, &properties)
    try properties.finish()
    return Layer(name, operation)
  }

  private mutating func operation(
    _ type: String, _ name: String, _ properties: inout JSONProperties
  ) throws(FileError) -> Operation {
    switch type {
    case "conv2d": return .convolution(try convolution(name, &properties))
    case "conv2d_stack": return .convolutionStack(try stack(name))
    case "separable_conv":
      return .separableConvolution(
        SeparableConvolution(
          temporal: try take(name, "temporal", axes: "out", "rank", "in"),
          spatial: try take(name, "spatial", axes: "out", "rank", "height", "width"),
          bias: try takeVector(name, "bias")))
    case "dense":
      return .dense(Dense(weight: try take(name, "weight", axes: "out", "in"), bias: try takeVector(name, "bias")))
    case "batchnorm": return .batchNormalization(try batchNormalization(name, &properties))
    case "relu": return .activation(.relu)
    case "softplus": return .activation(.softplus)
    case "sigmoid": return .activation(.sigmoid)
    case "tanh": return .activation(.tanh)
    case "exp": return .activation(.exp)
    case "elu": return .activation(.elu(alpha: try properties.optional("alpha", .single) ?? 1))
    case "parametric_softplus":
      return .activation(
        .parametricSoftplus(
          alpha: try take(name, "alpha", axes: "units").values, beta: try take(name, "beta", axes: "units").values))
    case "divisive_normalization": return .divisiveNormalization
    case "maxpool2d": return .maximumPool(try pool(&properties))
    case "avgpool2d": return .averagePool(try pool(&properties))
    case "maxpool1d": return .maximumPool(try flatPool(&properties))
    case "avgpool1d": return .averagePool(try flatPool(&properties))
    case "flatten": return .flatten
    case "reshape": return .reshape(try properties.required("shape", .shape))
    case "readout": return .readout(Readout(positions: try properties.required("positions", .positions)))
    case "gaussian_noise": return .gaussianNoise(standardDeviation: try properties.required("std", .single))
    default:
      throw failure(
        "layer \(quoted(name))", "a type of \(ModelReader.layerTypes.joined(separator: ", "))", quoted(type))
    }
  }

  private mutating func convolution(
    _ name: String, _ properties: inout JSONProperties
  ) throws(FileError) -> Convolution {
    var convolution = Convolution(weight: try take(name, "weight", axes: "out", "in / groups", "height", "width"))
    convolution.bias = try takeVector(name, "bias")
    if let stride = try properties.optional("stride", .spatial) { convolution.stride = stride }
    if let padding = try properties.optional("padding", .spatial) { convolution.padding = padding }
    if let dilation = try properties.optional("dilation", .spatial) { convolution.dilation = dilation }
    if let groups = try properties.optional("groups", .integer) { convolution.groups = groups }
    return convolution
  }

  /// The first convolution must be there; the others end where the numbering ends.
  private mutating func stack(_ name: String) throws(FileError) -> ConvolutionStack {
    var weights: [Tensor] = []
    repeat {
      weights.append(try take(name, "\(weights.count).weight", axes: "out", "in", "height", "width"))
    } while has("\(name).\(weights.count).weight")
    return ConvolutionStack(weights: weights, bias: try takeVector(name, "bias"))
  }

  private mutating func batchNormalization(
    _ name: String, _ properties: inout JSONProperties
  ) throws(FileError) -> BatchNormalization {
    let mean = try take(name, "running_mean", axes: "channels or units").values
    return BatchNormalization(
      axis: try properties.optional("axis", .axis) ?? .channel,
      scale: try takeVector(name, "weight") ?? [Float](repeating: 1, count: mean.count),
      shift: try takeVector(name, "bias") ?? [Float](repeating: 0, count: mean.count),
      mean: mean,
      variance: try take(name, "running_var", axes: "channels or units").values,
      epsilon: try properties.optional("eps", .single) ?? 1e-5)
  }

  private func pool(_ properties: inout JSONProperties) throws(FileError) -> Pool {
    Pool(
      kernel: try properties.required("kernel", .spatial), stride: try properties.optional("stride", .spatial))
  }

  /// A window along the last axis.
  private func flatPool(_ properties: inout JSONProperties) throws(FileError) -> Pool {
    let kernel = try properties.required("kernel", .integer)
    let stride = try properties.optional("stride", .integer) ?? kernel
    return Pool(kernel: Spatial(1, kernel), stride: Spatial(1, stride))
  }
}
