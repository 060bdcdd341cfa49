import Glibc
import RetinaFiles
import RetinaGraph
import RetinaModel

/// What reads the bytes: the value of `RETINA_READER`.
private let reader = getenv("RETINA_READER").map { String(cString: $0) } ?? ""

/// Called by libFuzzer with one file after another.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  switch reader {
  case "onnx": readGraph(bytes)
  case "array": _ = try? ONNX.parseArray(bytes, file: "-")
  case "safetensors": _ = try? ModelFile.parse(bytes, file: "-")
  case "npy": _ = try? NPY.parse(bytes, file: "-")
  case "npz": _ = try? NPZ.parse(bytes, file: "-")
  case "png": _ = try? PNG.parse(bytes, file: "-")
  case "y4m": _ = try? Y4M.parse(bytes, file: "-")
  case "json": _ = try? JSON(parsing: bytes, file: "-")
  default: fatalError("RETINA_READER: onnx, array, safetensors, npy, npz, png, y4m or json")
  }
  return 0
}

/// Reads a graph, runs it on zeros where its inputs are small, and makes a model of it.
private func readGraph(_ bytes: [UInt8]) {
  guard let graph = try? ONNX.parse(bytes, file: "-") else { return }
  _ = try? ModelFile.model(of: graph, file: "-")
  guard let program = try? GraphProgram(graph) else { return }
  var inputs: [TypedArray] = []
  for input in graph.inputs {
    let extents = (input.extents ?? []).map { extent in if case .fixed(let value) = extent { value } else { 1 } }
    guard let type = input.type, let size = TypedArray.count(of: extents), size <= 1 << 12 else { return }
    let numbers: Numbers =
      switch type {
      case .float64: .double([Double](repeating: 0, count: size))
      case .float16, .brainFloat16, .float32: .single([Float](repeating: 0, count: size))
      default: .integer([Int](repeating: 0, count: size))
      }
    guard let array = TypedArray(type: type, extents: extents, numbers: numbers) else { return }
    inputs.append(array)
  }
  _ = try? program.run(inputs)
}
