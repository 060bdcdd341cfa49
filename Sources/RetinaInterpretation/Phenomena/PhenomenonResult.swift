import RetinaFit

/// What a phenomenon came to in one responder: plain values.
public struct PhenomenonResult: Sendable {
  /// What was looked for.
  public var phenomenon: PhenomenonDescription
  /// What was shown, with its numbers in ms, micrometres and contrast, as rounded to frames and pixels.
  public var stimulus: String
  /// Score of each cell; nothing for cells that do not respond.
  public var scores: [Double?]
  /// Score of the null of each cell.
  public var nullScores: [Double?]
  /// Median over the cells that respond, with a bootstrap interval over cells.
  public var score: Estimate?
  /// The same of the null.
  public var null: Estimate?
  /// Median of the score less the null's over cells that have both.
  public var difference: Estimate?
  /// What follows.
  public var verdict: Verdict
  /// Part of the rates that lie above the largest under white noise: extrapolation, for a model that saw nothing else.
  public var beyondRange: Double
  /// What the picture shows.
  public var curves: [ResponseCurve]

  /// Cells that respond.
  public var responding: Int { scores.count { $0 != nil } }
  /// Cells whose own score is above the criterion.
  public var above: Int { scores.count { ($0 ?? -.infinity) > phenomenon.criterion } }
}

/// A median over cells with the 95 % interval of 1000 bootstraps over cells.
public struct Estimate: Sendable, Equatable {
  /// The median.
  public var median: Double
  /// The interval; nothing for fewer than two cells.
  public var interval: Interval?
}

/// A line of a picture: the mean over responding cells, each divided by its range under white noise.
public struct ResponseCurve: Sendable {
  /// What it is, such as `period 133 ms`.
  public var name: String
  /// Whether it is the null's.
  public var isNull: Bool
  /// Places on the horizontal axis, in the unit that the description gives.
  public var x: [Double]
  /// Values.
  public var y: [Double]
}

/// What a phenomenon is and how it is scored.
public struct PhenomenonDescription: Sendable {
  /// The word on the command line, such as `omitted-stimulus`.
  public var name: String
  /// The title, such as `Omitted stimulus response`.
  public var title: String
  /// How the score is defined, in one sentence.
  public var definition: String
  /// Unit of the score; empty for a ratio.
  public var unit: String
  /// A score above it shows the phenomenon.
  public var criterion: Double
  /// What the scores are compared with.
  public var null: Null
  /// Where the stimulus or the score comes from.
  public var source: String
  /// Names and units of the axes of the picture.
  public var axes: (horizontal: String, vertical: String)

  /// What a score is compared with.
  public enum Null: String, Sendable {
    /// The linear-nonlinear model of the same cell, paired.
    case linearNonlinear = "the linear-nonlinear model of the same cell"
    /// The cell's own responses in shuffled order.
    case shuffled = "the same responses in shuffled order"
    /// What a linear filter and any increasing nonlinearity would do that give the cell's own response after an opposite flash.
    case opposite = "any linear-nonlinear model with the same responses after an opposite flash"
  }
}
