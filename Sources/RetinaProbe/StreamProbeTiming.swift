import RetinaEngine

/// How long a frame takes in a stream, without and with the contributions of the channels to one cell.
public struct StreamProbeTiming: Sendable {
  /// Seconds per frame of the stream alone; the smallest mean of several rounds.
  public var stream: Double
  /// Seconds per frame with contributions; the smallest mean of several rounds.
  public var explained: Double
  /// Median over rounds of the ratio within the round.
  public var ratio: Double

  /// Times rounds of frames in turn, one stretch of each kind per round, of a movie that is repeated as often as needed.
  ///
  /// - Parameter clock: seconds of a clock that never goes back.
  public init(_ probe: StreamProbe, movie: [Float], frames: Int, rounds: Int, clock: () -> Double) {
    let frameCount = probe.stream.plan.frameCount
    let length = movie.count / frameCount
    var (plain, explained) = ([Double](), [Double]())
    movie.withUnsafeBufferPointer { values in
      guard let start = values.baseAddress else { return }
      var frame = 0
      func push() {
        probe.push(start + frame % length * frameCount)
        frame += 1
      }
      for _ in 0..<probe.stream.plan.history { push() }
      for _ in 0..<rounds {
        let first = clock()
        for _ in 0..<frames { push() }
        let second = clock()
        for _ in 0..<frames {
          push()
          probe.explain()
        }
        let third = clock()
        plain.append((second - first) / Double(frames))
        explained.append((third - second) / Double(frames))
      }
    }
    stream = plain.min() ?? 0
    self.explained = explained.min() ?? 0
    let ratios = zip(explained, plain).map { $0 / $1 }.sorted()
    ratio = ratios.isEmpty ? 0 : ratios[ratios.count / 2]
  }
}
