import RetinaKernels
import RetinaModel

extension Model {
  /// The bytes of the model's image in float32; the same model always gives the same bytes.
  ///
  /// The image keeps the first golden input of the model (zeros where it has none) and the checksums of what comes out of every layer.
  ///
  /// - Throws: ``ImageError`` when the model does not fit an image, see ``FloatImage``.
  public func floatImage() throws(ImageError) -> [UInt8] {
    var writer = FloatImageWriter(self)
    return try writer.image()
  }
}

/// Turns the steps of a program into the words of an image.
private struct FloatImageWriter {
  private let model: Model
  private let program: Program
  private var assembler = ImageAssembler<FloatImage>()

  /// Steps that become layers: those that change values, with the names of the layers whose values they give.
  private var parts: [(step: Int, names: [String])] = []

  init(_ model: Model) {
    self.model = model
    program = Program(model, level: .baseline)
    for (index, step) in program.steps.enumerated() {
      if !step.isIdentity { parts.append((index, [])) }
      // What comes before the first step has the values of the input, which no step gives.
      guard let last = parts.indices.last, program.layerBoundaries[step.layer] == index + 1 else { continue }
      parts[last].names.append(model.layers[step.layer].name)
    }
  }

  mutating func image() throws(ImageError) -> [UInt8] {
    guard !parts.isEmpty else {
      throw ImageError(byte: 4 * ImageLayout.Header.layers, expected: "a layer that computes something", found: 0)
    }
    var description = assembler.description(
      name: model.name, inputShape: model.inputShape, lag: model.facts.lag, frameRate: model.facts.frameRate,
      normalization: model.facts.normalization)
    description[ImageLayout.Description.inputType] = UInt32(FloatImage.precision)
    var layers: [[UInt32]] = []
    for part in parts { layers.append(words(of: program.steps[part.step], names: part.names)) }
    let zeros = [Float](repeating: 0, count: program.inputCount)
    let golden = model.facts.golden.map { Array($0.input.values.prefix(program.inputCount)) } ?? zeros
    let rest = assembler.store(words: resting(program.normalized(zeros)).map { $0.bitPattern })
    return try assembler.image(
      header: [
        (ImageLayout.Header.precision, UInt32(FloatImage.precision)), (ImageLayout.Header.rest, rest),
      ], description: description, layers: layers,
      golden: program.normalized(golden).flatMap { number in
        (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(8 * $0)) }
      }
    ) { $0.place($0.layerCount) }
  }

  /// What the affine steps at the start give for an input; nothing when there are none.
  private func resting(_ input: [Float]) -> [Float] {
    let parameters = StepParameters(floats: program.parameters, indices: program.indices)
    var values = input
    let straight = parts.prefix { program.steps[$0.step].isAffine }
    for part in straight {
      values = [Float](unsafeUninitializedCapacity: program.boundaryCounts[part.step + 1]) { target, filled in
        filled = target.count
        if let start = target.baseAddress {
          program.steps[part.step].forward(parameters, input: values, output: start)
        }
      }
    }
    return straight.isEmpty ? [] : values
  }

  private mutating func words(of step: Step, names: [String]) -> [UInt32] {
    typealias Place = ImageLayout.Layer
    var words = assembler.layer(shape: shape(of: step), names: names)
    words[Place.type] = UInt32(FloatImage.precision)
    let kind: ImageLayout.Kind
    switch step.kind {
    case .convolution(let geometry, let weight, let bias):
      kind = .convolution
      words[Place.inputs] = UInt32(geometry.inputs)
      words[Place.outputs] = UInt32(geometry.outputs)
      words[Place.groups] = UInt32(geometry.groups)
      assembler.set(FixedPointWindow(geometry), &words)
      words[Place.weights] = store(weight, geometry.weightCount)
      words[Place.bias] = store(bias, geometry.outputs)
    case .dense(let inputs, let outputs, let weight, let bias):
      kind = .dense
      words[Place.inputs] = UInt32(inputs)
      words[Place.outputs] = UInt32(outputs)
      words[Place.weights] = store(weight, inputs * outputs)
      words[Place.bias] = store(bias, outputs)
    case .affine(let count, let run, let scale, let shift):
      kind = .affine
      words[Place.inputs] = UInt32(count / run)
      words[Place.weights] = store(scale, count / run)
      words[Place.bias] = store(shift, count / run)
    case .activation(let function, _):
      kind = .function
      if case .elu(let alpha) = function { words[Place.scale] = alpha.bitPattern }
      words[Place.function] = ImageLayout.Function(function).rawValue
    case .parametricSoftplus(let count, let alpha, let alphaPerUnit, let beta, let betaPerUnit):
      kind = .parametricSoftplus
      words[Place.inputs] = UInt32(alphaPerUnit ? count : 1)
      words[Place.outputs] = UInt32(betaPerUnit ? count : 1)
      words[Place.weights] = store(alpha, alphaPerUnit ? count : 1)
      words[Place.bias] = store(beta, betaPerUnit ? count : 1)
    case .divisiveNormalization: kind = .divisiveNormalization
    case .maximumPool(let geometry):
      kind = .maximumPool
      words[Place.inputs] = UInt32(geometry.channels)
      assembler.set(FixedPointWindow(geometry), &words)
    case .averagePool(let geometry):
      kind = .averagePool
      words[Place.inputs] = UInt32(geometry.channels)
      assembler.set(FixedPointWindow(geometry), &words)
    case .gather(_, let count, let places):
      kind = .gather
      words[Place.table] = assembler.store(
        words: (0..<count).map { UInt32(bitPattern: program.indices[places + $0]) })
    case .identity: fatalError("steps that change no value are no layers")
    }
    words[Place.kind] = kind.rawValue
    return words
  }

  /// A stack has convolutions inside whose outputs are those of no layer.
  private func shape(of step: Step) -> Shape {
    guard case .convolution(let geometry, _, _) = step.kind else { return model.shapes[step.layer] }
    return Shape(geometry.outputs, geometry.outputHeight, geometry.outputWidth)
  }

  /// Parameters, zeros where there are none.
  private mutating func store(_ place: Int?, _ count: Int) -> UInt32 {
    guard let place else { return assembler.store(words: [UInt32](repeating: 0, count: count)) }
    return assembler.store(words: (0..<count).map { program.parameters[place + $0].bitPattern })
  }
}

extension ImageLayout.Function {
  fileprivate init(_ kind: ActivationKind) {
    switch kind {
    case .relu: self = .relu
    case .softplus: self = .softplus
    case .sigmoid: self = .sigmoid
    case .tanh: self = .tanh
    case .elu: self = .elu
    case .exponential: self = .exponential
    }
  }
}
