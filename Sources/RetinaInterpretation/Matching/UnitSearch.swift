import RetinaEngine
import RetinaModel

/// The search of a model's interior for the units most like some traces.
///
/// Every unit is compared with every trace at every circular shift in time. Small shifts, the lags, are what is looked for; all
/// others are the null: the same search on a recording that fits the stimulus no longer (see ``MatchResults``).
struct UnitSearch {
  /// A layer with its place in the list of all units.
  struct Layer {
    var name: String
    var channels, height, width: Int
    var firstUnit: Int

    var units: Int { channels * height * width }
  }

  /// What was found for one trace.
  struct Found {
    /// The largest correlation of each unit over lags and shifts of the stimulus, and where.
    var best: [Float]
    var lags: [Int]
    var shifts: [Int]
    /// The largest correlation over all units and shifts of the stimulus, at each circular shift in time.
    var atShift: [Float]
    /// The unit that fits one half of the frames best, and how it does in the other half.
    var halves: [HalfChoice]
  }

  /// A choice made in one half of the frames.
  struct HalfChoice {
    var chosen: Float = -.infinity
    var other: Float = 0

    mutating func consider(_ chosen: Float, _ other: Float) {
      if chosen > self.chosen { (self.chosen, self.other) = (chosen, other) }
    }
  }

  let layers: [Layer]
  let lags: Int
  let frames: Int
  private let correlator: ShiftCorrelator
  private let partners: [[(real: Float, imaginary: Float)]]
  private let halves: [HalfTraces]
  private(set) var found: [Found]

  /// Prepares a search for traces of equal length, which begins with the first whole window.
  init(_ traces: [[Float]], layers: [Layer], lags: Int) {
    self.layers = layers
    self.lags = lags
    frames = traces[0].count
    correlator = ShiftCorrelator(length: frames)
    partners = traces.map { [correlator] in correlator.partner(standardized($0)) }
    let middle = traces[0].count / 2
    let ranges = [lags..<middle, middle + lags..<traces[0].count - lags]
    halves = ranges.map { range in HalfTraces(range: range, traces: traces.map { standardized(Array($0[range])) }) }
    let units = layers.reduce(0) { $0 + $1.units }
    let nothing = Found(
      best: [Float](repeating: -1, count: units), lags: [Int](repeating: 0, count: units),
      shifts: [Int](repeating: 0, count: units), atShift: [Float](repeating: -1, count: traces[0].count),
      halves: [HalfChoice](repeating: HalfChoice(), count: 2))
    found = [Found](repeating: nothing, count: traces.count)
  }

  /// Traces of the frames of one half, of mean 0 and length 1.
  private struct HalfTraces {
    var range: Range<Int>
    var traces: [[Float]]
  }

  /// Compares all units of a layer, `[frame, unit]`.
  mutating func add(_ values: Tensor, layer: Layer, shift: Int, threads: Int) {
    let tiles = (layer.units + ShiftCorrelator.width - 1) / ShiftCorrelator.width
    let parts = max(1, min(threads, tiles))
    let results = PartResults(count: parts)
    let search = self
    Parallel.split(parts, threads: parts) { range in
      for part in range {
        results[part] = search.tiles(part * tiles / parts..<(part + 1) * tiles / parts, of: values, layer, shift)
      }
    }
    for part in results.values {
      for (trace, own) in part.enumerated() {
        for (place, unit) in own.units.enumerated() where own.best[place] > found[trace].best[unit] {
          found[trace].best[unit] = own.best[place]
          found[trace].lags[unit] = own.lags[place]
          found[trace].shifts[unit] = shift
        }
        for index in 0..<frames { found[trace].atShift[index] = max(found[trace].atShift[index], own.atShift[index]) }
        for half in 0..<2 { found[trace].halves[half].consider(own.halves[half].chosen, own.halves[half].other) }
      }
    }
  }

  /// What one thread found for one trace.
  private struct PartFound {
    var units: Range<Int>
    var best: [Float]
    var lags: [Int]
    var atShift: [Float]
    var halves = [HalfChoice](repeating: HalfChoice(), count: 2)
  }

  /// A place for the results of each thread.
  private final class PartResults: @unchecked Sendable {
    private(set) var values: [[PartFound]]

    init(count: Int) { values = [[PartFound]](repeating: [], count: count) }

    subscript(part: Int) -> [PartFound] {
      get { values[part] }
      set { values.withUnsafeMutableBufferPointer { $0[part] = newValue } }
    }
  }

  private func tiles(_ tiles: Range<Int>, of values: Tensor, _ layer: Layer, _ shift: Int) -> [PartFound] {
    let width = ShiftCorrelator.width
    let units = tiles.lowerBound * width..<min(tiles.upperBound * width, layer.units)
    let empty = PartFound(
      units: layer.firstUnit + units.lowerBound..<layer.firstUnit + units.upperBound,
      best: [Float](repeating: -1, count: units.count), lags: [Int](repeating: 0, count: units.count),
      atShift: [Float](repeating: -1, count: frames))
    var found = [PartFound](repeating: empty, count: partners.count)
    var (spectrum, room) = (correlator.room(), correlator.room())
    for tile in tiles {
      let first = tile * width
      let traces = TileTraces(values, first: first, units: layer.units)
      correlator.transform({ traces.frames[$0] }, into: &spectrum)
      for trace in partners.indices {
        correlate(spectrum, trace, first - units.lowerBound, &found[trace], &room)
        for half in 0..<2 { chooseHalf(half, trace, traces, &found[trace].halves[half]) }
      }
    }
    return found
  }

