import Foundation
import RetinaFiles
import RetinaModel
import Testing

@testable import RetinaStimuli

@Suite struct StimulusSetTests {
  private func parse(_ text: String) throws(FileError) -> StimulusSet {
    try StimulusSet(parsing: Array(text.utf8), file: "set.json", folder: "")
  }

  @Test func `a set has its facts, sizes and labels`() throws {
    let set = try parse(
      """
      {"description": "two", "frame_rate": 30, "pixel_size_um": 55.5, "height": 6, "stimuli": [
        {"name": "a", "generator": "step", "labels": {"sign": "off", "family": "full-field"}},
        {"name": "b", "generator": "flash", "parameters": {"flashes": 3, "contrast": -0.5}, "height": 4, "width": 5}]}
      """)
    #expect(set.summary == "two" && set.frameRate == 30 && set.pixelSize == 55.5)
    #expect(set.stimuli.map(\.name) == ["a", "b"])
    #expect(set.stimuli[0].labels.map(\.name) == ["family", "sign"])
    #expect(set.stimuli[0].labels.map(\.text) == ["full-field", "off"])
    #expect(set.stimuli[0].shape == Shape(90, 6, 50))
    #expect(set.stimuli[1].shape == Shape(120, 4, 5))
    #expect(try set.stimuli[1].movie().values[30 * 20] == -0.5)
  }

