import RetinaFiles
import RetinaModel

/// The layout of the published salamander recordings.
///
/// Those of Maheswaranathan et al., Neuron 111, 2742 (2023), Stanford Digital Repository rk663dm5577: `train` and `test` with
/// `stimulus` [time, height, width], `time` [time] in seconds and `response/NAME` [cell, time]; `test/repeats/NAME`
/// [trial, cell, time] or `test/repeats/cell01` ... [trial, time].
struct SalamanderLayout {
  private let content: HDF5File
  private let choice: RecordingChoice

  /// Responses that are taken when nothing else is asked for, the best first: those of the published models.
  private static let usual = ["firing_rate_10ms", "firing_rate_20ms", "firing_rate_5ms", "binned"]
  /// The published models pair the window of frames i to i+39 with the response i+40.
  private static let lag = 1

  init(_ content: HDF5File, _ choice: RecordingChoice) throws(FileError) {
    (self.content, self.choice) = (content, choice)
  }

  func recording() throws(FileError) -> Recording {
    let name = try response()
    let unit: Recording.ResponseUnit = name.hasPrefix("firing_rate") ? .rates : .counts
    let movie = try movie("train/stimulus")
    let times = content.contains("train/time") ? try content.column("train/time") : nil
    guard let rate = choice.frameRate ?? times.flatMap({ FrameClock($0) }).map({ $0.rate }) else {
      throw failure("train/time", "times of at least two frames, or --frame-rate", "none")
    }
    let responses = try content.tensor("train/response/\(name)")
    guard responses.shape.rank == 2, responses.shape[1] == movie.shape[0] else {
      throw failure("train/response/\(name)", "[cells, \(movie.shape[0]) frames]", "\(responses.shape)")
    }
    let cells = (1...responses.shape[0]).map { Cell(name: "cell\($0 < 10 ? "0" : "")\($0)", centre: nil) }
    var recording = Recording(
      file: content.file, stimulus: .movie(movie), frameRate: rate, cells: cells, unit: unit,
      responses: Recording.transposed(responses), lag: SalamanderLayout.lag,
      frameTimes: times.flatMap { times in zip(times, times.dropFirst()).allSatisfy { $0 < $1 } ? times : nil },
      blocks: try Recording.blocks(frames: movie.shape[0], times: times, choice: choice, file: content.file),
      provenance: [("layout", "published salamander data"), ("response", name)])
    if content.contains("test/stimulus") { recording.repeats = try test(name, recording) }
    try recording.check()
    return recording
  }

  private func failure(_ place: String, _ expected: String, _ found: String) -> FileError {
    FileError(file: content.file, place: place, expected: expected, found: found)
  }

  private func response() throws(FileError) -> String {
    let names = try content.names(in: "train/response")
    guard let name = choice.response ?? SalamanderLayout.usual.first(where: names.contains) ?? names.first,
      names.contains(name)
    else {
      throw failure(
        "train/response", choice.response.map { "'\($0)', which --response asks for" } ?? "responses",
        names.isEmpty ? "nothing" : names.joined(separator: ", "))
    }
    return name
  }

  private func movie(_ name: String) throws(FileError) -> Tensor {
    let movie = try content.tensor(name)
    guard movie.shape.rank == 3 else { throw failure(name, "a movie [time, height, width]", "\(movie.shape)") }
    return choice.isTransposed ? movie.transposedFrames() : movie
  }

  /// The test stimulus with its trials; without them the mean that the file holds is a single one.
  private func test(_ name: String, _ recording: Recording) throws(FileError) -> Recording.RepeatedTest? {
    let movie = try movie("test/stimulus")
    let (cells, frames) = (recording.cells.count, movie.shape[0])
    if content.contains("test/repeats/\(name)") {
      let place = "test/repeats/\(name)"
      let trials = try content.tensor(place)
      guard trials.shape.rank == 3, trials.shape[1] == cells, trials.shape[2] == frames else {
        throw failure(place, "[trials, \(cells) cells, \(frames) frames]", "\(trials.shape)")
      }
      return repeats(movie, trials.shape[0], recording) { trials.values[($0 * cells + $2) * frames + $1] }
    }
    if content.contains("test/repeats/cell01") {
      var trials: [Tensor] = []
      for cell in recording.cells {
        let place = "test/repeats/\(cell.name)"
        let own = try content.tensor(place)
        guard own.shape.rank == 2, own.shape[1] == frames else {
          throw failure(place, "[trials, \(frames) frames]", "\(own.shape)")
        }
        trials.append(own)
      }
      let most = trials.map { $0.shape[0] }.max() ?? 0
      return repeats(movie, most, recording) { trial, frame, cell in
        trial < trials[cell].shape[0] ? trials[cell].values[trial * frames + frame] : .nan
      }
    }
    guard content.contains("test/response/\(name)") else { return nil }
    let place = "test/response/\(name)"
    let mean = try content.tensor(place)
    guard mean.shape.rank == 2, mean.shape[0] == cells, mean.shape[1] == frames else {
      throw failure(place, "[\(cells) cells, \(frames) frames]", "\(mean.shape)")
    }
    return Recording.RepeatedTest(
      stimulus: .movie(movie), trials: 1, responses: Recording.transposed(mean))
  }

  /// Trials in the unit of the recording: where it is rates, trials of whole numbers are counts.
  private func repeats(
    _ movie: Tensor, _ trials: Int, _ recording: Recording, value: (_ trial: Int, _ frame: Int, _ cell: Int) -> Float
  ) -> Recording.RepeatedTest {
    var responses: [Float] = []
    for trial in 0..<trials {
      for frame in 0..<movie.shape[0] {
        for cell in recording.cells.indices { responses.append(value(trial, frame, cell)) }
      }
    }
    let areCounts = responses.allSatisfy { $0.isNaN || $0 == $0.rounded() }
    if recording.unit == .rates, areCounts { responses = responses.map { $0 * Float(recording.frameRate) } }
    return Recording.RepeatedTest(stimulus: .movie(movie), trials: trials, responses: responses)
  }
}
