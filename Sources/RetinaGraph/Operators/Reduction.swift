extension Operator {
  /// One number from all along some axes.
  static let reduction: [Operator] = Reduction.allCases.map { reduction in
    Operator(reduction.operatorName, 1...2, ["axes", "keepdims", "noop_with_empty_axes"]) { (call) throws(GraphError) in
      let input = try call.input(0)
      let keepsAxes = try call.flag("keepdims", default: true)
      let given = try call.axesList() ?? []
      if given.isEmpty, try call.flag("noop_with_empty_axes") {
        return [try call.reduce([], keepingAxes: true, reduction)]
      }
      let axes = given.isEmpty ? Array(0..<input.rank) : try call.axes(given, rank: input.rank)
      return [try call.reduce(axes, keepingAxes: keepsAxes, reduction)]
    }
  }
}

/// What is computed of many numbers.
enum Reduction: CaseIterable, Sendable {
  case sum, mean, maximum, minimum, product, sumOfSquares, sumOfMagnitudes, length

  var operatorName: String {
    switch self {
    case .sum: "ReduceSum"
    case .mean: "ReduceMean"
    case .maximum: "ReduceMax"
    case .minimum: "ReduceMin"
    case .product: "ReduceProd"
    case .sumOfSquares: "ReduceSumSquare"
    case .sumOfMagnitudes: "ReduceL1"
    case .length: "ReduceL2"
    }
  }
}

extension OperatorCall {
  /// Reduces input 0 along axes.
  func reduce(_ axes: [Int], keepingAxes: Bool, _ reduction: Reduction) throws(GraphError) -> TypedArray {
    let input = try input(0)
    var extents = input.extents
    for axis in axes { extents[axis] = 1 }
    // Where every number of the input goes.
    let strides = rowMajorStrides(extents)
    let places = stridedPlaces(
      input.extents, strides: extents.indices.map { axes.contains($0) ? 0 : strides[$0] })
    let results = try count(of: extents)
    let each = axes.reduce(1) { $0 * input.extents[$1] }
    if !keepingAxes { extents = extents.indices.filter { !axes.contains($0) }.map { extents[$0] } }
    func reduceFloating<Number: BinaryFloatingPoint & Carrier>(_ values: [Number]) -> [Number] {
      let sum = values.reduced(places, results, reduction, lowest: -Number.infinity, highest: Number.infinity)
      return switch reduction {
      case .mean: sum.map { $0 / Number(each) }
      case .length: sum.map { $0.squareRoot() }
      default: sum
      }
    }
    switch input.numbers {
    case .single(let values): return try array(input.type, extents, .single(reduceFloating(values)))
    case .double(let values): return try array(input.type, extents, .double(reduceFloating(values)))
    case .integer(let values):
      guard let range = input.type.range, reduction != .length,
        input.type != .boolean || reduction == .maximum || reduction == .minimum
      else { throw badType(input) }
      var result = values.reduced(
        places, results, reduction, lowest: range.lowerBound, highest: range.upperBound)
      if reduction == .mean {
        guard each > 0 else { throw failure("something to take the mean of", input.summary) }
        result = result.map { $0 / each }
      }
      return try array(input.type, extents, .integer(result))
    }
  }
}

extension Array where Element: Carrier & Numeric {
  /// Takes every number to its place; `lowest` and `highest` are what nothing has as its maximum and minimum.
  fileprivate func reduced(
    _ places: [Int], _ count: Int, _ reduction: Reduction, lowest: Element, highest: Element
  ) -> [Element] {
    func fold(_ start: Element, _ function: (Element, Element) -> Element) -> [Element] {
      var results = [Element](repeating: start, count: count)
      for index in indices { results[places[index]] = function(results[places[index]], self[index]) }
      return results
    }
    return switch reduction {
    case .sum, .mean: fold(0) { Element.sum($0, $1) }
    case .product: fold(1) { Element.product($0, $1) }
    case .maximum: fold(lowest) { Element.larger($0, $1) }
    case .minimum: fold(highest) { Element.smaller($0, $1) }
    case .sumOfSquares, .length: fold(0) { Element.sum($0, Element.product($1, $1)) }
    case .sumOfMagnitudes: fold(0) { Element.sum($0, $1 < 0 ? Element.difference(0, $1) : $1) }
    }
  }
}
