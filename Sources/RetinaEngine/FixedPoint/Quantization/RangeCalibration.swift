import RetinaKernels
import RetinaModel

/// How the range of an array is chosen from what it holds on the calibration inputs.
public enum CalibrationMethod: Sendable, CaseIterable {
  /// All of it.
  case minimumMaximum
  /// All but one value in 100,000.
  case percentile
  /// The range with the smallest mean squared error of rounding and clamping.
  case meanSquaredError
  /// The range whose distribution over 128 steps tells least apart from the full one, by the Kullback-Leibler divergence (Migacz 2017).
  case entropy

  /// The name on the command line.
  public var name: String {
    switch self {
    case .minimumMaximum: return "min-max"
    case .percentile: return "percentile"
    case .meanSquaredError: return "mse"
    case .entropy: return "entropy"
    }
  }
}

/// What the values of one array are like on the calibration inputs.
public struct CalibrationRange: Sendable {
  /// The smallest value, at most zero.
  public private(set) var minimum: Float = 0
  /// The largest value, at least zero.
  public private(set) var maximum: Float = 0
  /// The mean of each unit.
  public private(set) var means: [Double]
  /// How many values fell into each of equal parts between the smallest and the largest.
  public private(set) var histogram = [Int](repeating: 0, count: 2048)
  /// Whether no value was infinite or not a number.
  public private(set) var isFinite = true
  private var inputs = 0

  init(count: Int) { means = [Double](repeating: 0, count: count) }

  /// A range that was predicted: nothing is known of means and of what lies inside.
  init(count: Int, predicted: ClosedRange<Float>) {
    self.init(count: count)
    minimum = min(0, predicted.lowerBound)
    maximum = max(0, predicted.upperBound)
    isFinite = predicted.lowerBound.isFinite && predicted.upperBound.isFinite
  }

  /// The first look: range and means.
  mutating func addExtremes(_ values: UnsafePointer<Float>) {
    inputs += 1
    for index in means.indices {
      guard values[index].isFinite else {
        isFinite = false
        return
      }
      minimum = min(minimum, values[index])
      maximum = max(maximum, values[index])
      means[index] += (Double(values[index]) - means[index]) / Double(inputs)
    }
  }

  /// The second look: how values are spread over the range.
  mutating func addHistogram(_ values: UnsafePointer<Float>) {
    let bins = histogram.count
    let scale = Float(bins) / (maximum - minimum)
    guard isFinite, scale.isNormal else { return }
    for index in means.indices { histogram[min(bins - 1, max(0, Int((values[index] - minimum) * scale)))] += 1 }
  }

  /// The range that a method chooses for values of a type.
  public func range(_ method: CalibrationMethod, _ type: FixedPointType) -> ClosedRange<Float> {
    let whole = minimum...maximum
    guard maximum > minimum, histogram.contains(where: { $0 > 0 }) else { return whole }
    switch method {
    case .minimumMaximum: return whole
    case .percentile:
      let (total, spare) = (histogram.reduce(0, +), histogram.reduce(0, +) / 200_000)
      func bins(_ order: [Int]) -> Int {
        var (seen, bin) = (0, 0)
        while bin < order.count - 1, seen + order[bin] <= min(spare, total) {
          seen += order[bin]
          bin += 1
        }
        return bin
      }
      return part(bins(histogram), histogram.count - bins(histogram.reversed()))
    case .meanSquaredError: return best { error(of: $0, type) }
    case .entropy: return type == .int16 ? whole : best { divergence(of: $0) }
    }
  }

  /// The range that bins from `first` up to `end` cover, zero included.
  private func part(_ first: Int, _ end: Int) -> ClosedRange<Float> {
    let step = (maximum - minimum) / Float(histogram.count)
    return min(0, minimum + Float(first) * step)...max(0, minimum + Float(end) * step)
  }

  /// The shrunken range with the smallest loss: both ends move towards zero in step.
  private func best(_ loss: (ClosedRange<Float>) -> Double) -> ClosedRange<Float> {
    var (chosen, smallest) = (minimum...maximum, Double.infinity)
    for percent in 10...100 {
      let range = minimum * Float(percent) / 100...maximum * Float(percent) / 100
      let value = loss(range)
      if value <= smallest { (chosen, smallest) = (range, value) }
    }
    return chosen
  }

  /// The middle of a bin.
  private func middle(_ bin: Int) -> Double {
    Double(minimum) + (Double(bin) + 0.5) * Double(maximum - minimum) / Double(histogram.count)
  }

