import Glibc
import RetinaFiles
import RetinaFit
import RetinaGraph
import RetinaModel

@testable import RetinaEngine

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
  case "image":
    readImage(bytes, FixedPointImage.self)
    readImage(bytes, FloatImage.self)
  case "recording": _ = try? Recording.parse(bytes, file: "/dev/null/none")
  default: fatalError("RETINA_READER: onnx, array, safetensors, npy, npz, png, y4m, json, image or recording")
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

/// Reads an image as it is and with its checksums made right, and runs it once on zeros where it is small.
private func readImage<Image: ModelImage>(_ bytes: [UInt8], _ kind: Image.Type) {
  for bytes in [bytes, sealed(bytes)] {
    guard let program = try? ImageProgram<Image>(bytes), program.inputShape.count <= 1 << 12,
      let shape = Shape(checking: [1] + program.inputShape.dimensions),
      let inputs = InputSequence(Tensor(repeating: 0, shape: shape), inputShape: program.inputShape)
    else { continue }
    _ = program.run(inputs, layers: [program.image.layerCount - 1], threads: 1, level: .baseline)
  }
}

/// The bytes with the checksums of the sections and of the header that they should have.
private func sealed(_ bytes: [UInt8]) -> [UInt8] {
  guard bytes.count > ImageLayout.firstSection else { return bytes }
  var bytes = bytes
  func word(_ byte: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[byte + $1]) << (8 * $1) } }
  func set(_ byte: Int, _ value: UInt32) {
    for index in 0..<4 { bytes[byte + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
  }
  for section in ImageLayout.Section.allCases {
    let entry = 4 * (ImageLayout.Header.words + ImageLayout.Section.words * section.rawValue)
    let (start, length) = (word(entry + 4), word(entry + 8))
    guard start + length <= bytes.count else { continue }
    set(entry + 12, bytes[start..<start + length].withUnsafeBytes { ImageChecksum.of($0) })
  }
  let hole = 4 * ImageLayout.Header.checksum
  var checksum = ImageChecksum()
  bytes.withUnsafeBytes { all in
    checksum.add(UnsafeRawBufferPointer(rebasing: all[..<hole]))
    checksum.add(UnsafeRawBufferPointer(rebasing: all[(hole + 4)..<ImageLayout.firstSection]))
  }
  set(hole, checksum.value)
  return bytes
}
