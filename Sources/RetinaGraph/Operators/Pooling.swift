extension Operator {
  /// The largest number or the mean of every window.
  static let pooling: [Operator] = [
    Operator("MaxPool", 1...1, Windows.attributes + ["ceil_mode", "storage_order"]) { (call) throws(GraphError) in
      try call.maximumPool()
    },
    Operator("AveragePool", 1...1, Windows.attributes + ["ceil_mode", "count_include_pad"]) {
      (call) throws(GraphError) in try call.averagePool()
    },
    Operator("GlobalAveragePool", 1...1) { (call) throws(GraphError) in
      [try call.reduce(try call.spatialAxes(), keepingAxes: true, .mean)]
    },
    Operator("GlobalMaxPool", 1...1) { (call) throws(GraphError) in
      [try call.reduce(try call.spatialAxes(), keepingAxes: true, .maximum)]
    },
  ]
}

extension OperatorCall {
  fileprivate func spatialAxes() throws(GraphError) -> [Int] {
    let input = try input(0)
    guard input.rank >= 3 else { throw failure("an input [n, channel, ...]", input.summary) }
    return Array(2..<input.rank)
  }

  private func windows() throws(GraphError) -> Windows {
    let input = try input(0)
    guard input.rank >= 3, let kernel = try integers("kernel_shape") else {
      throw failure("an input [n, channel, ...] and a kernel_shape", input.summary)
    }
    return try Windows(self, input: Array(input.extents[2...]), kernel: kernel, ceil: try flag("ceil_mode"))
  }

  fileprivate func maximumPool() throws(GraphError) -> [TypedArray] {
    let input = try input(0)
    let windows = try windows()
    let isColumnMajor = try flag("storage_order")
    let extents = Array(input.extents[..<2]) + windows.outputExtents
    let count = try count(of: extents)
    let reads = try windows.reads(self)
    guard reads.allSatisfy({ !$0.places.isEmpty }) else {
      throw failure("windows that reach the input", "one in the padding only")
    }
    let spatial = Array(input.extents[2...])
    let plane = product(spatial)
    var places: [Int] = []
    places.reserveCapacity(count)
    for start in stride(from: 0, to: input.count, by: max(1, plane)) {
      for read in reads { places.append(input.numbers.largest(read.places, from: start)) }
    }
    let indices = isColumnMajor ? places.map { columnMajor($0 % plane, spatial) + $0 / plane * plane } : places
    return [
      input.selecting(places, extents: extents), try array(.signed64, extents, .integer(indices)),
    ]
  }

  /// The place of a number when the first spatial axis is contiguous.
  private func columnMajor(_ place: Int, _ extents: [Int]) -> Int {
    var (rest, stride, result) = (place, product(extents), 0)
    for extent in extents.reversed() {
      stride /= extent
      result += rest % extent * stride
      rest /= extent
    }
    return result
  }

  fileprivate func averagePool() throws(GraphError) -> [TypedArray] {
    let input = try input(0)
    let windows = try windows()
    let countsPadding = try flag("count_include_pad")
    let extents = Array(input.extents[..<2]) + windows.outputExtents
    try count(of: extents)
    let reads = try windows.reads(self)
    let plane = product(input.extents[2...])
    let starts = stride(from: 0, to: input.count, by: max(1, plane))
    func means<Number: BinaryFloatingPoint>(_ values: [Number]) -> [Number] {
      starts.flatMap { start in
        reads.map { read in
          let sum = read.places.reduce(Number(0)) { $0 + values[start + $1] }
          return sum / Number(countsPadding ? read.covered : read.places.count)
        }
      }
    }
    switch input.numbers {
    case .single(let values): return [try array(input.type, extents, .single(means(values)))]
    case .double(let values): return [try array(input.type, extents, .double(means(values)))]
    case .integer: throw badType(input)
    }
  }
}

extension Numbers {
  /// The place of the largest number, or of the first NaN; the first of equal ones.
  fileprivate func largest(_ places: [Int], from start: Int) -> Int {
    func best<Number: Comparable>(_ values: [Number]) -> Int {
      places.reduce(start + places[0]) {
        values[start + $1] > values[$0] || isNaN($0, values, $1 + start) ? start + $1 : $0
      }
    }
    // A NaN differs from itself, and is taken once.
    func isNaN<Number: Comparable>(_ best: Int, _ values: [Number], _ place: Int) -> Bool {
      values[place] != values[place] && values[best] == values[best]
    }
    return switch self {
    case .single(let values): best(values)
    case .double(let values): best(values)
    case .integer(let values): best(values)
    }
  }
}