  /// The mean squared error: a twelfth of a squared step inside, the distance to the end outside.
  private func error(of range: ClosedRange<Float>, _ type: FixedPointType) -> Double {
    let step = Double(FixedPointQuantization(type: type, covering: range).scale)
    var sum = 0.0
    for bin in histogram.indices where histogram[bin] > 0 {
      let value = middle(bin)
      let outside = max(Double(range.lowerBound) - value, value - Double(range.upperBound), 0)
      sum += Double(histogram[bin]) * (outside > 0 ? outside * outside : step * step / 12)
    }
    return sum
  }

  /// The Kullback-Leibler divergence of the clamped distribution from its image on 128 steps.
  private func divergence(of range: ClosedRange<Float>) -> Double {
    let levels = 128
    let width = Double(range.upperBound - range.lowerBound)
    guard width > 0 else { return .infinity }
    var clamped = [Double](repeating: 0, count: histogram.count)
    var (mass, filled) = ([Double](repeating: 0, count: levels), [Int](repeating: 0, count: levels))
    var (places, level) = ([Int](repeating: 0, count: histogram.count), [Int](repeating: 0, count: histogram.count))
    for bin in histogram.indices {
      let inside = min(max(middle(bin), Double(range.lowerBound)), Double(range.upperBound))
      let place = (inside - Double(minimum)) / Double(maximum - minimum) * Double(histogram.count)
      places[bin] = min(histogram.count - 1, max(0, Int(place)))
      level[bin] = min(levels - 1, max(0, Int((inside - Double(range.lowerBound)) / width * Double(levels))))
      clamped[places[bin]] += Double(histogram[bin])
      // What is clamped is in the distribution, but not in its image: cutting costs something.
      if places[bin] == bin { mass[level[bin]] += Double(histogram[bin]) }
    }
    for bin in histogram.indices where places[bin] == bin && clamped[bin] > 0 { filled[level[bin]] += 1 }
    let (total, kept) = (clamped.reduce(0, +), mass.reduce(0, +))
    guard kept > 0 else { return .infinity }
    var sum = 0.0
    for bin in histogram.indices where clamped[bin] > 0 {
      // A little of everything everywhere, so that a lone outlier does not cost infinity.
      let image = 0.9999 * mass[level[bin]] / Double(max(1, filled[level[bin]])) / kept + 1e-4 / Double(histogram.count)
      sum += clamped[bin] / total * logarithm(clamped[bin] / total / image)
    }
    return sum
  }

  /// The natural logarithm: m * 2^n with m in [1, 2), and 2 atanh((m - 1) / (m + 1)) by its series.
  private func logarithm(_ x: Double) -> Double {
    let s = (x.significand - 1) / (x.significand + 1)
    var sum = 0.0
    for term in stride(from: 41, through: 1, by: -2) { sum = sum * s * s + 1 / Double(term) }
    return 2 * s * sum + Double(x.exponent) * 0.6931471805599453
  }
}

/// What every array of a model is like on the calibration inputs.
public struct Calibration: Sendable {
  /// The model that was looked at.
  public let model: Model
  /// One entry for the normalised input, and one for every layer.
  public let ranges: [CalibrationRange]

  /// Runs a model on inputs twice: for the ranges, then for the histograms.
  public init(_ model: Model, _ inputs: InputSequence) {
    let program = Program(model)
    let values = Workspace(MemoryPlan(program) { _ in true })
    let boundaries = [0] + program.layerBoundaries
    var ranges = boundaries.map { CalibrationRange(count: program.boundaryCounts[$0]) }
    for look in 0..<2 {
      for index in 0..<inputs.count {
        inputs.withInput(index) { program.normalize($0, into: values[0]) }
        program.run(values)
        for (place, boundary) in boundaries.enumerated() {
          if look == 0 {
            ranges[place].addExtremes(values[boundary])
          } else {
            ranges[place].addHistogram(values[boundary])
          }
        }
      }
    }
    self.model = model
    self.ranges = ranges
  }

  /// Takes ranges that were predicted, for the normalised input and for every layer; biases are then left as they are.
  public init(_ model: Model, predicted: [ClosedRange<Float>]) {
    self.model = model
    let counts = [model.inputShape.count] + model.shapes.map { $0.count }
    ranges = zip(counts, predicted).map { CalibrationRange(count: $0, predicted: $1) }
  }

  /// Whether no value of any layer overflowed.
  public var isFinite: Bool { ranges.allSatisfy { $0.isFinite } }

  /// The entry of what goes into a layer.
  func input(ofLayer layer: Int) -> CalibrationRange { ranges[layer] }

  /// The entry of what comes out of a layer.
  func output(ofLayer layer: Int) -> CalibrationRange { ranges[layer + 1] }
}
