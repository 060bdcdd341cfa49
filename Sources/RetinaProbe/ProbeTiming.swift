import RetinaEngine

/// How long exact answers about one stimulus after another take, on one thread.
///
/// For each stimulus the probe is asked for the integrated gradients and for the conductance at some boundaries, all without
/// quadrature error and in one shared pass; then the same for every further cell.
public struct ProbeTiming: Sendable {
  /// Seconds for each stimulus: everything, for the first cell.
  public var firstCell: [Double] = []
  /// Seconds for each stimulus: everything, per further cell; empty for a model with one cell.
  public var furtherCell: [Double] = []
  /// The largest relative residual of all answers.
  public var largestRelativeResidual: Float = 0

  /// Times stimuli that differ, so that nothing is known from the one before.
  ///
  /// One more comes first and is not timed.
  ///
  /// - Parameters:
  ///   - boundaries: where the conductance is asked for.
  ///   - cell: the cell that is explained first.
  ///   - count: number of stimuli.
  ///   - input: the stimulus of a number, 0 to `count`, normalised.
  ///   - baseline: normalised.
  ///   - clock: seconds of a clock that never goes back.
  /// - Throws: ``ProbeError``, when the model is not made of straight pieces.
  public init(
    _ program: Program, boundaries: [Int], cell: Int, count: Int, input: (Int) -> [Float], baseline: [Float],
    clock: () -> Double
  ) throws(ProbeError) {
    let probe = Probe(program)
    let cells = program.boundaryCounts[program.outputBoundary]
    for index in 0...count {
      let stimulus = input(index)
      var residual: Float = 0
      func explain(_ cell: Int) throws(ProbeError) {
        let target = Target.cell(cell, of: program)
        var requests = [Request(.integratedGradients, target: target, steps: .exact)]
        requests += boundaries.map { Request(.conductance, boundary: $0, target: target, steps: .exact) }
        for request in requests {
          let answer = try probe.attribute(request, input: stimulus, baseline: baseline)
          residual = max(residual, answer.relativeResidual ?? 0)
        }
      }
      let start = clock()
      try explain(cell)
      let middle = clock()
      for other in 0..<cells where other != cell { try explain(other) }
      let end = clock()
      largestRelativeResidual = max(largestRelativeResidual, residual)
      guard index > 0 else { continue }
      firstCell.append(middle - start)
      if cells > 1 { furtherCell.append((end - middle) / Double(cells - 1)) }
    }
  }
}
