import RetinaFiles
import RetinaModel

extension Recording {
  /// Whether a file holds a recording, rather than the arrays of a stimulus; HDF5 files are taken for recordings.
  ///
  /// - Throws: ``FileError`` for an `.npz` file that cannot be read.
  public static func isHeld(in path: String) throws(FileError) -> Bool {
    if isHDF5(path) { return true }
    guard isRecording(path) else { return false }
    return try NPZArchive(path).names.contains { $0 == "metadata" || $0 == "responses" }
  }

  /// Reads a recording from an `.npz`, `.h5`, `.hdf5` or `.nwb` file; the layouts are in the README of this module.
  ///
  /// `choice` is for layouts that leave something open; this module's own says everything.
  ///
  /// - Throws: ``FileError`` for a file that cannot be read, lacks a part, or contradicts itself: see ``check()``.
  public static func read(_ path: String, _ choice: RecordingChoice = RecordingChoice()) throws(FileError) -> Recording
  {
    isHDF5(path) ? try readHDF5(path, choice) : try read(try NPZArchive(path))
  }

  /// Reads a recording from the bytes of an `.npz` file.
  public static func parse(_ bytes: [UInt8], file: String) throws(FileError) -> Recording {
    try read(try NPZArchive(parsing: bytes, file: file))
  }

  /// Reads a recording in this module's layout.
  static func read(_ archive: some RecordingArrays) throws(FileError) -> Recording {
    let path = archive.file
    var properties = try metadata(archive, path)
    let format = try properties.required("format", .integer)
    guard format == RecordingFile.format else {
      throw FileError(file: path, place: "metadata", expected: "format \(RecordingFile.format)", found: "\(format)")
    }
    let stimulus = try stimulus("stimulus", archive, &properties)
    let frameRate = try properties.required("frame_rate", .number)
    let (cells, unit) = (try cells(&properties), try properties.optional("response", .unit) ?? .counts)
    let drops = try properties.optional("spikes_outside", .drops) ?? false
    var recording = Recording(
      file: path, stimulus: stimulus, frameRate: frameRate,
      normalization: try properties.optional("normalisation", .normalization), cells: cells, unit: unit, responses: [],
      lag: try properties.optional("lag", .integer), frameTimes: try archive.times("frame_times"),
      blocks: try properties.optional("blocks", .blocks) ?? [],
      excluded: try properties.optional("excluded", .spans) ?? [],
      isSimulated: try properties.optional("simulated", .truth) ?? false,
      provenance: try provenance(&properties))
    let test = try repeats(archive, &properties)
    try properties.finish()
    if let responses = try archive.tensor("responses") {
      guard responses.shape.rank == 2, responses.shape[1] == cells.count else {
        throw recording.error("responses", "[time, \(cells.count) cells]", "\(responses.shape)")
      }
      recording.responses = responses.values
    } else if !cells.isEmpty {
      recording.unit = .counts
      try recording.count(archive, drops: drops)
    }
    recording.repeats = test
    for name in try archive.arrayNames() {
      if name.hasPrefix(RecordingFile.interior), let trace = try archive.tensor(name) {
        recording.interior.append((String(name.dropFirst(RecordingFile.interior.count)), trace))
      } else if !RecordingFile.arrays.contains(name) {
        throw recording.error(
          "array \(quoted(name))", "\(RecordingFile.arrays.joined(separator: ", ")) or \(RecordingFile.interior)NAME",
          "another name")
      }
    }
    try recording.check()
    return recording
  }

  /// The metadata: the array of that name, else the `.json` file beside.
  private static func metadata(_ archive: some RecordingArrays, _ path: String) throws(FileError) -> JSONProperties {
    if let text = try archive.text("metadata") {
      return try JSONProperties(try JSON(parsing: text, file: path), place: "metadata", file: path)
    }
    let beside = (path.hasSuffix(".npz") ? String(path.dropLast(4)) : path) + ".json"
    do throws(FileError) {
      let bytes = try FileSystem.read(beside, limit: 1 << 24)
      return try JSONProperties(try JSON(parsing: bytes, file: beside), place: "metadata", file: beside)
    } catch {
      guard error.kind == .cannotRead else { throw error }
      throw FileError(
        file: path, expected: "a recording, with an array 'metadata' or the file '\(beside)'", found: "neither")
    }
  }

  private static func stimulus(
    _ name: String, _ archive: some RecordingArrays, _ properties: inout JSONProperties
  ) throws(FileError) -> RecordedStimulus {
    if let recipe = try generated(name, archive.file, &properties) { return .generated(recipe) }
    guard let movie = try archive.tensor(name) else {
      throw FileError(
        file: archive.file, expected: "an array '\(name)' or a generator '\(name)' in the metadata", found: "neither")
    }
    guard movie.shape.rank == 3 else {
      throw FileError(
        file: archive.file, place: name, expected: "a movie [time, height, width]", found: "\(movie.shape)")
    }
    return .movie(movie)
  }

  private static func generated(
    _ name: String, _ file: String, _ properties: inout JSONProperties
  ) throws(FileError) -> GeneratedStimulus? {
    guard var recipe = try properties.object(name) else { return nil }
    let stimulus = try GeneratedStimulus(
      generator: try recipe.required("generator", .text), parameters: try recipe.optional("parameters", .any) ?? [:],
      height: try recipe.required("height", .integer), width: try recipe.required("width", .integer), file: file)
    try recipe.finish()
    return stimulus
  }

  private static func cells(_ properties: inout JSONProperties) throws(FileError) -> [Cell] {
    var cells: [Cell] = []
    for entry in try properties.required("cells", .array) {
      var cell = try properties.inside(entry, "cell \(cells.count)")
      cells.append(Cell(name: try cell.required("name", .text), centre: try cell.optional("centre", .centre)))
      try cell.finish()
    }
    return cells
  }

