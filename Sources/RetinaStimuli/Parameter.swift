import RetinaFiles

/// Something that can be set about a generator: its name in a stimulus set, and how it is read.
///
/// The default is what the generator's own `init()` gives; it is written nowhere else.
struct Parameter<Generator>: Sendable {
  let name: String
  let unit: String?
  let allowed: String
  let summary: String
  /// Sets the property, or returns false when the value is not one that is allowed.
  let assign: @Sendable (JSON, inout Generator) -> Bool
  /// The value as a stimulus set says it.
  let value: @Sendable (Generator) -> JSON
}

extension Parameter {
  typealias Property<Value> = WritableKeyPath<Generator, Value> & Sendable

  static func integer(
    _ name: String, _ property: Property<Int>, unit: String?, in range: ClosedRange<Int>, _ summary: String
  ) -> Parameter {
    Parameter(
      name: name, unit: unit, allowed: "an integer from \(range.lowerBound) to \(range.upperBound)", summary: summary,
      assign: { value, generator in
        guard let integer = value.integer, range.contains(integer) else { return false }
        generator[keyPath: property] = integer
        return true
      },
      value: { .number(Double($0[keyPath: property])) })
  }

  static func number(
    _ name: String, _ property: Property<Double>, unit: String?, in range: ClosedRange<Double>, _ summary: String
  ) -> Parameter {
    let (least, most) = (JSON.number(range.lowerBound).text(), JSON.number(range.upperBound).text())
    return Parameter(
      name: name, unit: unit, allowed: "a number from \(least) to \(most)", summary: summary,
      assign: { value, generator in
        guard let number = value.number, range.contains(number) else { return false }
        generator[keyPath: property] = number
        return true
      },
      value: { .number($0[keyPath: property]) })
  }

  static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ property: Property<Choice>, _ summary: String
  ) -> Parameter {
    Parameter(
      name: name, unit: nil, allowed: Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or "),
      summary: summary,
      assign: { value, generator in
        guard let choice = value.string.flatMap(Choice.init(rawValue:)) else { return false }
        generator[keyPath: property] = choice
        return true
      },
      value: { .string($0[keyPath: property].rawValue) })
  }

  /// A number of frames, at least one.
  static func duration(_ name: String, _ property: Property<Int>, _ summary: String) -> Parameter {
    integer(name, property, unit: "frames", in: 1...Limits.frames, summary)
  }

  /// A number of frames, possibly none.
  static func pause(_ name: String, _ property: Property<Int>, _ summary: String) -> Parameter {
    integer(name, property, unit: "frames", in: 0...Limits.frames, summary)
  }

  /// A contrast; displays show -1...1, and models take more where their authors speak of standard deviations.
  static func contrast(_ name: String, _ property: Property<Double>, _ summary: String) -> Parameter {
    number(name, property, unit: "contrast", in: -100...100, summary)
  }

  /// An angle in degrees.
  static func angle(_ name: String, _ property: Property<Double>, _ summary: String) -> Parameter {
    number(name, property, unit: "degrees", in: -360...360, summary)
  }
}
