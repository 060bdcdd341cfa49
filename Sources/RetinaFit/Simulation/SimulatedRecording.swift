import RetinaFiles
import RetinaModel
import RetinaStimuli

extension CascadeRetina {
  /// Records a stimulus once, and its last frames again and again.
  ///
  /// The last `testFrames` are cut off as the repeated test; the rest is the stimulus of the recording. Traces of bipolar and
  /// amacrine cells during the stimulus go along. Repeats begin in a retina adapted to grey.
  ///
  /// - Throws: ``FileError`` when the stimulus cannot be made or is too short.
  public static func record(
    _ stimulus: RecordedStimulus, options: Options, trials: Int, testFrames: Int, file: String
  ) throws(FileError) -> Recording {
    let tested = trials > 0 ? testFrames : 0
    guard stimulus.frameCount > tested + 1 else {
      throw FileError(
        file: file, place: "stimulus", expected: "more than \(tested + 1) frames, the repeated test and the rest",
        found: "\(stimulus.frameCount)")
    }
    let retina = CascadeRetina(height: stimulus.height, width: stimulus.width, options: options)
    // Places and spikes draw from sequences of their own.
    var generator = SeededGenerator(seed: options.seed ^ 0x5350_494B_4553)
    let (shown, repeated) = tested > 0 ? try stimulus.split(at: stimulus.frameCount - tested) : (stimulus, nil)
    let traces = retina.traces(try shown.movie())
    let point = retina.workingPoint(traces)
    var recording = Recording(
      file: file, stimulus: shown, frameRate: options.frameRate, cells: retina.cells,
      responses: retina.spikes(retina.rates(traces, at: point), &generator), lag: 0, isSimulated: true,
      provenance: retina.provenance)
    if let repeated {
      let rates = retina.rates(retina.traces(try repeated.movie()), at: point)
      recording.repeats = Recording.RepeatedTest(
        stimulus: repeated, trials: trials, responses: (0..<trials).flatMap { _ in retina.spikes(rates, &generator) })
    }
    let layers = [
      ("bipolar-on", traces.onBipolars), ("bipolar-off", traces.offBipolars), ("amacrine-on", traces.onAmacrines),
      ("amacrine-off", traces.offAmacrines),
    ]
    for (name, values) in layers {
      guard let shape = Shape(checking: [shown.frameCount, values.count / shown.frameCount]),
        let trace = Tensor(shape: shape, values: values)
      else { continue }
      recording.interior.append((name, trace))
    }
    return recording
  }

  private var provenance: [(name: String, text: String)] {
    func text(_ grid: PixelGrid) -> String {
      "rows \(grid.rows.map(String.init).joined(separator: " ")); columns "
        + grid.columns.map(String.init).joined(separator: " ") + "; row-major"
    }
    let parts = Part.allCases.filter { options.without.contains($0) }.map { $0.rawValue }
    return [
      ("amacrine_grid", text(amacrines)), ("bipolar_grid", text(bipolars)),
      ("mean_rate", "\(options.meanRate) spikes/s"), ("seed", "\(options.seed)"),
      ("source", "simulated: the cascade retina of RetinaKit, no animal"),
      ("without", parts.isEmpty ? "nothing" : parts.joined(separator: ", ")),
    ]
  }
}

extension RecordedStimulus {
  /// The frames before one, and those from it on; white noise stays a recipe.
  func split(at frame: Int) throws(FileError) -> (first: RecordedStimulus, second: RecordedStimulus?) {
    if case .generated(let recipe) = self, let parts = try recipe.split(at: frame) {
      return (.generated(parts.first), .generated(parts.second))
    }
    let movie = try movie()
    return (
      movie.frames(0..<frame).map { .movie($0) } ?? self, movie.frames(frame..<frameCount).map { .movie($0) }
    )
  }
}

extension GeneratedStimulus {
  /// Two recipes that follow one another; nothing for generators that cannot begin in the middle.
  fileprivate func split(
    at frame: Int
  ) throws(FileError) -> (first: GeneratedStimulus, second: GeneratedStimulus)? {
    guard generator == "white-noise", parameters["hold_frames"]?.integer ?? 1 == 1 else { return nil }
    func part(_ range: Range<Int>) throws(FileError) -> GeneratedStimulus {
      let start = (parameters["start_pattern"]?.integer ?? 0) + range.lowerBound
      let kept = (parameters.members ?? []).filter { !["start_pattern", "duration_frames"].contains($0.name) }
      let own: [JSON.Member] = [
        .init("start_pattern", .number(Double(start))), .init("duration_frames", .number(Double(range.count))),
      ]
      return try GeneratedStimulus(generator: generator, parameters: .object(kept + own), height: height, width: width)
    }
    return (try part(0..<frame), try part(frame..<frameCount))
  }
}
