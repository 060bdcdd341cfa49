import RetinaModel

/// PNG pictures (ISO/IEC 15948) as luminance from 0 to 1, `[height, width]`.
///
/// Grey, colour and palette pictures of 1 to 16 bits, not interlaced; colours become grey with the weights of
/// ``Luminance``. Checksums are verified. Pixels that are not opaque are refused: what is behind them is not known.
public enum PNG {
  /// Reads a picture from a file.
  public static func read(_ path: String) throws(FileError) -> Tensor {
    try parse(try FileSystem.read(path), file: path)
  }

  /// Reads a picture from the bytes of a file.
  public static func parse(_ bytes: [UInt8], file: String) throws(FileError) -> Tensor {
    try PNGReader(bytes, file: file).picture()
  }

  /// Reads the pictures of a folder as a movie, `[time, height, width]`, in the order of their names, byte by byte.
  public static func readSequence(_ folder: String) throws(FileError) -> Tensor {
    let names = try FileSystem.list(folder).filter { $0.lowercased().hasSuffix(".png") }
    var frame: Shape?
    var values: [Float] = []
    for name in names {
      let path = "\(folder)/\(name)"
      let picture = try read(path)
      guard frame == nil || frame == picture.shape else {
        throw FileError(
          file: path, expected: "a picture of \(frame ?? picture.shape), as the first of the folder",
          found: "\(picture.shape)")
      }
      frame = picture.shape
      values += picture.values
    }
    guard let frame, let shape = Shape(checking: [names.count] + frame.dimensions),
      let movie = Tensor(shape: shape, values: values)
    else {
      throw FileError(file: folder, expected: "a folder with pictures that end in .png", found: "none")
    }
    return movie
  }
}

/// The parts of a PNG file.
private struct PNGReader {
  let bytes: [UInt8]
  let file: String
  var width = 0
  var height = 0
  var depth = 0
  var colour = 0
  var palette: [UInt8] = []
  /// The alpha of palette entries, if some are not opaque.
  var transparency: [UInt8] = []
  var compressed: [UInt8] = []

  private static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  /// Numbers per pixel for every type of colour, and the depths that it may have.
  private static let colours: [Int: (samples: Int, depths: [Int])] = [
    0: (1, [1, 2, 4, 8, 16]), 2: (3, [8, 16]), 3: (1, [1, 2, 4, 8]), 4: (2, [8, 16]), 6: (4, [8, 16]),
  ]
  /// The largest side of a picture.
  private static let maximumSide = 1 << 16

  init(_ bytes: [UInt8], file: String) throws(FileError) {
    self.bytes = bytes
    self.file = file
    guard bytes.starts(with: PNGReader.signature) else {
      throw FileError(file: file, place: "byte 0", expected: "the signature of PNG", found: "other bytes")
    }
    var position = 8
    var isFirst = true
    while true {
      let (type, content) = try chunk(at: position)
      guard isFirst == (type == "IHDR") else {
        throw failure(position, "IHDR as the first chunk and only there", quoted(type))
      }
      isFirst = false
      switch type {
      case "IHDR": try header(content)
      case "PLTE": palette = Array(bytes[content])
      case "tRNS": transparency = Array(bytes[content])
      case "IDAT": compressed += bytes[content]
      case "IEND": return
      default:
        // A small first letter says that a chunk may be passed over.
        guard let first = type.utf8.first, first & 0x20 != 0 else {
          throw failure(position, "chunks that are known", quoted(type))
        }
      }
      position = content.upperBound + 4
    }
  }

  private func failure(_ place: Int, _ expected: String, _ found: String) -> FileError {
    FileError(file: file, place: "byte \(place)", expected: expected, found: found)
  }

