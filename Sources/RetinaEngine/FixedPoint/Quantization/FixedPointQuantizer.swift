import RetinaKernels
import RetinaModel

/// A model that cannot be put into integers: the layer, what it would need, and what it has.
public struct QuantizationError: Error, Equatable, Sendable {
  /// Name of the layer.
  public var layer: String
  /// What would have been right.
  public var expected: String
  /// What was there instead.
  public var found: String
}

/// How a model is put into integers.
public struct QuantizationOptions: Sendable {
  /// The width of the values between layers.
  ///
  /// With 8 bits, the last step and the inputs of tables still have 16: rates of cells differ too much in size for 8.
  public var precision: FixedPointType
  /// How ranges are chosen.
  public var method: CalibrationMethod
  /// Whether the mean error that rounded weights make is taken off the biases (Nagel, van Baalen, Blankevoort, Welling 2019).
  public var correctsBias: Bool
  /// The width of the weights of the first convolution, which sees the whole history; the others have 8 bits.
  public var firstWeights: FixedPointType
  /// Places of values that have 8 bits though the precision is 16: 0 is the input, then one for every step, see ``PrecisionSearch``.
  public var narrow: Set<Int> = []

  /// Creates options; 16-bit values come with 16-bit weights of the first convolution.
  public init(
    precision: FixedPointType, method: CalibrationMethod = .minimumMaximum, correctsBias: Bool = true,
    firstWeights: FixedPointType? = nil
  ) {
    self.precision = precision
    self.method = method
    self.correctsBias = correctsBias
    self.firstWeights = firstWeights ?? precision
  }
}

/// Puts a model into integers: ranges from a calibration, weights to the nearest, everything else from these.
public struct FixedPointQuantizer {
  private let folded: FoldedModel
  private let calibration: Calibration
  private let options: QuantizationOptions
  private let parts: [Part]

  /// Layers that become one step: an operation, a relu that only clamps its output, and layers that change no value.
  private struct Part {
    /// The layer that is computed, and the last one that changes a value: itself or a relu.
    var layer, end: Int
    var names: [String]
    var shape: Shape

    /// Whether its output is a linear function of its input.
    func isLinear(in model: Model) -> Bool { layer == end && model.layers[layer].operation.isLinear }
  }

  /// Quantises a folded model whose layers were looked at on calibration inputs.
  public init(_ folded: FoldedModel, _ calibration: Calibration, _ options: QuantizationOptions) {
    self.folded = folded
    self.calibration = calibration
    self.options = options
    parts = FixedPointQuantizer.parts(of: folded)
  }

  private static func parts(of folded: FoldedModel) -> [Part] {
    let model = folded.model
    var parts: [Part] = []
    var index = 0
    while index < model.layers.count {
      let operation = model.layers[index].operation
      guard !operation.isIdentity else {
        // What comes before the first step has the values of the input, which no step gives.
        if let last = parts.indices.last { parts[last].names += folded.names[index] }
        index += 1
        continue
      }
      var part = Part(layer: index, end: index, names: folded.names[index], shape: model.shapes[index])
      if operation.isLinear {
        var next = index + 1
        while next < model.layers.count, model.layers[next].operation.isIdentity { next += 1 }
        if next < model.layers.count, case .activation(.relu) = model.layers[next].operation {
          part = Part(layer: index, end: next, names: folded.names[next], shape: model.shapes[next])
        }
      }
      parts.append(part)
      index = part.end + 1
    }
    return parts
  }

  /// The model in integers.
  ///
  /// - Parameter golden: an input, before normalisation, that the image keeps to check itself.
  /// - Throws: ``QuantizationError`` for a model with no layer that computes, and for numbers that no integers can stand for.
  public func model(golden: UnsafePointer<Float>) throws(QuantizationError) -> FixedPointModel {
    let model = folded.model
    guard !parts.isEmpty else {
      throw QuantizationError(layer: model.name, expected: "a layer that computes something", found: "none")
    }
    let types = self.types
    let input = quantization(calibration.input(ofLayer: 0), types[0])
    var layers: [FixedPointModel.Layer] = []
    for (index, part) in parts.enumerated() {
      layers.append(try step(part, type: types[index + 1], input: layers.last?.output ?? input))
    }
    let program = Program(model)
    let normalized = [Float](unsafeUninitializedCapacity: program.inputCount) { target, filled in
      if let start = target.baseAddress { program.normalize(golden, into: start) }
      filled = program.inputCount
    }
    return FixedPointModel(
      name: model.name, inputShape: model.inputShape, lag: model.facts.lag, frameRate: model.facts.frameRate,
      normalization: model.facts.normalization, input: input, layers: layers,
      golden: normalized.map { input.value(of: $0) })
  }

