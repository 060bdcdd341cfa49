import RetinaGraph

/// The parts of a `TensorProto` before they are put together.
private struct ArrayParts {
  var name = ""
  var extents: [Int] = []
  var code = 0
  /// Where the bytes of all numbers lie.
  var raw: Range<Int>?
  /// Numbers in lists, of which one is filled.
  var singles: [Float] = []
  var integers: [Int] = []
  var doubles: [Double] = []
  var isExternal = false
  var external: [(name: String, text: String)] = []
}

extension ONNXReader {
  /// `TensorProto`: the numbers as raw bytes, in a list, or in another file.
  func array(_ message: ProtobufReader) throws(FileError) -> (name: String, array: TypedArray) {
    let parts = try parts(message)
    guard let type = ElementType(onnxCode: parts.code) else {
      throw FileError(
        file: file, place: "array \(quoted(parts.name))",
        expected: "numbers of type \(ElementType.allCases.map(\.name).joined(separator: ", "))",
        found: "data type \(parts.code)")
    }
    return (parts.name, try array(parts, type, message))
  }

  /// An array as a setting of an operator, whose type may be one that is not read.
  func setting(_ message: ProtobufReader) throws(FileError) -> GraphAttribute {
    let parts = try parts(message)
    guard let type = ElementType(onnxCode: parts.code) else { return .other }
    return .array(try array(parts, type, message))
  }

  private func array(
    _ parts: ArrayParts, _ type: ElementType, _ message: ProtobufReader
  ) throws(FileError) -> TypedArray {
    let place = "array \(quoted(parts.name))"
    func failure(_ expected: String, _ found: String) -> FileError {
      FileError(file: file, place: place, expected: expected, found: found)
    }
    guard let count = TypedArray.count(of: parts.extents) else {
      throw failure(
        "at most 64 axes and 2^26 numbers",
        "[\(parts.extents.prefix(8).map(\.description).joined(separator: ", "))]")
    }
    let numbers: Numbers
    if parts.isExternal {
      numbers = try external(parts, type, byteCount: count * type.size, place: place)
    } else if let raw = parts.raw {
      guard raw.count == count * type.size else {
        throw failure("\(count * type.size) bytes for \(count) of \(type.name)", "\(raw.count)")
      }
      numbers = message.source.numbers(raw, type)
    } else {
      numbers = try listed(parts, type, place)
    }
    if type == .unsigned64, case .integer(let values) = numbers, values.contains(where: { $0 < 0 }) {
      throw failure("uint64 below 2^63", "a larger number")
    }
    guard let array = TypedArray(type: type, extents: parts.extents, numbers: numbers) else {
      throw failure("\(count) numbers", "\(numbers.count)")
    }
    return array
  }

  private func parts(_ message: ProtobufReader) throws(FileError) -> ArrayParts {
    var reader = message
    var parts = ArrayParts()
    while let field = try reader.next() {
      switch field.number {
      case 1: try reader.append(field, to: &parts.extents)
      case 2: parts.code = try reader.integer(field)
      case 3: throw reader.failure(field.place, "a whole array", "a segment of one")
      case 4: try reader.append(field, to: &parts.singles)
      case 5, 7, 11: try reader.append(field, to: &parts.integers)
      case 8: parts.name = try reader.text(field)
      case 9: parts.raw = try reader.range(field)
      case 10: try reader.append(field, to: &parts.doubles)
      case 13: parts.external.append(try entry(reader.message(field)))
      case 14: parts.isExternal = try reader.integer(field) == 1
      default: break
      }
    }
    return parts
  }

  /// Numbers in a list: halves are stored as the integers that have their bits.
  private func listed(_ parts: ArrayParts, _ type: ElementType, _ place: String) throws(FileError) -> Numbers {
    switch type {
    case .float32: return .single(parts.singles)
    case .float64: return .double(parts.doubles)
    case .float16:
      return .single(parts.integers.map { Float(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) })
    case .brainFloat16:
      return .single(parts.integers.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0) << 16) })
    default:
      guard let range = type.range, parts.integers.allSatisfy({ range.contains($0) }) else {
        throw FileError(file: file, place: place, expected: "numbers that \(type.name) holds", found: "others")
      }
      return .integer(parts.integers)
    }
  }

  /// Numbers in a file beside this one, from an offset on.
  private func external(
    _ parts: ArrayParts, _ type: ElementType, byteCount: Int, place: String
  ) throws(FileError) -> Numbers {
    func failure(_ expected: String, _ found: String) -> FileError {
      FileError(file: file, place: place, expected: expected, found: found)
    }
    func setting(_ name: String) -> String? { parts.external.last { $0.name == name }?.text }
    guard isFolderAllowed else { throw failure("numbers inside this file", "numbers in another") }
    guard let location = setting("location") else { throw failure("the location of the numbers", "none") }
    guard let offset = Int(setting("offset") ?? "0"), let length = Int(setting("length") ?? "\(byteCount)"), offset >= 0
    else { throw failure("an offset and a length", "others") }
    guard length == byteCount else {
      throw failure(
        "\(byteCount) bytes for \(type.name) [\(parts.extents.map(\.description).joined(separator: ", "))]",
        "a length of \(length)")
    }
    do throws(FileError) {
      let source = try FileSystem.map(location, beside: file)
      guard offset <= source.buffer.count, length <= source.buffer.count - offset else {
        throw FileError(
          file: location, expected: "\(length) bytes from byte \(offset) on", found: "\(source.buffer.count) bytes")
      }
      return source.numbers(offset..<offset + length, type)
    } catch {
      throw FileError(
        kind: error.kind, file: file, place: "\(place), file \(quoted(location))", expected: error.expected,
        found: error.found)
    }
  }
}

extension FileBytes {
  /// The little-endian numbers in some of the bytes, in the widest type of their kind.
  fileprivate func numbers(_ range: Range<Int>, _ type: ElementType) -> Numbers {
    let bytes = self[range]
    func integers<Bits: FixedWidthInteger>(_ type: Bits.Type) -> Numbers {
      let size = MemoryLayout<Bits>.size
      return .integer(
        (0..<bytes.count / size).map {
          Int(truncatingIfNeeded: Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * size, as: Bits.self)))
        })
    }
    switch type {
    case .float16, .brainFloat16, .float32: return .single(values(range, type))
    case .float64:
      return .double(
        (0..<bytes.count / 8).map {
          Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
        })
    case .boolean: return .integer(bytes.map { $0 == 0 ? 0 : 1 })
    case .signed8: return integers(Int8.self)
    case .signed16: return integers(Int16.self)
    case .signed32: return integers(Int32.self)
    case .signed64: return integers(Int64.self)
    case .unsigned8: return integers(UInt8.self)
    case .unsigned16: return integers(UInt16.self)
    case .unsigned32: return integers(UInt32.self)
    case .unsigned64: return integers(UInt64.self)
    }
  }
}
