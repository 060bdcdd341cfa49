/// A JSON value (RFC 8259).
///
/// An object keeps its members in order and holds no name twice; a number is a `Double`, so integers are exact up to
/// 2^53.
public indirect enum JSON: Equatable, Sendable {
  /// A named value of an object.
  public struct Member: Equatable, Sendable {
    /// The name, unique in its object.
    public var name: String
    /// The value.
    public var value: JSON

    /// Creates a member.
    public init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value
    }
  }

  /// `null`.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// A number.
  case number(Double)
  /// A text.
  case string(String)
  /// A list of values.
  case array([JSON])
  /// Named values, in order.
  case object([Member])
}

extension JSON {
  /// A number that prints as the shortest text that reads back as this `Float`: 1e-05, not 9.999999747378752e-06.
  public init(_ value: Float) {
    guard let short = Double(value.description), Float(short) == value else {
      self = .number(Double(value))
      return
    }
    self = .number(short)
  }
}

// MARK: - Looking inside

extension JSON {
  /// The value of a member; nothing when this is no object or has no such member.
  public subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  /// The number, if this is one.
  public var number: Double? {
    if case .number(let value) = self { value } else { nil }
  }

  /// The number as an integer, if it is one that a `Double` holds exactly: magnitude below 2^53.
  public var integer: Int? {
    guard case .number(let value) = self, value.magnitude < 0x1p53 else { return nil }
    return Int(exactly: value)
  }

  /// The text, if this is one.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The truth value, if this is one.
  public var boolean: Bool? {
    if case .boolean(let value) = self { value } else { nil }
  }

  /// The values, if this is an array.
  public var array: [JSON]? {
    if case .array(let values) = self { values } else { nil }
  }

  /// The members, if this is an object.
  public var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }
}

// MARK: - Literals

extension JSON: ExpressibleByNilLiteral {
  /// Creates `null`.
  public init(nilLiteral: ()) {
    self = .null
  }
}

extension JSON: ExpressibleByBooleanLiteral {
  /// Creates a truth value.
  public init(booleanLiteral value: Bool) {
    self = .boolean(value)
  }
}

extension JSON: ExpressibleByIntegerLiteral {
  /// Creates a number.
  public init(integerLiteral value: Int) {
    self = .number(Double(value))
  }
}

extension JSON: ExpressibleByFloatLiteral {
  /// Creates a number.
  public init(floatLiteral value: Double) {
    self = .number(value)
  }
}

extension JSON: ExpressibleByStringLiteral {
  /// Creates a text.
  public init(stringLiteral value: String) {
    self = .string(value)
  }
}

extension JSON: ExpressibleByArrayLiteral {
  /// Creates an array.
  public init(arrayLiteral values: JSON...) {
    self = .array(values)
  }
}

extension JSON: ExpressibleByDictionaryLiteral {
  /// Creates an object whose members keep the order of the literal.
  public init(dictionaryLiteral members: (String, JSON)...) {
    self = .object(members.map { Member($0, $1) })
  }
}
