import FoundationEssentials
import RetinaFiles
import RetinaKernels
import RetinaModel
import Testing

/// A folder of its own for a test, removed afterwards.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "retina-files-\(UUID().uuidString)").path
  try FileSystem.createFolder(folder)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// The error that a body must throw.
func failure<Result>(_ body: () throws -> Result) throws -> FileError {
  var caught: FileError?
  #expect(throws: FileError.self) {
    do {
      _ = try body()
    } catch let error as FileError {
      caught = error
      throw error
    }
  }
  return try #require(caught)
}

extension Array where Element == UInt8 {
  /// Bytes from hexadecimal digits; spaces and line ends are skipped.
  init(hexadecimal text: String) {
    let digits = text.compactMap(\.hexDigitValue)
    self = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  /// The same bytes with one to three of them changed.
  func damaged(by generator: inout SeededRandom) -> [UInt8] {
    var bytes = self
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
    }
    return bytes
  }
}

/// A tensor whose values count up in eighths from a negative number.
func ramp(_ extents: Int...) -> Tensor {
  let shape = Shape(checking: extents) ?? Shape(1)
  var tensor = Tensor(repeating: 0, shape: shape)
  for index in 0..<shape.count { tensor.values[index] = Float(index - shape.count / 3) / 8 }
  return tensor
}

/// A safetensors file from the text of its header and the bytes after it.
func container(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
  let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
  return length + Array(header.utf8) + data
}