  private func number(at position: Int) -> UInt32 {
    bytes[position..<position + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// The type of a chunk and where its content lies; its checksum is right.
  private func chunk(at position: Int) throws(FileError) -> (type: String, content: Range<Int>) {
    guard bytes.count - position >= 12 else { throw failure(position, "a chunk", "the end") }
    let length = Int(number(at: position))
    guard length <= bytes.count - position - 12 else {
      throw failure(position, "a length of at most the \(bytes.count - position - 12) bytes left", "\(length)")
    }
    let content = position + 8..<position + 8 + length
    let checksum = CRC32.of(Array(bytes[position + 4..<content.upperBound]))
    guard checksum == number(at: content.upperBound) || !comparesChecksums else {
      throw failure(content.upperBound, "the checksum of the chunk", "another")
    }
    return (String(decoding: bytes[position + 4..<position + 8], as: UTF8.self), content)
  }

  private mutating func header(_ content: Range<Int>) throws(FileError) {
    let start = content.lowerBound
    guard content.count == 13 else { throw failure(start, "13 bytes of IHDR", "\(content.count)") }
    (width, height) = (Int(number(at: start)), Int(number(at: start + 4)))
    (depth, colour) = (Int(bytes[start + 8]), Int(bytes[start + 9]))
    let sides = 1...PNGReader.maximumSide
    guard sides.contains(width), sides.contains(height) else {
      throw failure(start, "sides from 1 to \(PNGReader.maximumSide)", "\(width) x \(height)")
    }
    guard let form = PNGReader.colours[colour], form.depths.contains(depth) else {
      throw failure(start + 8, "a depth and a type of colour of PNG", "\(depth) and \(colour)")
    }
    guard bytes[start + 10..<start + 13].elementsEqual([0, 0, 0]) else {
      throw failure(start + 10, "deflate, the five filters and no interlacing", "another method")
    }
  }

  func picture() throws(FileError) -> Tensor {
    let samples = PNGReader.colours[colour]?.samples ?? 1
    let row = (width * samples * depth + 7) / 8
    let lines = try unfiltered(try inflated((row + 1) * height), row: row, step: max(1, samples * depth / 8))
    var picture = Tensor(repeating: 0, shape: Shape(height, width))
    let largest = Float((1 << depth) - 1)
    for y in 0..<height {
      for x in 0..<width {
        func sample(_ index: Int) -> Int { value(lines, y * row, x * samples + index) }
        let grey: Float
        switch colour {
        case 2, 6:
          grey = Luminance.of(
            red: Float(sample(0)) / largest, green: Float(sample(1)) / largest, blue: Float(sample(2)) / largest)
        case 3: grey = try paletteGrey(sample(0))
        default: grey = Float(sample(0)) / largest
        }
        if colour == 4 || colour == 6, sample(samples - 1) != (1 << depth) - 1 {
          throw FileError(file: file, place: "row \(y), column \(x)", expected: "opaque pixels", found: "another")
        }
        picture.values[y * width + x] = grey
      }
    }
    guard transparency.isEmpty || colour == 3 else {
      throw FileError(file: file, place: "tRNS", expected: "opaque pixels", found: "a transparent colour")
    }
    return picture
  }

  private func paletteGrey(_ index: Int) throws(FileError) -> Float {
    guard 3 * index + 2 < palette.count else {
      throw FileError(file: file, place: "PLTE", expected: "a colour \(index)", found: "\(palette.count / 3) colours")
    }
    guard index >= transparency.count || transparency[index] == 255 else {
      throw FileError(file: file, place: "tRNS", expected: "opaque colours", found: "another")
    }
    return Luminance.of(
      red: Float(palette[3 * index]) / 255, green: Float(palette[3 * index + 1]) / 255,
      blue: Float(palette[3 * index + 2]) / 255)
  }

  /// A number of `depth` bits in a line.
  private func value(_ lines: [UInt8], _ start: Int, _ index: Int) -> Int {
    switch depth {
    case 16: return Int(lines[start + 2 * index]) << 8 | Int(lines[start + 2 * index + 1])
    case 8: return Int(lines[start + index])
    default:
      let bit = index * depth
      return Int(lines[start + bit / 8]) >> (8 - depth - bit % 8) & ((1 << depth) - 1)
    }
  }

  /// The content of the zlib stream (RFC 1950).
  private func inflated(_ count: Int) throws(FileError) -> [UInt8] {
    func failure(_ expected: String, _ found: String) -> FileError {
      FileError(file: file, place: "IDAT", expected: expected, found: found)
    }
    guard compressed.count >= 6, compressed[0] & 0x0f == 8, compressed[1] & 0x20 == 0,
      (Int(compressed[0]) << 8 | Int(compressed[1])) % 31 == 0
    else { throw failure("a zlib stream without dictionary", "another") }
    guard count <= compressed.count * Inflate.maximumRatio else {
      throw failure("data for \(width) x \(height) pixels", "\(compressed.count) bytes")
    }
    let stream = Array(compressed[2..<compressed.count - 4])
    do throws(InflateError) {
      let (content, used) = try stream.withUnsafeBufferPointer { (input) throws(InflateError) in
        try Inflate.decompress(input, count: count)
      }
      let checksum = compressed[(compressed.count - 4)...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      guard used == stream.count else { throw InflateError(expected: "\(stream.count) bytes", found: "\(used)") }
      guard PNGReader.adler32(content) == checksum || !comparesChecksums else {
        throw InflateError(expected: "the checksum of the pixels", found: "another")
      }
      return content
    } catch {
      throw failure(error.expected, error.found)
    }
  }

  /// The checksum of zlib.
  private static func adler32(_ bytes: [UInt8]) -> UInt32 {
    var (sum, sumOfSums): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      sum = (sum + UInt32(byte)) % 65521
      sumOfSums = (sumOfSums + sum) % 65521
    }
    return sumOfSums << 16 | sum
  }

  /// Lines without their filters, which predict a byte from its neighbours to the left, above and above left.
  private func unfiltered(_ data: [UInt8], row: Int, step: Int) throws(FileError) -> [UInt8] {
    var lines = [UInt8](repeating: 0, count: row * height)
    for y in 0..<height {
      let filter = data[y * (row + 1)]
      guard filter <= 4 else {
        throw FileError(file: file, place: "row \(y)", expected: "a filter from 0 to 4", found: "\(filter)")
      }
      for x in 0..<row {
        let left = x >= step ? Int(lines[y * row + x - step]) : 0
        let above = y > 0 ? Int(lines[(y - 1) * row + x]) : 0
        let corner = x >= step && y > 0 ? Int(lines[(y - 1) * row + x - step]) : 0
        let prediction =
          switch filter {
          case 1: left
          case 2: above
          case 3: (left + above) / 2
          case 4: nearest(left, above, corner)
          default: 0
          }
        lines[y * row + x] = data[y * (row + 1) + 1 + x] &+ UInt8(prediction)
      }
    }
    return lines
  }

  /// The neighbour nearest to left + above - corner (Paeth).
  private func nearest(_ left: Int, _ above: Int, _ corner: Int) -> Int {
    let guess = left + above - corner
    let (a, b, c) = (abs(guess - left), abs(guess - above), abs(guess - corner))
    return a <= b && a <= c ? left : b <= c ? above : corner
  }
}
