/// How the contrast of a grating varies across it.
public enum GratingProfile: String, CaseIterable, Sendable {
  /// Bright and dark stripes of equal width; pixels on an edge have the mean over their area.
  case square
  /// A sine, taken at the centre of each pixel.
  case sine

  /// The pattern in -1...1 of a grating of contrast 1, row-major; `phase` in cycles moves it against its direction.
  func pattern(axis: ImageAxis, period: Double, phase: Double, height: Int, width: Int) -> [Double] {
    axis.distances(height: height, width: width).map { distance in
      switch self {
      case .sine: return RetinaStimuli.sine(cycles: distance / period + phase)
      case .square:
        // Bright stripes start at whole cycles. A pixel reaches 0.71 beyond its centre, and the dark stripe below
        // `nearest` is at least 1 wide, so only two bright ones can meet it.
        let centre = distance + (phase - phase.rounded(.down)) * period
        let nearest = (centre / period).rounded(.down)
        var bright = 0.0
        for stripe in [nearest, nearest + 1] {
          let lower = stripe * period
          bright += axis.coverage(lower: lower, upper: lower + period / 2, centre: centre)
        }
        return 2 * bright - 1
      }
    }
  }
}
