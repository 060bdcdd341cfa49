import RetinaKernels
import RetinaModel

/// Chooses the stages of a stream one layer after another.
struct StreamPlanner {
  let model: Model
  let program: Program
  let options: StreamOptions
  var stages: [Stage] = []
  var tables: [FourierTable] = []
  var parameters: [Float] = []
  var indices: [Int] = []
  var arenaFloats = 0
  var stateFloats = 0
  var stageOfLayer: [Int] = []

  /// Where the values of the last planned boundary are.
  private var place = 0
  private var layout = FeatureLayout.plain(count: 0)
  /// Whether nothing but the frame itself has been planned: the history is still to be read.
  private var isAtInput = true

  init(model: Model, program: Program, options: StreamOptions) {
    self.model = model
    self.program = program
    self.options = options
  }

  mutating func plan() {
    for (index, layer) in model.layers.enumerated() {
      plan(layer.operation, layer: index)
      stageOfLayer.append(stages.count - 1)
    }
    // Rates are read in the order of the model.
    require(.plain(count: layout.count))
  }

  private mutating func plan(_ operation: Operation, layer: Int) {
    let (input, output) = (model.inputShape(ofLayer: layer), model.shapes[layer])
    switch operation {
    case .convolution(let convolution): plan(convolution, layer: layer, input: input)
    case .convolutionStack(let stack): plan(stack, layer: layer, input: input)
    case .separableConvolution(let convolution):
      plan(Convolution(weight: convolution.composed, bias: convolution.bias), layer: layer, input: input)
    case .dense(let dense): plan(dense, layer: layer, output: output)
    case .batchNormalization(let normalization): plan(normalization, layer: layer, input: input)
    case .activation(let activation): plan(activation, layer: layer)
    case .readout(let readout):
      openWindow()
      let first = indices.count
      for position in readout.positions {
        indices.append(layout.place((position.channel * input[1] + position.row) * input[2] + position.column))
      }
      add(.gather(count: output.count, indices: first), layer, .plain(count: output.count), "gather", 0)
    case .flatten, .reshape, .gaussianNoise:
      openWindow()
      add(.identity, layer, layout, "none", 0, inPlace: true)
    case .maximumPool, .averagePool: planPlain(layer: layer, output: output)
    }
  }

  // MARK: - Convolutions

  private mutating func plan(_ stack: ConvolutionStack, layer: Int, input: Shape) {
    let composed = Convolution(weight: stack.composed, bias: stack.bias)
    let whole = ConvolutionGeometry(composed, input: input)
    let parts = stack.weights.reduce(into: (cost: 0.0, shape: input)) { sum, weight in
      let part = ConvolutionGeometry(Convolution(weight: weight), input: sum.shape)
      sum.cost += PlannerCost.direct(part)
      sum.shape = Shape(part.outputs, part.outputHeight, part.outputWidth)
    }
    let isSpectral = isSpectralBetter(whole, than: parts.cost)
    if isSpectral || parts.cost > PlannerCost.direct(whole) {
      plan(composed, layer: layer, input: input)
    } else {
      var current = input
      for (index, weight) in stack.weights.enumerated() {
        let bias = index == stack.weights.count - 1 ? stack.bias : nil
        let part = Convolution(weight: weight, bias: bias)
        let geometry = ConvolutionGeometry(part, input: current)
        planDirect(part, geometry, layer: layer, name: "stack \(index + 1) of \(stack.weights.count)")
        current = Shape(geometry.outputs, geometry.outputHeight, geometry.outputWidth)
      }
    }
  }

  private mutating func plan(_ convolution: Convolution, layer: Int, input: Shape) {
    let geometry = ConvolutionGeometry(convolution, input: input)
    if isSpectralBetter(geometry, than: PlannerCost.direct(geometry)),
      let shape = SpectralKernels.shape(for: geometry)
    {
      planSpectral(convolution, geometry, shape, layer: layer)
    } else {
      planDirect(convolution, geometry, layer: layer, name: "direct")
    }
  }