  private func correlate(
    _ spectrum: ShiftCorrelator.Spectrum, _ trace: Int, _ first: Int, _ found: inout PartFound,
    _ room: inout ShiftCorrelator.Spectrum
  ) {
    let count = min(ShiftCorrelator.width, found.units.count - first)
    correlator.correlate(spectrum, with: partners[trace], room: &room) { shift, low, high in
      found.atShift[shift] = max(found.atShift[shift], low.max(), high.max())
      let lag = shift <= lags ? shift : shift - frames
      guard lag >= -lags else { return }
      for lane in 0..<count {
        let value = lane < 8 ? low[lane] : high[lane - 8]
        if value > found.best[first + lane] { (found.best[first + lane], found.lags[first + lane]) = (value, lag) }
      }
    }
  }

  /// Correlations within both halves at every lag; the best in the one, with its value in the other.
  private func chooseHalf(_ half: Int, _ trace: Int, _ traces: TileTraces, _ choice: inout HalfChoice) {
    for lag in -lags...lags {
      let own = traces.correlation(halves[half].traces[trace], range: halves[half].range, lag: lag)
      let best = (0..<ShiftCorrelator.width).max { own[$0] < own[$1] } ?? 0
      guard own[best] > choice.chosen else { continue }
      let other = traces.correlation(halves[1 - half].traces[trace], range: halves[1 - half].range, lag: lag)
      choice.consider(own[best], other[best])
    }
  }
}

/// Sixteen neighbouring units over all frames, of mean 0 and length 1; constant ones, and those past the end, are 0.
private struct TileTraces {
  typealias Lanes = ShiftCorrelator.Lanes

  private(set) var frames: [(Lanes, Lanes)]

  init(_ values: Tensor, first: Int, units: Int) {
    let count = values.shape[0]
    frames = (0..<count).map { frame in
      var (low, high) = (Lanes.zero, Lanes.zero)
      let start = frame * units + first
      for lane in 0..<min(8, units - first) { low[lane] = values.values[start + lane] }
      for lane in 8..<max(8, min(16, units - first)) { high[lane - 8] = values.values[start + lane] }
      return (low, high)
    }
    let total = frames.reduce((Lanes.zero, Lanes.zero)) { ($0.0 + $1.0, $0.1 + $1.1) }
    let mean = (total.0 / Float(count), total.1 / Float(count))
    var (lowSquares, highSquares) = (Lanes.zero, Lanes.zero)
    for index in frames.indices {
      frames[index].0 -= mean.0
      frames[index].1 -= mean.1
      lowSquares += frames[index].0 * frames[index].0
      highSquares += frames[index].1 * frames[index].1
    }
    let scale = (
      TileTraces.inverseLength(lowSquares, mean.0, count), TileTraces.inverseLength(highSquares, mean.1, count)
    )
    for index in frames.indices {
      frames[index].0 *= scale.0
      frames[index].1 *= scale.1
    }
  }

  /// One over the length; 0 where there is nothing but rounding.
  private static func inverseLength(_ squares: Lanes, _ mean: Lanes, _ count: Int) -> Lanes {
    let floor = mean * mean * Float(count) * 1e-10
    return Lanes.zero.replacing(with: 1 / squares.squareRoot(), where: squares .> floor + Float.leastNormalMagnitude)
  }

  /// Pearson's correlations with a trace of mean 0 and length 1 that lies in a range of the frames, `lag` frames later.
  func correlation(_ trace: [Float], range: Range<Int>, lag: Int) -> [Float] {
    var (products, sums, squares) = ((Lanes.zero, Lanes.zero), (Lanes.zero, Lanes.zero), (Lanes.zero, Lanes.zero))
    for (place, frame) in range.enumerated() {
      let (low, high) = frames[frame - lag]
      let value = trace[place]
      products.0 += low * value
      products.1 += high * value
      sums.0 += low
      sums.1 += high
      squares.0 += low * low
      squares.1 += high * high
    }
    let count = Float(range.count)
    func finish(_ product: Lanes, _ sum: Lanes, _ square: Lanes) -> Lanes {
      let variance = square - sum * sum / count
      return Lanes.zero.replacing(with: product / variance.squareRoot(), where: variance .> square * 1e-6)
    }
    let (low, high) = (finish(products.0, sums.0, squares.0), finish(products.1, sums.1, squares.1))
    return (0..<8).map { low[$0] } + (0..<8).map { high[$0] }
  }
}

/// A trace of mean 0 and length 1; zeros when it is constant.
func standardized(_ trace: [Float]) -> [Float] {
  let mean = trace.reduce(0.0) { $0 + Double($1) } / Double(max(1, trace.count))
  let length = trace.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }.squareRoot()
  return trace.map { length > 0 ? Float((Double($0) - mean) / length) : 0 }
}
