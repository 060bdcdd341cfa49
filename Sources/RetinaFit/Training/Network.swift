import RetinaEngine
import RetinaKernels
import RetinaModel

/// A network in training: its parameters in one flat list, and the loss of a batch with its gradient.
///
/// Batches are clips of consecutive windows, so that a frame that many windows share is transformed once. Results are the same
/// for the same parameters, batch, seed and number of threads.
public final class Network {
  /// What the parameters are, in the order of the flat list.
  public let groups: [ParameterGroup]
  /// All parameters.
  public var parameters: [Float]
  /// The gradient of the last batch's loss.
  public private(set) var gradient: [Float]
  /// Number of windows a batch has room for: clips, and windows of each.
  public let clips, clipLength: Int
  /// Number of outputs.
  public let cells: Int
  /// Frames of a window.
  public let history: Int

  private let architecture: Architecture
  private let steps: [any NetworkStep]
  private let normalizations: [(layer: Int, LearntNormalization)]
  private let threads: Int
  /// Windows of a clip that each step gives: more before delays.
  private let clipLengths: [Int]
  private let values: [AlignedFloats]
  private let gradients: [AlignedFloats]

  /// Prepares an architecture for training.
  ///
  /// - Parameters:
  ///   - clips: clips of a batch.
  ///   - clipLength: windows of a clip.
  ///   - threads: threads that share the clips; at most one per clip is used.
  ///   - spacing: rows and columns from one unit of the feature maps that is computed to the next; see ``SampledField``.
  /// - Throws: ``ModelError`` where layers do not fit, or a layer is of a kind that is not trained, or not with
  ///   this spacing.
  public init(
    _ architecture: Architecture, clips: Int, clipLength: Int, threads: Int = 1, spacing: Int = 1,
    level: ProcessorLevel = .best
  ) throws(ModelError) {
    let model = try architecture.model()
    guard let history = model.history, clips > 0, clipLength > 0 else {
      throw ModelError(problems: [
        .init(
          place: "input", expected: "windows [history, height, width], and clips of at least one window",
          found: "\(model.inputShape), \(clips) clips of \(clipLength)")
      ])
    }
    let used = max(1, min(threads, clips))
    let room = BatchRoom(
      clips: clips, clipLength: clipLength, threads: used, spacing: spacing, kernels: KernelTable(level))
    var compiler = NetworkCompiler(architecture.inputShape, longestDelay: architecture.longestDelay, room)
    for (index, layer) in architecture.layers.enumerated() { try compiler.append(layer, index: index) }
    compiler.finish()
    steps = compiler.steps
    clipLengths = compiler.clipLengths
    groups = compiler.list.groups
    parameters = compiler.list.values
    normalizations = compiler.normalizations
    gradient = [Float](repeating: 0, count: parameters.count)
    (self.clips, self.clipLength, self.threads, self.history) = (clips, clipLength, used, history)
    cells = model.cells
    self.architecture = architecture
    values = zip(steps, clipLengths).map { AlignedFloats(clips * $1 * $0.output.floats) }
    var gradients: [AlignedFloats] = []
    for (index, step) in steps.enumerated().reversed() {
      // A step that works in place lends the memory of its output's gradient to its input.
      let lent = index + 1 < steps.count && steps[index + 1].isInPlace ? gradients.last : nil
      gradients.append(lent ?? AlignedFloats(clips * clipLengths[index] * step.output.floats))
    }
    self.gradients = gradients.reversed()
  }