  private func isSpectralBetter(_ geometry: ConvolutionGeometry, than direct: Double) -> Bool {
    guard geometry.groups == 1, let shape = SpectralKernels.shape(for: geometry) else { return false }
    switch options.algorithm {
    case .direct: return false
    case .spectral: return true
    case .automatic: return PlannerCost.spectral(geometry, shape, isTemporal: isAtInput) < direct
    }
  }

  private mutating func planSpectral(
    _ convolution: Convolution, _ geometry: ConvolutionGeometry, _ shape: SpectralShape, layer: Int
  ) {
    let spectra = SpectralKernels(convolution.weight, geometry: geometry, shape: shape)
    let bias = store(padded(convolution.bias, count: geometry.outputs))
    let before = parameters.count
    let result = FeatureLayout.lanes(
      channels: geometry.outputs, height: geometry.outputHeight, width: geometry.outputWidth)
    let (rowTable, columnTable) = (table(shape.fieldWidth), table(shape.fieldHeight))
    if isAtInput {
      isAtInput = false
      let kernels = spectra.packed(
        outputs: geometry.outputs, inputs: geometry.inputs, inputsInMemory: geometry.inputs)
      let recent = min(options.block, geometry.inputs)
      let perBin = geometry.inputs * 16
      let newest = stride(from: 0, to: kernels.count, by: perBin).flatMap { bin in
        kernels[bin + perBin - recent * 16..<bin + perBin]
      }
      var stage = TemporalSpectral(
        shape: shape, history: geometry.inputs, outputs: geometry.outputs, block: options.block,
        kernels: store(kernels), bias: bias, recentKernels: store(newest), ring: 0, sums: 0, scratch: 0,
        rowTable: rowTable, columnTable: columnTable)
      stage.ring = reserveState(stage.ringFloats)
      stage.sums = reserveState(stage.sumFloats)
      stage.scratch = reserve(stage.scratchFloats)
      // The frame itself, normalised, is the input.
      place = reserve(shape.imageHeight * shape.imageWidth)
      add(
        .temporalSpectral(stage), layer, result, "spectral \(shape.fieldHeight) x \(shape.fieldWidth), streamed",
        PlannerCost.spectralOperations(geometry, shape, isTemporal: true), parameters: parameters.count - before)
    } else {
      require(.lanes(channels: geometry.inputs, height: geometry.inputHeight, width: geometry.inputWidth))
      var stage = SpectralConvolution(
        shape: shape, inputs: geometry.inputs, outputs: geometry.outputs,
        kernels: store(
          spectra.packed(
            outputs: geometry.outputs, inputs: geometry.inputs, inputsInMemory: (geometry.inputs + 7) / 8 * 8)),
        bias: bias, scratch: 0, rowTable: rowTable, columnTable: columnTable)
      stage.scratch = reserve(stage.scratchFloats)
      add(
        .spectral(stage), layer, result, "spectral \(shape.fieldHeight) x \(shape.fieldWidth)",
        PlannerCost.spectralOperations(geometry, shape, isTemporal: false), parameters: parameters.count - before)
    }
  }

  private mutating func planDirect(
    _ convolution: Convolution, _ geometry: ConvolutionGeometry, layer: Int, name: String
  ) {
    openWindow()
    require(.lanes(channels: geometry.inputs, height: geometry.inputHeight, width: geometry.inputWidth))
    let before = parameters.count
    let (outputs, inputs) = (geometry.outputs, geometry.inputs)
    let taps = geometry.kernelHeight * geometry.kernelWidth
    // Groups become zeros: every output channel reads every input channel.
    var weights = [Float](repeating: 0, count: (outputs + 7) / 8 * inputs * taps * 8)
    let (inputsPerGroup, outputsPerGroup) = (inputs / geometry.groups, outputs / geometry.groups)
    for output in 0..<outputs {
      for member in 0..<inputsPerGroup {
        let input = output / outputsPerGroup * inputsPerGroup + member
        for tap in 0..<taps {
          weights[(((output / 8) * inputs + input) * taps + tap) * 8 + output % 8] =
            convolution.weight.values[(output * inputsPerGroup + member) * taps + tap]
        }
      }
    }
    var ungrouped = geometry
    ungrouped.groups = 1
    let weightPlace = store(weights)
    let biasPlace = store(padded(convolution.bias, count: outputs))
    add(
      .features(ungrouped, weights: weightPlace, bias: biasPlace), layer,
      .lanes(channels: outputs, height: geometry.outputHeight, width: geometry.outputWidth), name,
      2 * Double(ungrouped.multiplyAdds), parameters: parameters.count - before)
  }

