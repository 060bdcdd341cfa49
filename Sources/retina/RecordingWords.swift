import RetinaFit

/// What a recording in somebody else's layout leaves open.
extension CommandOption {
  static let response = CommandOption(
    "--response", "NAME", "of a salamander .h5: the responses to take (default: firing_rate_10ms)")
  static let stimulus = CommandOption(
    "--stimulus", "NAME", "of an .nwb or an openretina .h5: the stimulus to take (default: the only one; all)")
  static let testStimulus = CommandOption(
    "--test-stimulus", "NAME", "of an openretina .h5: the stimulus that is the test")
  static let frameRate = CommandOption("--frame-rate", "X", "frames per second of an .h5 that does not say")
  static let parts = CommandOption(
    "--parts", "N", "equal parts in which an .h5 or .nwb was shown (default: as the frame times say)")
  static let skippedStart = CommandOption(
    "--skip", "N", "frames at the start of each part whose responses are left out (default: 0)")
  static let transpose = CommandOption("--transpose", nil, "the frames of an .h5 or .nwb are stored as [column, row]")
}

extension RecordingChoice {
  /// The choice that words of the command line make.
  init(_ arguments: Arguments) throws {
    self.init(
      response: arguments["--response"], stimulus: arguments["--stimulus"], test: arguments["--test-stimulus"],
      frameRate: try arguments.number("--frame-rate", in: 1e-3...1e6),
      parts: try arguments.integer("--parts", in: 1...1 << 20),
      skippedStart: try arguments.integer("--skip", in: 0...1 << 30) ?? 0,
      isTransposed: arguments.has("--transpose"))
  }
}
