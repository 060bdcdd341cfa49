import RetinaKernels
import RetinaModel

/// A movie model laid out for running frame by frame: algorithms chosen, parameters packed, memory counted.
///
/// Nothing in it changes while streams run; any number of them on any threads can share it.
public final class StreamPlan: @unchecked Sendable {
  /// The model.
  public let model: Model
  /// What was asked for.
  public let options: StreamOptions
  /// What the planner took the machine to be.
  public let cost: PlannerCost
  let program: Program
  let stages: [Stage]
  let tables: [FourierTable]
  let kernels: KernelTable
  let parameters: UnsafeMutablePointer<Float>
  let indices: [Int]
  /// Floats that a stream works in; their contents mean nothing between frames.
  public let arenaFloats: Int
  /// Floats that a stream carries from frame to frame.
  public let stateFloats: Int
  /// Floats of parameters.
  public let parameterFloats: Int
  /// The stage that completes each layer.
  let stageOfLayer: [Int]

  /// Values in one frame.
  public var frameCount: Int { model.inputShape[1] * model.inputShape[2] }
  /// Frames that a rate depends on.
  public var history: Int { model.inputShape[0] }
  /// Rates per frame.
  public var cells: Int { model.cells }

  /// Plans a movie model; nothing where ``init(planning:options:)`` throws.
  public convenience init?(_ model: Model, options: StreamOptions = StreamOptions()) {
    do throws(StreamError) {
      try self.init(planning: model, options: options)
    } catch {
      return nil
    }
  }

  /// Plans a movie model.
  ///
  /// - Throws: ``StreamError`` for a model whose input is not `[history, height, width]`, and for options out of their bounds.
  public init(planning model: Model, options: StreamOptions = StreamOptions()) throws(StreamError) {
    guard model.inputShape.rank == 3 else {
      throw StreamError("model", expected: "an input [history, height, width]", found: "rank \(model.inputShape.rank)")
    }
    guard (1...StreamOptions.largestBlock).contains(options.block) else {
      throw StreamError("block", expected: "1 to \(StreamOptions.largestBlock) frames", found: "\(options.block)")
    }
    guard options.tolerance >= 0, options.tolerance < 1 else {
      // Numbers with a fraction cannot be written out in Embedded Swift.
      throw StreamError(
        "tolerance", expected: "a number from 0 to below 1", found: options.tolerance < 0 ? "less" : "more")
    }
    let program = Program(model)
    var planner = StreamPlanner(model: model, program: program, options: options)
    planner.plan()
    self.model = model
    self.options = options
    self.program = program
    stages = planner.stages
    tables = planner.tables
    kernels = KernelTable(options.level)
    indices = planner.indices
    arenaFloats = planner.arenaFloats
    stateFloats = planner.stateFloats
    parameterFloats = planner.parameters.count
    stageOfLayer = planner.stageOfLayer
    parameters = planner.parameters.block()
    cost = options.cost ?? .standard(options.level)
  }

  deinit { parameters.deallocate() }

  /// What the plan does for each layer, for people and for `retina info --plan`.
  public var explanation: [PlannedLayer] {
    // What is read once per frame comes from as far away as all of it needs room.
    let workingSet = stages.reduce(0) { $0 + $1.work.resident }
    return stages.map { stage in
      PlannedLayer(
        layer: stage.layer.map { model.layers[$0].name } ?? "input", algorithm: stage.algorithm,
        work: stage.work, seconds: cost.seconds(stage.work, workingSet: workingSet),
        parameterBytes: stage.parameterFloats * 4, arenaOffset: stage.output * 4, outputBytes: stage.layout.floats * 4,
        leftOut: stage.leftOut)
    }
  }
}

/// What is done for a layer, and what it costs per frame.
public struct PlannedLayer: Sendable {
  /// Name of the layer.
  public var layer: String
  /// What is done.
  public var algorithm: String
  /// What is to be done per frame, as counted.
  public var work: StageWork
  /// Seconds per frame that follow from the count and ``StreamPlan/cost``.
  public var seconds: Double
  /// Bytes of parameters.
  public var parameterBytes: Int
  /// Where the output lies in the arena, in bytes.
  public var arenaOffset: Int
  /// Bytes of the output.
  public var outputBytes: Int
  /// The part of the kernels that was left out because a tolerance was given: the root of the ratio of sums of squares.
  public var leftOut: Double
}
