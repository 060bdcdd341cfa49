import RetinaFiles
import RetinaModel

/// The layout of openretina's own data sets, as its version 1.1 reads them.
///
/// A session file holds `responses_NAME` [cell, time], and `stimulus_NAME` [colour, time, height, width] beside them or
/// `stimuli/NAME.npy` in the folder of the session. Which stimuli are a test, and the frame rate, stand in no file.
struct OpenretinaLayout {
  private let content: HDF5File
  private let choice: RecordingChoice

  static let responses = "responses_"
  private static let stimulus = "stimulus_"

  init(_ content: HDF5File, _ choice: RecordingChoice) throws(FileError) {
    (self.content, self.choice) = (content, choice)
  }

  /// The training stimuli one after another, each a block.
  func recording() throws(FileError) -> Recording {
    guard let rate = choice.frameRate else {
      throw FileError(file: content.file, expected: "--frame-rate X, frames per second", found: "no rate in the file")
    }
    let all = try content.names().filter { $0.hasPrefix(OpenretinaLayout.responses) }
      .map { String($0.dropFirst(OpenretinaLayout.responses.count)) }
    for name in [choice.stimulus, choice.test] {
      if let name, !all.contains(name) { throw failure("stimuli", quoted(name), all.joined(separator: ", ")) }
    }
    let training = choice.stimulus.map { [$0] } ?? all.filter { $0 != choice.test }
    guard let first = training.first else { throw failure("stimuli", "one that is no test", "none") }
    var (movie, responses) = try part(first)
    var (values, rates, ends) = (movie.values, Recording.transposed(responses), [movie.shape[0]])
    let (cellCount, plane) = (responses.shape[0], Array(movie.shape.dimensions.dropFirst()))
    for name in training.dropFirst() {
      (movie, responses) = try part(name)
      guard Array(movie.shape.dimensions.dropFirst()) == plane, responses.shape[0] == cellCount else {
        throw failure(
          quoted(name), "\(cellCount) cells and frames of \(plane), as in the first stimulus",
          "\(responses.shape[0]) and \(movie.shape.dimensions.dropFirst())")
      }
      values += movie.values
      rates += Recording.transposed(responses)
      ends.append((ends.last ?? 0) + movie.shape[0])
    }
    guard let shape = Shape(checking: [ends.last ?? 0] + plane), let whole = Tensor(shape: shape, values: values) else {
      throw failure("stimuli", "at most \(Shape.maximumCount) values", "more")
    }
    let blocks = zip([0] + ends, ends).map { Recording.Block(frames: $0..<$1, skippedStart: choice.skippedStart) }
    var recording = Recording(
      file: content.file, stimulus: .movie(whole), frameRate: rate,
      cells: (0..<cellCount).map { Cell(name: "cell \($0)", centre: nil) }, unit: .rates, responses: rates,
      blocks: blocks.count > 1 || choice.skippedStart > 0 ? blocks : [],
      provenance: [("layout", "openretina"), ("stimuli", training.joined(separator: ", "))])
    if let test = choice.test {
      let (movie, responses) = try part(test)
      guard responses.shape[0] == cellCount else {
        throw failure(quoted(test), "\(cellCount) cells", "\(responses.shape[0])")
      }
      recording.repeats = .init(stimulus: .movie(movie), trials: 1, responses: Recording.transposed(responses))
    }
    try recording.check()
    return recording
  }

  private func failure(_ place: String, _ expected: String, _ found: String) -> FileError {
    FileError(file: content.file, place: place, expected: expected, found: found)
  }

  /// A stimulus in grey, and the responses [cell, time] to it.
  private func part(_ name: String) throws(FileError) -> (movie: Tensor, responses: Tensor) {
    let inside = OpenretinaLayout.stimulus + name
    let movie =
      content.contains(inside) ? try content.tensor(inside) : try NPY.read("stimuli/\(name).npy", beside: content.file)
    guard movie.shape.rank == 4, [1, 3].contains(movie.shape[0]) else {
      throw failure(quoted(name), "[1 or 3 colours, time, height, width]", "\(movie.shape)")
    }
    let grey = movie.grey(colourAxis: 0)
    let responses = try content.tensor(OpenretinaLayout.responses + name)
    guard responses.shape.rank == 2, responses.shape[1] == grey.shape[0] else {
      throw failure(OpenretinaLayout.responses + name, "[cells, \(grey.shape[0]) frames]", "\(responses.shape)")
    }
    return (choice.isTransposed ? grey.transposedFrames() : grey, responses)
  }
}
