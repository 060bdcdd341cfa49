import RetinaEngine
import RetinaFiles

/// Images of models for boards.
enum ImageFile {
  /// Whether a path names an image.
  static func isImage(_ path: String) -> Bool { path.lowercased().hasSuffix(".retina") }

  /// Reads an image and checks it whole.
  static func read(_ path: String) throws -> FixedPointProgram {
    let bytes = try FileSystem.read(path)
    do {
      return try FixedPointProgram(bytes)
    } catch {
      throw FileError(error, file: path)
    }
  }
}

extension FileError {
  /// An image whose bytes are wrong.
  init(_ error: FixedPointImageError, file: String) {
    self.init(file: file, place: "byte \(error.byte)", expected: "\(error.expected)", found: "\(error.found)")
  }
}
