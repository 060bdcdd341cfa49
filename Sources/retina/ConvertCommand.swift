import RetinaEngine
import RetinaFiles

/// `retina convert`: the same model in another format.
enum ConvertCommand: Command {
  static let name = "convert"
  static let summary =
    "Writes a model in the format that the second name ends in: .safetensors, .onnx, or .retina (an image in float32)."
  static let operands = ["IN", "OUT"]
  static let options = [CommandOption.json]
  static let example = "retina convert Models/salamander-whitenoise.safetensors salamander.onnx"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let (source, target) = (arguments.operands[0], arguments.operands[1])
    let isImage = ImageFile.isImage(target)
    guard ONNX.isONNX(target) || isImage || target.lowercased().hasSuffix(".safetensors") else {
      throw UsageError("convert: expected OUT that ends in .safetensors, .onnx or .retina, found '\(target)'")
    }
    guard !ImageFile.isImage(source) else {
      throw UsageError("convert: expected a model; an image cannot be made into one, found '\(source)'")
    }
    try checkPlace(target)
    let model = try ModelFile.read(source)
    if isImage {
      let bytes: [UInt8]
      do throws(ImageError) {
        bytes = try model.floatImage()
      } catch {
        throw FileError(error, file: source)
      }
      try FileSystem.write(bytes, to: target)
    } else {
      try ModelFile.write(model, to: target)
    }
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
