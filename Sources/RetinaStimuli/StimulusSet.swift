import RetinaFiles

/// Named stimuli, each a movie of its own: they are kept apart, never shown one after another.
public struct StimulusSet: Sendable {
  /// What the set is for.
  public var summary: String?
  /// Frames per second, if stated.
  public var frameRate: Double?
  /// Side of a pixel on the retina in micrometres, if stated.
  public var pixelSize: Double?
  /// The stimuli, in order; their names are unique in a set that was read.
  public var stimuli: [Stimulus]

  /// Creates a set.
  public init(summary: String? = nil, frameRate: Double? = nil, pixelSize: Double? = nil, stimuli: [Stimulus]) {
    self.summary = summary
    self.frameRate = frameRate
    self.pixelSize = pixelSize
    self.stimuli = stimuli
  }

  /// The generators that a set can name, with their parameters and defaults.
  public static var generators: [GeneratorDescription] { generatorTypes.map { $0.description } }

  static let generatorTypes: [any NamedGenerator.Type] = [
    Flash.self, Step.self, OmittedFlash.self, Chirp.self, MovingBar.self, ReversingGrating.self, DriftingGrating.self,
    ContrastStep.self, ObjectMotion.self, WhiteNoise.self, DeadLeaves.self, OneOverF.self,
  ]
}

// MARK: - Reading

extension StimulusSet {
  /// The largest set that is read: 16 MiB of JSON.
  public static let maximumBytes = 1 << 24

  /// Reads a set; the files that it names lie in its folder.
  ///
  /// - Throws: ``FileError`` that names the stimulus, the parameter and what would have been right.
  public static func read(_ path: String) throws(FileError) -> StimulusSet {
    let bytes = try FileSystem.read(path, limit: maximumBytes)
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ""
    return try StimulusSet(parsing: bytes, file: path, folder: folder)
  }

  /// Reads a set from its bytes; `file` is what errors speak of, `folder` where the files lie that it names.
  public init(parsing bytes: [UInt8], file: String, folder: String) throws(FileError) {
    let json = try JSON(parsing: bytes, file: file)
    let fields = Fields(json: json, file: file, place: nil)
    try fields.checkNames(["description", "frame_rate", "pixel_size_um", "height", "width", "stimuli"])
    summary = try fields.string("description")
    frameRate = try fields.positiveNumber("frame_rate", unit: "frames/s")
    pixelSize = try fields.positiveNumber("pixel_size_um", unit: "micrometres")
    let height = try fields.extent("height") ?? Stimulus.defaultExtent
    let width = try fields.extent("width") ?? Stimulus.defaultExtent
    guard let entries = json["stimuli"]?.array, !entries.isEmpty else {
      throw FileError(
        file: file, place: "stimuli", expected: "an array of at least one stimulus",
        found: json["stimuli"]?.inWords ?? "nothing")
    }
    stimuli = []
    var names: Set<String> = []
    for (index, entry) in entries.enumerated() {
      let stimulus = try StimulusSet.stimulus(
        entry, index: index, height: height, width: width, file: file, folder: folder)
      guard names.insert(stimulus.name).inserted else {
        throw FileError(
          file: file, place: "stimuli[\(index)]", expected: "a unique name",
          found: "a second '\(stimulus.name.cut)'")
      }
      stimuli.append(stimulus)
    }
  }

  private static func stimulus(
    _ entry: JSON, index: Int, height: Int, width: Int, file: String, folder: String
  ) throws(FileError) -> Stimulus {
    let unnamed = Fields(json: entry, file: file, place: "stimuli[\(index)]")
    guard let name = try unnamed.string("name"), !name.isEmpty else {
      throw unnamed.error("name", expected: "a name")
    }
    let fields = Fields(json: entry, file: file, place: "stimulus '\(name.cut)'")
    let labels = try fields.labels()
    if entry["file"] != nil {
      try fields.checkNames(["name", "file", "labels"])
      guard let path = try fields.string("file"), staysInside(path) else {
        throw fields.error("file", expected: "a path that stays in the folder of the set")
      }
      return Stimulus(name: name, source: .file(path: path, folder: folder), labels: labels)
    }
    try fields.checkNames(["name", "generator", "parameters", "height", "width", "labels"])
    guard let generator = try fields.string("generator") else {
      throw fields.error("generator", expected: "the name of a generator, or a file")
    }
    return try Stimulus(
      name: name, generator: generator, parameters: entry["parameters"] ?? [:],
      height: try fields.extent("height") ?? height, width: try fields.extent("width") ?? width, labels: labels,
      file: file)
  }

  /// Whether a relative path names something below its folder, read as words alone.
  private static func staysInside(_ path: String) -> Bool {
    !path.utf8.contains(0)
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !["", ".", ".."].contains($0) }
  }
}

/// The members of a JSON object, with errors that say where it lies.
private struct Fields {
  let json: JSON
  let file: String
  let place: String?

  func error(_ name: String, expected: String) -> FileError {
    FileError(
      file: file, place: place.map { "\($0), \(name)" } ?? name, expected: expected,
      found: json[name]?.inWords ?? "nothing")
  }

  /// Refuses members of other names, and anything but an object.
  func checkNames(_ names: [String]) throws(FileError) {
    guard let members = json.members else {
      throw FileError(file: file, place: place, expected: "an object", found: json.inWords)
    }
    for member in members where !names.contains(member.name) {
      throw FileError(
        file: file, place: place, expected: "members \(names.joined(separator: ", "))", found: "'\(member.name.cut)'")
    }
  }

  func string(_ name: String) throws(FileError) -> String? {
    guard let value = json[name] else { return nil }
    guard let text = value.string else { throw error(name, expected: "a text") }
    return text
  }

  func positiveNumber(_ name: String, unit: String) throws(FileError) -> Double? {
    guard let value = json[name] else { return nil }
    guard let number = value.number, number > 0, number.isFinite else {
      throw error(name, expected: "a number above 0 (\(unit))")
    }
    return number
  }

  func extent(_ name: String) throws(FileError) -> Int? {
    guard let value = json[name] else { return nil }
    guard let extent = value.integer, (1...Limits.extent).contains(extent) else {
      throw error(name, expected: "an integer from 1 to \(Limits.extent) (pixels)")
    }
    return extent
  }

  func labels() throws(FileError) -> [(name: String, text: String)] {
    guard let value = json["labels"] else { return [] }
    guard let members = value.members else { throw error("labels", expected: "an object of texts") }
    var labels: [(name: String, text: String)] = []
    for member in members {
      guard let text = member.value.string else {
        throw FileError(
          file: file, place: place.map { "\($0), label '\(member.name.cut)'" }, expected: "a text",
          found: member.value.inWords)
      }
      labels.append((member.name, text))
    }
    return labels
  }
}
