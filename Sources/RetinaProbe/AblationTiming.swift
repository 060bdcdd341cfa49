import RetinaEngine

/// How long it takes to find what a cell loses without each channel, and without each unit.
public struct AblationTiming: Sendable {
  /// Seconds for each stimulus: the channels of all layers that are asked about, one after another.
  public var channels: [Double] = []
  /// Seconds for each stimulus: the units of the first of these layers, one after another.
  public var units: [Double] = []

  /// Times stimuli that differ, so that nothing is known from the one before.
  ///
  /// One more comes first and is not timed. Units and channels are replaced with zero, and the run of the model on the stimulus counts.
  ///
  /// - Parameters:
  ///   - layers: boundaries with the extents of the layers, channels first.
  ///   - cell: the cell whose losses are found.
  ///   - count: number of stimuli of each kind.
  ///   - input: the stimulus of a number, 0 to `2 * count + 1`, normalised.
  ///   - clock: seconds of a clock that never goes back.
  /// - Throws: ``ProbeError``.
  public init(
    _ program: Program, layers: [(boundary: Int, shape: [Int])], cell: Int, count: Int, input: (Int) -> [Float],
    clock: () -> Double
  ) throws(ProbeError) {
    let probe = Probe(program)
    let target = Target.cell(cell, of: program)
    let baseline = [Float](repeating: 0, count: program.inputCount)
    func seconds(_ requests: [Request], _ stimulus: [Float]) throws(ProbeError) -> Double {
      let start = clock()
      for request in requests { _ = try probe.attribute(request, input: stimulus, baseline: baseline) }
      return clock() - start
    }
    let channelRequests = layers.map {
      Request(.channelAblation, boundary: $0.boundary, target: target, shape: $0.shape)
    }
    let unitRequests = layers.prefix(1).map {
      Request(.layerFeatureAblation, boundary: $0.boundary, target: target)
    }
    for index in 0...count {
      let (first, second) = (
        try seconds(channelRequests, input(2 * index)), try seconds(unitRequests, input(2 * index + 1))
      )
      guard index > 0 else { continue }
      channels.append(first)
      units.append(second)
    }
  }
}
