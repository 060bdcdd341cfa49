import RetinaModel

/// A rectangle of the frames around a receptive field.
public struct CutOut: Equatable, Sendable {
  /// Rows of the frame.
  public var rows: Range<Int>
  /// Columns of the frame.
  public var columns: Range<Int>

  /// The number of pixels.
  public var count: Int { rows.count * columns.count }

  /// A whole frame.
  public init(height: Int, width: Int) {
    rows = 0..<height
    columns = 0..<width
  }

  /// The pixels at most `radius` from a centre, as far as they lie inside the frame.
  public init(row: Int, column: Int, radius: Int, height: Int, width: Int) {
    func span(_ centre: Int, _ extent: Int) -> Range<Int> {
      let inside = min(max(centre, 0), extent - 1)
      return max(0, inside - radius)..<min(extent, inside + radius + 1)
    }
    rows = span(row, height)
    columns = span(column, width)
  }

  /// The pixels around a cell: around its stated centre, else around the peak of its spike-triggered average.
  public init(
    cell: Int, of recording: Recording, in set: TrainingSet, lags: Range<Int>, radius: Int, frames: [Range<Int>]
  ) {
    if let centre = recording.cells[cell].centre, centre.column.magnitude < 1e6, centre.row.magnitude < 1e6 {
      self.init(
        row: Int(centre.row), column: Int(centre.column), radius: radius, height: set.height, width: set.width)
    } else {
      let whole = CutOut(height: set.height, width: set.width)
      let average = SpikeTriggeredAverage(of: set, cell: cell, lags: lags, cutOut: whole, frames: frames)
      let peak = average.peak.pixel
      self.init(
        row: peak / set.width, column: peak % set.width, radius: radius, height: set.height, width: set.width)
    }
  }
}
