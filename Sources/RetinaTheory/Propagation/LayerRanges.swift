import RetinaEngine
import RetinaModel
import RetinaStimuli

/// The spread of each layer's values, predicted from the weights alone and measured on stimuli, and what fixed point
/// needs for it.
///
/// The prediction is that of ``PredictedRanges`` for the mean and the variance that the input has.
public struct LayerRanges: Sendable {
  /// One layer.
  public struct Layer: Sendable {
    /// The name.
    public var name: String
    /// Root mean square of the values, measured.
    public var measured: Double
    /// Largest magnitude, measured.
    public var peak: Double
    /// Root mean square, predicted.
    public var predicted: Double
    /// The largest magnitude within the predicted range.
    public var predictedPeak: Double
    /// The factor on the squared norm of gradients through the layer, measured with random directions.
    public var gradientGain: Double
    /// How alike the layer makes two stimuli: the mean cosine of pairs of responses; nothing for a layer that is silent for one.
    public var similarity: Double?
    /// Bits before the point, with the sign, that hold what was measured; 0 for values below 0.5 and so on down.
    public var integerBits: Int { LayerRanges.integerBits(peak) }
    /// Bits before the point that the prediction asks for.
    public var predictedIntegerBits: Int { LayerRanges.integerBits(predictedPeak) }
    /// Units that had the same value for all stimuli.
    public var deadUnits: Int
  }

  /// The input, predicted exactly since it is given, and every layer.
  public let layers: [Layer]

  /// Bits before the binary point, with the sign, for values up to a magnitude; below 1 for small ones.
  public static func integerBits(_ peak: Double) -> Int {
    guard peak > 0, peak.isFinite else { return 1 }
    // 0.9 needs the sign alone, 1 one bit more.
    return Int(peak.exponent) + 2
  }

  /// Predicts and measures.
  ///
  /// - Parameter inputs: `[n, input shape]` before normalisation.
  /// - Throws: ``TheoryError`` for fewer than 2 inputs, or values that overflow.
  public init(_ model: Model, inputs: Tensor, directions: Int = 4, seed: UInt64 = 1) throws(TheoryError) {
    guard inputs.shape.rank > 0, inputs.shape[0] >= 2,
      inputs.shape.dimensions.dropFirst().elementsEqual(model.inputShape.dimensions)
    else {
      throw TheoryError("ranges", expected: "at least 2 inputs [n, \(model.inputShape)]", found: "\(inputs.shape)")
    }
    let measured = try MeasuredRanges(model, inputs: inputs, directions: directions, seed: seed)
    let predicted = PredictedRanges(model, inputMean: measured.input.mean, inputVariance: measured.input.variance)
    layers = model.layers.indices.map { place in
      Layer(
        name: model.layers[place].name, measured: measured.sizes[place], peak: measured.peaks[place],
        predicted: predicted.layers[place].rootMeanSquare, predictedPeak: predicted.layers[place].peak,
        gradientGain: measured.gains[place], similarity: measured.similarities[place],
        deadUnits: measured.dead[place])
    }
  }
}

/// What a model's layers do for some inputs.
private struct MeasuredRanges {
  var sizes, peaks, gains: [Double]
  var dead: [Int]
  var similarities: [Double?]
  var input: (mean: Double, variance: Double)

  init(_ model: Model, inputs: Tensor, directions: Int, seed: UInt64) throws(TheoryError) {
    let program = Program(model)
    let plan = MemoryPlan(program) { _ in true }
    let (values, gradients) = (Workspace(plan), Workspace(plan))
    var generator = SeededGenerator(seed: seed)
    let layers = model.layers.indices
    var (squares, powers) = (layers.map { _ in 0.0 }, layers.map { _ in (before: 0.0, after: 0.0) })
    var first = layers.map { _ in [Float]() }
    var moved = layers.map { [Bool](repeating: false, count: model.shapes[$0].count) }
    peaks = layers.map { _ in 0.0 }
    // The squared sum of unit vectors is their number and the cosines of all pairs.
    var directionSums = layers.map { [Double](repeating: 0, count: model.shapes[$0].count) }
    var isSilent = layers.map { _ in false }
    var (sum, square) = (0.0, 0.0)
    for index in 0..<inputs.shape[0] {
      let input = Array(inputs.values[index * program.inputCount..<(index + 1) * program.inputCount])
      input.withUnsafeBufferPointer { program.normalize($0.baseAddress!, into: values[0]) }
      for place in 0..<program.inputCount {
        sum += Double(values[0][place])
        square += Double(values[0][place]) * Double(values[0][place])
      }
      program.run(values)
      for layer in layers {
        let (boundary, count) = (program.layerBoundaries[layer], model.shapes[layer].count)
        let row = values[boundary]
        if index == 0 { first[layer] = Array(UnsafeBufferPointer(start: row, count: count)) }
        let length = (0..<count).reduce(0.0) { $0 + Double(row[$1]) * Double(row[$1]) }.squareRoot()
        if length == 0 { isSilent[layer] = true }
        squares[layer] += length * length
        for place in 0..<count {
          let value = Double(row[place])
          if length > 0 { directionSums[layer][place] += value / length }
          peaks[layer] = max(peaks[layer], value.magnitude)
          if row[place] != first[layer][place] { moved[layer][place] = true }
        }
      }
      guard index < 8 else { continue }
      for layer in layers {
        let (start, end) = (program.boundary(layer: layer, side: .input), program.layerBoundaries[layer])
        guard end > start else { continue }
        for _ in 0..<directions {
          for place in 0..<program.boundaryCounts[end] { gradients[end][place] = Float(generator.normal()) }
          program.pullBack(gradients, at: values, from: end, to: start)
          for place in 0..<program.boundaryCounts[end] {
            powers[layer].after += Double(gradients[end][place]) * Double(gradients[end][place])
          }
          for place in 0..<program.boundaryCounts[start] {
            powers[layer].before += Double(gradients[start][place]) * Double(gradients[start][place])
          }
        }
      }
    }
    let count = Double(inputs.shape[0])
    guard squares.allSatisfy(\.isFinite), square.isFinite else {
      throw TheoryError("ranges", expected: "stimuli that give finite values", found: "values that overflow")
    }
    sizes = layers.map { (squares[$0] / (count * Double(model.shapes[$0].count))).squareRoot() }
    gains = powers.map { $0.after > 0 ? $0.before / $0.after : 1 }
    dead = moved.map { $0.count { !$0 } }
    similarities = layers.map { isSilent[$0] ? nil : (squaredNorm(directionSums[$0]) - count) / (count * (count - 1)) }
    let total = count * Double(program.inputCount)
    let mean = sum / total
    input = (mean, max(0, square / total - mean * mean))
  }
}
