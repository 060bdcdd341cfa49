/// How long the frames of a stream take.
public struct StreamTiming: Sendable {
  /// Frames timed, after the history was full.
  public var frames: Int
  /// Seconds per frame, all frames timed together.
  public var meanFrame: Double
  /// Seconds of the longest frame.
  public var longestFrame: Double
  /// Seconds per frame of each stage, from a second pass in which every stage is timed; the clock itself is in it.
  public var stages: [Double]

  /// Times a movie, which is repeated as often as needed.
  ///
  /// - Parameters:
  ///   - movie: at least one frame.
  ///   - clock: seconds of a clock that never goes back.
  public init(_ plan: StreamPlan, movie: [Float], frames: Int, clock: () -> Double) {
    let stream = Stream(plan)
    let length = movie.count / plan.frameCount
    self.frames = frames
    longestFrame = 0
    meanFrame = 0
    stages = [Double](repeating: 0, count: plan.stages.count)
    // A whole number of blocks, so that the work of a block is shared by its frames.
    let warmUp = (plan.history + 2 * plan.options.block) / plan.options.block * plan.options.block
    movie.withUnsafeBufferPointer { values in
      for frame in 0..<warmUp { stream.push(values.baseAddress! + frame % length * plan.frameCount) }
      let start = clock()
      var before = start
      for frame in 0..<frames {
        stream.push(values.baseAddress! + frame % length * plan.frameCount)
        let now = clock()
        longestFrame = max(longestFrame, now - before)
        before = now
      }
      meanFrame = (before - start) / Double(frames)
      for frame in 0..<frames {
        stream.push(values.baseAddress! + frame % length * plan.frameCount) { stage, isEnd in
          let now = clock()
          if isEnd { stages[stage] += (now - before) / Double(frames) }
          before = now
        }
      }
    }
  }
}
