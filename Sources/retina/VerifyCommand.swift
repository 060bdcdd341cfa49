import RetinaEngine
import RetinaFiles
import RetinaModel

/// `retina verify`: replays the golden pair of a model.
enum VerifyCommand: Command {
  static let name = "verify"
  static let summary = "Replays the golden input inside a model or an image and compares with the golden output."
  static let operands = ["MODEL"]
  static let options: [CommandOption] = [.algorithm, .json]
  static let example = "retina verify Models/salamander-whitenoise.safetensors"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let path = arguments.operands[0]
    if ImageFile.isImage(path) { return try verifyImage(path, arguments) }
    let model = try ModelFile.read(path)
    guard let check = GoldenCheck(model, options: try streamOptions(arguments)) else {
      throw FileError(
        file: path, expected: "a golden pair (tensors golden.input and golden.output)",
        found: "none; write one with the tool that made the model")
    }
    if arguments.has("--json") {
      let report: JSON = [
        "file": .string(path), "inputs": .number(Double(check.inputs)),
        "largest_error": .number(Double(check.largestError)),
        "largest_output": .number(Double(check.largestOutput)),
        "relative_error": .number(Double(check.relativeError)), "tolerance": .number(Double(check.tolerance)),
        "passes": .boolean(check.passes),
      ]
      print(report.text(indented: true))
    } else {
      print(
        "\(path): \(check.inputs) golden inputs, error \(check.relativeError) of the largest output, allowed "
          + "\(check.tolerance): \(check.passes ? "passes" : "FAILS")")
    }
    return check.passes ? ExitCode.done : ExitCode.checkFailed
  }

  /// Every checksum of an image, then its golden input: all values of all layers must be the same to the bit.
  private static func verifyImage(_ path: String, _ arguments: Arguments) throws -> Int32 {
    switch try ImageFile.read(path) {
    case .integers(let program): return try verify(program, path, arguments)
    case .floats(let program): return try verify(program, path, arguments)
    }
  }

  private static func verify<Image>(
    _ program: ImageProgram<Image>, _ path: String, _ arguments: Arguments
  ) throws -> Int32 {
    let stream = ImageStream(program, level: try streamOptions(arguments).level)
    let wrong = stream.firstWrongLayer()
    let layer = wrong.map { program.names($0).first ?? "layer \($0)" }
    if arguments.has("--json") {
      let report: JSON = [
        "file": .string(path), "layers": .number(Double(program.image.layerCount)),
        "first_wrong_layer": layer.map { .string($0) } ?? .null, "passes": .boolean(wrong == nil),
      ]
      print(report.text(indented: true))
    } else {
      print(
        "\(path): golden input, all bits of \(program.image.layerCount) layers: "
          + (layer.map { "FAILS at \($0)" } ?? "passes"))
    }
    return wrong == nil ? ExitCode.done : ExitCode.checkFailed
  }
}
