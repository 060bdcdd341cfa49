import RetinaEngine
import RetinaFiles
import RetinaKernels
import RetinaModel
import RetinaStimuli
import RetinaTheory

/// A model put into integers for the options of a command.
struct FixedPointMaking {
  let program: FixedPointProgram
  /// The bytes of the image.
  let bytes: [UInt8]
  /// The inputs that ranges were taken from; noise where they were predicted.
  let inputs: InputSequence
  /// How 8 and 16 bits were mixed; nothing without a budget.
  let search: PrecisionSearch?

  /// In place of a stimulus: ranges from the weights alone.
  static let predicted = "predicted"

  /// The types by their names on the command line.
  static let types = ["int8": FixedPointType.int8, "int16": .int16]

  init(
    _ model: Model, _ path: String, _ arguments: Arguments, calibrate: String, precision: FixedPointType
  ) throws {
    let types = FixedPointMaking.types
    let methods = CalibrationMethod.allCases
    let name = try arguments.choice("--method", of: methods.map { $0.name })
    let weights = try arguments.choice("--weights", of: ["int8", "int16"]).flatMap { types[$0] }
    let options = QuantizationOptions(
      precision: precision, method: methods.first { $0.name == name } ?? .minimumMaximum,
      correctsBias: !arguments.has("--no-bias-correction"), firstWeights: weights)
    let windows = try arguments.integer("--windows", in: 1...1_000_000) ?? 256
    let budget = try arguments.integer("--budget", in: 1...1 << 30)
    if budget != nil, precision == .int8 {
      throw UsageError("--budget: chooses between 8 and 16 bits, so that it needs --precision int16")
    }
    let source = calibrate == FixedPointMaking.predicted ? nil : try StimulusSource(calibrate, for: model)
    let inputs =
      try source.map { try FixedPointMaking.inputs($0, model, windows: windows) } ?? FixedPointMaking.noise(model)
    self.inputs = inputs
    do {
      let stacks = try arguments.choice("--stacks", of: ["cheaper", "kept", "composed"])
      var folded = try FoldedModel(
        model, stacks: stacks == "kept" ? .kept : stacks == "composed" ? .composed : .cheaper)
      if arguments.has("--equalize") { folded = try folded.equalized() }
      let calibration =
        source == nil
        ? Calibration(folded.model, predicted: PredictedRanges(folded.model).all)
        : Calibration(folded.model, inputs)
      guard calibration.isFinite else {
        throw source.map { $0.tooLarge($0.stimuli[0]) }
          ?? FileError(file: path, expected: "finite predicted ranges", found: "ranges that overflow")
      }
      let search = try budget.map { try PrecisionSearch(folded, calibration, options, inputs, budget: $0) }
      self.search = search
      let quantizer = FixedPointQuantizer(folded, calibration, search?.options ?? options)
      let fixed = try inputs.withInput(0) { golden in
        Result { () throws(QuantizationError) in try quantizer.model(golden: golden) }
      }.get()
      bytes = try fixed.image()
      program = try FixedPointProgram(bytes)
    } catch let error as QuantizationError {
      throw FileError(file: path, place: "'\(error.layer)'", expected: error.expected, found: error.found)
    } catch let error as ImageError {
      throw FileError(error, file: path)
    }
  }

  /// Windows of normal noise, as a model without stimuli sees them.
  private static func noise(_ model: Model) throws -> InputSequence {
    let program = Program(model)
    var random = SeededGenerator(seed: 1)
    var values: [Float] = []
    let count = 64
    // Numbers whose normalisation has mean 0 and deviation 1, pixel by pixel.
    let (zero, one) = (
      [Float](repeating: 0, count: program.inputCount), [Float](repeating: 1, count: program.inputCount)
    )
    let (low, high) = (program.normalized(zero), program.normalized(one))
    for _ in 0..<count {
      for index in low.indices { values.append((Float(random.normal()) - low[index]) / (high[index] - low[index])) }
    }
    guard let shape = Shape(checking: [count] + model.inputShape.dimensions),
      let tensor = Tensor(shape: shape, values: values),
      let sequence = InputSequence(tensor, inputShape: model.inputShape)
    else { fatalError("the shape of the model's own input") }
    return sequence
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

extension PredictedRanges {
  /// The ranges of the input and of every layer.
  fileprivate var all: [ClosedRange<Float>] {
    ([input] + layers).map { Float($0.range.lowerBound)...Float($0.range.upperBound) }
  }
}
