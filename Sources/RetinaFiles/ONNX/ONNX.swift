import RetinaGraph

/// ONNX files (onnx.ai): graphs of operators with their parameters, and single arrays.
///
/// The wire format is read and written here; what the operators compute is in `RetinaGraph`. Graphs inside nodes, sparse
/// arrays, texts and numbers of less than 8 bits are not read.
public enum ONNX {
  /// Whether a path names an ONNX file by its ending.
  public static func isONNX(_ path: String) -> Bool { path.lowercased().hasSuffix(".onnx") }

  /// Reads a graph from a file; parameters in files beside it are read, too.
  ///
  /// - Throws: ``FileError`` that names the byte, node or array that is wrong, or an array in a file outside the folder.
  public static func read(_ path: String) throws(FileError) -> Graph {
    let reader = ONNXReader(file: path, isFolderAllowed: true)
    return try reader.graph(try FileSystem.map(path))
  }

  /// Reads a graph from the bytes of a file; all its parameters must be among them.
  public static func parse(_ bytes: [UInt8], file: String) throws(FileError) -> Graph {
    try ONNXReader(file: file, isFolderAllowed: false).graph(FileBytes(bytes))
  }

  /// Reads an array from a file that holds nothing else (`.pb`).
  public static func readArray(_ path: String) throws(FileError) -> (name: String, array: TypedArray) {
    try parseArray(try FileSystem.read(path), file: path)
  }

  /// Reads an array from the bytes of a file that holds nothing else.
  public static func parseArray(_ bytes: [UInt8], file: String) throws(FileError) -> (name: String, array: TypedArray) {
    let reader = ONNXReader(file: file, isFolderAllowed: false)
    return try reader.array(ProtobufReader(FileBytes(bytes), file: file))
  }

  /// Writes an array to a file that holds nothing else.
  public static func writeArray(_ array: TypedArray, name: String, to path: String) throws(FileError) {
    var writer = ProtobufWriter()
    ONNXWriter.write(array, name: name, to: &writer)
    try FileSystem.write(writer.bytes, to: path)
  }

  /// The bytes of a file: equal graphs give equal bytes.
  public static func bytes(of graph: Graph) -> [UInt8] { ONNXWriter.bytes(of: graph) }
}

extension FileError {
  /// What is wrong with the graph in a file.
  public init(_ error: GraphError, file: String) {
    self.init(file: file, place: error.place, expected: error.expected, found: error.found)
  }
}
