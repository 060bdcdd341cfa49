import RetinaEngine

/// Asks which units made a target what it is, for one stimulus at a time.
///
/// All working memory is allocated when the probe is created. Inputs and baselines are given as the first layer sees them,
/// after normalisation, `program.inputCount` values each. A probe only reads the program: rates are the same with and
/// without it.
public final class Probe {
  /// The model that is probed.
  public let program: Program
  /// Values at every boundary, for the stimulus or a point on the path to it.
  let values: Workspace
  /// Values at every boundary for the baseline.
  let baselineValues: Workspace
  /// Gradient of the target at every boundary.
  let gradients: Workspace
  /// Derivative along the path at every boundary.
  let tangents: Workspace
  /// Values at every boundary for the last stimulus whose units were replaced.
  let whole: Workspace

  /// The last boundary up to which ``whole`` holds a run.
  private var wholeEnd = -1
  /// How units are replaced, for each layer that was asked about; nothing inside where it takes a run per group.
  private var replacements: [(boundary: Int, targetBoundary: Int, replacement: UnitReplacement?)] = []
  /// The last path that was integrated exactly.
  private var integration: ExactIntegration?
  /// The two-layer sweep of this model, for paths and targets of one kind.
  private var sweep: (sweep: TwoLayerSweep, affineEnd: Int, targetBoundary: Int)?

  /// Creates a probe with memory for five copies of all interior values.
  public init(_ program: Program) {
    self.program = program
    let plan = MemoryPlan(program) { _ in true }
    values = Workspace(plan)
    baselineValues = Workspace(plan)
    gradients = Workspace(plan)
    tangents = Workspace(plan)
    whole = Workspace(plan)
  }

  /// Number of units at a boundary.
  func count(_ boundary: Int) -> Int { program.boundaryCounts[boundary] }

  /// Runs the program on an input.
  func run(_ input: UnsafePointer<Float>, into workspace: Workspace, to end: Int? = nil) {
    workspace[0].update(from: input, count: program.inputCount)
    program.run(workspace, to: end)
  }

  /// Runs the program on an input into ``whole``, unless it is there already.
  func runWhole(_ input: UnsafePointer<Float>, to end: Int) {
    let known = whole[0]
    if wholeEnd >= end, (0..<program.inputCount).allSatisfy({ known[$0] == input[$0] }) { return }
    run(input, into: whole, to: end)
    wholeEnd = end
  }

  /// How units of a layer are replaced without running the model again, where that is possible.
  func replacing(boundary: Int, target: Target) -> UnitReplacement? {
    for known in replacements where known.boundary == boundary && known.targetBoundary == target.boundary {
      return known.replacement
    }
    let replacement = UnitReplacement(program, boundary: boundary, target: target)
    replacements.append((boundary, target.boundary, replacement))
    return replacement
  }

  /// Copies the units at a boundary.
  func copy(_ workspace: Workspace, _ boundary: Int) -> [Float] {
    [Float](UnsafeBufferPointer(start: workspace[boundary], count: count(boundary)))
  }

  /// The gradient of a target at a boundary, given the values at all boundaries; left in ``gradients``.
  func pullBack(_ target: Target, to boundary: Int, scale: Float = 1) {
    target.seed(gradients, at: values, count: count(target.boundary), scale: scale)
    program.pullBack(gradients, at: values, from: target.boundary, to: boundary)
  }

  /// The exact integration along a path: the last one, when it is the same path.
  func exactIntegration(
    _ input: [Float], baseline: [Float], from start: Int, target: Target
  ) -> ExactIntegration {
    if let integration, integration.fits(input: input, baseline: baseline, from: start, target: target) {
      return integration
    }
    let affineEnd = program.endOfAffineSteps(from: start, limit: target.boundary)
    if sweep?.affineEnd != affineEnd || sweep?.targetBoundary != target.boundary {
      sweep = TwoLayerSweep(program, affineEnd: affineEnd, target: target).map { ($0, affineEnd, target.boundary) }
    }
    let integration = ExactIntegration(
      self, input: input, baseline: baseline, from: start, target: target, sweep: sweep?.sweep)
    self.integration = integration
    return integration
  }
}
