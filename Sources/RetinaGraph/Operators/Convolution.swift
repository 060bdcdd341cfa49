import RetinaKernels

extension Operator {
  /// Cross-correlations over any number of spatial axes.
  static let convolution: [Operator] = [
    Operator("Conv", 2...3, Windows.attributes + ["group"]) { (call) throws(GraphError) in
      let (input, weight, bias) = (try call.input(0), try call.input(1), call.optional(2))
      try call.sameType(input, weight)
      if let bias { try call.sameType(input, bias) }
      switch (input.numbers, weight.numbers) {
      case (.single(let x), .single(let w)):
        var start: [Float]?
        if case .single(let values)? = bias?.numbers { start = values }
        let (extents, y) = try call.convolve(x, input.extents, w, weight.extents, bias: start, zero: 0)
        return [try call.array(input.type, extents, .single(y))]
      case (.double(let x), .double(let w)):
        var start: [Double]?
        if case .double(let values)? = bias?.numbers { start = values }
        let (extents, y) = try call.convolve(x, input.extents, w, weight.extents, bias: start, zero: 0)
        return [try call.array(input.type, extents, .double(y))]
      default: throw call.badType(input)
      }
    },
    Operator("CausalConvWithState", 2...4, ["activation"]) { (call) throws(GraphError) in
      try call.causalConvolution()
    },
  ]
}

extension OperatorCall {
  /// `y[n, o] = bias[o] + sum over i of weight[o, i] * x[n, i]`, with groups, dilations and padding by zeros.
  func convolve<Number: Carrier>(
    _ x: [Number], _ xExtents: [Int], _ weight: [Number], _ weightExtents: [Int], bias: [Number]?, zero: Number
  ) throws(GraphError) -> (extents: [Int], values: [Number]) {
    let groups = try integer("group", default: 1, in: 1...OperatorCall.maximumSetting)
    guard xExtents.count >= 3, weightExtents.count == xExtents.count,
      weightExtents[1] * groups == xExtents[1], weightExtents[0] % groups == 0
    else {
      throw failure(
        "an input [n, channel, ...] and a weight [out, channel / \(groups), ...]", "\(xExtents) and \(weightExtents)")
    }
    let kernel = Array(weightExtents[2...])
    if let stated = try integers("kernel_shape"), stated != kernel {
      throw failure("a kernel_shape as the weight's \(kernel)", "\(stated)")
    }
    let windows = try Windows(self, input: Array(xExtents[2...]), kernel: kernel)
    let (batch, outputs, perGroup) = (xExtents[0], weightExtents[0], weightExtents[1])
    if let bias, bias.count != outputs { throw failure("a bias of \(outputs) numbers", "\(bias.count)") }
    let extents = [batch, outputs] + windows.outputExtents
    var y = [Number](repeating: zero, count: try count(of: extents))
    let last = windows.axes[windows.axes.count - 1]
    let rows = try windows.rows(self)
    let (inputPlane, outputPlane, taps) = (
      product(xExtents[2...]), product(windows.outputExtents), product(kernel)
    )
    // The outputs of every tap along the last axis, and the position that the first one reads.
    let columns = (0..<last.kernel).map { tap in
      let inside = (0..<last.output).filter { last.position(output: $0, tap: tap) != nil }
      let range = inside.first.map { $0..<inside[inside.count - 1] + 1 } ?? 0..<0
      return (range, range.lowerBound * last.stride + tap * last.dilation - last.before)
    }
    for n in 0..<batch {
      for output in 0..<outputs {
        let target = (n * outputs + output) * outputPlane
        if let bias { for place in target..<target + outputPlane { y[place] = bias[output] } }
        for channel in 0..<perGroup {
          let inputChannel = output / (outputs / groups) * perGroup + channel
          let source = (n * xExtents[1] + inputChannel) * inputPlane
          let kernelStart = (output * perGroup + channel) * taps
          for row in rows {
            for (tap, (range, first)) in columns.enumerated() {
              let factor = weight[kernelStart + row.kernel * last.kernel + tap]
              var read = source + row.input * last.input + first
              let write = target + row.output * last.output
              for column in range {
                y[write + column] = Number.sum(y[write + column], Number.product(factor, x[read]))
                read += last.stride
              }
            }
          }
        }
      }
    }
    return (extents, y)
  }

  /// A convolution per channel that sees only the past; gives the output and the last `kernel - 1` inputs.
  fileprivate func causalConvolution() throws(GraphError) -> [TypedArray] {
    let (input, weight) = (try input(0), try input(1))
    try sameType(input, weight)
    let activation = try text("activation", default: "none", of: ["none", "silu", "swish"])
    guard input.rank == 3, weight.rank == 3, weight.extents[0] == input.extents[1], weight.extents[1] == 1,
      weight.extents[2] >= 1
    else {
      throw failure(
        "an input [n, channel, time] and a weight [channel, 1, k]", "\(input.summary) and \(weight.summary)")
    }
    let (batch, channels, length, taps) = (input.extents[0], input.extents[1], input.extents[2], weight.extents[2])
    let stateExtents = [batch, channels, taps - 1]
    let state = optional(3)
    if let state {
      try sameType(input, state)
      guard state.extents == stateExtents else { throw failure("a past_state \(stateExtents)", state.summary) }
    }
    if let bias = optional(2) {
      try sameType(input, bias)
      guard bias.extents == [channels] else { throw failure("a bias [\(channels)]", bias.summary) }
    }
    guard let x = input.singles, let w = weight.singles else { throw badType(input) }
    let silence = [Float](repeating: 0, count: try count(of: stateExtents))
    let past = state?.singles ?? silence
    let bias = optional(2)?.singles
    var (y, present): ([Float], [Float]) = ([], [])
    y.reserveCapacity(x.count)
    for lane in 0..<batch * channels {
      let channel = lane % channels
      let line = past[lane * (taps - 1)..<(lane + 1) * (taps - 1)] + x[lane * length..<(lane + 1) * length]
      let start = line.startIndex
      for time in 0..<length {
        var sum = bias?[channel] ?? 0
        for tap in 0..<taps { sum += w[channel * taps + tap] * line[start + time + tap] }
        y.append(activation == "none" ? sum : sum / (1 + Elementary.exp(-sum)))
      }
      present += line.suffix(taps - 1)
    }
    return [
      try array(input.type, input.extents, .single(y)), try array(input.type, stateExtents, .single(present)),
    ]
  }
}
