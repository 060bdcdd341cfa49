/// The width of a value in fixed point; a value stands for `(value - zero point) * scale`.
public enum FixedPointType: Int, Sendable {
  /// -128 ... 127.
  case int8 = 8
  /// -32768 ... 32767.
  case int16 = 16

  /// The name for people.
  public var name: String { self == .int8 ? "int8" : "int16" }
  /// Bytes of a value.
  public var bytes: Int { rawValue / 8 }
  /// The smallest value.
  public var minimum: Int32 { -1 << Int32(rawValue - 1) }
  /// The largest value.
  public var maximum: Int32 { -minimum - 1 }
}

/// Fixed-point values in memory, and where zero lies among them.
public struct FixedPointValues {
  /// The width of a value.
  public var type: FixedPointType
  /// The first value, aligned to its width.
  public var start: UnsafeRawPointer
  /// Added to every value: minus the zero point.
  public var offset: Int32

  /// Creates a view of memory.
  public init(_ type: FixedPointType, _ start: UnsafeRawPointer, offset: Int32 = 0) {
    self.type = type
    self.start = start
    self.offset = offset
  }

  /// One value with the offset added.
  @inline(__always)
  public subscript(index: Int) -> Int64 { Int64(raw(index)) + Int64(offset) }

  /// One value as it is stored.
  @inline(__always)
  public func raw(_ index: Int) -> Int32 {
    switch type {
    case .int8: return Int32(start.load(fromByteOffset: index, as: Int8.self))
    case .int16: return Int32(start.load(fromByteOffset: 2 * index, as: Int16.self))
    }
  }
}

/// Where fixed-point results go: an offset is added, then they are clamped and stored.
public struct FixedPointOutput {
  /// The width of a value.
  public var type: FixedPointType
  /// The first value, aligned to its width.
  public var start: UnsafeMutableRawPointer
  /// The zero point, added to every result.
  public var offset: Int32
  /// What results are clamped to, after the offset; lies within the type.
  public var minimum, maximum: Int32

  /// Creates a place for results.
  public init(
    _ type: FixedPointType, _ start: UnsafeMutableRawPointer, offset: Int32 = 0, minimum: Int32, maximum: Int32
  ) {
    self.type = type
    self.start = start
    self.offset = offset
    self.minimum = minimum
    self.maximum = maximum
  }

  /// Stores one result at a place.
  @inline(__always)
  public func store(_ result: Int32, at index: Int) {
    let value = min(max(Int64(result) + Int64(offset), Int64(minimum)), Int64(maximum))
    switch type {
    case .int8: start.storeBytes(of: Int8(truncatingIfNeeded: value), toByteOffset: index, as: Int8.self)
    case .int16: start.storeBytes(of: Int16(truncatingIfNeeded: value), toByteOffset: 2 * index, as: Int16.self)
    }
  }
}
