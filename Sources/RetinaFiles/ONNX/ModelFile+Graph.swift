import RetinaGraph
import RetinaModel

extension ModelFile {
  /// The model that an ONNX graph describes, when it is a chain of layers.
  ///
  /// The first axis of the input is the batch. Layers are called as their nodes, else as their outputs. A subtraction
  /// and a division before the first layer become the normalisation, and `Identity` and `Dropout` disappear.
  ///
  /// - Throws: ``FileError`` that names the first node that is no layer of a model; such a graph may still run
  ///   (`GraphProgram`).
  public static func model(of graph: Graph, file: String) throws(FileError) -> Model {
    do throws(GraphError) {
      _ = try GraphProgram(graph)
    } catch {
      throw FileError(error, file: file)
    }
    var reader = try ChainReader(graph, file: file)
    return try reader.model()
  }

  /// The ONNX graph of a model, opset 17: one node or a few per layer, under the layer's name.
  ///
  /// The normalisation comes first, so that the graph takes the same stimulus as the model; the other facts are JSON in
  /// the metadata, and a golden pair is among the initializers. Noise, which is the identity when a model runs, is left out.
  public static func graph(of model: Model) -> Graph {
    var writer = ChainWriter(model)
    return writer.graph()
  }

  /// The bytes of an ONNX file; `path` is what errors call it.
  ///
  /// - Throws: ``FileError`` when the model would not come back, as when two arrays get one name.
  static func onnxBytes(of model: Model, path: String) throws(FileError) -> [UInt8] {
    let bytes = ONNX.bytes(of: graph(of: model))
    do throws(FileError) {
      _ = try Self.model(of: ONNX.parse(bytes, file: path), file: path)
    } catch {
      throw FileError(kind: .cannotWrite, file: path, place: error.place, expected: error.expected, found: error.found)
    }
    return bytes
  }
}
