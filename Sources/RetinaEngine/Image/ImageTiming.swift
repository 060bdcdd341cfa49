/// How long the frames of an image in a stream take.
public struct ImageTiming: Sendable {
  /// Frames timed, after the history was full.
  public var frames: Int
  /// Seconds per frame, all frames timed together.
  public var meanFrame: Double
  /// Seconds of the longest frame.
  public var longestFrame: Double
  /// Seconds per frame of taking a frame in, then of each layer, from a second pass; the clock itself is in it.
  public var steps: [Double]

  /// Times a movie, which is repeated as often as needed.
  ///
  /// - Parameters:
  ///   - program: one that looks at movies.
  ///   - movie: at least one frame, before normalisation.
  ///   - clock: seconds of a clock that never goes back.
  public init<Image>(
    _ program: ImageProgram<Image>, movie: [Float], frames: Int, level: ProcessorLevel = .best,
    algorithm: StreamOptions.Algorithm = .automatic, clock: () -> Double
  ) {
    let stream = ImageStream(program, level: level, algorithm: algorithm)
    let image = program.image
    let length = movie.count / image.frameCount
    self.frames = frames
    (longestFrame, meanFrame) = (0, 0)
    steps = [Double](repeating: 0, count: image.layerCount + 1)
    movie.withUnsafeBufferPointer { values in
      func frame(_ index: Int) -> UnsafePointer<Float> {
        values.baseAddress! + index % length * image.frameCount
      }
      for index in 0..<(image.history ?? 0) { stream.push(frame(index)) }
      let start = clock()
      var before = start
      for index in 0..<frames {
        stream.push(frame(index))
        let now = clock()
        longestFrame = max(longestFrame, now - before)
        before = now
      }
      meanFrame = (before - start) / Double(frames)
      stream.withRunner { runner in
        for index in 0..<frames {
          before = clock()
          guard let window = runner.take(frame(index)) else { continue }
          for step in 0...image.layerCount {
            if step > 0 { runner.run(step - 1, input: window.start, firstPlane: window.firstPlane) }
            let now = clock()
            steps[step] += (now - before) / Double(frames)
            before = now
          }
        }
      }
    }
  }
}
