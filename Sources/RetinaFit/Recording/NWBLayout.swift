import RetinaFiles
import RetinaModel

/// Neurodata Without Borders 2: `units` with spike times, and a movie in `stimulus/presentation`.
///
/// The movie is an `ImageSeries`, `OpticalSeries` or `TimeSeries` with `data` [time, height, width] or [..., colour], or an
/// `IndexSeries` of frames of such a series in `stimulus/templates`; its frames begin at `timestamps`, or at
/// `starting_time` and then at a `rate`. Spikes are counted into frames; those at other times are left out and their
/// number is told.
struct NWBLayout {
  private let content: HDF5File
  private let choice: RecordingChoice
  private static let presentation = "stimulus/presentation"

  init(_ content: HDF5File, _ choice: RecordingChoice) throws(FileError) {
    (self.content, self.choice) = (content, choice)
  }

  func recording() throws(FileError) -> Recording {
    let series = "\(NWBLayout.presentation)/\(try stimulus())"
    let movie = try movie(series)
    let times = try frameTimes(series, movie.shape[0])
    guard let clock = FrameClock(times) else { throw failure(series, "at least two frames", "\(times.count)") }
    var recording = Recording(
      file: content.file, stimulus: .movie(movie), frameRate: clock.rate, cells: try cells(), responses: [],
      frameTimes: times,
      blocks: try Recording.blocks(frames: movie.shape[0], times: times, choice: choice, file: content.file),
      provenance: [("layout", "Neurodata Without Borders"), ("stimulus", series)])
    let spikes = try spikes(recording.cells.count)
    try recording.count(times: spikes.times, cells: spikes.cells, drops: true)
    try recording.check()
    return recording
  }

  private func failure(_ place: String, _ expected: String, _ found: String) -> FileError {
    FileError(file: content.file, place: place, expected: expected, found: found)
  }

  // MARK: - Stimulus

  private func stimulus() throws(FileError) -> String {
    let all = content.contains(NWBLayout.presentation) ? try content.names(in: NWBLayout.presentation) : []
    var movies: [String] = []
    for name in all where try isMovie("\(NWBLayout.presentation)/\(name)") { movies.append(name) }
    if let name = choice.stimulus {
      guard movies.contains(name) else {
        throw failure(NWBLayout.presentation, "a movie \(quoted(name))", list(movies))
      }
      return name
    }
    guard movies.count == 1, let name = movies.first else {
      throw failure(NWBLayout.presentation, "one movie, or --stimulus NAME", list(movies))
    }
    return name
  }

  private func list(_ movies: [String]) -> String {
    movies.isEmpty ? "none" : movies.prefix(12).joined(separator: ", ") + (movies.count > 12 ? " ..." : "")
  }

  private func isMovie(_ series: String) throws(FileError) -> Bool {
    guard content.isGroup(series), content.contains("\(series)/data") else { return false }
    let rank = try content.extents(of: "\(series)/data").count
    return rank == 3 || rank == 4 || rank == 1 && content.contains("\(series)/indexed_timeseries")
  }

  /// The frames as numbers; `conversion` and `offset` are applied where they are stated.
  private func movie(_ series: String) throws(FileError) -> Tensor {
    let indices = "\(series)/indexed_timeseries"
    if content.contains(indices) { return try selection(of: try movie(indices), series) }
    let data = "\(series)/data"
    var movie = try content.tensor(data)
    if movie.shape.rank == 4, movie.shape[3] == 3 { movie = movie.grey(colourAxis: 3) }
    guard movie.shape.rank == 3 else {
      throw failure(data, "[time, height, width], or with 3 colours at the end", "\(movie.shape)")
    }
    let scale = Float(try content.number(attribute: "conversion", of: data) ?? 1)
    let offset = Float(try content.number(attribute: "offset", of: data) ?? 0)
    if scale != 1 || offset != 0 { movie.values = movie.values.map { $0 * scale + offset } }
    return choice.isTransposed ? movie.transposedFrames() : movie
  }

  /// The frames that an index series shows.
  private func selection(of frames: Tensor, _ series: String) throws(FileError) -> Tensor {
    let data = "\(series)/data"
    let (plane, indices) = (frames.shape[1] * frames.shape[2], try content.column(data))
    guard indices.count <= HDF5File.maximumCount / plane,
      let shape = Shape(checking: [indices.count, frames.shape[1], frames.shape[2]])
    else { throw failure(data, "1 to \(HDF5File.maximumCount / plane) frames", "\(indices.count)") }
    var movie = Tensor(repeating: 0, shape: shape)
    for (place, number) in indices.enumerated() {
      guard let index = Int(exactly: number), (0..<frames.shape[0]).contains(index) else {
        throw failure("\(data), value \(place)", "a frame from 0 to \(frames.shape[0] - 1)", "\(number)")
      }
      for pixel in 0..<plane { movie.values[place * plane + pixel] = frames.values[index * plane + pixel] }
    }
    return movie
  }

  private func frameTimes(_ series: String, _ frames: Int) throws(FileError) -> [Double] {
    if content.contains("\(series)/timestamps") {
      let times = try content.column("\(series)/timestamps")
      guard times.count == frames else { throw failure("\(series)/timestamps", "\(frames) times", "\(times.count)") }
      return times
    }
    let start = "\(series)/starting_time"
    guard content.contains(start), let first = try content.doubles(start).values.first,
      let rate = try content.number(attribute: "rate", of: start), rate > 0, rate.isFinite
    else { throw failure(series, "timestamps, or a starting_time with a rate above 0", "neither") }
    return (0..<frames).map { first + Double($0) / rate }
  }

  // MARK: - Units

  private func cells() throws(FileError) -> [Cell] {
    if content.contains("units/unit_name") {
      return try content.texts("units/unit_name").map { Cell(name: $0, centre: nil) }
    }
    return try content.column("units/id").map { Cell(name: Int(exactly: $0).map { "\($0)" } ?? "\($0)", centre: nil) }
  }

  /// The times of all spikes, and the cell of each.
  private func spikes(_ cells: Int) throws(FileError) -> (times: [Double], cells: [Int]) {
    let times = try content.column("units/spike_times")
    let ends = try content.column("units/spike_times_index")
    guard ends.count == cells else { throw failure("units/spike_times_index", "\(cells) ends", "\(ends.count)") }
    var owners: [Int] = []
    owners.reserveCapacity(times.count)
    for (cell, number) in ends.enumerated() {
      guard let end = Int(exactly: number), (owners.count...times.count).contains(end) else {
        throw failure(
          "units/spike_times_index, value \(cell)", "an end from \(owners.count) to \(times.count)", "\(number)")
      }
      owners += [Int](repeating: cell, count: end - owners.count)
    }
    guard owners.count == times.count else {
      throw failure("units/spike_times_index", "\(times.count) spikes in all", "\(owners.count)")
    }
    return (times, owners)
  }
}
