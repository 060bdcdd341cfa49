import RetinaEngine
import RetinaKernels
import RetinaModel

/// Turns the layers of an architecture into steps of a network.
struct NetworkCompiler {
  var steps: [any NetworkStep] = []
  var list = ParameterList()
  var normalizations: [(layer: Int, LearntNormalization)] = []
  private var shape: Shape
  private var layout: FeatureLayout
  private var room: BatchRoom
  /// Windows of a clip that each step gives.
  private(set) var clipLengths: [Int] = []
  /// What is done to single units since the last step, not yet a step itself.
  private var parts: UnitStep.Parts?

  /// How much of a batch's statistics enters the running ones, as in PyTorch.
  static let momentum: Float = 0.1

  /// Delays see earlier windows: what comes before them sees so many frames less, in so many more windows.
  init(_ input: Shape, longestDelay: Int, _ room: BatchRoom) {
    shape = Shape(input[0] - longestDelay, input[1], input[2])
    layout = .plain(count: shape.count)
    self.room = room
    self.room.clipLength += longestDelay
  }

  /// Adds a layer.
  mutating func append(_ layer: TrainableLayer, index: Int) throws(ModelError) {
    guard room.spacing == 1 || layer.kind.canBeSampled(isCells: shape.rank == 1) else { throw notSampled(layer) }
    list.layer = index
    switch layer.kind {
    case .layer(let operation): try append(operation, layer, index)
    case .delays(let delays):
      finish()
      startWithWindows()
      guard case .lanes(let channels, let height, let width) = layout else {
        throw ModelError(problems: [
          .init(place: "layer '\(layer.name)'", expected: "features behind a convolution", found: "\(shape)")
        ])
      }
      room.clipLength -= delays.max() ?? 0
      add(DelayStep(channels: channels, height: height, width: width, delays: delays))
      shape = Shape(delays.count * channels, height, width)
    case .gaussianReadout(let readout):
      let (cells, channels) = (readout.cells, readout.channels)
      let form = WeightForm.gaussian(cells: cells, channels: channels, height: readout.height, width: readout.width)
      var range = list.add("\(layer.name).centre", [cells, 2], .position, readout.centres, isReadout: true)
      list.add("\(layer.name).log_sigma", [cells, 2], .position, readout.logSigmas, isReadout: true)
      range =
        range
        .lowerBound..<list.add("\(layer.name).feature", [cells, channels], .feature, readout.features, isReadout: true)
        .upperBound
      addDense(form, range, bias: readout.bias, outputs: cells, layer)
    case .factorizedReadout(let readout):
      let (cells, channels) = (readout.cells, readout.channels)
      let form = WeightForm.factorized(cells: cells, channels: channels, height: readout.height, width: readout.width)
      var range = list.add(
        "\(layer.name).mask", [cells, readout.height, readout.width], .mask, readout.masks, isReadout: true)
      range =
        range
        .lowerBound..<list.add("\(layer.name).feature", [cells, channels], .feature, readout.features, isReadout: true)
        .upperBound
      addDense(form, range, bias: readout.bias, outputs: cells, layer)
    case .dropout(let probability):
      change(last: { $0.dropout == 0 }) { $0.dropout = probability }
    }
  }

  private func notSampled(_ layer: TrainableLayer) -> ModelError {
    ModelError(problems: [
      .init(
        place: "layer '\(layer.name)'",
        expected:
          "in coarse epochs, convolutions without stride, padding, dilation and groups, batch normalisation per "
          + "channel, functions without parameters, and a Gaussian read-out",
        found: "a layer that needs every unit")
    ])
  }

  private func output(of operation: Operation, _ layer: TrainableLayer) throws(ModelError) -> Shape {
    do throws(ShapeMismatch) {
      return try operation.outputShape(of: shape)
    } catch {
      throw ModelError(problems: [
        .init(place: "layer '\(layer.name)'", expected: error.expected, found: error.found)
      ])
    }
  }

