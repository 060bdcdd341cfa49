import RetinaKernels
import RetinaModel

/// Chooses the stages of a stream one layer after another.
struct StreamPlanner {
  let model: Model
  let program: Program
  let options: StreamOptions
  var stages: [Stage] = []
  var tables: [FourierTable] = []
  var parameters = ParameterParts(alignment: 16)
  var indices: [Int] = []
  var arenaFloats = 0
  var stateFloats = 0
  var stageOfLayer: [Int] = []

  /// Where the values of the last planned boundary are.
  private var place = 0
  private var layout = FeatureLayout.plain(count: 0)
  /// Whether nothing but the frame itself has been planned: the history is still to be read.
  private var isAtInput = true
  private let cost: PlannerCost

  init(model: Model, program: Program, options: StreamOptions) {
    self.model = model
    self.program = program
    self.options = options
    cost = options.cost ?? .standard(options.level)
  }

  mutating func plan() {
    for (index, layer) in model.layers.enumerated() {
      plan(layer.operation, layer: index)
      stageOfLayer.append(stages.count - 1)
    }
    // Rates are read in the order of the model.
    require(.plain(count: layout.count), for: model.layers.count - 1)
    joinEpilogues()
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
      add(.gather(count: output.count, indices: first), layer, .plain(count: output.count), "gather", StageWork())
    case .flatten, .reshape, .gaussianNoise:
      openWindow()
      add(.identity, layer, layout, "none", StageWork(), inPlace: true)
    case .divisiveNormalization, .maximumPool, .averagePool: planPlain(layer: layer, output: output)
    }
  }

  // MARK: - Convolutions

  /// How a convolution is done.
  private enum Form {
    case direct
    case spectral(SpectralShape)
    case lowRank(LowRankKernels)
  }

  private mutating func plan(_ stack: ConvolutionStack, layer: Int, input: Shape) {
    let composed = Convolution(weight: stack.composed, bias: stack.bias)
    var parts: [(convolution: Convolution, geometry: ConvolutionGeometry)] = []
    var current = input
    for (index, weight) in stack.weights.enumerated() {
      let part = Convolution(weight: weight, bias: index == stack.weights.count - 1 ? stack.bias : nil)
      let geometry = ConvolutionGeometry(part, input: current)
      parts.append((part, geometry))
      current = Shape(geometry.outputs, geometry.outputHeight, geometry.outputWidth)
    }
    let work = parts.reduce(StageWork()) { $0 + .direct($1.geometry) }
    let whole = ConvolutionGeometry(composed, input: input)
    if case .direct = form(of: composed, whole, orIn: cost.seconds(work)),
      cost.seconds(work) <= cost.seconds(.direct(whole))
    {
      for (index, part) in parts.enumerated() {
        planDirect(part.convolution, part.geometry, layer: layer, name: "stack \(index + 1) of \(parts.count)")
      }
    } else {
      plan(composed, layer: layer, input: input)
    }
  }

  private mutating func plan(_ convolution: Convolution, layer: Int, input: Shape) {
    let geometry = ConvolutionGeometry(convolution, input: input)
    switch form(of: convolution, geometry, orIn: .infinity) {
    case .direct: planDirect(convolution, geometry, layer: layer, name: "direct")
    case .lowRank(let kernels): planLowRank(kernels, bias: convolution.bias, geometry, layer: layer)
    case .spectral(let shape) where isAtInput: planStreamed(convolution, geometry, shape, layer: layer)
    case .spectral(let shape): planSpectral(convolution, geometry, shape, layer: layer)
    }
  }

  /// The form that was asked for, or that costs least.
  ///
  /// - Parameter other: seconds that the layer needs in yet another form, which counts as direct.
  private func form(of convolution: Convolution, _ geometry: ConvolutionGeometry, orIn other: Double) -> Form {
    guard geometry.groups == 1, options.algorithm != .direct else { return .direct }
    var (form, least) = (Form.direct, min(other, cost.seconds(.direct(geometry))))
    if options.algorithm != .lowRank, let shape = SpectralKernels.shape(for: geometry) {
      let work: StageWork =
        isAtInput
        ? .spectral(streamed(geometry, shape, block: StreamOptions.usualBlock)) : .spectral(features(geometry, shape))
      if options.algorithm == .spectral { return .spectral(shape) }
      if cost.seconds(work) < least { (form, least) = (.spectral(shape), cost.seconds(work)) }
    }
    let simplest = TemporalLowRank(geometry, ranks: 1, block: StreamOptions.usualBlock)
    guard isAtInput, options.algorithm == .lowRank || cost.seconds(.lowRank(simplest)) < least else { return form }
    let kernels = LowRankKernels(convolution.weight, geometry: geometry, tolerance: options.tolerance)
    let found = TemporalLowRank(geometry, ranks: kernels.ranks, block: StreamOptions.usualBlock)
    guard options.algorithm == .lowRank || cost.seconds(.lowRank(found)) < least else { return form }
    return .lowRank(kernels)
  }

  private func streamed(
    _ geometry: ConvolutionGeometry, _ shape: SpectralShape, block: Int
  ) -> TemporalSpectral {
    TemporalSpectral(shape: shape, history: geometry.inputs, outputs: geometry.outputs, block: block)
  }

  private func features(_ geometry: ConvolutionGeometry, _ shape: SpectralShape) -> SpectralConvolution {
    SpectralConvolution(shape: shape, inputs: geometry.inputs, outputs: geometry.outputs)
  }

  private func result(of geometry: ConvolutionGeometry) -> FeatureLayout {
    .lanes(channels: geometry.outputs, height: geometry.outputHeight, width: geometry.outputWidth)
  }

  private mutating func planStreamed(
    _ convolution: Convolution, _ geometry: ConvolutionGeometry, _ shape: SpectralShape, layer: Int
  ) {
    isAtInput = false
    var stage = streamed(geometry, shape, block: options.block)
    let before = parameters.count
    let kernels = SpectralKernels(convolution.weight, geometry: geometry, shape: shape).packed(
      outputs: geometry.outputs, inputs: geometry.inputs, inputsInMemory: geometry.inputs)
    let perBin = geometry.inputs * 16
    stage.kernels = parameters.store(kernels)
    stage.recentKernels = parameters.store(
      stride(from: perBin, through: kernels.count, by: perBin).flatMap { kernels[$0 - stage.recent * 16..<$0] })
    stage.bias = parameters.store(padded(convolution.bias, count: geometry.outputs))
    (stage.rowTable, stage.columnTable) = (table(shape.fieldWidth), table(shape.fieldHeight))
    stage.ring = reserveState(stage.ringFloats)
    stage.sums = reserveState(stage.sumFloats)
    stage.scratch = reserve(stage.scratchFloats)
    // The frame itself, normalised, is the input.
    place = reserve(shape.imageHeight * shape.imageWidth)
    add(
      .temporalSpectral(stage), layer, result(of: geometry),
      "spectral \(shape.fieldHeight) x \(shape.fieldWidth), streamed", .spectral(stage),
      parameters: parameters.count - before)
  }

  private mutating func planLowRank(
    _ kernels: LowRankKernels, bias: [Float]?, _ geometry: ConvolutionGeometry, layer: Int
  ) {
    isAtInput = false
    var stage = TemporalLowRank(geometry, ranks: kernels.ranks, block: options.block)
    let before = parameters.count
    stage.kernels = parameters.store(kernels.spatial)
    stage.zeros = parameters.store([Float](repeating: 0, count: stage.spatial.outputs))
    stage.courses = parameters.store(kernels.courses)
    stage.bias = parameters.store(padded(bias, count: geometry.outputs))
    stage.ring = reserveState(stage.ringFloats)
    stage.sums = reserveState(stage.sumFloats)
    stage.maps = reserve(stage.spatial.outputCount)
    place = reserve(geometry.inputHeight * geometry.inputWidth)
    add(
      .temporalLowRank(stage), layer, result(of: geometry), "low rank \(kernels.ranks), streamed", .lowRank(stage),
      parameters: parameters.count - before, leftOut: kernels.leftOut)
  }

  private mutating func planSpectral(
    _ convolution: Convolution, _ geometry: ConvolutionGeometry, _ shape: SpectralShape, layer: Int
  ) {
    require(.lanes(channels: geometry.inputs, height: geometry.inputHeight, width: geometry.inputWidth), for: layer)
    var stage = features(geometry, shape)
    let before = parameters.count
    stage.kernels = parameters.store(
      SpectralKernels(convolution.weight, geometry: geometry, shape: shape).packed(
        outputs: geometry.outputs, inputs: geometry.inputs, inputsInMemory: stage.inputGroups * 8))
    stage.bias = parameters.store(padded(convolution.bias, count: geometry.outputs))
    (stage.rowTable, stage.columnTable) = (table(shape.fieldWidth), table(shape.fieldHeight))
    stage.scratch = reserve(stage.scratchFloats)
    add(
      .spectral(stage), layer, result(of: geometry), "spectral \(shape.fieldHeight) x \(shape.fieldWidth)",
      .spectral(stage), parameters: parameters.count - before)
  }

  private mutating func planDirect(
    _ convolution: Convolution, _ geometry: ConvolutionGeometry, layer: Int, name: String
  ) {
    openWindow()
    require(.lanes(channels: geometry.inputs, height: geometry.inputHeight, width: geometry.inputWidth), for: layer)
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
    let weightPlace = parameters.store(weights)
    let biasPlace = parameters.store(padded(convolution.bias, count: outputs))
    add(
      .features(ungrouped, weights: weightPlace, bias: biasPlace), layer, result(of: geometry), name,
      .direct(ungrouped), parameters: parameters.count - before)
  }

  // MARK: - Other layers

  private mutating func plan(_ dense: Dense, layer: Int, output: Shape) {
    let bias = parameters.store(padded(dense.bias, count: output.count))
    let before = parameters.count
    if isAtInput {
      openWindow()
      let weights = parameters.store(dense.weight.values)
      add(
        .dense(inputs: layout.count, outputs: output.count, weights: weights, bias: bias), layer,
        .plain(count: output.count), "matrix", .matrix(rows: output.count, columns: layout.count),
        parameters: parameters.count - before)
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
        .rows(columns: columns, rows: output.count, weights: parameters.store(weights), bias: bias), layer,
        .plain(count: output.count), "matrix", .matrix(rows: output.count, columns: columns),
        parameters: parameters.count - before)
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
    let scalePlace = parameters.store(scales)
    add(
      .affine(vectors: vectors, scale: scalePlace, shift: parameters.store(shifts)), layer, layout, "scale and shift",
      .elementwise(layout.floats, operations: 2), parameters: parameters.count - before, inPlace: true)
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
    add(.activation(kind), layer, layout, "elementwise", .elementwise(layout.floats, operations: 1), inPlace: true)
  }

  /// A layer for which there is only the plain definition.
  private mutating func planPlain(layer: Int, output: Shape) {
    openWindow()
    if case .lanes = layout { require(.plain(count: layout.count), for: layer) }
    let first = layer == 0 ? 0 : program.layerBoundaries[layer - 1]
    for step in first..<program.layerBoundaries[layer] {
      add(
        .plain(step: step), layer, .plain(count: program.boundaryCounts[step + 1]), "plain",
        .elementwise(program.steps[step].multiplyAdds, operations: 1))
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
        layout: layout, work: StageWork(traffic: 8 * Double(count), resident: 12 * Double(count)),
        algorithm: "window", parameterFloats: 0))
  }

  /// Brings the values into another layout, if they are not in it.
  private mutating func require(_ wanted: FeatureLayout, for layer: Int) {
    guard layout != wanted else { return }
    let work = StageWork.elementwise(layout.count, operations: 1)
    if case .lanes = layout { add(.unpack(layout), layer, .plain(count: layout.count), "unpack", work) }
    if case .lanes = wanted { add(.pack(wanted), layer, wanted, "pack", work) }
  }

  /// Lets convolutions do what follows them value by value along with their result.
  private mutating func joinEpilogues() {
    for index in stages.indices {
      switch stages[index].kind {
      case .temporalSpectral, .temporalLowRank, .spectral, .features: break
      default: continue
      }
      var following = Stage.Following()
      var next = index + 1
      scan: while next < stages.count, !following.rectifies, stages[next].output == stages[index].output {
        switch stages[next].kind {
        case .identity: break
        case .affine(let vectors, let scale, let shift) where following.affine == nil:
          // Factors per channel or per unit; others do not follow from a position.
          guard case .lanes(_, let height, let width) = stages[index].layout,
            vectors == 1 || vectors == height * width
          else { break scan }
          following.affine = (vectors, scale, shift)
          following.count = next - index
        case .activation(.relu):
          following.rectifies = true
          following.count = next - index
        default: break scan
        }
        next += 1
      }
      stages[index].following = following
      for joined in index + 1..<index + 1 + following.count {
        if case .identity = stages[joined].kind { continue }
        stages[joined].algorithm += ", along with \(stages[index].layer.map { model.layers[$0].name } ?? "")"
        stages[joined].work = StageWork()
      }
    }
  }

  private mutating func add(
    _ kind: Stage.Kind, _ layer: Int, _ result: FeatureLayout, _ algorithm: String, _ work: StageWork,
    parameters: Int = 0, inPlace: Bool = false, leftOut: Double = 0
  ) {
    let output = inPlace ? place : reserve(result.floats)
    stages.append(
      Stage(
        kind: kind, layer: layer, input: place, output: output, layout: result, work: work, algorithm: algorithm,
        parameterFloats: parameters, leftOut: leftOut))
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
