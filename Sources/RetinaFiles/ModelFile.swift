import RetinaModel

/// Model files: safetensors with the architecture and the facts as JSON in the metadata (Models/README.md), and ONNX.
///
/// A model that is written and read again is the same, and the bytes of a model depend on nothing but the model.
public enum ModelFile {
  /// Reads a model from a file.
  ///
  /// - Throws: ``FileError`` that names the layer, tensor or property that is wrong; all that does not fit together is
  ///   said at once.
  public static func read(_ path: String) throws(FileError) -> Model {
    if ONNX.isONNX(path) { return try model(of: try ONNX.read(path), file: path) }
    guard path.lowercased().hasSuffix(".safetensors") else {
      throw FileError(
        file: path, expected: "a model file, which ends in .safetensors or .onnx", found: "another ending")
    }
    return try parse(try FileSystem.map(path), file: path)
  }

  /// Reads a model from the bytes of a file.
  public static func parse(_ bytes: [UInt8], file: String) throws(FileError) -> Model {
    try parse(FileBytes(bytes), file: file)
  }

  private static func parse(_ bytes: FileBytes, file: String) throws(FileError) -> Model {
    let floats: [ElementType] = [.float16, .brainFloat16, .float32, .float64]
    var reader = ModelReader(try Safetensors(parsing: bytes, file: file, types: floats), file: file)
    return try reader.model()
  }

  /// Writes a model to a file: ONNX when the path ends so, else safetensors.
  ///
  /// A model that would not come back is refused: one whose layers' names make two tensors share a name, say.
  public static func write(_ model: Model, to path: String) throws(FileError) {
    if ONNX.isONNX(path) {
      try FileSystem.write(try onnxBytes(of: model, path: path), to: path)
      return
    }
    let bytes = bytes(of: model)
    do throws(FileError) {
      _ = try parse(bytes, file: path)
    } catch {
      throw FileError(
        kind: .cannotWrite, file: path, place: error.place, expected: error.expected, found: error.found)
    }
    try FileSystem.write(bytes, to: path)
  }

  /// The bytes of a model file.
  public static func bytes(of model: Model) -> [UInt8] {
    ModelWriter.container(of: model).bytes()
  }
}

/// The names in the metadata.
enum MetadataKey {
  static let format = "retina.format"
  static let name = "retina.name"
  static let architecture = "retina.architecture"
  static let facts = "retina.facts"
}

extension Facts {
  /// The tensors of a golden pair and of a normalisation per pixel.
  static let goldenInput = "golden.input"
  static let goldenOutput = "golden.output"
  static let pixelMean = "normalisation.mean"
  static let pixelDeviation = "normalisation.std"
}
