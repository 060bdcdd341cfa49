import RetinaKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The linear-nonlinear model of one cell: a space-time filter that is a product of one time course and one map, then a
/// nonlinearity.
///
/// The filter is the spike-triggered average, cut out around the receptive field and reduced to rank 1; for white stimuli
/// the average is the filter (Chichilnisky, "A simple white noise analysis of neuronal light responses", Network 2001).
public struct LinearNonlinear: Sendable {
  /// What turns the filtered stimulus into a rate.
  public enum Nonlinearity: Sendable, Equatable {
    /// The mean response in bins that hold equally many training frames; `edges` lie between the bins.
    case histogram(edges: [Float], rates: [Float])
    /// gain x log(1 + e^(slope x drive + offset)), fitted by Poisson likelihood.
    case softplus(gain: Double, slope: Double, offset: Double)
  }

  /// Which nonlinearity is fitted.
  public enum Form: String, Sendable, CaseIterable {
    case histogram, softplus
  }

  /// Where the filter lies.
  public let cutOut: CutOut
  /// Lags of the time course.
  public let lags: Range<Int>
  /// The time course, smallest lag first.
  public let temporal: [Float]
  /// The map `[row, column]`, of length 1.
  public let spatial: [Float]
  /// The nonlinearity.
  public let nonlinearity: Nonlinearity

  /// Bins of the histogram.
  static let bins = 30

  /// Fits one cell on some frames.
  public init(
    _ set: TrainingSet, cell: Int, cutOut: CutOut, lags: Range<Int>, frames: [Range<Int>], form: Form = .histogram
  ) {
    let average = SpikeTriggeredAverage(of: set, cell: cell, lags: lags, cutOut: cutOut, frames: frames)
    let separated = RankOne(average.scores, rows: lags.count)
    self.cutOut = cutOut
    self.lags = lags
    temporal = separated.left
    spatial = separated.right
    let drive = LinearNonlinear.drive(set.stimulus, set, cutOut, lags, temporal, spatial)
    var pairs: [(drive: Float, response: Float)] = []
    for frame in frames.joined() where !set.responses[frame * set.cellCount + cell].isNaN {
      pairs.append((drive[frame], set.responses[frame * set.cellCount + cell]))
    }
    nonlinearity = form == .histogram ? LinearNonlinear.histogram(pairs) : LinearNonlinear.softplus(pairs)
  }

  /// Rates `[frame]` in spikes per bin for a stimulus `[frame, height, width]` normalised as that of the set.
  ///
  /// Frames before the first count as the mean stimulus.
  public func rates(_ stimulus: [Float], of set: TrainingSet) -> [Float] {
    let drive = LinearNonlinear.drive(stimulus, set, cutOut, lags, temporal, spatial)
    switch nonlinearity {
    case .histogram(let edges, let rates): return drive.map { rates[bin(of: $0, edges)] }
    case .softplus(let gain, let slope, let offset):
      return drive.map { Float(gain * ElementaryDouble.softplus(slope * Double($0) + offset)) }
    }
  }

  /// The filtered stimulus `[frame]`.
  private static func drive(
    _ stimulus: [Float], _ set: TrainingSet, _ cutOut: CutOut, _ lags: Range<Int>, _ temporal: [Float],
    _ spatial: [Float]
  ) -> [Float] {
    let frames = stimulus.count / (set.height * set.width)
    let course = project(stimulus, set.height, set.width, cutOut, spatial)
    return (0..<frames).map { frame in
      var sum: Float = 0
      for (index, lag) in lags.enumerated() where (0..<frames).contains(frame - lag) {
        sum += temporal[index] * course[frame - lag]
      }
      return sum
    }
  }

  private static func histogram(_ pairs: [(drive: Float, response: Float)]) -> Nonlinearity {
    let sorted = pairs.map { Double($0.drive) }.sorted()
    guard !sorted.isEmpty else { return .histogram(edges: [], rates: [0]) }
    let edges = (1..<bins).map { Float(quantile(sorted, Double($0) / Double(bins))) }
    var sums = [Float](repeating: 0, count: bins)
    var counts = [Float](repeating: 0, count: bins)
    for pair in pairs {
      let place = bin(of: pair.drive, edges)
      sums[place] += pair.response
      counts[place] += 1
    }
    return .histogram(edges: edges, rates: zip(sums, counts).map { $1 > 0 ? $0 / $1 : 0 })
  }

