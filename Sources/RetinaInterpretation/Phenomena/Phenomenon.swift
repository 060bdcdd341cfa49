import RetinaModel

/// Something that retinas do: how it is shown, and how it is scored.
protocol Phenomenon: Sendable {
  /// What it is and how it is scored.
  var description: PhenomenonDescription { get }
  /// Whether each cell has a stimulus at its own place, or all see the same.
  var isPlacedOnCells: Bool { get }
  /// How strong its stimuli are to be.
  var drive: Drive { get }
  /// A movie that drives a cell, or all, as hard as any of the phenomenon's, to find the contrast.
  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor
  /// Shows everything and scores every cell.
  func measure(_ session: Session, contrast: Double) -> Measurement
}

extension Phenomenon {
  var isPlacedOnCells: Bool { false }
  var drive: Drive { .peak }
}

/// How hard stimuli drive cells; gain control makes responses sink again where they are stronger still.
enum Drive {
  /// Nine tenths of the largest peak, for scores that rest on peaks: not much less, because gain control does nothing there.
  case peak
  /// Half of the mean rate, from which rates can rise and fall, for scores that compare mean rates as gain control changes them.
  case mean
  /// A peak of twice what counts as a response, for scores of what happens before gain control and adaptation: both make rates alike
  /// where they are high, and do nothing to the weakest.
  case threshold
}

/// What a phenomenon came to in one responder.
struct Measurement: Sendable {
  /// What was shown.
  var stimulus: String
  /// Score of each cell; nothing for cells that do not respond.
  var scores: [Double?]
  /// Scores of the null, for phenomena that make it from the same cells.
  var ownNull: [Double?]?
  /// Name, places and values of each line of the picture.
  var curves: [(name: String, x: [Double], y: [Double])] = []
}

extension Tensor {
  /// The movie with frames of grey before and after.
  func padded(before: Int, after: Int) -> Tensor {
    var movie = Tensor(repeating: 0, shape: Shape(before + shape[0] + after, shape[1], shape[2]))
    let first = before * shape[1] * shape[2]
    movie.values.replaceSubrange(first..<first + values.count, with: values)
    return movie
  }
}

/// A number for people: three significant digits at most.
func short(_ value: Double) -> String {
  let magnitude = value.magnitude
  let scale = magnitude >= 100 ? 1.0 : magnitude >= 10 ? 10 : magnitude >= 1 ? 100 : 1000
  let rounded = (value * scale).rounded() / scale
  return rounded == rounded.rounded() ? String(Int(rounded)) : "\(rounded)"
}
