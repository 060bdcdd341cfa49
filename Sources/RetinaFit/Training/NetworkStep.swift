import RetinaEngine

/// One step of a network in training, over a whole batch: forwards, then backwards.
///
/// A batch is a number of clips of the same length; sample `clip * clipLength + i` is the i-th window of a clip. Each thread has a
/// fixed part of the clips, so that sums come out the same for the same number of threads.
protocol NetworkStep: AnyObject, Sendable {
  /// How the results of one sample lie in memory.
  var output: FeatureLayout { get }
  /// Whether the gradient of the input takes the place of that of the output.
  var isInPlace: Bool { get }
  /// Turns the parameters into the form that the step computes with.
  func prepare(_ pass: Pass)
  /// Computes the results of all samples.
  func forward(_ pass: Pass, _ values: StepValues)
  /// Computes the gradient of the input of all samples, where there is one, and adds those of the parameters.
  func backward(_ pass: Pass, _ values: StepValues)
}

/// What steps share in one pass over a batch.
struct Pass: @unchecked Sendable {
  /// The movie `[frame, height, width]` after normalisation.
  var movie: UnsafePointer<Float>
  /// For each clip, the first frame of its first window.
  var firstFrames: [Int]
  /// Windows of each clip.
  var clipLength: Int
  /// Threads that share the clips.
  var threads: Int
  /// All parameters.
  var parameters: [Float]
  /// Gradients of all parameters, to which steps add.
  var gradient: UnsafeMutableBufferPointer<Float>
  /// What random noise depends on.
  var seed: UInt64
  /// Whether batch normalisation takes its running statistics for constants, as a model does that runs.
  var keepsStatistics = false

  var clips: Int { firstFrames.count }
  var samples: Int { clips * clipLength }

  /// The clips of a thread.
  func clips(ofThread thread: Int) -> Range<Int> { thread * clips / threads..<(thread + 1) * clips / threads }

  /// The samples of a thread.
  func samples(ofThread thread: Int) -> Range<Int> {
    let clips = clips(ofThread: thread)
    return clips.lowerBound * clipLength..<clips.upperBound * clipLength
  }

  /// Does a piece of work on every thread.
  func onEveryThread(_ work: @Sendable (Int) -> Void) {
    Parallel.split(threads, threads: threads) { parts in
      for thread in parts { work(thread) }
    }
  }

  /// The gradients of a range of parameters.
  func addGradient(_ range: Range<Int>, _ add: (inout ArraySlice<Float>) -> Void) {
    var slice = ArraySlice(repeating: Float(0), count: range.count)
    add(&slice)
    for (index, value) in zip(range, slice) { gradient[index] += value }
  }
}

/// The values around a step: one row of floats per sample.
struct StepValues: @unchecked Sendable {
  /// Inputs; for the first step there are none, since it reads the movie.
  var input: UnsafeMutablePointer<Float>?
  var inputFloats: Int
  /// Outputs.
  var output: UnsafeMutablePointer<Float>
  var outputFloats: Int
  /// Where the gradient of the input goes; nothing where nobody needs it.
  var inputGradient: UnsafeMutablePointer<Float>?
  /// The gradient of the output.
  var outputGradient: UnsafeMutablePointer<Float>
}
