import RetinaModel

/// What came out when a model's golden input was run again.
public struct GoldenCheck: Sendable {
  /// Number of golden inputs.
  public var inputs: Int
  /// Largest difference from the golden output.
  public var largestError: Float
  /// Largest magnitude in the golden output.
  public var largestOutput: Float
  /// Error allowed, relative to the largest output.
  public var tolerance: Float

  /// The error relative to the largest output.
  public var relativeError: Float { largestOutput > 0 ? largestError / largestOutput : largestError }

  /// Whether the error is within the tolerance; a NaN is not.
  public var passes: Bool { relativeError <= tolerance }

  /// Runs the golden input of a model; nothing when it has none.
  ///
  /// A movie model is run in a stream, the way it runs in use; others by their definition.
  public init?(_ model: Model, options: StreamOptions = StreamOptions()) {
    guard let golden = model.facts.golden else { return nil }
    inputs = golden.input.shape[0]
    tolerance = golden.tolerance
    largestError = 0
    largestOutput = 0
    let (inputCount, outputCount) = (model.inputShape.count, model.outputShape.count)
    let stream = StreamPlan(model, options: options).map { Stream($0) }
    let program = Program(model)
    let values = Workspace(MemoryPlan(program) { $0 == program.outputBoundary })
    for index in 0..<inputs {
      golden.input.values.withUnsafeBufferPointer { inputs in
        let input = inputs.baseAddress! + index * inputCount
        let output: UnsafeBufferPointer<Float>
        if let stream {
          stream.reset()
          for frame in 0..<stream.plan.history { stream.push(input + frame * stream.plan.frameCount) }
          output = stream.rates
        } else {
          program.normalize(input, into: values[0])
          program.run(values)
          output = UnsafeBufferPointer(start: values[program.outputBoundary], count: outputCount)
        }
        for place in 0..<outputCount {
          let expected = golden.output.values[index * outputCount + place]
          let error = (output[place] - expected).magnitude
          // A NaN must win over every number.
          if !(error <= largestError) { largestError = error }
          largestOutput = max(largestOutput, expected.magnitude)
        }
      }
    }
  }
}
