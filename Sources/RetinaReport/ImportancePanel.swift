/// A drawn importance map, and where its frames lie: what a page needs to mark a frame in it.
struct ImportancePanel {
  /// The drawing, 900 wide.
  let svg: String
  /// The left edge of the first frame.
  let left: Double
  /// The right edge of the last frame.
  let right: Double
  /// The upper and lower edges of the rate and of each group of rows.
  let marked: [(top: Double, bottom: Double)]
}
