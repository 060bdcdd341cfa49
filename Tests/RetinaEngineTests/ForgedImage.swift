import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

/// Images that are small enough to try every byte.
enum TinyImage: CaseIterable, Sendable {
  case integers, floats

  func bytes() throws -> [UInt8] {
    var builder = ModelBuilder(seed: 5, input: Shape(2, 3, 3))
    try builder.convolution(2, 2, 2)
    try builder.add(.activation(.relu))
    try builder.dense(1)
    try builder.add(.activation(.softplus))
    let model = try builder.model()
    guard self == .integers else { return try model.floatImage() }
    var movie = Tensor(repeating: 0, shape: Shape(4, 3, 3))
    movie.values = Movie(.random, model, frames: 4).values
    let inputs = try #require(InputSequence(movie, inputShape: model.inputShape))
    let folded = try FoldedModel(model, stacks: .composed)
    let quantizer = FixedPointQuantizer(
      folded, Calibration(folded.model, inputs), QuantizationOptions(precision: .int8))
    return try inputs.withInput(0) { golden in
      Result { () throws(QuantizationError) in try quantizer.model(golden: golden) }
    }.get().image()
  }

  func failure(_ bytes: [UInt8]) -> ImageError? {
    do throws(ImageError) {
      switch self {
      case .integers: _ = ImageStream(try FixedPointProgram(bytes)).firstWrongLayer()
      case .floats: _ = ImageStream(try FloatProgram(bytes)).firstWrongLayer()
      }
      return nil
    } catch {
      return error
    }
  }
}

/// An image with some numbers changed and all checksums right again, as somebody with bad intentions would make it.
struct ForgedImage {
  var bytes: [UInt8]

  let kind: TinyImage

  init(_ kind: TinyImage) throws {
    self.kind = kind
    bytes = try kind.bytes()
  }

  /// The error that opening gives, or nothing; what can be opened can be run.
  var failure: ImageError? { kind.failure(bytes) }

  func word(_ byte: Int) -> Int {
    (0..<4).reduce(0) { $0 | Int(bytes[byte + $1]) << (8 * $1) }
  }

  mutating func set(_ byte: Int, _ value: Int) {
    for index in 0..<4 { bytes[byte + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
  }

  func place(_ section: ImageLayout.Section) -> Int {
    word(4 * (ImageLayout.Header.words + ImageLayout.Section.words * section.rawValue + 1))
  }

  /// The byte of a word of the description, of a layer, and of the array that a word of a layer points to.
  func description(_ index: Int) -> Int { place(.description) + 4 * index }
  func layer(_ layer: Int, _ index: Int) -> Int { place(.layers) + 4 * (layer * ImageLayout.Layer.words + index) }
  func array(_ number: Int, _ index: Int) -> Int { place(.payload) + word(layer(number, index)) }

  mutating func seal() {
    for section in ImageLayout.Section.allCases {
      let entry = 4 * (ImageLayout.Header.words + ImageLayout.Section.words * section.rawValue)
      let (start, length) = (word(entry + 4), word(entry + 8))
      guard start >= 0, length >= 0, start + length <= bytes.count else { continue }
      set(entry + 12, Int(bytes[start..<(start + length)].withUnsafeBytes { ImageChecksum.of($0) }))
    }
    let hole = 4 * ImageLayout.Header.checksum
    var checksum = ImageChecksum()
    bytes.withUnsafeBytes { all in
      checksum.add(UnsafeRawBufferPointer(rebasing: all[..<hole]))
      checksum.add(UnsafeRawBufferPointer(rebasing: all[(hole + 4)..<ImageLayout.firstSection]))
    }
    set(hole, Int(checksum.value))
  }
}
