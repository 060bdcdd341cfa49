extension JSON {
  /// How deep arrays and objects may nest in a text that is parsed: 64.
  public static let maximumDepth = 64

  /// Parses a JSON text, strictly (RFC 8259): UTF-8, no duplicate names, nothing after the value.
  ///
  /// - Throws: ``FileError`` with line and column (in characters, from 1).
  public init(parsing bytes: [UInt8], file: String) throws(FileError) {
    var parser = Parser(bytes: bytes, file: file)
    self = try parser.document()
  }
}

/// Recursive descent over the bytes of a text.
private struct Parser {
  let bytes: [UInt8]
  let file: String
  var position = 0

  init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  mutating func document() throws(FileError) -> JSON {
    skipSpace()
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw error("the end of the text") }
    return value
  }

  private mutating func value(depth: Int) throws(FileError) -> JSON {
    guard let byte = peek else { throw error("a JSON value") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: throw error("a JSON value")
    }
  }

  // MARK: Arrays and objects

  private mutating func array(depth: Int) throws(FileError) -> JSON {
    try enter(depth)
    var values: [JSON] = []
    skipSpace()
    if take("]") { return .array(values) }
    while true {
      skipSpace()
      values.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(values) }
      guard take(",") else { throw error("',' or ']'") }
    }
  }

  private mutating func object(depth: Int) throws(FileError) -> JSON {
    try enter(depth)
    var members: [JSON.Member] = []
    var names: Set<ExactName> = []
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      let start = position
      guard peek == UInt8(ascii: "\"") else { throw error("a name in quotes") }
      let name = try string()
      guard names.insert(ExactName(name)).inserted else {
        throw error("a name not seen before in its object", found: "\(quoted(name)) again", at: start)
      }
      skipSpace()
      guard take(":") else { throw error("':'") }
      skipSpace()
      members.append(JSON.Member(name, try value(depth: depth + 1)))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw error("',' or '}'") }
    }
  }

  /// Steps over the bracket that opens an array or object.
  private mutating func enter(_ depth: Int) throws(FileError) {
    guard depth < JSON.maximumDepth else {
      throw error("at most \(JSON.maximumDepth) nested arrays and objects", found: "more")
    }
    position += 1
  }

  // MARK: Plain values

  private mutating func word(_ word: String, _ value: JSON) throws(FileError) -> JSON {
    guard bytes[position...].starts(with: word.utf8) else { throw error("a JSON value") }
    position += word.utf8.count
    return value
  }

  private mutating func number() throws(FileError) -> Double {
    let start = position
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw error("a number that fits a double", found: quoted(text), at: start)
    }
    return value
  }

  private mutating func digits() throws(FileError) {
    guard isDigit else { throw error("a digit") }
    while isDigit { position += 1 }
  }

  private mutating func string() throws(FileError) -> String {
    position += 1
    var text = ""
    var start = position
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        text += try plainText(start..<position)
        position += 1
        return text
      case UInt8(ascii: "\\"):
        text += try plainText(start..<position)
        text.unicodeScalars.append(try escape())
        start = position
      case 0..<0x20: throw error("control characters escaped in a string")
      default: position += 1
      }
    }
    throw error("'\"'")
  }

  private func plainText(_ range: Range<Int>) throws(FileError) -> String {
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw error("UTF-8", found: "other bytes in a string", at: range.lowerBound)
    }
    return text
  }

  private mutating func escape() throws(FileError) -> Unicode.Scalar {
    let start = position
    position += 1
    guard let byte = peek else { throw error("an escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape(start)
    default: throw error("an escape that JSON has", found: "another", at: start)
    }
  }

  /// Four hexadecimal digits, or two times four that are a surrogate pair.
  private mutating func unicodeEscape(_ start: Int) throws(FileError) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if first < 0xdc00, take("\\"), take("u") {
      let second = try hexadecimal()
      if (0xdc00...0xdfff).contains(second),
        let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
      {
        return scalar
      }
    }
    throw error("surrogates in pairs", found: "one alone", at: start)
  }

  private mutating func hexadecimal() throws(FileError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("four hexadecimal digits")
      }
      value = value << 4 + UInt32(digit)
      position += 1
    }
    return value
  }

  // MARK: Bytes

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private var isDigit: Bool {
    guard let byte = peek else { return false }
    return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
  }

  /// An error at the current byte, or at another one.
  private func error(_ expected: String, found: String? = nil, at place: Int? = nil) -> FileError {
    let place = place ?? position
    var line = 1
    var column = 1
    for byte in bytes[..<place] {
      if byte == 0x0a {
        (line, column) = (line + 1, 1)
      } else if byte & 0xc0 != 0x80 {
        column += 1
      }
    }
    return FileError(
      file: file, place: "line \(line), column \(column)", expected: expected, found: found ?? description(at: place))
  }

  private func description(at place: Int) -> String {
    guard place < bytes.count else { return "the end" }
    let byte = bytes[place]
    return (0x20..<0x7f).contains(byte)
      ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
  }
}
