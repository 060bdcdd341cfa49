import RetinaModel

/// What a model gave for a stimulus: the values of one layer, and what its axes are.
public struct RunResult: Sendable {
  /// When the rows were.
  public enum Rows: Equatable, Sendable {
    /// Responses to frames of a movie that follow one another; the first row is the response in frame `first`.
    case frames(first: Int, rate: Double?)
    /// Independent inputs.
    case inputs
  }

  /// The name of the stimulus.
  public var stimulus: String
  /// The name of the layer, or `rates`.
  public var layer: String
  /// `[row, ...]`.
  public var values: Tensor
  /// When the rows were.
  public var rows: Rows
  /// Names of the cells, if the columns are cells with names.
  public var cells: [String]?

  /// Creates a result.
  public init(stimulus: String, layer: String, values: Tensor, rows: Rows, cells: [String]? = nil) {
    self.stimulus = stimulus
    self.layer = layer
    self.values = values
    self.rows = rows
    self.cells = cells
  }

  /// The number of rows.
  var rowCount: Int { values.shape[0] }

  /// The number of units of a row.
  var unitCount: Int { values.shape.count / rowCount }

  /// What the units of a row are called: cells by their names, others by their places, such as `0` or `[1, 20, 3]`.
  var units: [String] {
    if let cells, cells.count == unitCount { return cells }
    let extents = Array(values.shape.dimensions.dropFirst())
    guard extents.count > 1 else { return (0..<unitCount).map { "\($0)" } }
    return (0..<unitCount).map { unit in
      var (place, rest) = ([Int](), unit)
      for extent in extents.reversed() {
        place.insert(rest % extent, at: 0)
        rest /= extent
      }
      return "\(place)"
    }
  }
}
