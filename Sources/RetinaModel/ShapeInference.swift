extension Operation {
  /// The shape that comes out when `input` goes in.
  ///
  /// - Throws: ``ShapeMismatch`` with what the operation needs and what it was given.
  public func outputShape(of input: Shape) throws(ShapeMismatch) -> Shape {
    switch self {
    case .convolution(let convolution): return try convolution.outputShape(of: input)
    case .convolutionStack(let stack): return try stack.outputShape(of: input)
    case .separableConvolution(let convolution): return try convolution.outputShape(of: input)
    case .dense(let dense): return try dense.outputShape(of: input)
    case .batchNormalization(let normalization): return try normalization.outputShape(of: input)
    case .activation(let activation): return try activation.outputShape(of: input)
    case .divisiveNormalization:
      guard input.rank > 0, input[0] % 2 == 0 else {
        throw ShapeMismatch(
          expected: "an even number of channels: what is divided, then what divides", found: "\(input)")
      }
      return try shape([input[0] / 2] + input.dimensions.dropFirst())
    case .maximumPool(let pool), .averagePool(let pool): return try pool.outputShape(of: input)
    case .flatten: return Shape(input.count)
    case .reshape(let shape):
      guard shape.count == input.count else {
        throw ShapeMismatch(expected: "\(shape.count) units for the shape \(shape)", found: "\(input)")
      }
      guard shape.rank > 0 else { throw ShapeMismatch(expected: "at least one axis", found: "\(shape)") }
      return shape
    case .readout(let readout): return try readout.outputShape(of: input)
    case .gaussianNoise(let deviation):
      guard deviation >= 0, deviation.isFinite else {
        throw ShapeMismatch(expected: "a standard deviation of at least 0", found: "\(deviation)")
      }
      return input
    }
  }
}

/// A shape or a parameter that does not fit.
public struct ShapeMismatch: Error, Equatable, Sendable {
  /// What was needed.
  public var expected: String
  /// What was given.
  public var found: String
}

extension Convolution {
  /// `[out, (height + 2 padding - dilation (kernel - 1) - 1) / stride + 1, ...]`.
  func outputShape(of input: Shape) throws(ShapeMismatch) -> Shape {
    guard weight.shape.rank == 4 else {
      throw ShapeMismatch(expected: "weight [out, in / groups, height, width]", found: "weight \(weight.shape)")
    }
    let (outputs, perGroup) = (weight.shape[0], weight.shape[1])
    guard groups >= 1, outputs % groups == 0 else {
      throw ShapeMismatch(expected: "groups that divide \(outputs) output channels", found: "\(groups) groups")
    }
    for (value, least, what) in [
      (stride.vertical, 1, "stride"), (stride.horizontal, 1, "stride"), (dilation.vertical, 1, "dilation"),
      (dilation.horizontal, 1, "dilation"), (padding.vertical, 0, "padding"), (padding.horizontal, 0, "padding"),
    ] where value < least || value > Convolution.maximumExtent {
      throw ShapeMismatch(expected: "\(what) from \(least) to \(Convolution.maximumExtent)", found: "\(value)")
    }
    try checkBias(bias, outputs: outputs)
    let (wanted, overflow) = perGroup.multipliedReportingOverflow(by: groups)
    guard !overflow, let (channels, height, width) = features(input), channels == wanted else {
      throw ShapeMismatch(
        expected: "features [\(perGroup) x \(groups) channels, height, width] for weight \(weight.shape)",
        found: "\(input)")
    }
    let rows = height + 2 * padding.vertical - dilation.vertical * (weight.shape[2] - 1) - 1
    let columns = width + 2 * padding.horizontal - dilation.horizontal * (weight.shape[3] - 1) - 1
    guard rows >= 0, columns >= 0 else {
      throw ShapeMismatch(
        expected: "an image at least as large as the kernel \(weight.shape[2]) x \(weight.shape[3])",
        found: "\(input)")
    }
    return try shape(outputs, rows / stride.vertical + 1, columns / stride.horizontal + 1)
  }

  /// The largest stride, padding or dilation: 65,536.
  static let maximumExtent = 1 << 16
}

extension ConvolutionStack {
  func outputShape(of input: Shape) throws(ShapeMismatch) -> Shape {
    guard let last = weights.last else {
      throw ShapeMismatch(expected: "at least one convolution", found: "none")
    }
    var current = input
    for weight in weights { current = try Convolution(weight: weight).outputShape(of: current) }
    try checkBias(bias, outputs: last.shape[0])
    return current
  }
}

