import RetinaModel

/// Reads an `.npy` file of any length one frame at a time; a frame is a step along the first axis.
///
/// The same types as for ``NPY`` become float32, but only C order, in which a frame lies in one piece.
public final class NPYFrameReader {
  /// The extents of the whole array; the first counts frames.
  public let shape: Shape
  /// Frames that have been read.
  public private(set) var framesRead = 0
  private let header: NPYHeader
  private let source: FileSource
  private let frameBytes: Int

  /// Opens a file and reads its head.
  ///
  /// - Throws: ``FileError``, also when the size of the file does not fit the shape.
  public init(_ path: String) throws(FileError) {
    source = try FileSource(path)
    var bytes = try source.next(NPYHeader.beginning)
    let dictionary = try NPYHeader.dictionary(in: bytes, size: source.size ?? Int.max, file: path)
    bytes += try source.next(dictionary.upperBound - bytes.count)
    header = try NPYHeader(parsing: Array(bytes.prefix(dictionary.upperBound)), file: path)
    shape = header.shape
    guard shape.rank > 0 else {
      throw FileError(file: path, place: "header", expected: "an array with frames", found: "the shape \(shape)")
    }
    guard !header.isFortranOrder || shape.rank == 1 else {
      throw FileError(
        file: path, place: "header", expected: "C order, in which frames follow one another", found: "Fortran order")
    }
    guard let count = header.type.byteCount(of: shape) else { throw header.sizeError(path, found: source.size ?? 0) }
    if let size = source.size, size - header.length != count {
      throw header.sizeError(path, found: size - header.length)
    }
    frameBytes = count / shape[0]
  }

  /// The next frame; nothing after the last.
  ///
  /// - Throws: ``FileError`` when the file ends too early or goes on after the last frame.
  public func next() throws(FileError) -> [Float]? {
    guard framesRead < shape[0] else {
      guard try source.next(1).isEmpty else {
        throw FileError(file: source.path, place: "data", expected: "the end after \(shape[0]) frames", found: "more")
      }
      return nil
    }
    let bytes = try source.next(frameBytes)
    guard bytes.count == frameBytes else {
      throw FileError(
        file: source.path, place: "frame \(framesRead)", expected: "\(frameBytes) bytes", found: "\(bytes.count)")
    }
    framesRead += 1
    return bytes.withUnsafeBytes { header.type.values(in: $0, bigEndian: header.isBigEndian) }
  }
}