  // MARK: - Other layers

  private mutating func plan(_ dense: Dense, layer: Int, output: Shape) {
    let bias = store(padded(dense.bias, count: output.count))
    let before = parameters.count
    let operations = 2 * Double(dense.weight.values.count)
    if isAtInput {
      openWindow()
      let weights = store(dense.weight.values)
      add(
        .dense(inputs: layout.count, outputs: output.count, weights: weights, bias: bias), layer,
        .plain(count: output.count), "matrix", operations, parameters: parameters.count - before)
    } else {
      let columns = layout.floats
      let inputs = layout.count
      var weights = [Float](repeating: 0, count: output.count * columns)
      for column in 0..<inputs {
        let target = layout.place(column)
        for row in 0..<output.count {
          weights[row * columns + target] = dense.weight.values[row * inputs + column]
        }
      }
      add(
        .rows(columns: columns, rows: output.count, weights: store(weights), bias: bias), layer,
        .plain(count: output.count), "matrix", operations, parameters: parameters.count - before)
    }
  }

  private mutating func plan(_ normalization: BatchNormalization, layer: Int, input: Shape) {
    openWindow()
    let (scale, shift) = normalization.folded
    let before = parameters.count
    let vectors: Int
    let (scales, shifts): ([Float], [Float])
    if normalization.axis == .channel, case .lanes(let channels, let height, let width) = layout, channels == input[0] {
      vectors = height * width
      (scales, shifts) = (padded(scale, count: channels), padded(shift, count: channels))
    } else {
      vectors = 1
      let run = normalization.axis == .unit ? 1 : input.count / input[0]
      scales = layout.packed((0..<input.count).map { scale[$0 / run] }, filler: 0)
      shifts = layout.packed((0..<input.count).map { shift[$0 / run] }, filler: 0)
    }
    let scalePlace = store(scales)
    add(
      .affine(vectors: vectors, scale: scalePlace, shift: store(shifts)), layer, layout, "scale and shift",
      2 * Double(input.count), parameters: parameters.count - before, inPlace: true)
  }

  private mutating func plan(_ activation: Activation, layer: Int) {
    let kind: ActivationKind
    switch activation {
    case .relu: kind = .relu
    case .softplus: kind = .softplus
    case .sigmoid: kind = .sigmoid
    case .tanh: kind = .tanh
    case .elu(let alpha): kind = .elu(alpha: alpha)
    case .exp: kind = .exponential
    case .parametricSoftplus:
      planPlain(layer: layer, output: model.shapes[layer])
      return
    }
    openWindow()
    add(.activation(kind), layer, layout, "elementwise", Double(layout.count), inPlace: true)
  }

  /// A layer for which there is only the plain definition.
  private mutating func planPlain(layer: Int, output: Shape) {
    openWindow()
    if case .lanes = layout { require(.plain(count: layout.count)) }
    let first = layer == 0 ? 0 : program.layerBoundaries[layer - 1]
    for step in first..<program.layerBoundaries[layer] {
      add(
        .plain(step: step), layer, .plain(count: program.boundaryCounts[step + 1]), "plain",
        Double(program.steps[step].multiplyAdds))
    }
  }

  // MARK: - Memory

  /// Puts the window of the last frames at the start, when nothing that reads frames one by one has been planned.
  private mutating func openWindow() {
    guard isAtInput else { return }
    isAtInput = false
    let count = model.inputShape.count
    layout = .plain(count: count)
    // Two copies, one history apart; the place is that of the state, which the window stage turns into a pointer.
    place = reserve(layout.floats)
    let frame = model.inputShape[1] * model.inputShape[2]
    let ring = reserveState(2 * count)
    stages.append(
      Stage(
        kind: .window(frame: frame, history: model.inputShape[0]), layer: nil, input: ring, output: place,
        layout: layout, operations: 0, algorithm: "window", parameterFloats: 0))
  }

