import RetinaFiles
import RetinaGraph
import RetinaModel

/// What a model file holds: layers in a row, or a graph with branches and the reason why it is not layers.
enum LoadedModel {
  case layers(Model)
  case graph(GraphProgram, reason: FileError)

  init(_ path: String) throws {
    guard ONNX.isONNX(path) else {
      self = .layers(try ModelFile.read(path))
      return
    }
    let graph = try ONNX.read(path)
    do throws(FileError) {
      self = .layers(try ModelFile.model(of: graph, file: path))
    } catch {
      do throws(GraphError) {
        self = .graph(try GraphProgram(graph), reason: error)
      } catch {
        throw FileError(error, file: path)
      }
    }
  }
}