  // MARK: - Ranges

  /// The type of the input and of every part's output.
  private var types: [FixedPointType] {
    var types = (0...parts.count).map { options.narrow.contains($0) ? FixedPointType.int8 : options.precision }
    types[parts.count] = .int16
    for index in parts.indices.reversed() {
      switch folded.model.layers[parts[index].layer].operation {
      case .activation(.relu), .maximumPool, .averagePool, .readout: types[index] = types[index + 1]
      case .activation: types[index] = .int16
      // The part before is one of linear convolutions in a row: 16 bits between them cost no time, and hardly round.
      case let operation where operation.isLinear && index > 0 && parts[index - 1].isLinear(in: folded.model):
        types[index] = .int16
      default: break
      }
    }
    return types
  }

  /// The places whose values may have 8 bits or 16.
  var places: [Int] {
    var narrow = options
    narrow.narrow = Set(0...parts.count)
    let types = FixedPointQuantizer(folded, calibration, narrow).types
    return types.indices.filter { place in
      guard types[place] == .int8, place < parts.count else { return types[place] == .int8 }
      // What a relu or a pool is given has the type of what it hands on.
      switch folded.model.layers[parts[place].layer].operation {
      case .activation(.relu), .maximumPool, .averagePool, .readout: return false
      default: return true
      }
    }
  }

  /// The layers whose values lie at a place.
  func names(at place: Int) -> [String] { place == 0 ? ["(input)"] : parts[place - 1].names }

  /// 16 bits get one bit of headroom: stimuli stronger than those of the calibration are not clamped.
  private func quantization(_ range: CalibrationRange, _ type: FixedPointType) -> FixedPointQuantization {
    let chosen = range.range(options.method, type)
    guard type == .int16 else { return FixedPointQuantization(type: type, covering: chosen) }
    return FixedPointQuantization(type: type, covering: 2 * chosen.lowerBound...2 * chosen.upperBound)
  }

  // MARK: - Steps

  private func step(
    _ part: Part, type: FixedPointType, input: FixedPointQuantization
  ) throws(QuantizationError) -> FixedPointModel.Layer {
    let model = folded.model
    let inputShape = model.inputShape(ofLayer: part.layer)
    var output = input
    var minimum = type.minimum
    let operation: FixedPointModel.Operation
    switch model.layers[part.layer].operation {
    case .convolution(let layer):
      output = quantization(calibration.output(ofLayer: part.end), type)
      operation = .convolution(
        try convolution(
          part, ConvolutionGeometry(layer, input: inputShape), layer.weight.values, layer.bias, input, output))
    case .dense(let layer):
      output = quantization(calibration.output(ofLayer: part.end), type)
      // The window covers the whole input, whatever its shape.
      let (channels, height, width) = inputShape.asFeatures ?? (1, 1, inputShape.count)
      let geometry = ConvolutionGeometry(
        inputs: channels, outputs: model.shapes[part.layer].count, inputHeight: height, inputWidth: width,
        kernelHeight: height, kernelWidth: width)
      operation = .convolution(try convolution(part, geometry, layer.weight.values, layer.bias, input, output))
    case .batchNormalization(let layer):
      output = quantization(calibration.output(ofLayer: part.end), type)
      // A factor per channel is a convolution of single values in which no channel sees another.
      let (scale, shift) = layer.folded
      let geometry = ConvolutionGeometry(
        inputs: scale.count, outputs: scale.count, inputHeight: 1, inputWidth: inputShape.count / scale.count,
        kernelHeight: 1, kernelWidth: 1, groups: scale.count)
      operation = .convolution(try convolution(part, geometry, scale, shift, input, output))
    case .activation(.relu):
      let window = FixedPointWindow(
        inputHeight: 1, inputWidth: inputShape.count, outputHeight: 1, outputWidth: inputShape.count, kernelHeight: 1,
        kernelWidth: 1)
      operation = .maximumPool(window, channels: 1)
    case .activation(let activation):
      output = quantization(calibration.output(ofLayer: part.end), type)
      operation = .table(table(activation, input, output))
    case .maximumPool(let pool):
      let (window, channels) = window(pool, inputShape)
      operation = .maximumPool(window, channels: channels)
    case .averagePool(let pool):
      let (window, channels) = window(pool, inputShape)
      operation = .averagePool(window, channels: channels)
    case .readout(let readout):
      operation = .gather(
        readout.positions.map {
          Int32(truncatingIfNeeded: ($0.channel * inputShape[1] + $0.row) * inputShape[2] + $0.column)
        })
    case .divisiveNormalization:
      throw QuantizationError(
        layer: model.layers[part.layer].name,
        expected: "a layer that integers have; write a float32 image with retina convert",
        found: "divisive normalization")
    case .convolutionStack, .separableConvolution, .flatten, .reshape, .gaussianNoise:
      throw QuantizationError(
        layer: model.layers[part.layer].name, expected: "a layer of a folded model", found: "another one")
    }
    if case .activation(.relu) = model.layers[part.end].operation { minimum = output.zeroPoint }
    return FixedPointModel.Layer(
      names: part.names, operation: operation, shape: part.shape, output: output, minimum: minimum,
      maximum: output.type.maximum)
  }

