#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bounds on the information of a layer with a known noise about its stimulus, in nats.
///
/// The responses `h` to `n` equally likely stimuli, with normal noise of a variance added to each unit, are a mixture of
/// `n` balls; from the distances of all pairs (Kolchinsky and Tracey, Entropy 19, 361, 2017):
///
///     upper = -1/n sum over i of ln 1/n sum over j of e^(-|h_i - h_j|^2 / (2 variance))
///     lower = the same with 8 in place of 2
///
/// Both end at ln n, more than which n stimuli cannot tell. The noise should be the model's own; without one, the
/// numbers say as much about the noise that was chosen as about the layer.
public struct NoisyLayerInformation: Sendable {
  /// Squared distances of all pairs, row after row.
  private let distances: [Double]
  private let count: Int

  /// Measures all pairs of rows; `n^2 units` operations.
  public init(_ values: [Float], units: Int, threads: Int = 1) {
    let count = values.count / max(1, units)
    let rows = parallelMap(count, threads: threads) { row in
      values.withUnsafeBufferPointer { values in
        (0..<row).map { squaredDistance(values.baseAddress! + row * units, values.baseAddress! + $0 * units, units) }
      }
    }
    var distances = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for other in 0..<row {
        distances[row * count + other] = rows[row][other]
        distances[other * count + row] = rows[row][other]
      }
    }
    (self.distances, self.count) = (distances, count)
  }

  /// Both bounds, lower first.
  public func bounds(noiseVariance: Double) -> (lower: Double, upper: Double) {
    bounds(noiseVariance: noiseVariance, of: Array(0..<count))
  }

  /// Both bounds on the information about the class of a stimulus: what is told about the stimulus, less what is told
  /// about it when the class is known.
  ///
  /// The difference of two bounds of one kind is a bound no more, but an estimate.
  public func classBounds(noiseVariance: Double, labels: [Int]) -> (lower: Double, upper: Double) {
    let all = bounds(noiseVariance: noiseVariance)
    var groups: [Int: [Int]] = [:]
    for (place, label) in labels.enumerated() { groups[label, default: []].append(place) }
    var (lower, upper) = (all.lower, all.upper)
    for label in groups.keys.sorted() {
      let members = groups[label] ?? []
      let part = Double(members.count) / Double(count)
      let within = bounds(noiseVariance: noiseVariance, of: members)
      lower -= part * within.lower
      upper -= part * within.upper
    }
    return (max(0, lower), max(0, upper))
  }

  private func bounds(noiseVariance: Double, of members: [Int]) -> (lower: Double, upper: Double) {
    var (lower, upper) = (0.0, 0.0)
    let logCount = log(Double(members.count))
    for row in members {
      // The nearest pair is a row with itself, at 0: no exponent is above 0, and no sum is 0.
      var (wide, narrow) = (0.0, 0.0)
      for other in members {
        let exponent = distances[row * count + other] / noiseVariance
        narrow += exp(-exponent / 2)
        wide += exp(-exponent / 8)
      }
      upper += logCount - log(narrow)
      lower += logCount - log(wide)
    }
    return (lower / Double(members.count), upper / Double(members.count))
  }
}

/// The squared distance of two rows, in float64 where it counts.
private func squaredDistance(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ count: Int) -> Double {
  let (wideLeft, wideRight) = (UnsafeRawPointer(left), UnsafeRawPointer(right))
  var (sum, place) = (0.0, 0)
  while place + 8 <= count {
    var block = SIMD8<Float>.zero
    let end = min(count - 7, place + 512)
    while place < end {
      let difference =
        wideLeft.loadUnaligned(fromByteOffset: place * 4, as: SIMD8<Float>.self)
        - wideRight.loadUnaligned(fromByteOffset: place * 4, as: SIMD8<Float>.self)
      block += difference * difference
      place += 8
    }
    sum += Double(block.sum())
  }
  while place < count {
    let difference = Double(left[place]) - Double(right[place])
    sum += difference * difference
    place += 1
  }
  return sum
}
