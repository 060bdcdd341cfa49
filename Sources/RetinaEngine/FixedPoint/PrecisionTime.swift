#if !hasFeature(Embedded)
  import RetinaModel

  /// The time of a frame in integers and in float32, as counted for one processor: which of the two to run there.
  ///
  /// Float32 has the spectral form, which shares a frame's transform among all windows that see it; integers have to be multiplied one by
  /// one. Where the processor is as fast in float32, that decides.
  public struct PrecisionTime: Sendable {
    /// The processor level.
    public var level: ProcessorLevel
    /// Seconds per frame.
    public var integers, float32: Double

    /// Counts; nothing for a model that does not look at movies.
    public init?(_ model: Model, _ program: FixedPointProgram, _ options: StreamOptions) {
      guard let plan = StreamPlan(model, options: options) else { return nil }
      level = options.level
      integers = FixedPointCost.standard(level).seconds(program.image)
      float32 = plan.explanation.reduce(0) { $0 + $1.seconds }
    }

    /// Whether float32 is faster here.
    public var prefersFloat32: Bool { float32 < integers }
  }
#endif
