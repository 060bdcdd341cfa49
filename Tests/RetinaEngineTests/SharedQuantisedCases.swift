import FoundationEssentials
import RetinaFiles
import RetinaKernels
import Testing

/// Vectors of CMSIS-NN in a folder that is shared between projects and not part of this one.
enum SharedQuantisedCases {
  /// `RETINA_CASES`, else `../shared/cases` beside the package.
  static let folder: String = {
    if let folder = ProcessInfo.processInfo.environment["RETINA_CASES"] { return folder }
    let package = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    return package.joined(separator: "/") + "/../shared/cases"
  }()

  static let path = folder + "/quantised.json"
  static let isPresent = FileManager.default.fileExists(atPath: path)
  static let absence: Comment = "needs quantised.json in the folder RETINA_CASES or ../shared/cases"

  static let file = Result { try JSON(parsing: FileSystem.read(path), file: path) }

  static let all: [SharedQuantisedCase] = {
    ((try? file.get())?["cases"]?.array ?? []).map { SharedQuantisedCase(json: $0) }
  }()
}

/// One set of the file: integers in, the integers that must come out.
struct SharedQuantisedCase: Sendable, CustomTestStringConvertible {
  let json: JSON

  var testDescription: String { json["name"]?.string ?? "a case without a name" }

  func integers(_ name: String) throws -> [Int] {
    try #require(json[name]?.array, "\(name)").map { try #require($0.integer, "\(name)") }
  }

  func integer(_ name: String) throws -> Int { try #require(json[name]?.integer, "\(name)") }

  var isWide: Bool { json["dtype"]?.string == "int16x8" }

  var type: FixedPointType { isWide ? .int16 : .int8 }

  var rounding: FixedPointRounding {
    get throws {
      switch json["requantise"]?.string {
      case "double": return .double
      case "single": return .single
      case "rounding64": return .wide
      default: throw UnknownWord(word: json["requantise"]?.string ?? "no requantise")
      }
    }
  }

  /// How the window moves; the file's order of axes is [batch, height, width, channel].
  func window(kernel: [Int]) throws -> FixedPointWindow {
    let (input, output) = (try integers("input_dims"), try integers("output_dims"))
    let (stride, dilation, padding) = (try integers("stride"), try integers("dilation"), try integers("padding"))
    return FixedPointWindow(
      inputHeight: input[1], inputWidth: input[2], outputHeight: output[1], outputWidth: output[2],
      kernelHeight: kernel[0], kernelWidth: kernel[1], strideVertical: stride[0], strideHorizontal: stride[1],
      paddingTop: padding[0], paddingLeft: padding[1], dilationVertical: dilation[0], dilationHorizontal: dilation[1])
  }

  struct UnknownWord: Error { var word: String }

  /// Moves the last axis to the second place: `[n, height, width, channel]` becomes `[n, channel, height, width]`.
  static func channelsFirst(_ values: [Int], _ extents: [Int]) -> [Int] {
    let (plane, channels) = (extents[1] * extents[2], extents[3])
    return values.indices.map { index in
      let (item, channel, place) = (index / (plane * channels), index / plane % channels, index % plane)
      return values[(item * plane + place) * channels + channel]
    }
  }
}

/// Integers in memory, in 8 or 16 bits.
struct PackedIntegers {
  let type: FixedPointType
  private let bytes: [UInt8]

  init(_ values: [Int], _ type: FixedPointType) {
    self.type = type
    bytes = values.flatMap { value in
      type == .int8
        ? [UInt8(truncatingIfNeeded: value)]
        : [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }
  }

  func read<Result>(offset: Int = 0, from first: Int = 0, _ body: (FixedPointValues) throws -> Result) rethrows
    -> Result
  {
    try bytes.withUnsafeBytes { buffer in
      // A place that is never read where there are no values.
      let start = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!
      return try body(FixedPointValues(type, start + first * type.bytes, offset: Int32(offset)))
    }
  }

  /// What a body stores into `count` values.
  static func collect(
    _ count: Int, _ type: FixedPointType, offset: Int, limits: [Int], _ body: (FixedPointOutput) throws -> Void
  ) rethrows -> [Int] {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(64, count * type.bytes), alignment: 64)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0x55, count: max(64, count * type.bytes))
    try body(
      FixedPointOutput(
        type, memory, offset: Int32(offset), minimum: Int32(limits[0]), maximum: Int32(limits[1])))
    let values = FixedPointValues(type, memory)
    return (0..<count).map { Int(values.raw($0)) }
  }
}