  private func window(_ pool: Pool, _ input: Shape) -> (FixedPointWindow, channels: Int) {
    let geometry = PoolGeometry(pool, input: input)
    return (FixedPointWindow(geometry), geometry.channels)
  }

  /// The function at every 128th value of its input.
  private func table(
    _ activation: Activation, _ input: FixedPointQuantization, _ output: FixedPointQuantization
  ) -> [Int16] {
    (0..<FixedPointTable.count).map { index in
      let x = (Double(128 * (index - 256)) - Double(input.zeroPoint)) * Double(input.scale)
      let steps = activation.value(x) / Double(output.scale) + Double(output.zeroPoint)
      let clamped = min(max(steps, Double(output.type.minimum)), Double(output.type.maximum))
      return Int16(clamped.rounded(.toNearestOrAwayFromZero))
    }
  }

  // MARK: - Weights

  private func convolution(
    _ part: Part, _ geometry: ConvolutionGeometry, _ weight: [Float], _ bias: [Float]?,
    _ input: FixedPointQuantization, _ output: FixedPointQuantization
  ) throws(QuantizationError) -> FixedPointModel.Convolution {
    let isFirst = folded.model.layers.prefix(part.layer).allSatisfy { !$0.operation.isLinear }
    let type = isFirst ? options.firstWeights : .int8
    let perOutput = weight.count / geometry.outputs
    let inputScale = Double(input.scale)
    var (quantized, scales) = ([Int16](repeating: 0, count: weight.count), [Double]())
    var fits32 = true
    for channel in 0..<geometry.outputs {
      let range = channel * perOutput..<(channel + 1) * perOutput
      let largest = range.reduce(Float(0)) { max($0, weight[$1].magnitude) }
      // A bias much larger than the weights must still fit.
      let biasScale = Double(bias?[channel].magnitude ?? 0) / inputScale / 0x1p29
      scales.append(max(Double(largest) / Double(type.maximum), biasScale))
      if type == .int16 {
        let coarser = scaleThatFits32(range.reduce(0) { $0 + Double(weight[$1].magnitude) }, perOutput, input)
        fits32 = fits32 && coarser * FixedPointQuantizer.fewestSteps <= Double(largest)
      }
    }
    let isNarrow = type == .int16 && fits32
    for channel in 0..<geometry.outputs {
      let range = channel * perOutput..<(channel + 1) * perOutput
      if isNarrow {
        let sum = range.reduce(0) { $0 + Double(weight[$1].magnitude) }
        scales[channel] = max(scales[channel], scaleThatFits32(sum, perOutput, input))
      }
      if scales[channel] == 0 { scales[channel] = 1 }
      for index in range {
        quantized[index] = Int16((Double(weight[index]) / scales[channel]).rounded(.toNearestOrAwayFromZero))
      }
    }
    let corrections = options.correctsBias ? meanErrors(part, geometry, weight, quantized, scales) : nil
    var result = FixedPointModel.Convolution(
      geometry: FixedPointConvolutionGeometry(geometry), weight: quantized, weightType: type, bias: [],
      multipliers: [], rounding: input.type == .int8 || isNarrow ? .double : .wide)
    for channel in 0..<geometry.outputs {
      let exact = Double(bias?[channel] ?? 0) + (corrections?[channel] ?? 0)
      let steps = (exact / (inputScale * scales[channel])).rounded(.toNearestOrAwayFromZero)
      result.bias.append(Int64(min(max(steps, -0x1p30), 0x1p30)))
      if !result.fits32(channel, input) { result.rounding = .wide }
    }
    let shifts = FixedPointMultiplier.shifts(result.rounding)
    for channel in 0..<geometry.outputs {
      let factor = inputScale * scales[channel] / Double(output.scale)
      guard let multiplier = FixedPointMultiplier(factor), shifts.contains(multiplier.shift) else {
        throw QuantizationError(
          layer: part.names.last ?? folded.model.layers[part.layer].name,
          expected: "a factor from sums to outputs below 2^\(shifts.upperBound)", found: "\(factor)")
      }
      result.multipliers.append(multiplier)
    }
    return result
  }