  /// Poisson likelihood by descent on the logarithm of the gain, the slope and the offset.
  private static func softplus(_ pairs: [(drive: Float, response: Float)]) -> Nonlinearity {
    let mean = pairs.reduce(0) { $0 + Double($1.response) } / Double(max(1, pairs.count))
    let scale = (pairs.reduce(0) { $0 + Double($1.drive * $1.drive) } / Double(max(1, pairs.count))).squareRoot()
    guard mean > 0, scale > 0 else { return .softplus(gain: mean, slope: 0, offset: 1) }
    let found = QuasiNewton().minimize([0, 1, 0]) { point, gradient in
      let gain = mean * ElementaryDouble.exp(point[0])
      var value = 0.0
      gradient = [0, 0, 0]
      for pair in pairs {
        let (x, y) = (Double(pair.drive) / scale, Double(pair.response))
        let soft = max(ElementaryDouble.softplus(point[1] * x + point[2]), 1e-12)
        let rate = gain * soft
        value += rate - y * log(rate)
        let slope = (gain - y / soft) * ElementaryDouble.sigmoid(point[1] * x + point[2])
        gradient[0] += rate - y
        gradient[1] += slope * x
        gradient[2] += slope
      }
      for index in gradient.indices { gradient[index] /= Double(pairs.count) }
      return value / Double(pairs.count)
    }
    return .softplus(
      gain: mean * ElementaryDouble.exp(found.point[0]), slope: found.point[1] / scale, offset: found.point[2])
  }
}

/// The place of a value among rising edges: the number of edges that are not above it.
private func bin(of value: Float, _ edges: [Float]) -> Int {
  var (low, high) = (0, edges.count)
  while low < high {
    let middle = (low + high) / 2
    if edges[middle] <= value { low = middle + 1 } else { high = middle }
  }
  return low
}

/// The inner product of every frame's cut-out with a map: `[frame]`.
func project(_ stimulus: [Float], _ height: Int, _ width: Int, _ cutOut: CutOut, _ map: [Float]) -> [Float] {
  let columns = cutOut.columns.count
  // A sum of one lane each for eight neighbours; the rest of a row one by one.
  return stimulus.withUnsafeBufferPointer { stimulus in
    map.withUnsafeBufferPointer { map in
      (0..<stimulus.count / (height * width)).map { frame in
        var lanes = SIMD8<Float>.zero
        var sum: Float = 0
        for (row, y) in cutOut.rows.enumerated() {
          let source = (frame * height + y) * width + cutOut.columns.lowerBound
          let pixels = UnsafeRawPointer(stimulus.baseAddress! + source)
          let weights = UnsafeRawPointer(map.baseAddress! + row * columns)
          for column in stride(from: 0, to: columns & ~7, by: 8) {
            lanes +=
              pixels.loadUnaligned(fromByteOffset: 4 * column, as: SIMD8<Float>.self)
              * weights.loadUnaligned(fromByteOffset: 4 * column, as: SIMD8<Float>.self)
          }
          for column in columns & ~7..<columns { sum += stimulus[source + column] * map[row * columns + column] }
        }
        return sum + lanes.sum()
      }
    }
  }
}

/// The product of two vectors that is nearest to a matrix: its first singular vectors.
struct RankOne {
  /// The left vector times the singular value.
  var left: [Float]
  /// The right vector, of length 1.
  var right: [Float]

  /// Finds them by iterating on `matrix` times its transpose, row-major; the left vector's largest entry has the sign
  /// that makes the largest entry of the map agree with the matrix.
  init(_ matrix: [Float], rows: Int) {
    let columns = matrix.count / rows
    var gram = [Double](repeating: 0, count: rows * rows)
    for a in 0..<rows {
      for b in 0..<rows {
        var sum = 0.0
        for column in 0..<columns { sum += Double(matrix[a * columns + column]) * Double(matrix[b * columns + column]) }
        gram[a * rows + b] = sum
      }
    }
    // The row of most energy is hardly ever orthogonal to the solution.
    var vector = [Double](repeating: 1e-3, count: rows)
    vector[(0..<rows).max { gram[$0 * rows + $0] < gram[$1 * rows + $1] } ?? 0] = 1
    for _ in 0..<500 {
      var next = (0..<rows).map { a in (0..<rows).reduce(0) { $0 + gram[a * rows + $1] * vector[$1] } }
      let norm = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm > 0 else { break }
      for index in next.indices { next[index] /= norm }
      let change = zip(next, vector).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
      vector = next
      if change < 1e-12 { break }
    }
    let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let product = (0..<columns).map { column in
      (0..<rows).reduce(0) { $0 + vector[$1] / norm * Double(matrix[$1 * columns + column]) }
    }
    let value = product.reduce(0) { $0 + $1 * $1 }.squareRoot()
    left = vector.map { Float($0 / norm * value) }
    right = product.map { value > 0 ? Float($0 / value) : 0 }
  }
}
