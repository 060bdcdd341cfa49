import RetinaModel

/// Uncompressed movies (YUV4MPEG2) as luminance from 0 to 1, `[time, height, width]`.
///
/// The luma as it is stored, divided by the largest number of its 8 to 16 bits; colour is passed over. A limited range (16 to
/// 235) is not stretched.
public enum Y4M {
  /// Reads a movie and its frame rate, if the file states one.
  public static func read(_ path: String) throws(FileError) -> (movie: Tensor, frameRate: Double?) {
    try parse(try FileSystem.map(path), file: path)
  }

  /// Reads a movie from the bytes of a file.
  public static func parse(_ bytes: [UInt8], file: String) throws(FileError) -> (movie: Tensor, frameRate: Double?) {
    try parse(FileBytes(bytes), file: file)
  }

  private static func parse(_ source: FileBytes, file: String) throws(FileError) -> (movie: Tensor, frameRate: Double?)
  {
    let bytes = source.buffer
    let (words, start) = try line(bytes, at: 0, file)
    guard words.first == "YUV4MPEG2" else {
      throw FileError(file: file, place: "byte 0", expected: "YUV4MPEG2", found: "other bytes")
    }
    let header = try Y4MHeader(words, file: file)
    var values: [Float] = []
    var (position, frames) = (start, 0)
    while position < bytes.count {
      let (words, data) = try line(bytes, at: position, file)
      guard words.first == "FRAME" else {
        throw FileError(file: file, place: "byte \(position)", expected: "FRAME", found: "other bytes")
      }
      guard bytes.count - data >= header.frameBytes else {
        throw FileError(
          file: file, place: "frame \(frames)", expected: "\(header.frameBytes) bytes", found: "\(bytes.count - data)")
      }
      let luma = source[data..<data + header.width * header.height * header.sampleBytes]
      let type: ElementType = header.sampleBytes == 1 ? .unsigned8 : .unsigned16
      values += type.values(in: luma).map { min($0 / header.largest, 1) }
      position = data + header.frameBytes
      frames += 1
    }
    guard let shape = Shape(checking: [frames, header.height, header.width]),
      let movie = Tensor(shape: shape, values: values)
    else {
      throw FileError(file: file, place: "byte \(start)", expected: "at least one frame", found: "none")
    }
    return (movie, header.frameRate)
  }

  /// The longest line of parameters.
  private static let maximumLine = 1 << 12

  /// The words of a line, and where the next byte after it lies.
  private static func line(
    _ bytes: UnsafeRawBufferPointer, at position: Int, _ file: String
  ) throws(FileError) -> (words: [String], end: Int) {
    let rest = bytes[position..<min(bytes.count, position + maximumLine)]
    guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
      throw FileError(
        file: file, place: "byte \(position)", expected: "a line of at most \(maximumLine) bytes", found: "another")
    }
    let words = rest[..<end].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    return (words, end + 1)
  }
}

/// What the first line of a movie says.
private struct Y4MHeader {
  var width = 0
  var height = 0
  var frameRate: Double?
  /// Bytes of one number, and the largest number.
  var sampleBytes = 1
  var largest: Float = 255
  /// Bytes of a frame with its colours.
  var frameBytes = 0

  private static let maximumSide = 1 << 16

  init(_ words: [String], file: String) throws(FileError) {
    func failure(_ expected: String, _ found: String) -> FileError {
      FileError(file: file, place: "first line", expected: expected, found: found)
    }
    var space = "420"
    for word in words.dropFirst() {
      let value = String(word.dropFirst())
      switch word.first {
      case "W": width = Int(value) ?? 0
      case "H": height = Int(value) ?? 0
      case "F": frameRate = try Y4MHeader.rate(value, file)
      case "C": space = value
      case "I" where value != "p" && value != "?": throw failure("whole frames (Ip)", quoted(word))
      default: break
      }
    }
    let sides = 1...Y4MHeader.maximumSide
    guard sides.contains(width), sides.contains(height) else {
      throw failure("a width and a height from 1 to \(Y4MHeader.maximumSide)", "\(width) and \(height)")
    }
    let luma = width * height
    let (halfWidth, halfHeight) = ((width + 1) / 2, (height + 1) / 2)
    let depth: Int
    // Names such as 420jpeg, 422p10, mono and mono12.
    if space.hasPrefix("mono") {
      frameBytes = luma
      depth = space == "mono" ? 8 : Int(space.dropFirst(4)) ?? 0
    } else {
      switch space.prefix(3) {
      case "420": frameBytes = luma + 2 * halfWidth * halfHeight
      case "422": frameBytes = luma + 2 * halfWidth * height
      case "444": frameBytes = (space == "444alpha" ? 4 : 3) * luma
      default: throw failure("a colour space of 420, 422, 444 or mono", quoted(space))
      }
      let rest = space.dropFirst(3)
      depth = rest.hasPrefix("p") ? Int(rest.dropFirst()) ?? (rest == "paldv" ? 8 : 0) : 8
    }
    guard (8...16).contains(depth) else { throw failure("8 to 16 bits", quoted(space)) }
    sampleBytes = depth > 8 ? 2 : 1
    frameBytes *= sampleBytes
    largest = Float((1 << depth) - 1)
  }

  /// `30000:1001` in frames per second; nothing for `0:0`, which is unknown.
  private static func rate(_ text: String, _ file: String) throws(FileError) -> Double? {
    let parts = text.split(separator: ":").map { Int($0) }
    guard parts.count == 2, let above = parts[0], let below = parts[1], above >= 0, below >= 0 else {
      throw FileError(file: file, place: "first line", expected: "a frame rate such as F30:1", found: quoted(text))
    }
    return above > 0 && below > 0 ? Double(above) / Double(below) : nil
  }
}