  private mutating func append(_ operation: Operation, _ layer: TrainableLayer, _ index: Int) throws(ModelError) {
    let output = try output(of: operation, layer)
    let name = layer.name
    switch operation {
    case .convolution(let convolution):
      let geometry = ConvolutionGeometry(convolution, input: shape)
      var (form, start) = (WeightForm.free(count: convolution.weight.shape.count), convolution.weight)
      if layer.pathways > 1 {
        form = .pathways(
          count: layer.pathways, outputs: geometry.outputs, inputs: geometry.inputs,
          positions: geometry.kernelHeight * geometry.kernelWidth)
        start = Tensor(composing: start.values, as: form, shape: start.shape)
      }
      let range = list.add("\(name).weight", start.shape.dimensions, .weight, start.values)
      try add(geometry, form, range, bias: convolution.bias, layer)
    case .convolutionStack(let stack):
      var range = list.values.count..<list.values.count
      for (part, weight) in stack.weights.enumerated() {
        range =
          range
          .lowerBound..<list.add("\(name).\(part).weight", weight.shape.dimensions, .weight, weight.values).upperBound
      }
      let composed = Convolution(weight: stack.composed)
      let shapes = stack.weights.map {
        WeightForm.KernelShape(outputs: $0.shape[0], inputs: $0.shape[1], height: $0.shape[2], width: $0.shape[3])
      }
      try add(ConvolutionGeometry(composed, input: shape), .stack(shapes), range, bias: stack.bias, layer)
    case .separableConvolution(let convolution):
      let (temporal, spatial) = (convolution.temporal, convolution.spatial)
      var range = list.add("\(name).temporal", temporal.shape.dimensions, .weight, temporal.values)
      range =
        range.lowerBound..<list.add("\(name).spatial", spatial.shape.dimensions, .weight, spatial.values).upperBound
      let form = WeightForm.separable(
        outputs: temporal.shape[0], rank: temporal.shape[1], inputs: temporal.shape[2],
        positions: spatial.shape[2] * spatial.shape[3])
      try add(
        ConvolutionGeometry(Convolution(weight: convolution.composed), input: shape), form, range,
        bias: convolution.bias, layer)
    case .dense(let dense):
      let range = list.add("\(name).weight", dense.weight.shape.dimensions, .weight, dense.weight.values)
      addDense(.free(count: range.count), range, bias: dense.bias, outputs: output.count, layer)
    case .batchNormalization(var normalization):
      if shape.rank == 1 { normalization.axis = .unit }
      let count = normalization.scale.count
      let scale = list.add("\(name).weight", [count], .normalization, normalization.scale)
      let shift = list.add("\(name).bias", [count], .normalization, normalization.shift)
      let learnt = LearntNormalization(normalization, scale: scale, shift: shift, momentum: NetworkCompiler.momentum)
      normalizations.append((index, learnt))
      change(last: { $0.normalization == nil && $0.noise == 0 && $0.activation == nil && $0.dropout == 0 }) {
        $0.normalization = learnt
      }
    case .gaussianNoise(let deviation):
      change(last: { $0.noise == 0 && $0.activation == nil && $0.dropout == 0 }) { $0.noise = deviation }
    case .activation(let activation):
      if let kind = activation.kind {
        change(last: { $0.activation == nil && $0.dropout == 0 }) { $0.activation = kind }
      } else if case .parametricSoftplus(let alpha, let beta) = activation {
        let alpha = list.add("\(name).alpha", [alpha.count], .nonlinearity, alpha)
        let beta = list.add("\(name).beta", [beta.count], .nonlinearity, beta)
        finish()
        startWithWindows()
        add(ParametricSoftplusStep(layout, alpha: alpha, beta: beta, room: room))
      }
    case .divisiveNormalization:
      add(.divisiveNormalization, output)
    case .maximumPool(let pool):
      add(.maximumPool(PoolGeometry(pool, input: shape)), output)
    case .averagePool(let pool):
      add(.averagePool(PoolGeometry(pool, input: shape)), output)
    case .readout(let readout):
      let (height, width) = (shape[1], shape[2])
      add(.gather(readout.positions.map { ($0.channel * height + $0.row) * width + $0.column }), output)
    case .reshape where output.rank == 3:
      add(.rearrange, output)
    case .flatten, .reshape:
      break
    }
    shape = output
  }

  /// Ends the last step of single units.
  mutating func finish() {
    guard let parts else { return }
    self.parts = nil
    startWithWindows()
    add(UnitStep(layout, parts, room: room))
  }

  /// Changes what is done to single units, in a new step where the last one cannot take it any more.
  private mutating func change(last fits: (UnitStep.Parts) -> Bool, _ change: (inout UnitStep.Parts) -> Void) {
    if let parts, !fits(parts) { finish() }
    var changed = parts ?? UnitStep.Parts(stream: UInt64(2 * steps.count))
    change(&changed)
    parts = changed
  }

  private mutating func add(
    _ geometry: ConvolutionGeometry, _ form: WeightForm, _ range: Range<Int>, bias: [Float]?, _ layer: TrainableLayer
  ) throws(ModelError) {
    finish()
    let weights = learnt(form, range, bias, geometry.outputs, layer)
    let field = SampledField(geometry, spacing: room.spacing)
    if let field, steps.isEmpty {
      add(MovieConvolutionStep(geometry, field: field, weights: weights, room: room))
    } else if let field, case .lanes = layout {
      add(FeatureConvolutionStep(geometry, field: field, weights: weights, room: room))
    } else if room.spacing > 1 {
      throw notSampled(layer)
    } else {
      add(.convolution(geometry, weights), Shape(geometry.outputs, geometry.outputHeight, geometry.outputWidth))
    }
  }