  /// Weights of 16 bits use fewer of them where sums then fit 32 bits, which is twice as fast, as long as the largest weight still has
  /// this many steps: one more bit than a weight of 8.
  private static let fewestSteps = 254.0

  /// The finest scale of weights whose magnitudes add up to `sum` with which sums fit 32 bits, rounding included.
  private func scaleThatFits32(_ sum: Double, _ count: Int, _ input: FixedPointQuantization) -> Double {
    let largest = Double(input.largestMagnitude)
    // A quarter is left to the bias.
    let room = 0x1.8p30 / largest - Double(count) / 2
    return room > 0 ? sum / room : .infinity
  }

  /// For each output channel, how much smaller its mean is for rounded weights, from the mean of every input unit.
  private func meanErrors(
    _ part: Part, _ geometry: ConvolutionGeometry, _ weight: [Float], _ quantized: [Int16], _ scales: [Double]
  ) -> [Double] {
    let means = calibration.input(ofLayer: part.layer).means.map { Float($0) }
    let perOutput = weight.count / geometry.outputs
    let errors = weight.indices.map {
      Float(Double(weight[$0]) - Double(quantized[$0]) * scales[$0 / perOutput])
    }
    let plane = geometry.outputHeight * geometry.outputWidth
    let sums = [Float](unsafeUninitializedCapacity: geometry.outputCount) { target, filled in
      if let start = target.baseAddress {
        PlainConvolution.forward(geometry, input: means, weight: errors, bias: nil, output: start)
      }
      filled = geometry.outputCount
    }
    return (0..<geometry.outputs).map { channel in
      (channel * plane..<(channel + 1) * plane).reduce(0) { $0 + Double(sums[$1]) } / Double(plane)
    }
  }
}

extension FixedPointModel.Convolution {
  /// Whether the sums of an output channel fit 32 bits whatever the input.
  fileprivate func fits32(_ channel: Int, _ input: FixedPointQuantization) -> Bool {
    let perOutput = geometry.weightsPerOutput
    let magnitudes = weight[channel * perOutput..<(channel + 1) * perOutput].reduce(Int64(0)) {
      $0 + Int64($1.magnitude)
    }
    return magnitudes * Int64(input.largestMagnitude) + Int64(bias[channel].magnitude) < 1 << 31
  }
}

extension FixedPointConvolutionGeometry {
  /// The geometry of a float convolution.
  fileprivate init(_ geometry: ConvolutionGeometry) {
    self.init(
      window: FixedPointWindow(geometry), inputs: geometry.inputs, outputs: geometry.outputs, groups: geometry.groups)
  }
}

extension RetinaModel.Operation {
  /// Whether no value changes.
  fileprivate var isIdentity: Bool {
    switch self {
    case .flatten, .reshape, .gaussianNoise: return true
    default: return false
    }
  }

  /// Whether it becomes a convolution in fixed point, whose output can be clamped.
  fileprivate var isLinear: Bool {
    switch self {
    case .convolution, .dense, .batchNormalization: return true
    default: return false
    }
  }
}

extension Activation {
  /// The function in float64; a parametric softplus has been folded away.
  fileprivate func value(_ x: Double) -> Double {
    switch self {
    case .relu: return max(x, 0)
    case .softplus, .parametricSoftplus: return ElementaryDouble.softplus(x)
    case .sigmoid: return ElementaryDouble.sigmoid(x)
    case .tanh: return 2 * ElementaryDouble.sigmoid(2 * x) - 1
    case .elu(let alpha): return x > 0 ? x : Double(alpha) * (ElementaryDouble.exp(x) - 1)
    case .exp: return ElementaryDouble.exp(x)
    }
  }
}
