/// How the numbers of an array are stored.
public enum ElementType: CaseIterable, Sendable {
  case boolean
  case signed8, signed16, signed32, signed64
  case unsigned8, unsigned16, unsigned32, unsigned64
  case float16, brainFloat16, float32, float64

  /// Bytes of one number.
  public var size: Int {
    switch self {
    case .boolean, .signed8, .unsigned8: 1
    case .signed16, .unsigned16, .float16, .brainFloat16: 2
    case .signed32, .unsigned32, .float32: 4
    case .signed64, .unsigned64, .float64: 8
    }
  }

  /// The name that NumPy and ONNX use, such as `int8` and `float32`.
  public var name: String {
    switch self {
    case .boolean: "bool"
    case .signed8: "int8"
    case .signed16: "int16"
    case .signed32: "int32"
    case .signed64: "int64"
    case .unsigned8: "uint8"
    case .unsigned16: "uint16"
    case .unsigned32: "uint32"
    case .unsigned64: "uint64"
    case .float16: "float16"
    case .brainFloat16: "bfloat16"
    case .float32: "float32"
    case .float64: "float64"
    }
  }

  /// Whether the numbers have fractions.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .brainFloat16, .float32, .float64: true
    default: false
    }
  }

  /// The integers that the type holds; nothing for floating point.
  ///
  /// Those of `uint64` end at 2^63 - 1 here.
  public var range: ClosedRange<Int>? {
    switch self {
    case .boolean: 0...1
    case .signed8: -0x80...0x7f
    case .signed16: -0x8000...0x7fff
    case .signed32: -0x8000_0000...0x7fff_ffff
    case .signed64: Int.min...Int.max
    case .unsigned8: 0...0xff
    case .unsigned16: 0...0xffff
    case .unsigned32: 0...0xffff_ffff
    case .unsigned64: 0...Int.max
    case .float16, .brainFloat16, .float32, .float64: nil
    }
  }

  /// The number of the type in ONNX (`TensorProto.DataType`).
  public var onnxCode: Int {
    switch self {
    case .float32: 1
    case .unsigned8: 2
    case .signed8: 3
    case .unsigned16: 4
    case .signed16: 5
    case .signed32: 6
    case .signed64: 7
    case .boolean: 9
    case .float16: 10
    case .float64: 11
    case .unsigned32: 12
    case .unsigned64: 13
    case .brainFloat16: 16
    }
  }

  /// The type that ONNX gives a number; nothing for text, complex numbers and those of 8 bits with fractions or of less than 8 bits.
  public init?(onnxCode code: Int) {
    guard let type = ElementType.allCases.first(where: { $0.onnxCode == code }) else { return nil }
    self = type
  }
}
