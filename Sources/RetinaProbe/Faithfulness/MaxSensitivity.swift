import RetinaEngine
import RetinaKernels

/// How far an attribution moves under small noise.
///
/// `max over k of |a(x + e_k) - a(x)| / |a(x)|` (Yeh, Hsieh, Suggala, Inouye, Ravikumar 2019), with Euclidean norms,
/// and every value of e_k drawn from -radius...radius.
public struct MaxSensitivity: Sendable, Equatable {
  /// The radius, in units of the normalised stimulus.
  public var radius: Float
  /// The largest relative change; nothing when the attribution is zero everywhere.
  public var largest: Double?
}

extension Probe {
  /// Measures how far the answer to a request moves.
  ///
  /// - Parameter part: the radius as a part of the largest magnitude of stimulus - baseline.
  func maxSensitivity(
    _ request: Request, _ attribution: [Double], input: [Float], baseline: [Float], part: Float, samples: Int,
    random: inout SeededRandom
  ) throws(ProbeError) -> MaxSensitivity {
    var radius: Float = 0
    for index in input.indices { radius = max(radius, part * (input[index] - baseline[index]).magnitude) }
    var result = MaxSensitivity(radius: radius)
    let norm = attribution.reduce(0) { $0 + $1 * $1 }
    guard norm > 0 else { return result }
    var largest = 0.0
    for _ in 0..<samples {
      let noisy = input.map { $0 + radius * Float(2 * random.uniform() - 1) }
      let moved = try attribute(request, input: noisy, baseline: baseline).values
      var square = 0.0
      for unit in moved.indices {
        let difference = Double(moved[unit]) - attribution[unit]
        square += difference * difference
      }
      largest = max(largest, (square / norm).squareRoot())
    }
    result.largest = largest
    return result
  }
}
