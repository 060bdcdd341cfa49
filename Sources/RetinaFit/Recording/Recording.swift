import RetinaFiles
import RetinaModel

/// What an experiment gives: a stimulus and the responses of cells to it, one bin per stimulus frame.
///
/// A plain value; ``check()`` says what is wrong with it, and ``read(_:)`` gives only recordings that pass.
public struct Recording: Sendable {
  /// What a response is a number of.
  public enum ResponseUnit: String, Sendable, CaseIterable {
    /// Spikes in a frame.
    case counts
    /// Spikes per second.
    case rates
  }

  /// A stretch of frames that was shown without a break.
  public struct Block: Equatable, Sendable {
    /// The frames.
    public var frames: Range<Int>
    /// Frames at the start whose responses are not used, while the retina adapts.
    public var skippedStart: Int

    /// Creates a block.
    public init(frames: Range<Int>, skippedStart: Int = 0) {
      self.frames = frames
      self.skippedStart = skippedStart
    }
  }

  /// A second stimulus that was shown several times.
  public struct RepeatedTest: Sendable {
    /// What was shown each time.
    public var stimulus: RecordedStimulus
    /// How often it was shown.
    public var trials: Int
    /// `[trial, frame, cell]`, in the unit of the recording; NaN where there is no measurement.
    public var responses: [Float]

    /// Creates a test.
    public init(stimulus: RecordedStimulus, trials: Int, responses: [Float]) {
      self.stimulus = stimulus
      self.trials = trials
      self.responses = responses
    }
  }

  /// What errors call the recording: its file.
  public var file: String
  /// The stimulus.
  public var stimulus: RecordedStimulus
  /// Frames per second.
  public var frameRate: Double
  /// What is done to the stimulus for a model; nothing means (x - mean) / deviation of the frames shown.
  public var normalization: Normalization?
  /// The cells; a centre is in pixels of the stimulus.
  public var cells: [Cell]
  /// What the responses are.
  public var unit: ResponseUnit
  /// `[frame, cell]`; NaN where there is no measurement.
  public var responses: [Float]
  /// Frames between the newest frame that a response may depend on and the response, if the recording states it.
  public var lag: Int?
  /// When each frame began, in seconds, if known.
  public var frameTimes: [Double]?
  /// Spikes at times when no frame was shown, which were left out on request.
  public var droppedSpikes: Int
  /// Stretches without a break, in order; the whole recording when empty.
  public var blocks: [Block]
  /// Frames whose responses are not used.
  public var excluded: [Range<Int>]
  /// A second stimulus that was shown several times.
  public var repeats: RepeatedTest?
  /// Traces of units inside a simulated retina, `[frame, unit]`, by name; a recorded retina has none.
  public var interior: [(name: String, trace: Tensor)]
  /// Whether the responses were made by a simulation.
  public var isSimulated: Bool
  /// Where the recording comes from, as named texts.
  public var provenance: [(name: String, text: String)]

  /// Creates a recording.
  public init(
    file: String = "recording", stimulus: RecordedStimulus, frameRate: Double, normalization: Normalization? = nil,
    cells: [Cell], unit: ResponseUnit = .counts, responses: [Float], lag: Int? = nil, frameTimes: [Double]? = nil,
    droppedSpikes: Int = 0, blocks: [Block] = [], excluded: [Range<Int>] = [], repeats: RepeatedTest? = nil,
    interior: [(name: String, trace: Tensor)] = [], isSimulated: Bool = false,
    provenance: [(name: String, text: String)] = []
  ) {
    self.file = file
    self.stimulus = stimulus
    self.frameRate = frameRate
    self.normalization = normalization
    self.cells = cells
    self.unit = unit
    self.responses = responses
    self.lag = lag
    self.frameTimes = frameTimes
    self.droppedSpikes = droppedSpikes
    self.blocks = blocks
    self.excluded = excluded
    self.repeats = repeats
    self.interior = interior
    self.isSimulated = isSimulated
    self.provenance = provenance
  }

  /// Frames of the stimulus.
  public var frameCount: Int { stimulus.frameCount }

  /// The blocks, where none is stated one of all frames.
  public var statedBlocks: [Block] { blocks.isEmpty ? [Block(frames: 0..<frameCount)] : blocks }

  /// What turns a response into spikes per frame.
  public var spikesPerFrame: Float { unit == .counts ? 1 : Float(1 / frameRate) }

  /// Keeps some cells only.
  ///
  /// - Throws: ``FileError`` that lists the names there are.
  public func selecting(_ names: [String]) throws(FileError) -> Recording {
    var places: [Int] = []
    for name in names {
      guard let place = cells.firstIndex(where: { $0.name == name }), !places.contains(place) else {
        let known = cells.prefix(12).map { $0.name }.joined(separator: ", ") + (cells.count > 12 ? " ..." : "")
        throw error("cells", "different names among \(known)", quoted(name))
      }
      places.append(place)
    }
    func select(_ values: [Float]) -> [Float] {
      (0..<values.count / cells.count).flatMap { row in places.map { values[row * cells.count + $0] } }
    }
    var recording = self
    recording.cells = places.map { cells[$0] }
    recording.responses = select(responses)
    recording.repeats?.responses = select(repeats?.responses ?? [])
    return recording
  }

  /// An error that speaks of this recording.
  func error(_ place: String?, _ expected: String, _ found: String) -> FileError {
    FileError(file: file, place: place, expected: expected, found: found)
  }
}
