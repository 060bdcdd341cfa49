import RetinaGraph
import RetinaModel

/// How a file stores the numbers of an array.
typealias ElementType = RetinaGraph.ElementType

extension ElementType {
  /// Bytes that an array of a shape takes; nothing when their number does not fit an `Int`.
  func byteCount(of shape: Shape) -> Int? {
    let (count, overflow) = shape.count.multipliedReportingOverflow(by: size)
    return overflow ? nil : count
  }

  /// The numbers as `Float`, rounded to nearest where they are not exact.
  func values(in bytes: UnsafeRawBufferPointer, bigEndian: Bool = false) -> [Float] {
    // A movie is as long as its file: float32 is copied in bulk.
    self == .float32 && !bigEndian ? copy(bytes) : converted(bytes, bigEndian)
  }

  /// The numbers as `Double`; of the integers, those above 2^53 are rounded to nearest.
  func doubles(in bytes: UnsafeRawBufferPointer, bigEndian: Bool = false) -> [Double] { converted(bytes, bigEndian) }

  private func converted<Value: BinaryFloatingPoint>(_ bytes: UnsafeRawBufferPointer, _ bigEndian: Bool) -> [Value] {
    switch self {
    case .boolean: convert(bytes, bigEndian) { (bits: UInt8) in bits == 0 ? 0 : 1 }
    case .signed8: convert(bytes, bigEndian) { (bits: Int8) in Value(bits) }
    case .signed16: convert(bytes, bigEndian) { (bits: Int16) in Value(bits) }
    case .signed32: convert(bytes, bigEndian) { (bits: Int32) in Value(bits) }
    case .signed64: convert(bytes, bigEndian) { (bits: Int64) in Value(bits) }
    case .unsigned8: convert(bytes, bigEndian) { (bits: UInt8) in Value(bits) }
    case .unsigned16: convert(bytes, bigEndian) { (bits: UInt16) in Value(bits) }
    case .unsigned32: convert(bytes, bigEndian) { (bits: UInt32) in Value(bits) }
    case .unsigned64: convert(bytes, bigEndian) { (bits: UInt64) in Value(bits) }
    case .float16: convert(bytes, bigEndian) { (bits: UInt16) in Value(Float16(bitPattern: bits)) }
    case .brainFloat16: convert(bytes, bigEndian) { (bits: UInt16) in Value(Float(bitPattern: UInt32(bits) << 16)) }
    case .float32: convert(bytes, bigEndian) { (bits: UInt32) in Value(Float(bitPattern: bits)) }
    case .float64: convert(bytes, bigEndian) { (bits: UInt64) in Value(Double(bitPattern: bits)) }
    }
  }
}

/// Appends values as little-endian float32.
func append(_ values: [Float], to bytes: inout [UInt8]) {
  values.withUnsafeBytes { bytes.append(contentsOf: $0) }
}

@inline(__always)
private func convert<Bits: FixedWidthInteger, Value>(
  _ bytes: UnsafeRawBufferPointer, _ bigEndian: Bool, _ value: (Bits) -> Value
) -> [Value] {
  let size = MemoryLayout<Bits>.size
  let count = bytes.count / size
  return [Value](unsafeUninitializedCapacity: count) { buffer, filled in
    for index in 0..<count {
      let bits = bytes.loadUnaligned(fromByteOffset: index * size, as: Bits.self)
      buffer.initializeElement(at: index, to: value(bigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits)))
    }
    filled = count
  }
}

private func copy(_ bytes: UnsafeRawBufferPointer) -> [Float] {
  [Float](unsafeUninitializedCapacity: bytes.count / 4) { buffer, filled in
    UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
    filled = bytes.count / 4
  }
}
