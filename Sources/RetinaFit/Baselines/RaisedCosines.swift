#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Humps of one cosine period that are narrow for recent times and wide for distant ones.
///
/// Hump j is (1 + cos(a (log(t + c) - p_j))) / 2 where the argument is within a half period, else 0; the peaks p_j are
/// equally spaced from 0 to the last frame on that logarithmic axis, and neighbours overlap so that the sum between the
/// first and the last peak is 2 (Pillow et al., "Spatio-temporal correlations and visual signalling in a complete neuronal population",
/// Nature 2008).
enum RaisedCosines {
  /// The humps `[count][length]`, over the times from 0 to length - 1.
  static func logarithmic(count: Int, length: Int, offset: Double = 1) -> [[Double]] {
    guard count > 1, length > 1 else { return [[Double](repeating: 1, count: length)] }
    let (first, last) = (log(offset), log(Double(length - 1) + offset))
    return humps(count, at: (0..<length).map { log(Double($0) + offset) }, first: first, last: last)
  }

  /// The humps with equal spacing, `[count][length]`.
  static func linear(count: Int, length: Int) -> [[Double]] {
    guard count > 1, length > 1 else { return [[Double](repeating: 1, count: length)] }
    return humps(count, at: (0..<length).map(Double.init), first: 0, last: Double(length - 1))
  }

  private static func humps(_ count: Int, at places: [Double], first: Double, last: Double) -> [[Double]] {
    let spacing = (last - first) / Double(count - 1)
    return (0..<count).map { hump in
      places.map { place in
        let phase = (place - first - Double(hump) * spacing) / spacing * Double.pi / 2
        return phase.magnitude < Double.pi ? (1 + cos(phase)) / 2 : 0
      }
    }
  }
}
