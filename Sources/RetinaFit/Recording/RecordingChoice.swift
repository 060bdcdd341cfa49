/// What a file of somebody else's does not say about a recording, or holds more than one of.
public struct RecordingChoice: Sendable {
  /// Which responses, such as `binned`; nothing takes the file's usual ones.
  public var response: String?
  /// Which stimulus; nothing takes the only one, or all.
  public var stimulus: String?
  /// The stimuli that are a test, where a file does not say.
  public var test: String?
  /// Frames per second, where a file does not say.
  public var frameRate: Double?
  /// Parts of equal length in which the stimulus was shown, with breaks between; nothing takes those of the frame times.
  public var parts: Int?
  /// Frames at the start of each part whose responses are not used.
  public var skippedStart: Int
  /// Whether frames are stored as [column, row].
  public var isTransposed: Bool

  /// Creates a choice.
  public init(
    response: String? = nil, stimulus: String? = nil, test: String? = nil, frameRate: Double? = nil,
    parts: Int? = nil, skippedStart: Int = 0, isTransposed: Bool = false
  ) {
    self.response = response
    self.stimulus = stimulus
    self.test = test
    self.frameRate = frameRate
    self.parts = parts
    self.skippedStart = skippedStart
    self.isTransposed = isTransposed
  }
}
