import RetinaEngine
import RetinaFiles
import RetinaKernels
import RetinaModel

/// A model put into integers for the options of a command.
struct FixedPointMaking {
  let program: FixedPointProgram
  /// The bytes of the image.
  let bytes: [UInt8]
  /// The inputs that ranges were taken from.
  let inputs: InputSequence

  init(_ model: Model, _ path: String, _ arguments: Arguments, calibrate: String) throws {
    let types = ["int8": FixedPointType.int8, "int16": .int16]
    let precision = types[try arguments.choice("--precision", of: ["int8", "int16"]) ?? "int16"] ?? .int16
    let methods = CalibrationMethod.allCases
    let name = try arguments.choice("--method", of: methods.map { $0.name })
    let weights = try arguments.choice("--weights", of: ["int8", "int16"]).flatMap { types[$0] }
    let options = QuantizationOptions(
      precision: precision, method: methods.first { $0.name == name } ?? .minimumMaximum,
      correctsBias: !arguments.has("--no-bias-correction"), firstWeights: weights)
    let windows = try arguments.integer("--windows", in: 1...1_000_000) ?? 256
    let source = try StimulusSource(calibrate, for: model)
    inputs = try FixedPointMaking.inputs(source, model, windows: windows)
    do {
      let stacks = try arguments.choice("--stacks", of: ["cheaper", "kept", "composed"])
      let folded = try FoldedModel(
        model, stacks: stacks == "kept" ? .kept : stacks == "composed" ? .composed : .cheaper)
      let calibration = Calibration(folded.model, inputs)
      guard calibration.isFinite else { throw source.tooLarge(source.stimuli[0]) }
      let quantizer = FixedPointQuantizer(folded, calibration, options)
      let fixed = try inputs.withInput(0) { golden in
        Result { () throws(QuantizationError) in try quantizer.model(golden: golden) }
      }.get()
      bytes = try fixed.image()
      program = try FixedPointProgram(bytes)
    } catch let error as QuantizationError {
      throw FileError(file: path, place: "layer '\(error.layer)'", expected: error.expected, found: error.found)
    } catch let error as ImageError {
      throw FileError(error, file: path)
    }
  }

  /// The windows of all stimuli as one sequence of independent inputs, at most `windows` of them.
  private static func inputs(_ source: StimulusSource, _ model: Model, windows: Int) throws -> InputSequence {
    let total = source.stimuli.reduce(0) { $0 + $1.inputs(model) }
    let count = min(total, windows)
    var values: [Float] = []
    var (seen, taken) = (0, 0)
    for stimulus in source.stimuli {
      let inputs = stimulus.inputs(model)
      while taken < count, taken * total / count < seen + inputs {
        values += stimulus.input(taken * total / count - seen, of: model)
        taken += 1
      }
      seen += inputs
    }
    guard let shape = Shape(checking: [count] + model.inputShape.dimensions),
      let tensor = Tensor(shape: shape, values: values),
      let sequence = InputSequence(tensor, inputShape: model.inputShape)
    else {
      throw FileError(file: source.file, expected: "fewer windows (--windows)", found: "\(count)")
    }
    return sequence
  }
}