  /// The loss of a batch; ``gradient`` then holds its derivative in every parameter.
  ///
  /// The loss is the mean over all responses that are not NaN, plus `activity` times the mean rate.
  ///
  /// - Parameters:
  ///   - movie: `[frame, height, width]` after normalisation.
  ///   - firstFrames: for each clip, the first frame of its first window; windows follow one frame after another.
  ///   - responses: `[clip, window, cell]`; NaN where there is none.
  ///   - activity: L1 penalty of the outputs.
  ///   - seed: what noise and dropout depend on.
  ///   - keepsStatistics: whether batch normalisation takes its running statistics for constants.
  public func loss(
    movie: UnsafePointer<Float>, firstFrames: [Int], responses: [Float], loss: Loss, activity: Double = 0,
    seed: UInt64 = 0, keepsStatistics: Bool = false
  ) -> Double {
    precondition(firstFrames.count == clips && responses.count == clips * clipLength * cells, "a full batch")
    for index in gradient.indices { gradient[index] = 0 }
    return gradient.withUnsafeMutableBufferPointer { buffer in
      let whole = Pass(
        movie: movie, firstFrames: firstFrames, clipLength: clipLength, threads: threads, parameters: parameters,
        gradient: buffer, seed: seed, keepsStatistics: keepsStatistics)
      func pass(_ index: Int) -> Pass {
        var own = whole
        own.clipLength = clipLengths[index]
        return own
      }
      for (index, step) in steps.enumerated() {
        step.prepare(pass(index))
        step.forward(pass(index), stepValues(index))
      }
      let result = compare(whole, responses, loss, activity)
      for (index, step) in steps.enumerated().reversed() { step.backward(pass(index), stepValues(index)) }
      return result
    }
  }

  /// The rates of the last batch, `[clip, window, cell]`.
  public var rates: [Float] {
    let (last, stride) = (values[steps.count - 1].base, steps[steps.count - 1].output)
    return (0..<clips * clipLength).flatMap { sample in
      (0..<cells).map { last[sample * stride.floats + stride.place($0)] }
    }
  }

  /// Sets the gradient of the rates, and returns the loss.
  private func compare(_ pass: Pass, _ responses: [Float], _ loss: Loss, _ activity: Double) -> Double {
    let (rates, slopes, cells) = (values[steps.count - 1], gradients[steps.count - 1], cells)
    let layout = steps[steps.count - 1].output
    let count = responses.reduce(0) { $1.isNaN ? $0 : $0 + 1 }
    let scale = 1 / Double(max(1, count))
    // One sum per sample, so that the threads need not meet.
    var losses = [Double](repeating: 0, count: pass.samples)
    losses.shared(among: pass.samples, threads: threads) { sample, losses in
      (slopes.base + sample * layout.floats).update(repeating: 0, count: layout.floats)
      for cell in 0..<cells {
        let response = responses[sample * cells + cell]
        guard !response.isNaN else { continue }
        let place = sample * layout.floats + layout.place(cell)
        let rate = Double(rates.base[place])
        let (value, slope) = loss.value(rate: rate, response: Double(response))
        losses[sample] += value + activity * abs(rate)
        slopes.base[place] = Float(scale * (slope + (rate > 0 ? activity : rate < 0 ? -activity : 0)))
      }
    }
    return losses.reduce(0, +) * scale
  }

  private func stepValues(_ index: Int) -> StepValues {
    StepValues(
      input: index == 0 ? nil : values[index - 1].base,
      inputFloats: index == 0 ? 0 : steps[index - 1].output.floats, output: values[index].base,
      outputFloats: steps[index].output.floats, inputGradient: index == 0 ? nil : gradients[index - 1].base,
      outputGradient: gradients[index].base)
  }

  // MARK: - Out and in

  /// The running statistics of batch normalisation: means and variances, layer after layer.
  public var statistics: [Float] {
    get { normalizations.flatMap { $0.1.runningMean + $0.1.runningVariance } }
    set {
      var first = 0
      for (_, normalization) in normalizations {
        let count = normalization.runningMean.count
        normalization.restore(
          mean: Array(newValue[first..<first + count]), variance: Array(newValue[first + count..<first + 2 * count]))
        first += 2 * count
      }
    }
  }

  /// The model with the present parameters.
  ///
  /// - Throws: ``ModelError`` when a parameter is not finite any more.
  public func model(facts: Facts = Facts()) throws(ModelError) -> Model {
    var learnt = architecture
    var groups = self.groups[...]
    func next() -> [Float] { Array(parameters[groups.removeFirst().range]) }
    for index in learnt.layers.indices {
      learnt.layers[index].kind = learnt.layers[index].kind.replacingParameters(
        next, normalization: normalizations.first { $0.layer == index }?.1)
    }
    return try learnt.model(facts: facts)
  }
}