extension SeparableConvolution {
  func outputShape(of input: Shape) throws(ShapeMismatch) -> Shape {
    guard temporal.shape.rank == 3, spatial.shape.rank == 4, temporal.shape[0] == spatial.shape[0],
      temporal.shape[1] == spatial.shape[1]
    else {
      throw ShapeMismatch(
        expected: "temporal [out, rank, in] and spatial [out, rank, height, width]",
        found: "temporal \(temporal.shape) and spatial \(spatial.shape)")
    }
    try checkBias(bias, outputs: temporal.shape[0])
    guard let (channels, height, width) = features(input), channels == temporal.shape[2] else {
      throw ShapeMismatch(expected: "features [\(temporal.shape[2]), height, width]", found: "\(input)")
    }
    guard height >= spatial.shape[2], width >= spatial.shape[3] else {
      throw ShapeMismatch(
        expected: "an image at least as large as the kernel \(spatial.shape[2]) x \(spatial.shape[3])",
        found: "\(input)")
    }
    return try shape(temporal.shape[0], height - spatial.shape[2] + 1, width - spatial.shape[3] + 1)
  }
}

extension Dense {
  func outputShape(of input: Shape) throws(ShapeMismatch) -> Shape {
    guard weight.shape.rank == 2 else {
      throw ShapeMismatch(expected: "weight [out, in]", found: "weight \(weight.shape)")
    }
    try checkBias(bias, outputs: weight.shape[0])
    guard weight.shape[1] == input.count else {
      throw ShapeMismatch(
        expected: "\(weight.shape[1]) units for weight \(weight.shape)", found: "\(input) (\(input.count) units)")
    }
    return Shape(weight.shape[0])
  }
}

extension BatchNormalization {
  func outputShape(of input: Shape) throws(ShapeMismatch) -> Shape {
    guard axis == .unit || input.rank >= 1 else {
      throw ShapeMismatch(expected: "features [channel, ...]", found: "\(input)")
    }
    let wanted = axis == .unit ? input.count : input[0]
    for (values, name) in [(scale, "weight"), (shift, "bias"), (mean, "running_mean"), (variance, "running_var")]
    where values.count != wanted {
      throw ShapeMismatch(
        expected: "\(wanted) values of \(name) for the input \(input)", found: "\(values.count)")
    }
    for value in variance where !(value + epsilon > 0) {
      throw ShapeMismatch(expected: "running_var + eps above 0", found: "\(value + epsilon)")
    }
    return input
  }
}

extension Activation {
  func outputShape(of input: Shape) throws(ShapeMismatch) -> Shape {
    if case .parametricSoftplus(let alpha, let beta) = self {
      for (values, name) in [(alpha, "alpha"), (beta, "beta")] where values.count != 1 && values.count != input.count {
        throw ShapeMismatch(expected: "1 or \(input.count) values of \(name)", found: "\(values.count)")
      }
    }
    return input
  }
}

extension Pool {
  func outputShape(of input: Shape) throws(ShapeMismatch) -> Shape {
    guard kernel.vertical >= 1, kernel.horizontal >= 1, stride.vertical >= 1, stride.horizontal >= 1 else {
      throw ShapeMismatch(
        expected: "kernel and stride of at least 1",
        found: "kernel \(kernel.vertical) x \(kernel.horizontal), stride \(stride.vertical) x \(stride.horizontal)")
    }
    guard let (channels, height, width) = input.asFeatures, height >= kernel.vertical, width >= kernel.horizontal else {
      throw ShapeMismatch(
        expected: "features at least as large as the window \(kernel.vertical) x \(kernel.horizontal)",
        found: "\(input)")
    }
    let rows = (height - kernel.vertical) / stride.vertical + 1
    let columns = (width - kernel.horizontal) / stride.horizontal + 1
    switch input.rank {
    case 1: return Shape(columns)
    case 2: return Shape(rows, columns)
    default: return Shape(channels, rows, columns)
    }
  }
}

extension Readout {
  func outputShape(of input: Shape) throws(ShapeMismatch) -> Shape {
    guard let (channels, height, width) = features(input), !positions.isEmpty else {
      throw ShapeMismatch(expected: "features [channel, height, width] and at least one position", found: "\(input)")
    }
    for position in positions
    where !(0..<channels).contains(position.channel) || !(0..<height).contains(position.row)
      || !(0..<width).contains(position.column)
    {
      throw ShapeMismatch(
        expected: "positions inside \(input)",
        found: "[\(position.channel), \(position.row), \(position.column)]")
    }
    return Shape(positions.count)
  }
}

/// The shape as `[channel, height, width]`, only when it has three axes.
private func features(_ shape: Shape) -> (channels: Int, height: Int, width: Int)? {
  shape.rank == 3 ? (shape[0], shape[1], shape[2]) : nil
}

private func checkBias(_ bias: [Float]?, outputs: Int) throws(ShapeMismatch) {
  if let bias, bias.count != outputs {
    throw ShapeMismatch(expected: "\(outputs) values of bias", found: "\(bias.count)")
  }
}

private func shape(_ dimensions: Int...) throws(ShapeMismatch) -> Shape { try shape(dimensions) }

private func shape(_ dimensions: [Int]) throws(ShapeMismatch) -> Shape {
  guard let shape = Shape(checking: dimensions) else {
    throw ShapeMismatch(expected: "an output of at most 2^40 values", found: "more")
  }
  return shape
}
