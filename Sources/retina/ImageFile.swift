import RetinaEngine
import RetinaFiles
import RetinaKernels

/// An image of one of the two kinds.
enum LoadedImage {
  case integers(FixedPointProgram)
  case floats(FloatProgram)

  /// The name of the type of its input.
  var precision: String {
    switch self {
    case .integers(let program): return program.image.input.type.name
    case .floats: return "float32"
    }
  }
}

/// Images of models for boards.
enum ImageFile {
  /// Whether a path names an image.
  static func isImage(_ path: String) -> Bool { path.lowercased().hasSuffix(".retina") }

  /// Reads an image and checks it whole.
  static func read(_ path: String) throws -> LoadedImage {
    let bytes = try FileSystem.read(path)
    do {
      let isFloat = bytes.withUnsafeBytes { all in
        all.baseAddress.map { FloatImage.describes($0, count: all.count) } ?? false
      }
      return isFloat ? .floats(try FloatProgram(bytes)) : .integers(try FixedPointProgram(bytes))
    } catch {
      throw FileError(error, file: path)
    }
  }
}

extension FileError {
  /// An image whose bytes are wrong.
  init(_ error: ImageError, file: String) {
    self.init(file: file, place: "byte \(error.byte)", expected: "\(error.expected)", found: "\(error.found)")
  }
}
