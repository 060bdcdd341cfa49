import RetinaModel

/// The members of a JSON object, taken one by one; what is left at the end was not known.
package struct JSONProperties {
  private let file: String
  private let place: String
  private var members: [JSON.Member]

  package init(_ json: JSON, place: String, file: String) throws(FileError) {
    guard let members = json.members else {
      throw FileError(file: file, place: place, expected: "an object", found: json.kind)
    }
    self.file = file
    self.place = place
    self.members = members
  }

  /// A property that may be left out.
  package mutating func optional<Value>(_ name: String, _ form: JSONForm<Value>) throws(FileError) -> Value? {
    guard let index = members.firstIndex(where: { $0.name == name }) else { return nil }
    let json = members.remove(at: index).value
    guard let value = form.read(json) else {
      throw FileError(
        file: file, place: place, expected: "\(form.expected) as '\(name)'", found: JSONProperties.summary(json))
    }
    return value
  }

  /// A property that must be there.
  package mutating func required<Value>(_ name: String, _ form: JSONForm<Value>) throws(FileError) -> Value {
    guard let value = try optional(name, form) else {
      throw FileError(file: file, place: place, expected: "\(form.expected) as '\(name)'", found: "none")
    }
    return value
  }

  /// A property that is an object.
  package mutating func object(_ name: String) throws(FileError) -> JSONProperties? {
    guard let json = try optional(name, .any) else { return nil }
    return try inside(json, name)
  }

  /// The members of a value that lies inside this object.
  package func inside(_ json: JSON, _ inner: String) throws(FileError) -> JSONProperties {
    try JSONProperties(json, place: "\(place), \(inner)", file: file)
  }

  /// All that is left, each of one form.
  package mutating func rest<Value>(_ form: JSONForm<Value>) throws(FileError) -> [(name: String, value: Value)] {
    var rest: [(name: String, value: Value)] = []
    for member in members {
      guard let value = form.read(member.value) else {
        throw FileError(
          file: file, place: place, expected: "\(form.expected) as \(quoted(member.name))",
          found: JSONProperties.summary(member.value))
      }
      rest.append((member.name, value))
    }
    members = []
    return rest.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// Says which property was not asked for, if any.
  package func finish() throws(FileError) {
    if let member = members.first {
      throw FileError(file: file, place: place, expected: "known properties only", found: quoted(member.name))
    }
  }

  private static func summary(_ json: JSON) -> String {
    switch json {
    case .array, .object: json.kind
    default: quoted(json.text())
    }
  }
}

/// What a property may be, and how it is read.
package struct JSONForm<Value> {
  let expected: String
  let read: (JSON) -> Value?

  /// Creates a form; `expected` says it in words, `read` gives nothing for what does not have it.
  package init(expected: String, read: @escaping (JSON) -> Value?) {
    self.expected = expected
    self.read = read
  }
}

extension JSONForm<JSON> {
  package static var any: Self { Self(expected: "a value") { $0 } }
}

extension JSONForm<[JSON]> {
  package static var array: Self { Self(expected: "an array", read: \.array) }
}

extension JSONForm<String> {
  package static var text: Self { Self(expected: "a string", read: \.string) }
}

extension JSONForm<Bool> {
  package static var truth: Self { Self(expected: "true or false", read: \.boolean) }
}

extension JSONForm<Int> {
  package static var integer: Self { Self(expected: "an integer", read: \.integer) }
}

extension JSONForm<[Int]> {
  package static var integerList: Self { Self(expected: "an array of integers", read: integers) }
}

extension JSONForm<Double> {
  package static var number: Self { Self(expected: "a number", read: \.number) }
}

extension JSONForm<Float> {
  package static var single: Self {
    Self(expected: "a number in the range of float32") { json in
      json.number.map { Float($0) }.flatMap { $0.isFinite ? $0 : nil }
    }
  }
}

extension JSONForm<Spatial> {
  /// One number for both directions, or one for each.
  package static var spatial: Self {
    Self(expected: "an integer or [vertical, horizontal]") { json in
      if let both = json.integer { return Spatial(both, both) }
      guard let pair = integers(json), pair.count == 2 else { return nil }
      return Spatial(pair[0], pair[1])
    }
  }
}

extension JSONForm<Shape> {
  static var shape: Self {
    Self(expected: "a shape of 1 to 64 axes and at most 2^40 values") { json in
      guard let dimensions = integers(json), (1...64).contains(dimensions.count) else { return nil }
      return Shape(checking: dimensions)
    }
  }
}

extension JSONForm<[Readout.Position]> {
  static var positions: Self {
    Self(expected: "an array of [channel, row, column]") { json in
      guard let array = json.array else { return nil }
      var positions: [Readout.Position] = []
      for element in array {
        guard let place = integers(element), place.count == 3 else { return nil }
        positions.append(Readout.Position(channel: place[0], row: place[1], column: place[2]))
      }
      return positions
    }
  }
}

extension JSONForm<(column: Double, row: Double)> {
  package static var centre: Self {
    Self(expected: "[column, row]") { json in
      guard let array = json.array, array.count == 2, let column = array[0].number, let row = array[1].number else {
        return nil
      }
      return (column, row)
    }
  }
}

extension JSONForm<BatchNormalization.Axis> {
  package static var axis: Self {
    Self(expected: "'channel' or 'unit'") { json in
      switch json.string {
      case "channel": .channel
      case "unit": .unit
      default: nil
      }
    }
  }
}

/// The elements of an array of integers.
private func integers(_ json: JSON) -> [Int]? {
  guard let array = json.array else { return nil }
  let values = array.compactMap(\.integer)
  return values.count == array.count ? values : nil
}
