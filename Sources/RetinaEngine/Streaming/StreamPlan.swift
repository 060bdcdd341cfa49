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

  /// Plans a movie model; nothing for a model whose input is not `[history, height, width]`.
  public init?(_ model: Model, options: StreamOptions = StreamOptions()) {
    guard model.inputShape.rank == 3 else { return nil }
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
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(64, planner.parameters.count * 4), alignment: 64)
    parameters = memory.bindMemory(to: Float.self, capacity: max(16, planner.parameters.count))
    parameters.initialize(from: planner.parameters, count: planner.parameters.count)
  }

  deinit { parameters.deallocate() }

  /// What the plan does for each layer, for people and for `retina info --plan`.
  public var explanation: [PlannedLayer] {
    stages.map { stage in
      PlannedLayer(
        layer: stage.layer.map { model.layers[$0].name } ?? "input", algorithm: stage.algorithm,
        operations: stage.operations, parameterBytes: stage.parameterFloats * 4, arenaOffset: stage.output * 4,
        outputBytes: stage.layout.floats * 4)
    }
  }
}

/// What is done for a layer, and what it costs per frame.
public struct PlannedLayer: Sendable {
  /// Name of the layer.
  public var layer: String
  /// What is done.
  public var algorithm: String
  /// Floating-point operations per frame, as counted; additions and multiplications count one each.
  public var operations: Double
  /// Bytes of parameters.
  public var parameterBytes: Int
  /// Where the output lies in the arena, in bytes.
  public var arenaOffset: Int
  /// Bytes of the output.
  public var outputBytes: Int
}