  private mutating func addDense(
    _ form: WeightForm, _ range: Range<Int>, bias: [Float]?, outputs: Int, _ layer: TrainableLayer
  ) {
    finish()
    startWithWindows()
    add(DenseStep(layout, outputs: outputs, weights: learnt(form, range, bias, outputs, layer), room: room))
    shape = Shape(outputs)
  }

  private mutating func learnt(
    _ form: WeightForm, _ range: Range<Int>, _ bias: [Float]?, _ outputs: Int, _ layer: TrainableLayer
  ) -> LayerWeights {
    let isReadout = list.groups.last?.isReadout ?? false
    let biasRange = bias.map { list.add("\(layer.name).bias", [$0.count], .bias, $0, isReadout: isReadout) }
    return LayerWeights(form, at: range, bias: biasRange, outputs: outputs, room: room)
  }

  private mutating func add(_ kind: PlainStep.Kind, _ output: Shape) {
    finish()
    startWithWindows()
    let target: FeatureLayout =
      output.rank == 3
      ? .lanes(channels: output[0], height: output[1], width: output[2]) : .plain(count: output.count)
    add(PlainStep(kind, input: layout, output: target, room: room))
  }

  private mutating func add(_ step: any NetworkStep) {
    steps.append(step)
    clipLengths.append(room.clipLength)
    layout = step.output
  }

  /// A first step that is not a convolution works on whole windows.
  private mutating func startWithWindows() {
    if steps.isEmpty { add(WindowStep(shape)) }
  }
}

extension Activation {
  /// The function, where it has no parameters.
  var kind: ActivationKind? {
    switch self {
    case .relu: return .relu
    case .softplus: return .softplus
    case .sigmoid: return .sigmoid
    case .tanh: return .tanh
    case .elu(let alpha): return .elu(alpha: alpha)
    case .exp: return .exponential
    case .parametricSoftplus: return nil
    }
  }
}

extension TrainableLayer.Kind {
  /// Whether the layer can do with some of the positions of feature maps; `isCells` says that it works on the cells' drives.
  fileprivate func canBeSampled(isCells: Bool) -> Bool {
    switch self {
    case .gaussianReadout, .dropout, .layer(.convolution), .layer(.convolutionStack),
      .layer(.separableConvolution), .layer(.gaussianNoise):
      return true
    case .layer(.batchNormalization(let normalization)): return isCells || normalization.axis == .channel
    case .layer(.activation(let activation)): return isCells || activation.kind != nil
    case .factorizedReadout, .delays, .layer: return false
    }
  }

  /// The same layer with other parameters, taken group by group in the order in which ``NetworkCompiler`` lists them.
  func replacingParameters(_ next: () -> [Float], normalization: LearntNormalization?) -> TrainableLayer.Kind {
    func tensor(_ old: Tensor) -> Tensor { Tensor(shape: old.shape, values: next()) ?? old }
    switch self {
    case .layer(.convolution(var convolution)):
      convolution.weight = tensor(convolution.weight)
      if convolution.bias != nil { convolution.bias = next() }
      return .layer(.convolution(convolution))
    case .layer(.convolutionStack(var stack)):
      stack.weights = stack.weights.map(tensor)
      if stack.bias != nil { stack.bias = next() }
      return .layer(.convolutionStack(stack))
    case .layer(.separableConvolution(var convolution)):
      convolution.temporal = tensor(convolution.temporal)
      convolution.spatial = tensor(convolution.spatial)
      if convolution.bias != nil { convolution.bias = next() }
      return .layer(.separableConvolution(convolution))
    case .layer(.dense(var dense)):
      dense.weight = tensor(dense.weight)
      if dense.bias != nil { dense.bias = next() }
      return .layer(.dense(dense))
    case .layer(.batchNormalization(var batch)):
      (batch.scale, batch.shift) = (next(), next())
      if let normalization { (batch.mean, batch.variance) = (normalization.runningMean, normalization.runningVariance) }
      return .layer(.batchNormalization(batch))
    case .layer(.activation(.parametricSoftplus)):
      return .layer(.activation(.parametricSoftplus(alpha: next(), beta: next())))
    case .gaussianReadout(var readout):
      (readout.centres, readout.logSigmas) = (next(), next())
      (readout.features, readout.bias) = (next(), next())
      return .gaussianReadout(readout)
    case .factorizedReadout(var readout):
      (readout.masks, readout.features) = (next(), next())
      readout.bias = next()
      return .factorizedReadout(readout)
    case .layer, .delays, .dropout: return self
    }
  }
}
