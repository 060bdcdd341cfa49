/// A direction in the image plane, along which bars and gratings vary.
///
/// 0 degrees points right (growing column), 90 degrees up (falling row). Distances are in pixels from the centre of the
/// image; a pixel is a unit square, and its centre lies half a pixel from its edges.
struct ImageAxis {
  private let cosine: Double
  private let sine: Double

  init(degrees: Double) {
    (sine, cosine) = sineAndCosine(degrees: degrees)
  }

  /// How far the centre of each pixel lies along the axis, row-major.
  func distances(height: Int, width: Int) -> [Double] {
    var distances: [Double] = []
    distances.reserveCapacity(height * width)
    for row in 0..<height {
      let up = Double(height) / 2 - (Double(row) + 0.5)
      for column in 0..<width {
        let right = Double(column) + 0.5 - Double(width) / 2
        distances.append(right * cosine + up * sine)
      }
    }
    return distances
  }

  /// The share of a pixel's area that lies in the strip between two edges perpendicular to the axis.
  ///
  /// Exact: the edges are `lower` and `upper`, measured along the axis, and the pixel's centre lies at `centre`.
  func coverage(lower: Double, upper: Double, centre: Double) -> Double {
    shareBelow(upper - centre) - shareBelow(lower - centre)
  }

  /// The share of a pixel's area below an edge `offset` pixels beyond its centre.
  ///
  /// Seen along the axis, a unit square is a trapezoid: a box of width |cosine| smoothed by a box of width |sine|.
  private func shareBelow(_ offset: Double) -> Double {
    let wide = max(abs(cosine), abs(sine))
    let narrow = min(abs(cosine), abs(sine))
    let distance = abs(offset)
    let share: Double
    if distance >= (wide + narrow) / 2 {
      share = 1
    } else if distance <= (wide - narrow) / 2 {
      share = 0.5 + distance / wide
    } else {
      let missing = (wide + narrow) / 2 - distance
      share = 1 - missing * missing / (2 * wide * narrow)
    }
    return offset < 0 ? 1 - share : share
  }
}
