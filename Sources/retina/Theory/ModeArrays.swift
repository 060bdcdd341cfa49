import RetinaFiles
import RetinaModel
import RetinaTheory

/// A movie and responses as two arrays, in place of a recording.
struct ModeArrays {
  private let movie: Tensor
  /// `[frame, cell]`; NaN for frames without a response.
  private let responses: [Float]
  private let cells: Int
  /// Frames in a window.
  let history: Int

  /// The number of frames.
  var frames: Int { movie.shape[0] }

  /// Reads a movie `[time, height, width]` with a response for every frame or for every complete window, or
  /// `[sample, dimension]` with one for every sample.
  init(_ stimulusFile: String, _ responseFile: String, history: Int) throws {
    let (stimulus, rates) = (try NPY.read(stimulusFile), try NPY.read(responseFile))
    for (tensor, file) in [(stimulus, stimulusFile), (rates, responseFile)] {
      if let place = tensor.firstNonFinite {
        throw StimulusSource.notFinite(tensor.values[place], at: place, file: file, place: "array")
      }
    }
    guard rates.shape.rank == 2, rates.shape.count > 0 else {
      throw FileError(file: responseFile, expected: "responses [time, cell]", found: "\(rates.shape)")
    }
    guard stimulus.shape.count > 0, stimulus.shape.rank == 3 || stimulus.shape.rank == 2 else {
      throw FileError(
        file: stimulusFile, expected: "a movie [time, height, width], or [sample, dimension]",
        found: "\(stimulus.shape)")
    }
    let isMovie = stimulus.shape.rank == 3
    // A sample without time is a movie of one line whose windows are single frames.
    guard
      let movie = isMovie
        ? stimulus : Tensor(shape: Shape(stimulus.shape[0], 1, stimulus.shape[1]), values: stimulus.values)
    else { fatalError("as many values") }
    self.movie = movie
    self.history = isMovie ? history : 1
    let missing = movie.shape[0] - rates.shape[0]
    guard missing == 0 || missing == self.history - 1 else {
      throw FileError(
        file: responseFile,
        expected: "a response for each of \(movie.shape[0]) frames"
          + (isMovie ? ", or for each window of \(history)" : ""),
        found: "\(rates.shape[0])")
    }
    cells = rates.shape[1]
    responses = [Float](repeating: .nan, count: missing * cells) + rates.values
  }

  /// The windows of some frames.
  func windows(lag: Int, pool: Int?, frames: Range<Int>) throws(TheoryError) -> StimulusWindows {
    try StimulusWindows(
      movie: movie.values, height: movie.shape[1], width: movie.shape[2], responses: responses, cells: cells,
      history: history, lag: lag, pool: movie.shape[1] == 1 ? 1 : pool, frames: frames)
  }
}
