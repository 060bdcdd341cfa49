extension Operator {
  /// Normalisation with the statistics of training, and what training adds.
  static let normalization: [Operator] = [
    Operator("BatchNormalization", 5...5, ["epsilon", "momentum", "spatial", "training_mode"], ignored: ["is_test"]) {
      (call) throws(GraphError) in try call.batchNormalization()
    },
    Operator("Dropout", 1...3, ["ratio", "seed"], ignored: ["is_test"]) { (call) throws(GraphError) in
      try call.dropout()
    },
  ]
}

extension OperatorCall {
  /// `(x - mean) / sqrt(variance + epsilon) * scale + shift` per channel.
  fileprivate func batchNormalization() throws(GraphError) -> [TypedArray] {
    let input = try input(0)
    guard try !flag("training_mode"), node.outputs.count == 1 else {
      throw unsupported("batch normalisation with the statistics of training", "training_mode or several outputs")
    }
    guard try flag("spatial", default: true) else { throw unsupported("statistics per channel", "spatial = 0") }
    let epsilon = try number("epsilon", default: 1e-5)
    guard input.rank >= 2 else { throw failure("an input [n, channel, ...]", input.summary) }
    let (channels, run) = (input.extents[1], product(input.extents[2...]))
    var parameters: [TypedArray] = []
    for index in 1...4 {
      let array = try self.input(index)
      guard array.extents == [channels] else { throw failure("\(channels) numbers as input \(index)", array.summary) }
      parameters.append(array)
    }
    switch input.numbers {
    case .single(let values):
      let p = parameters.compactMap { $0.singles }
      guard p.count == 4 else { throw badType(parameters[0]) }
      return [try array(input.type, input.extents, .single(normalize(values, p, run, epsilon)))]
    case .double(let values):
      var p: [[Double]] = []
      for parameter in parameters { if case .double(let values) = parameter.numbers { p.append(values) } }
      guard p.count == 4 else { throw badType(parameters[0]) }
      return [try array(input.type, input.extents, .double(normalize(values, p, run, Double(epsilon))))]
    case .integer: throw badType(input)
    }
  }

  private func normalize<Number: BinaryFloatingPoint>(
    _ values: [Number], _ parameters: [[Number]], _ run: Int, _ epsilon: Number
  ) -> [Number] {
    let (scale, shift, mean, variance) = (parameters[0], parameters[1], parameters[2], parameters[3])
    let factors = scale.indices.map { scale[$0] / (variance[$0] + epsilon).squareRoot() }
    return values.indices.map { place in
      let channel = place / run % factors.count
      return (values[place] - mean[channel]) * factors[channel] + shift[channel]
    }
  }

  /// The identity when a graph runs; the mask says that everything is kept.
  fileprivate func dropout() throws(GraphError) -> [TypedArray] {
    let input = try input(0)
    if let training = optional(2)?.integers, training.contains(1) {
      let ratio = optional(1)?.singles?.first ?? 0.5
      guard ratio == 0 else { throw unsupported("dropout as it is when a graph runs", "training_mode") }
    }
    let ones = [Int](repeating: 1, count: input.count)
    let mask =
      opset >= 10 || input.singles == nil
      ? Numbers.integer(ones) : .single([Float](repeating: 1, count: input.count))
    return [input, try array(opset >= 10 ? .boolean : input.type, input.extents, mask)]
  }
}
