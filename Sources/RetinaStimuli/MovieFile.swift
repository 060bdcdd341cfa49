import RetinaFiles
import RetinaModel

/// Files that hold one movie: `.npy` [time, height, width], `.y4m`, or a folder of `.png`.
public enum MovieFile {
  /// Whether a path names such a file.
  public static func isMovie(_ path: String) -> Bool {
    [".npy", ".y4m"].contains { path.lowercased().hasSuffix($0) } || FileSystem.isFolder(path)
  }

  /// Reads a movie and its frame rate, if the file states one.
  ///
  /// - Throws: ``FileError`` for a file that cannot be read, is no movie or has values that are not finite.
  public static func read(_ path: String) throws(FileError) -> (movie: Tensor, frameRate: Double?) {
    if FileSystem.isFolder(path) { return (try PNG.readSequence(path), nil) }
    if path.lowercased().hasSuffix(".y4m") { return try Y4M.read(path) }
    let movie = try NPY.read(path)
    guard movie.shape.rank == 3 else {
      throw FileError(file: path, expected: "a movie [time, height, width]", found: "\(movie.shape)")
    }
    if let index = movie.firstNonFinite {
      throw FileError(
        file: path, place: "value \(index)", expected: "finite values", found: "\(movie.values[index])")
    }
    return (movie, nil)
  }
}
