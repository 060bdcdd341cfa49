import RetinaFiles
import RetinaModel

/// The size and the frame rate that a movie shall have.
public struct MovieResampling: Sendable {
  /// Rows; nothing keeps those of the movie.
  public var height: Int?
  /// Columns; nothing keeps those of the movie.
  public var width: Int?
  /// Frames per second; nothing keeps the frames of the movie.
  public var frameRate: Double?
  /// Frames per second of the movie, in place of what its file states.
  public var sourceRate: Double?

  /// Creates a resampling that changes nothing.
  public init() {}

  /// Reads a movie and resamples it; gives its new frame rate, if it is known.
  ///
  /// - Throws: ``FileError`` when the movie cannot be read, when its rate is needed and not known, or when it would have
  ///   no frame or more than 2^31 values.
  public func read(_ path: String) throws(FileError) -> (movie: Tensor, frameRate: Double?) {
    var (movie, rate) = try MovieFile.read(path)
    rate = sourceRate ?? rate
    var time: AreaResampling?
    if let frameRate {
      guard let rate else {
        throw FileError(file: path, expected: "a frame rate to start from (--from-rate X)", found: "none in the file")
      }
      time = AreaResampling(frames: movie.shape[0], rate: rate, newRate: frameRate)
      guard time != nil else {
        throw FileError(
          file: path, expected: "at least one frame at \(frameRate) frames/s",
          found: "\(movie.shape[0]) at \(rate) frames/s")
      }
    }
    let extents = [time?.covers.count ?? movie.shape[0], height ?? movie.shape[1], width ?? movie.shape[2]]
    guard let shape = Shape(checking: extents), shape.count <= Limits.values else {
      throw FileError(file: path, expected: "a movie of at most \(Limits.values) values", found: "\(extents)")
    }
    let (rows, columns) = (movie.shape[1], movie.shape[2])
    if let width, width != columns { movie = AreaResampling(from: columns, to: width).apply(to: movie, axis: 2) }
    if let height, height != rows { movie = AreaResampling(from: rows, to: height).apply(to: movie, axis: 1) }
    if let time { movie = time.apply(to: movie, axis: 0) }
    return (movie, frameRate ?? rate)
  }
}
