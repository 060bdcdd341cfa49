#if !hasFeature(Embedded)
  import RetinaModel

  /// How long a whole movie in memory takes on one thread and on several.
  public struct MovieTiming: Sendable {
    /// Frames of the movie.
    public var frames: Int
    /// Seconds for the movie on one thread, one number per round.
    public var oneThread: [Double] = []
    /// Seconds for the movie on all threads, one number per round.
    public var allThreads: [Double] = []

    /// How many times as fast all threads are as one, by the fastest rounds: a busy machine only ever takes longer.
    public var speedup: Double { (oneThread.min() ?? 0) / max(1e-12, allThreads.min() ?? 0) }

    /// Times a movie, `[time, height, width]`; nothing when it does not fit the model.
    ///
    /// - Parameters:
    ///   - rounds: how often both are measured, in turn.
    ///   - clock: seconds of a clock on the wall.
    public init?(_ plan: StreamPlan, movie: Tensor, threads: Int, rounds: Int, clock: () -> Double) {
      frames = movie.shape.dimensions.first ?? 0
      let layers = [plan.model.layers.count - 1]
      for _ in 0..<rounds {
        let start = clock()
        guard plan.run(movie, layers: layers, threads: 1) != nil else { return nil }
        let middle = clock()
        _ = plan.run(movie, layers: layers, threads: threads)
        oneThread.append(middle - start)
        allThreads.append(clock() - middle)
      }
    }
  }
#endif