  /// Brings the values into another layout, if they are not in it.
  private mutating func require(_ wanted: FeatureLayout) {
    guard layout != wanted else { return }
    if case .lanes = layout {
      add(.unpack(layout), nil, .plain(count: layout.count), "unpack", 0)
    }
    if case .lanes = wanted { add(.pack(wanted), nil, wanted, "pack", 0) }
  }

  private mutating func add(
    _ kind: Stage.Kind, _ layer: Int?, _ result: FeatureLayout, _ algorithm: String, _ operations: Double,
    parameters: Int = 0, inPlace: Bool = false
  ) {
    let output = inPlace ? place : reserve(result.floats)
    stages.append(
      Stage(
        kind: kind, layer: layer, input: place, output: output, layout: result, operations: operations,
        algorithm: algorithm, parameterFloats: parameters))
    place = output
    layout = result
  }

  private mutating func reserve(_ floats: Int) -> Int {
    let start = arenaFloats
    arenaFloats += (floats + 15) / 16 * 16
    return start
  }

  private mutating func reserveState(_ floats: Int) -> Int {
    let start = stateFloats
    stateFloats += (floats + 15) / 16 * 16
    return start
  }

  private mutating func store(_ values: [Float]) -> Int {
    let start = (parameters.count + 15) / 16 * 16
    parameters += [Float](repeating: 0, count: start - parameters.count)
    parameters += values
    return start
  }

  private mutating func table(_ length: Int) -> Int {
    if let index = tables.firstIndex(where: { $0.length == length }) { return index }
    tables.append(FourierTable(length: length))
    return tables.count - 1
  }

  private func padded(_ values: [Float]?, count: Int) -> [Float] {
    var result = values ?? [Float](repeating: 0, count: count)
    result += [Float](repeating: 0, count: (count + 7) / 8 * 8 - result.count)
    return result
  }
}

/// Counts of operations, and how fast each kind of them runs relative to the others.
enum PlannerCost {
  /// Operations per unit of time of each kind of work, relative to a register-blocked convolution: measured on x86-64 with AVX2
  /// (`retina bench --layers`); the order of the choices they lead to is the same on the other processors tried.
  private static let (directSpeed, productSpeed, transformSpeed) = (1.0, 0.8, 0.35)

  /// Cost of a convolution by its definition.
  static func direct(_ geometry: ConvolutionGeometry) -> Double {
    let lanes = Double((geometry.outputs + 7) / 8 * 8) / Double(geometry.outputs)
    return 2 * Double(geometry.multiplyAdds) * Double(geometry.groups) * lanes / directSpeed
  }

  /// Cost of a convolution in the frequency domain.
  static func spectral(_ geometry: ConvolutionGeometry, _ shape: SpectralShape, isTemporal: Bool) -> Double {
    let (products, transforms) = counts(geometry, shape, isTemporal: isTemporal)
    return products / productSpeed + transforms / transformSpeed
  }

  /// Operations of a convolution in the frequency domain.
  static func spectralOperations(
    _ geometry: ConvolutionGeometry, _ shape: SpectralShape, isTemporal: Bool
  ) -> Double {
    let (products, transforms) = counts(geometry, shape, isTemporal: isTemporal)
    return products + transforms
  }

  /// A complex multiplication and addition counts 8; a real two-dimensional transform of n numbers 2.5 n log2 n.
  private static func counts(
    _ geometry: ConvolutionGeometry, _ shape: SpectralShape, isTemporal: Bool
  ) -> (products: Double, transforms: Double) {
    let lanes = Double((geometry.outputs + 7) / 8 * 8)
    let products = 8 * Double(shape.bins) * Double(geometry.inputs) * lanes
    let field = shape.fieldHeight * shape.fieldWidth
    let one = 2.5 * Double(field) * logarithm(field)
    let forward = isTemporal ? 1 : Double((geometry.inputs + 7) / 8 * 8)
    return (products, one * (forward + lanes))
  }

  /// Base-2 logarithm, to the nearest hundredth or so: enough for a count.
  private static func logarithm(_ value: Int) -> Double {
    let whole = Int.bitWidth - 1 - value.leadingZeroBitCount
    let fraction = Double(value) / Double(1 << whole) - 1
    return Double(whole) + fraction * (1.34 - 0.34 * fraction)
  }
}