  private static func provenance(
    _ properties: inout JSONProperties
  ) throws(FileError) -> [(name: String, text: String)] {
    var texts = try properties.object("provenance")
    return try texts?.rest(.text).map { ($0.name, $0.value) } ?? []
  }

  private static func repeats(
    _ archive: some RecordingArrays, _ properties: inout JSONProperties
  ) throws(FileError) -> RepeatedTest? {
    guard let responses = try archive.tensor("repeat_responses") else { return nil }
    guard responses.shape.rank == 3 else {
      throw FileError(
        file: archive.file, place: "repeat_responses", expected: "[trial, time, cell]", found: "\(responses.shape)")
    }
    return RepeatedTest(
      stimulus: try stimulus("repeat_stimulus", archive, &properties), trials: responses.shape[0],
      responses: responses.values)
  }

  /// Counts the spikes of a file into the frames that were on screen.
  private mutating func count(_ archive: some RecordingArrays, drops: Bool) throws(FileError) {
    guard let times = try archive.times("spike_times"), let owners = try archive.times("spike_cells") else {
      throw error(nil, "an array 'responses', or 'spike_times' and 'spike_cells'", "neither")
    }
    guard times.count == owners.count else {
      throw error("spike_cells", "a cell for each of the \(times.count) spikes", "\(owners.count)")
    }
    var places: [Int] = []
    for (index, owner) in owners.enumerated() {
      guard let cell = Int(exactly: owner), cells.indices.contains(cell) else {
        throw error("spike_cells, spike \(index)", "a cell from 0 to \(cells.count - 1)", "\(owner)")
      }
      places.append(cell)
    }
    try count(times: times, cells: places, drops: drops)
  }

  /// Counts spikes into the frames that were on screen; those at other times are left out when `drops`, else an error.
  mutating func count(times: [Double], cells owners: [Int], drops: Bool) throws(FileError) {
    if let frameTimes, frameTimes.count != frameCount {
      throw error("frame_times", "\(frameCount) times, one for each frame", "\(frameTimes.count)")
    }
    let clock = frameTimes.flatMap { FrameClock($0) } ?? FrameClock(frames: frameCount, rate: frameRate)
    responses = [Float](repeating: 0, count: frameCount * cells.count)
    var first: Double?
    for (time, cell) in zip(times, owners) {
      if let frame = clock.frame(at: time) {
        responses[frame * cells.count + cell] += 1
      } else {
        first = first ?? time
        droppedSpikes += 1
      }
    }
    if !drops, let first {
      let end = (clock.starts.last ?? 0) + clock.period
      throw error(
        "spike_times", "spikes while a frame is shown, \(clock.starts.first ?? 0) to \(end) s without pauses",
        "\(droppedSpikes) at other times, the first at \(first) s; \"spikes_outside\": \"drop\" in the "
          + "metadata leaves them out")
    }
  }
}

/// Names in a file of a recording.
enum RecordingFile {
  /// The version of the layout.
  static let format = 1
  /// What the names of interior traces begin with.
  static let interior = "interior."
  /// The other arrays.
  static let arrays = [
    "metadata", "stimulus", "responses", "spike_times", "spike_cells", "frame_times", "repeat_stimulus",
    "repeat_responses",
  ]
}

// MARK: - Forms of metadata

extension JSONForm<Bool> {
  /// Whether spikes outside the frames are dropped.
  fileprivate static var drops: Self {
    Self(expected: "'error' or 'drop'") { json in
      switch json.string {
      case "error": false
      case "drop": true
      default: nil
      }
    }
  }
}

extension JSONForm<Recording.ResponseUnit> {
  fileprivate static var unit: Self {
    Self(expected: "'counts' or 'rates'") { $0.string.flatMap(Recording.ResponseUnit.init(rawValue:)) }
  }
}

extension JSONForm<Normalization> {
  fileprivate static var normalization: Self {
    Self(expected: "'none' or {\"mean\": NUMBER, \"std\": NUMBER above 0}") { json in
      if json.string == "none" { return Normalization.none }
      guard let mean = json["mean"]?.number, let deviation = json["std"]?.number, Float(mean).isFinite,
        Float(deviation) > 0, Float(deviation).isFinite, json.members?.count == 2
      else { return nil }
      return .scalar(mean: Float(mean), standardDeviation: Float(deviation))
    }
  }
}

extension JSONForm<[Range<Int>]> {
  fileprivate static var spans: Self {
    Self(expected: "an array of [first frame, frame after the last]") { json in
      guard let array = json.array else { return nil }
      let spans = array.compactMap { span($0.array) }
      return spans.count == array.count ? spans : nil
    }
  }
}

extension JSONForm<[Recording.Block]> {
  fileprivate static var blocks: Self {
    Self(expected: "an array of {\"frames\": [first, after the last], \"skip\": FRAMES}") { json in
      guard let array = json.array else { return nil }
      let blocks = array.compactMap { entry -> Recording.Block? in
        guard let frames = span(entry["frames"]?.array) else { return nil }
        guard let skip = entry["skip"] else { return Recording.Block(frames: frames) }
        return skip.integer.map { Recording.Block(frames: frames, skippedStart: $0) }
      }
      return blocks.count == array.count ? blocks : nil
    }
  }
}

private func span(_ pair: [JSON]?) -> Range<Int>? {
  guard let pair, pair.count == 2, let start = pair[0].integer, let end = pair[1].integer, start <= end else {
    return nil
  }
  return start..<end
}
