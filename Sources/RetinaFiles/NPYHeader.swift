import RetinaModel

/// The head of an `.npy` file: a magic string, a version, and a Python dictionary with type, order and shape.
struct NPYHeader {
  /// How the numbers are stored.
  var type: ElementType
  /// Whether the first byte of a number is its largest.
  var isBigEndian: Bool
  /// Whether the first axis is contiguous, not the last.
  var isFortranOrder: Bool
  /// The extents.
  var shape: Shape
  /// Bytes before the data.
  var length: Int

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// NumPy itself allows 64 axes.
  private static let maximumRank = 64

  /// The bytes that say how long the head is.
  static let beginning = 12

  /// Where the dictionary of a head begins and ends, from the beginning of a file of `size` bytes.
  static func dictionary(in bytes: [UInt8], size: Int, file: String) throws(FileError) -> Range<Int> {
    guard bytes.starts(with: NPYHeader.magic) else {
      throw FileError(file: file, place: "byte 0", expected: "\\x93NUMPY", found: "other bytes")
    }
    guard bytes.count >= 8 else {
      throw FileError(file: file, place: "byte 6", expected: "a version", found: "the end")
    }
    guard (1...3).contains(bytes[6]), bytes[7] == 0 else {
      throw FileError(
        file: file, place: "byte 6", expected: "version 1.0, 2.0 or 3.0", found: "\(bytes[6]).\(bytes[7])")
    }
    let start = bytes[6] == 1 ? 10 : beginning
    guard bytes.count >= start else {
      throw FileError(file: file, place: "byte 8", expected: "the length of the header", found: "the end")
    }
    let count = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard count <= size - start else {
      throw FileError(
        file: file, place: "byte 8", expected: "a header inside the file",
        found: "\(count) bytes with \(size - start) left")
    }
    return start..<start + count
  }

  /// Parses the head of a file.
  init(parsing bytes: [UInt8], file: String) throws(FileError) {
    let range = try NPYHeader.dictionary(in: bytes, size: bytes.count, file: file)
    length = range.upperBound
    var scanner = PythonScanner(bytes: bytes, position: range.lowerBound, end: length, file: file)
    var type: (ElementType, isBigEndian: Bool)?
    var isFortranOrder: Bool?
    var dimensions: [Int]?
    try scanner.dictionary { (key, scanner) throws(FileError) in
      switch key {
      case "descr" where type == nil: type = try NPYHeader.type(&scanner)
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = try scanner.boolean()
      case "shape" where dimensions == nil: dimensions = try scanner.tuple(maximumCount: NPYHeader.maximumRank)
      default: throw scanner.error("descr, fortran_order and shape, each once", found: quoted(key))
      }
    }
    guard let type, let isFortranOrder, let dimensions else {
      throw FileError(
        file: file, place: "header", expected: "descr, fortran_order and shape", found: "only some of them")
    }
    guard let shape = Shape(checking: dimensions) else {
      let text = dimensions.map(\.description).joined(separator: ", ")
      throw FileError(
        file: file, place: "header", expected: "a shape of 1 to 2^40 values", found: "[\(text)]")
    }
    (self.type, isBigEndian) = type
    self.isFortranOrder = isFortranOrder
    self.shape = shape
  }

  /// The error for data of another size than the head says.
  func sizeError(_ file: String, found count: Int) -> FileError {
    FileError(
      file: file, place: "data", expected: "\(shape.count) x \(type.size) bytes for the shape \(shape)",
      found: "\(count) bytes")
  }

  private static let types: [String: ElementType] = [
    "b1": .boolean, "i1": .signed8, "i2": .signed16, "i4": .signed32, "i8": .signed64, "u1": .unsigned8,
    "u2": .unsigned16, "u4": .unsigned32, "u8": .unsigned64, "f2": .float16, "f4": .float32, "f8": .float64,
  ]

  /// A type such as `<f4`; numbers of one byte have the order `|`.
  private static func type(_ scanner: inout PythonScanner) throws(FileError) -> (ElementType, isBigEndian: Bool) {
    let start = scanner
    let text = try scanner.string()
    guard let order = text.first, let type = types[String(text.dropFirst())],
      order == "<" || order == ">" || (order == "|" && type.size == 1)
    else {
      throw start.error("a boolean, integer or float type such as '<f4'", found: quoted(text))
    }
    return (type, order == ">")
  }

  /// The head of a file in C order; `type` is little-endian float32 when nothing else is said.
  static func bytes(for shape: Shape, type: String = "<f4") -> [UInt8] {
    let extents = shape.dimensions.map(\.description)
    let tuple = extents.count == 1 ? "(\(extents[0]),)" : "(\(extents.joined(separator: ", ")))"
    var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(tuple), }"
    // NumPy leaves room for the first axis to grow to 21 digits, then fills up to a multiple of 64 bytes.
    if let first = extents.first { text += String(repeating: " ", count: 21 - first.utf8.count) }
    let rest = (10 + text.utf8.count + 1) % 64
    text += String(repeating: " ", count: (64 - rest) % 64) + "\n"
    let count = text.utf8.count
    return magic + [1, 0, UInt8(count & 0xff), UInt8(count >> 8)] + text.utf8
  }
}

/// The few forms of a Python literal that NumPy writes.
private struct PythonScanner {
  let bytes: [UInt8]
  var position: Int
  let end: Int
  let file: String

  /// A dictionary whose keys are strings; `value` reads what belongs to a key.
  mutating func dictionary(
    _ value: (String, inout PythonScanner) throws(FileError) -> Void
  ) throws(FileError) {
    try expect("{")
    while !take("}") {
      let key = try string()
      try expect(":")
      try value(key, &self)
      if !take(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard position == end else { throw error("the end of the header") }
  }

  mutating func string() throws(FileError) -> String {
    skipSpace()
    guard position < end, bytes[position] == UInt8(ascii: "'") || bytes[position] == UInt8(ascii: "\"") else {
      throw error("a string")
    }
    guard let close = bytes[(position + 1)..<end].firstIndex(of: bytes[position]) else {
      throw error("a closing quote", found: "none")
    }
    defer { position = close + 1 }
    return String(decoding: bytes[(position + 1)..<close], as: UTF8.self)
  }

  mutating func boolean() throws(FileError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where bytes[position..<end].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw error("True or False")
  }

  /// A tuple of integers at least 0; Python 2 wrote an `L` after long ones.
  mutating func tuple(maximumCount: Int) throws(FileError) -> [Int] {
    var values: [Int] = []
    try expect("(")
    while !take(")") {
      skipSpace()
      let digits = bytes[position..<end].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard let value = Int(String(decoding: digits, as: UTF8.self)) else { throw error("an extent") }
      guard values.count < maximumCount else { throw error("at most \(maximumCount) axes", found: "more") }
      position += digits.count
      _ = take("L")
      values.append(value)
      if !take(",") {
        try expect(")")
        break
      }
    }
    return values
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(FileError) {
    guard take(character) else { throw error("'\(character)'") }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < end, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < end, bytes[position] == 0x20 || (0x09...0x0d).contains(bytes[position]) { position += 1 }
  }

  func error(_ expected: String, found: String? = nil) -> FileError {
    let other = position < end ? "byte 0x\(String(bytes[position], radix: 16))" : "the end of the header"
    return FileError(file: file, place: "header, byte \(position)", expected: expected, found: found ?? other)
  }
}
