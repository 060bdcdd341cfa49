import RetinaModel

/// Resampling of movies by area, in space and in time.
///
/// A value is the mean of what lies below its extent: a pixel that covers 2.5 pixels of the movie takes two of them whole
/// and half of the third. In time the same holds: a frame is the mean of the movie over the time that it is on screen, so
/// that frames are held when there are more of them and blurred together, as by an integrating eye, when there are fewer.
/// The mean of the movie is kept, and nothing overshoots; patterns finer than two new pixels fade. Other filters keep more
/// contrast near that limit and ring at edges.
public struct AreaResampling: Sendable {
  /// The values of the movie that a new value takes part in, and how much each counts; the sum is 1.
  struct Cover: Equatable {
    var first: Int
    var weights: [Float]
  }

  /// What each new value covers.
  let covers: [Cover]

  /// Cuts an axis of `count` values into `newCount` parts of equal length.
  public init(from count: Int, to newCount: Int) {
    self.init(count: count, newCount: newCount, length: Double(count) / Double(newCount))
  }

  /// Cuts the frames of a movie anew; a part of a frame that is left at the end is dropped.
  ///
  /// Nothing when not one new frame fits.
  public init?(frames: Int, rate: Double, newRate: Double) {
    let (length, slack) = (rate / newRate, 1e-9)
    let newCount = (Double(frames) / length * (1 + slack)).rounded(.down)
    guard newCount >= 1, newCount < 0x1p40 else { return nil }
    self.init(count: frames, newCount: Int(newCount), length: length)
  }

  private init(count: Int, newCount: Int, length: Double) {
    covers = (0..<newCount).map { index in
      let (start, end) = (Double(index) * length, min(Double(index + 1) * length, Double(count)))
      let first = min(Int(start), count - 1)
      let last = max(first, min(Int(end.rounded(.up)), count) - 1)
      let overlaps = (first...last).map { max(0, min(Double($0 + 1), end) - max(Double($0), start)) }
      let sum = overlaps.reduce(0, +)
      return Cover(first: first, weights: overlaps.map { Float($0 / sum) })
    }
  }

  /// Resamples one axis of a movie.
  public func apply(to movie: Tensor, axis: Int) -> Tensor {
    let extents = movie.shape.dimensions
    let (extent, inner) = (extents[axis], extents[(axis + 1)...].reduce(1, *))
    let outer = movie.shape.count / (extent * inner)
    var newExtents = extents
    newExtents[axis] = covers.count
    guard let shape = Shape(checking: newExtents) else { fatalError("a movie of too many values") }
    var result = Tensor(repeating: 0, shape: shape)
    movie.values.withUnsafeBufferPointer { source in
      result.values.withUnsafeMutableBufferPointer { target in
        for block in 0..<outer {
          for (place, cover) in covers.enumerated() {
            let to = (block * covers.count + place) * inner
            for (offset, weight) in cover.weights.enumerated() {
              let from = (block * extent + cover.first + offset) * inner
              for index in 0..<inner { target[to + index] += weight * source[from + index] }
            }
          }
        }
      }
    }
    return result
  }
}
