/// One application of an operator to arrays: what it was given, looked at with checks.
struct OperatorCall {
  let node: GraphNode
  let place: String
  let inputs: [TypedArray?]
  let opset: Int

  func failure(_ expected: String, _ found: String) -> GraphError {
    GraphError(place: place, expected: expected, found: found)
  }

  func unsupported(_ expected: String, _ found: String) -> GraphError {
    GraphError(kind: .unsupported, place: place, expected: expected, found: found)
  }

  // MARK: Inputs

  /// An input that may be left out.
  func optional(_ index: Int) -> TypedArray? {
    index < inputs.count ? inputs[index] : nil
  }

  /// An input that must be there.
  func input(_ index: Int) throws(GraphError) -> TypedArray {
    guard let array = optional(index) else { throw failure("an input \(index)", "none") }
    return array
  }

  /// An input of integers, such as axes or extents.
  func integerInput(_ index: Int) throws(GraphError) -> [Int]? {
    guard let array = optional(index) else { return nil }
    guard let values = array.integers, array.rank <= 1, values.count <= OperatorCall.maximumList else {
      throw failure("a list of integers as input \(index)", array.summary)
    }
    return values
  }

  /// All inputs, each of which must be there.
  func allInputs() throws(GraphError) -> [TypedArray] {
    var arrays: [TypedArray] = []
    for index in inputs.indices { arrays.append(try input(index)) }
    return arrays
  }

  // MARK: Attributes

  /// The largest magnitude of a kernel size, stride, padding or dilation.
  static let maximumSetting = 1 << 20
  /// The longest list of integers.
  static let maximumList = 1 << 20

  /// An attribute that is an integer within bounds.
  func integer(
    _ name: String, default usual: Int, in range: ClosedRange<Int> = -maximumSetting...maximumSetting
  ) throws(GraphError) -> Int {
    guard let attribute = node.attribute(name) else { return usual }
    guard case .integer(let value) = attribute, range.contains(value) else {
      throw failure("\(name) as an integer from \(range.lowerBound) to \(range.upperBound)", attribute.summary)
    }
    return value
  }

  /// An attribute that is 0 or 1.
  func flag(_ name: String, default usual: Bool = false) throws(GraphError) -> Bool {
    try integer(name, default: usual ? 1 : 0, in: 0...1) == 1
  }

  /// An attribute that is a number.
  func number(_ name: String, default usual: Float) throws(GraphError) -> Float {
    guard let attribute = node.attribute(name) else { return usual }
    guard case .number(let value) = attribute else { throw failure("\(name) as a number", attribute.summary) }
    return value
  }

  /// An attribute that is one of some words.
  func text(_ name: String, default usual: String, of words: [String]) throws(GraphError) -> String {
    guard let attribute = node.attribute(name) else { return usual }
    guard case .text(let value) = attribute, words.contains(value) else {
      throw failure("\(name) of \(words.joined(separator: ", "))", attribute.summary)
    }
    return value
  }

  /// An attribute that is a list of integers within bounds.
  func integers(
    _ name: String, count: Int? = nil, in range: ClosedRange<Int> = -maximumSetting...maximumSetting
  ) throws(GraphError) -> [Int]? {
    guard let attribute = node.attribute(name) else { return nil }
    guard case .integers(let values) = attribute, count == nil || values.count == count,
      values.allSatisfy({ range.contains($0) })
    else {
      let wanted = count.map { "\($0) " } ?? ""
      throw failure(
        "\(name) as \(wanted)integers from \(range.lowerBound) to \(range.upperBound)", attribute.summary)
    }
    return values
  }

  /// An axis counted from the front; negative ones count from the back.
  func axis(_ axis: Int, rank: Int, isEndAllowed: Bool = false) throws(GraphError) -> Int {
    let place = axis < 0 && axis >= -rank ? axis + rank : axis
    guard place >= 0, place < rank || (isEndAllowed && place == rank) else {
      throw failure("an axis of \(rank)", "\(axis)")
    }
    return place
  }

  /// Different axes, counted from the front, in order.
  func axes(_ list: [Int], rank: Int) throws(GraphError) -> [Int] {
    var axes: [Int] = []
    for entry in list {
      let place = try axis(entry, rank: rank)
      guard !axes.contains(place) else { throw failure("every axis once", "axis \(place) twice") }
      axes.append(place)
    }
    return axes.sorted()
  }

  // MARK: Results

  /// The largest result: 2^24 numbers.
  ///
  /// A small file can ask for it with a shape alone, and lists of places cost more.
  static let maximumResult = 1 << 24

  /// Checks that extents are not negative and that their product is not too large; gives the product.
  @discardableResult
  func count(of extents: [Int]) throws(GraphError) -> Int {
    guard let count = TypedArray.count(of: extents), count <= OperatorCall.maximumResult else {
      var text = ""
      for extent in extents.prefix(8) { text += text.isEmpty ? "\(extent)" : ", \(extent)" }
      throw failure("an array of at most 64 axes and 2^24 numbers", "[\(text)]")
    }
    return count
  }

  /// An array of a type from numbers that are rounded to it.
  func array(_ type: ElementType, _ extents: [Int], _ numbers: Numbers) throws(GraphError) -> TypedArray {
    guard let array = TypedArray(type: type, extents: extents, numbers: numbers.rounded(to: type)) else {
      throw unsupported("a result that \(type.name) can hold", "\(numbers.count) others")
    }
    return array
  }

  /// Refuses what cannot be said: a negative `uint64`, which stands for one above 2^63 - 1.
  func check(_ array: TypedArray) throws(GraphError) {
    if array.type == .unsigned64, let values = array.integers, values.contains(where: { $0 < 0 }) {
      throw unsupported("uint64 below 2^63", "a larger number")
    }
  }

  /// Checks that two arrays have one type.
  func sameType(_ a: TypedArray, _ b: TypedArray) throws(GraphError) {
    guard a.type == b.type else { throw failure("arrays of one type", "\(a.summary) and \(b.summary)") }
  }

  /// The error for a type that the operator is not built for.
  func badType(_ array: TypedArray) -> GraphError {
    unsupported("a type that \(node.operatorName) is built for", array.summary)
  }
}

extension GraphAttribute {
  /// A few words for messages.
  var summary: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let text): "'\(text)'"
    case .integers(let values): "\(values.count) integers \(values.prefix(8).map { "\($0)" }.joined(separator: ", "))"
    case .numbers(let values): "\(values.count) numbers"
    case .texts(let values): "\(values.count) texts"
    case .array(let array): array.summary
    case .other: "something else"
    }
  }
}
