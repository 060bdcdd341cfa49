/// How windows of a kernel move over the spatial axes of an array `[n, channel, ...]`.
struct Windows {
  /// One spatial axis.
  struct Axis {
    var input, kernel, stride, dilation, before, after, output: Int

    /// The input position that a tap of an output position reads; nothing outside the input.
    func position(output: Int, tap: Int) -> Int? {
      let position = output * stride + tap * dilation - before
      return position >= 0 && position < input ? position : nil
    }
  }

  let axes: [Axis]

  /// Positions of the outputs.
  var outputExtents: [Int] { axes.map { $0.output } }

  /// The attributes that say how windows move.
  static let attributes = ["auto_pad", "dilations", "kernel_shape", "pads", "strides"]

  /// Reads the attributes of a node for spatial extents and kernel extents.
  init(_ call: OperatorCall, input: [Int], kernel: [Int], ceil: Bool = false) throws(GraphError) {
    let rank = input.count
    let positive = 1...OperatorCall.maximumSetting
    guard (1...8).contains(rank), kernel.count == rank, kernel.allSatisfy({ positive.contains($0) }) else {
      throw call.failure("a kernel of 1 to 8 axes for \(rank) spatial axes", "\(kernel.count) axes")
    }
    let strides = try call.integers("strides", count: rank, in: positive) ?? [Int](repeating: 1, count: rank)
    let dilations = try call.integers("dilations", count: rank, in: positive) ?? [Int](repeating: 1, count: rank)
    let mode = try call.text("auto_pad", default: "NOTSET", of: ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])
    let pads = try call.integers("pads", count: 2 * rank, in: 0...OperatorCall.maximumSetting)
    var axes: [Axis] = []
    for axis in 0..<rank {
      var window = Axis(
        input: input[axis], kernel: kernel[axis], stride: strides[axis], dilation: dilations[axis], before: 0,
        after: 0, output: 0)
      let reach = dilations[axis] * (kernel[axis] - 1) + 1
      switch mode {
      case "SAME_UPPER", "SAME_LOWER":
        window.output = (input[axis] + strides[axis] - 1) / strides[axis]
        let total = max(0, (window.output - 1) * strides[axis] + reach - input[axis])
        window.before = mode == "SAME_UPPER" ? total / 2 : total - total / 2
        window.after = total - window.before
      default:
        if mode == "NOTSET", let pads { (window.before, window.after) = (pads[axis], pads[rank + axis]) }
        let rest = input[axis] + window.before + window.after - reach
        guard rest >= 0 else {
          throw call.failure("an input at least as large as the kernel's \(reach)", "\(input[axis])")
        }
        window.output = (rest + (ceil ? strides[axis] - 1 : 0)) / strides[axis] + 1
        // A window that starts in the padding behind the input is left away.
        if ceil, (window.output - 1) * strides[axis] >= input[axis] + window.before { window.output -= 1 }
      }
      axes.append(window)
    }
    self.axes = axes
    try call.count(of: outputExtents)
  }

  /// For every combination of a kernel row, an output row and the input row that it reads, where a row runs along the
  /// last axis: `(kernel, output, input)`, counted in rows.
  func rows(_ call: OperatorCall) throws(GraphError) -> [(kernel: Int, output: Int, input: Int)] {
    try call.count(of: axes.dropLast().flatMap { [$0.kernel, $0.output] })
    var rows = [(kernel: 0, output: 0, input: 0)]
    for axis in axes.dropLast() {
      var next: [(kernel: Int, output: Int, input: Int)] = []
      for row in rows {
        for tap in 0..<axis.kernel {
          for output in 0..<axis.output {
            guard let position = axis.position(output: output, tap: tap) else { continue }
            next.append(
              (row.kernel * axis.kernel + tap, row.output * axis.output + output, row.input * axis.input + position))
          }
        }
      }
      rows = next
    }
    return rows
  }

  /// The places that every window reads in a plane, and how many of its positions lie in the input or its padding.
  func reads(_ call: OperatorCall) throws(GraphError) -> [(places: [Int], covered: Int)] {
    try call.count(of: axes.flatMap { [$0.kernel, $0.output] })
    var windows: [(places: [Int], covered: Int)] = [([0], 1)]
    for axis in axes {
      var next: [(places: [Int], covered: Int)] = []
      next.reserveCapacity(windows.count * axis.output)
      for window in windows {
        for output in 0..<axis.output {
          var places: [Int] = []
          var covered = 0
          let positions = (0..<axis.kernel).compactMap { axis.position(output: output, tap: $0) }
          for place in window.places {
            for position in positions { places.append(place * axis.input + position) }
          }
          for tap in 0..<axis.kernel
          where output * axis.stride + tap * axis.dilation < axis.before + axis.input + axis.after {
            covered += 1
          }
          next.append((places, window.covered * covered))
        }
      }
      windows = next
    }
    return windows
  }
}