  @Test(arguments: [
    ("[]", ["set.json", "expected an object", "an array"]),
    ("{", ["set.json"]),
    (#"{"stimuli": []}"#, ["stimuli", "at least one stimulus"]),
    (#"{"frames": 3, "stimuli": []}"#, ["frame_rate", "'frames'"]),
    (#"{"frame_rate": 0, "stimuli": []}"#, ["frame_rate", "above 0", "found 0"]),
    (#"{"height": 0, "stimuli": []}"#, ["height", "from 1 to 4096", "found 0"]),
    (#"{"description": 4, "stimuli": []}"#, ["description", "a text", "found 4"]),
    (#"{"stimuli": [3]}"#, ["stimuli[0]", "a name"]),
    (#"{"stimuli": [{"generator": "flash"}]}"#, ["stimuli[0]", "a name", "nothing"]),
    (#"{"stimuli": [{"name": "a"}]}"#, ["stimulus 'a', generator", "nothing"]),
    (#"{"stimuli": [{"name": "a", "generator": "flsh"}]}"#, ["stimulus 'a'", "flash, step", "'flsh'"]),
    (#"{"stimuli": [{"name": "a", "generator": "flash", "size": 3}]}"#, ["stimulus 'a'", "parameters", "'size'"]),
    (
      #"{"stimuli": [{"name": "a", "generator": "flash", "parameters": {"on": 3}}]}"#,
      ["stimulus 'a'", "parameters of 'flash'", "on_frames", "'on'"]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "flash", "parameters": [1]}]}"#,
      ["stimulus 'a'", "an object of parameters", "an array of 1"]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "flash", "parameters": {"on_frames": 0}}]}"#,
      ["stimulus 'a', parameter 'on_frames'", "an integer from 1 to 16777216 (frames)", "found 0"]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "flash", "parameters": {"on_frames": 1.5}}]}"#,
      ["parameter 'on_frames'", "an integer", "found 1.5"]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "moving-bar", "parameters": {"velocity": "fast"}}]}"#,
      ["parameter 'velocity'", "a number from -65536 to 65536 (pixels/frame)", "\"fast\""]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "drifting-grating", "parameters": {"profile": "saw"}}]}"#,
      ["parameter 'profile'", "\"square\" or \"sine\"", "\"saw\""]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "white-noise", "parameters": {"first_column": 151}}]}"#,
      ["parameter 'first_column'", "50 columns inside a board of 200", "columns 151 to 200"]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "white-noise", "height": 151}]}"#,
      ["parameter 'first_row'", "151 rows inside a board of 150"]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "white-noise", "parameters": {"seed": 1}}]}"#,
      ["parameter 'seed'", "from -2147483646 to -1", "found 1"]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "omitted-flash", "parameters": {"on_frames": 5}}]}"#,
      ["parameter 'on_frames'", "at most period_frames (4)", "found 5"]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "dead-leaves", "parameters": {"smallest_radius": 40}}]}"#,
      ["parameter 'largest_radius'", "at least smallest_radius (40.0)"]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "one-over-f", "width": 513}]}"#,
      ["stimulus 'a'", "width", "at most 512 pixels", "found 513"]
    ),
    (
      #"{"height": 4096, "width": 4096, "stimuli": [{"name": "a", "generator": "step"}, {"name": "b", "generator": "step", "parameters": {"duration_frames": 99}}]}"#,
      ["stimulus 'b'", "at most 2147483648 values", "129 frames of 4096 x 4096"]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "flash", "parameters": {"flashes": 65536, "on_frames": 16777216, "off_frames": 16777216}}]}"#,
      ["stimulus 'a'", "at most 2147483648 values"]
    ),
    (
      #"{"stimuli": [{"name": "a", "generator": "step"}, {"name": "a", "generator": "step"}]}"#,
      ["stimuli[1]", "a unique name", "second 'a'"]
    ),
    (#"{"stimuli": [{"name": "a", "generator": "step", "labels": ["x"]}]}"#, ["'a', labels", "an object of texts"]),
    (#"{"stimuli": [{"name": "a", "generator": "step", "labels": {"x": 1}}]}"#, ["'a', label 'x'", "found 1"]),
    (#"{"stimuli": [{"name": "a", "file": "m.npy", "height": 5}]}"#, ["stimulus 'a'", "'height'"]),
    (#"{"stimuli": [{"name": "a", "file": "../m.npy"}]}"#, ["stimulus 'a', file", "stays in the folder", "../m.npy"]),
    (#"{"stimuli": [{"name": "a", "file": "x/../../m.npy"}]}"#, ["stimulus 'a', file", "stays in the folder"]),
    (#"{"stimuli": [{"name": "a", "file": "/etc/passwd"}]}"#, ["stimulus 'a', file", "stays in the folder"]),
    (#"{"stimuli": [{"name": "a", "file": ""}]}"#, ["stimulus 'a', file", "stays in the folder"]),
  ])
  func `an error says where and what would be right`(text: String, parts: [String]) {
    do {
      _ = try parse(text)
      Issue.record("no error for \(text)")
    } catch {
      #expect(error.kind == .badData)
      for part in parts { #expect(error.description.contains(part), "\(error)") }
    }
  }

  @Test func `a stimulus is made from words`() throws {
    let stimulus = try Stimulus(
      generator: "moving-bar", parameters: ["velocity": 0.5, "duration_frames": 7], height: 3, width: 4)
    #expect(stimulus.name == "moving-bar")
    #expect(try stimulus.movie().shape == Shape(7, 3, 4))
    #expect(throws: FileError.self) { try Stimulus(generator: "moving-bar", height: 0) }
    #expect(throws: FileError.self) { try Stimulus(generator: "bar") }
  }

  @Test func `the largest movie has 2^31 values`() throws {
    let largest: JSON = ["pre_frames": 68, "duration_frames": 60]
    #expect(try Stimulus(generator: "step", parameters: largest, height: 4096, width: 4096).shape?.count == 1 << 31)
  }

  @Test func `every default is a value that is allowed`() throws {
    #expect(Set(StimulusSet.generators.map(\.name)).count == 12)
    for generator in StimulusSet.generators {
      let defaults = JSON.object(generator.parameters.map { .init($0.name, $0.defaultValue) })
      let said = try Stimulus(generator: generator.name, parameters: defaults).movie()
      #expect(try Stimulus(generator: generator.name).movie() == said, "\(generator.name)")
      #expect(!generator.summary.isEmpty && generator.parameters.allSatisfy { !$0.summary.isEmpty })
    }
  }

  @Test(arguments: [(1, 1), (3, 7), (64, 2)])
  func `every generator makes images of any size`(height: Int, width: Int) throws {
    for generator in StimulusSet.generators {
      let stimulus = try Stimulus(generator: generator.name, height: height, width: width)
      let movie = try stimulus.movie()
      #expect(movie.shape == stimulus.shape, "\(generator.name)")
      #expect(Array(movie.shape.dimensions.dropFirst()) == [height, width], "\(generator.name)")
      #expect(movie.firstNonFinite == nil, "\(generator.name)")
    }
  }

  @Test func `values outside a range are refused for every parameter`() {
    for generator in StimulusSet.generators {
      for parameter in generator.parameters {
        for value: JSON in [1e300, -1e300, .null, "x", [], true] {
          #expect(throws: FileError.self, "\(generator.name) \(parameter.name) \(value)") {
            try Stimulus(generator: generator.name, parameters: .object([.init(parameter.name, value)]))
          }
        }
      }
    }
  }

  @Test func `a damaged set is refused or read, never a crash`() throws {
    let bytes = try FileSystem.read(shippedFolder + "/battery.json")
    var generator = SeededGenerator(seed: 12)
    for _ in 0..<400 {
      var damaged = bytes
      for _ in 0..<3 {
        damaged[Int(generator.next() % UInt64(damaged.count))] = UInt8(truncatingIfNeeded: generator.next())
      }
      if generator.next() % 4 == 0 { damaged.removeLast(Int(generator.next() % UInt64(damaged.count))) }
      _ = try? StimulusSet(parsing: damaged, file: "damaged.json", folder: "")
    }
  }
}

/// Sets that name files.
@Suite struct StimulusFileTests {
  /// Runs `body` with a new folder that is removed afterwards.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/retina-stimuli-\(UUID().uuidString)"
    try FileSystem.createFolder(folder + "/set/movies")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func write(_ path: String, in folder: String) throws -> StimulusSet {
    let set = "{\"stimuli\": [{\"name\": \"file\", \"file\": \"\(path)\", \"labels\": {\"a\": \"b\"}}]}"
    try FileSystem.write(Array(set.utf8), to: folder + "/set/set.json")
    return try StimulusSet.read(folder + "/set/set.json")
  }

  @Test func `a movie is read from the folder of the set`() throws {
    try withFolder { folder in
      let movie = try #require(Tensor(shape: Shape(2, 1, 3), values: [1, 2, 3, 4, 5, 6]))
      try NPY.write(movie, to: folder + "/set/movies/m.npy")
      let set = try write("movies/m.npy", in: folder)
      #expect(set.stimuli[0].shape == nil)
      #expect(try set.stimuli[0].movie() == movie)
    }
  }

  @Test func `a film and pictures are read from the folder of the set`() throws {
    try withFolder { folder in
      let film = Array("YUV4MPEG2 W2 H1 Cmono\nFRAME\n".utf8) + [0, 51] + Array("FRAME\n".utf8) + [255, 102]
      try FileSystem.write(film, to: folder + "/set/film.y4m")
      #expect(try write("film.y4m", in: folder).stimuli[0].movie().values == [0, 0.2, 1, 0.4])
      // A picture of one black pixel.
      let picture: [UInt8] = [
        137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 58, 126,
        155, 85, 0, 0, 0, 10, 73, 68, 65, 84, 120, 156, 99, 96, 0, 0, 0, 2, 0, 1, 72, 175, 164, 113, 0, 0, 0, 0, 73, 69,
        78, 68, 174, 66, 96, 130,
      ]
      try FileSystem.createFolder(folder + "/set/pictures")
      for name in ["1.png", "2.png"] { try FileSystem.write(picture, to: "\(folder)/set/pictures/\(name)") }
      let set = try write("pictures", in: folder)
      #expect(try set.stimuli[0].movie() == Tensor(repeating: 0, shape: Shape(2, 1, 1)))
      try FileSystem.write(picture, to: folder + "/outside.png")
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/set/pictures/3.png", withDestinationPath: folder + "/outside.png")
      #expect(#expect(throws: FileError.self) { try set.stimuli[0].movie() }?.found == "a link out of it")
    }
  }

  @Test func `a link out of the folder is refused`() throws {
    try withFolder { folder in
      try NPY.write(Tensor(repeating: 0, shape: Shape(1, 1, 1)), to: folder + "/outside.npy")
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/set/link.npy", withDestinationPath: folder + "/outside.npy")
      let stimulus = try write("link.npy", in: folder).stimuli[0]
      let error = #expect(throws: FileError.self) { try stimulus.movie() }
      #expect(error?.found == "a link out of it")
    }
  }

  @Test func `files that are missing or hold no movie are refused`() throws {
    try withFolder { folder in
      let missing = try write("movies/none.npy", in: folder).stimuli[0]
      #expect(throws: FileError.self) { try missing.movie() }
      try NPY.write(Tensor(repeating: 0, shape: Shape(4, 4)), to: folder + "/set/flat.npy")
      let flat = try write("flat.npy", in: folder).stimuli[0]
      let error = #expect(throws: FileError.self) { try flat.movie() }
      #expect(error?.found == "[4, 4]")
      try NPY.write(Tensor(repeating: .infinity, shape: Shape(1, 2, 2)), to: folder + "/set/infinite.npy")
      let infinite = try write("infinite.npy", in: folder).stimuli[0]
      #expect(#expect(throws: FileError.self) { try infinite.movie() }?.place == "value 0")
    }
  }
}
