/// An array of numbers of some type, row-major; an extent may be 0, and an array without axes holds one number.
public struct TypedArray: Equatable, Sendable {
  /// How the numbers are stored in files, and how results are rounded.
  public let type: ElementType
  /// The extents, outermost first.
  public let extents: [Int]
  /// The numbers.
  public let numbers: Numbers

  /// The largest number of elements: 2^26.
  public static let maximumCount = 1 << 26
  /// The largest number of axes.
  public static let maximumRank = 64

  /// Creates an array; nothing when the numbers are not as many as the extents say, or not of the kind of the type.
  public init?(type: ElementType, extents: [Int], numbers: Numbers) {
    guard TypedArray.count(of: extents) == numbers.count else { return nil }
    switch (numbers, type) {
    case (.single, .float16), (.single, .brainFloat16), (.single, .float32), (.double, .float64): break
    case (.integer, _) where !type.isFloatingPoint: break
    default: return nil
    }
    self.init(unchecked: numbers, type: type, extents: extents)
  }

  /// Creates an array from parts known to fit: as many numbers as the extents say, of the kind of the type.
  public init(unchecked numbers: Numbers, type: ElementType, extents: [Int]) {
    self.type = type
    self.extents = extents
    self.numbers = numbers
  }

  /// An array of float32.
  public init?(_ values: [Float], extents: [Int]) {
    self.init(type: .float32, extents: extents, numbers: .single(values))
  }

  /// The number of elements of an array; nothing when there are too many axes, an extent is negative, or the product of
  /// those that are not 0 is above ``maximumCount``.
  public static func count(of extents: [Int]) -> Int? {
    guard extents.count <= maximumRank else { return nil }
    var count = 1
    for extent in extents {
      guard extent >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: max(1, extent))
      guard !overflow, product <= maximumCount else { return nil }
      count = product
    }
    return extents.contains(0) ? 0 : count
  }

  /// The number of elements.
  public var count: Int { numbers.count }

  /// The number of axes.
  public var rank: Int { extents.count }

  /// The integers, if it holds some.
  public var integers: [Int]? {
    if case .integer(let values) = numbers { values } else { nil }
  }

  /// The float32, float16 or bfloat16 numbers, if it holds some.
  public var singles: [Float]? {
    if case .single(let values) = numbers { values } else { nil }
  }

  /// `float32[1, 8, 36]`, for messages.
  public var summary: String {
    var text = type.name + "["
    for (axis, extent) in extents.enumerated() {
      if axis > 0 { text += ", " }
      text += "\(extent)"
    }
    return text + "]"
  }
}

/// Numbers carried in the widest type of their kind.
public enum Numbers: Equatable, Sendable {
  /// float16, bfloat16 and float32.
  case single([Float])
  /// float64.
  case double([Double])
  /// Integers, and booleans as 0 and 1.
  case integer([Int])

  /// How many there are.
  public var count: Int {
    switch self {
    case .single(let values): values.count
    case .double(let values): values.count
    case .integer(let values): values.count
    }
  }

  /// The numbers at some places; `fill` where a place is negative.
  func selecting(_ places: [Int], fill: Int = 0) -> Numbers {
    switch self {
    case .single(let values): .single(places.map { $0 < 0 ? Float(fill) : values[$0] })
    case .double(let values): .double(places.map { $0 < 0 ? Double(fill) : values[$0] })
    case .integer(let values): .integer(places.map { $0 < 0 ? fill : values[$0] })
    }
  }

  /// The numbers as a type holds them: rounded to nearest, integers wrapped around.
  func rounded(to type: ElementType) -> Numbers {
    switch (self, type) {
    case (.single(let values), .float16): .single(values.map { Float(Float16($0)) })
    case (.single(let values), .brainFloat16): .single(values.map { $0.roundedToBrainFloat16 })
    case (.integer(let values), .boolean): .integer(values.map { $0 == 0 ? 0 : 1 })
    case (.integer(let values), .signed8): .integer(values.map { Int(Int8(truncatingIfNeeded: $0)) })
    case (.integer(let values), .signed16): .integer(values.map { Int(Int16(truncatingIfNeeded: $0)) })
    case (.integer(let values), .signed32): .integer(values.map { Int(Int32(truncatingIfNeeded: $0)) })
    case (.integer(let values), .unsigned8): .integer(values.map { Int(UInt8(truncatingIfNeeded: $0)) })
    case (.integer(let values), .unsigned16): .integer(values.map { Int(UInt16(truncatingIfNeeded: $0)) })
    case (.integer(let values), .unsigned32): .integer(values.map { Int(UInt32(truncatingIfNeeded: $0)) })
    default: self
    }
  }
}

extension Float {
  /// The nearest number with an 8-bit significand; ties go to the even one.
  var roundedToBrainFloat16: Float {
    guard isFinite else { return self }
    let bits = bitPattern
    return Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000)
  }
}
