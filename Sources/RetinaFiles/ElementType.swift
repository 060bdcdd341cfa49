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
    switch self {
    case .boolean: convert(bytes, bigEndian) { (bits: UInt8) in bits == 0 ? 0 : 1 }
    case .signed8: convert(bytes, bigEndian) { (bits: Int8) in Float(bits) }
    case .signed16: convert(bytes, bigEndian) { (bits: Int16) in Float(bits) }
    case .signed32: convert(bytes, bigEndian) { (bits: Int32) in Float(bits) }
    case .signed64: convert(bytes, bigEndian) { (bits: Int64) in Float(bits) }
    case .unsigned8: convert(bytes, bigEndian) { (bits: UInt8) in Float(bits) }
    case .unsigned16: convert(bytes, bigEndian) { (bits: UInt16) in Float(bits) }
    case .unsigned32: convert(bytes, bigEndian) { (bits: UInt32) in Float(bits) }
    case .unsigned64: convert(bytes, bigEndian) { (bits: UInt64) in Float(bits) }
    case .float16: convert(bytes, bigEndian) { (bits: UInt16) in Float(Float16(bitPattern: bits)) }
    case .brainFloat16: convert(bytes, bigEndian) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    case .float32 where !bigEndian: copy(bytes)
    case .float32: convert(bytes, bigEndian) { (bits: UInt32) in Float(bitPattern: bits) }
    case .float64: convert(bytes, bigEndian) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
    }
  }
}

/// Appends values as little-endian float32.
func append(_ values: [Float], to bytes: inout [UInt8]) {
  values.withUnsafeBytes { bytes.append(contentsOf: $0) }
}

@inline(__always)
private func convert<Bits: FixedWidthInteger>(
  _ bytes: UnsafeRawBufferPointer, _ bigEndian: Bool, _ value: (Bits) -> Float
) -> [Float] {
  let size = MemoryLayout<Bits>.size
  let count = bytes.count / size
  return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
    for index in 0..<count {
      let bits = bytes.loadUnaligned(fromByteOffset: index * size, as: Bits.self)
      buffer.initializeElement(at: index, to: value(bigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits)))
    }
    filled = count
  }
}

/// Float32 is copied in bulk: a movie is as long as its file.
private func copy(_ bytes: UnsafeRawBufferPointer) -> [Float] {
  [Float](unsafeUninitializedCapacity: bytes.count / 4) { buffer, filled in
    UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
    filled = bytes.count / 4
  }
}
