import RetinaFiles

/// `retina convert`: the same model in another format.
enum ConvertCommand: Command {
  static let name = "convert"
  static let summary = "Writes a model in the format that the ending of the second name says: .safetensors or .onnx."
  static let operands = ["IN", "OUT"]
  static let options = [CommandOption.json]
  static let example = "retina convert Models/salamander-whitenoise.safetensors salamander.onnx"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let (source, target) = (arguments.operands[0], arguments.operands[1])
    guard ONNX.isONNX(target) || target.lowercased().hasSuffix(".safetensors") else {
      throw UsageError("convert: expected OUT that ends in .safetensors or .onnx, found '\(target)'")
    }
    try checkPlace(target)
    let model = try ModelFile.read(source)
    try ModelFile.write(model, to: target)
    if arguments.has("--json") {
      let report: JSON = [
        "file": .string(target), "name": .string(model.name), "layers": .number(Double(model.layers.count)),
      ]
      print(report.text(indented: true))
    } else {
      print("\(target): \(model.name), \(model.layers.count) layers, \(model.inputShape) -> \(model.outputShape)")
    }
    return ExitCode.done
  }
}
