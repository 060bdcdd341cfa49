/// Values on a grid, drawn as coloured cells.
struct HeatMap {
  let rowCount: Int
  let columnCount: Int
  /// Row-major, `rowCount` x `columnCount` of them.
  let values: [Float]

  /// More cells than this along an axis would be finer than a screen's pixels.
  static let maximumExtent = 2000

  /// Creates a heat map from rows; rows shorter than the longest are filled with what counts as missing.
  init(rows: [[Float]]) {
    let columnCount = rows.reduce(0) { max($0, $1.count) }
    var values: [Float] = []
    values.reserveCapacity(rows.count * columnCount)
    for row in rows {
      values += row
      values += [Float](repeating: .nan, count: columnCount - row.count)
    }
    self.init(rowCount: rows.count, columnCount: columnCount, values: values)
  }

  /// Creates a heat map from row-major values; traps when their number is not that of the cells.
  init(rowCount: Int, columnCount: Int, values: [Float]) {
    precondition(values.count == rowCount * columnCount, "a heat map needs a value for every cell")
    self.rowCount = rowCount
    self.columnCount = columnCount
    self.values = values
  }

  /// Draws the cells over a rectangle, with a thin frame.
  ///
  /// Cells are magnified to several pixels each: some viewers smooth images whatever they are asked.
  func draw(in box: Box, scale: ColourScale, into svg: inout SVG) {
    if !values.isEmpty {
      let image = image(scale: scale)
      let across = HeatMap.magnification(count: image.width, length: box.width)
      let down = HeatMap.magnification(count: image.height, length: box.height)
      svg.image(image.magnified(across: across, down: down), in: box)
    }
    svg.rectangle(box, stroke: Ink.axis)
  }

  private static func magnification(count: Int, length: Double) -> Int {
    min(max(Int((1.5 * length / Double(count)).rounded(.up)), 1), 16)
  }

  /// The cells as pixels; where there are too many, a pixel takes the value of largest magnitude under it.
  func image(scale: ColourScale) -> PixelImage {
    let height = min(rowCount, HeatMap.maximumExtent)
    let width = min(columnCount, HeatMap.maximumExtent)
    guard height < rowCount || width < columnCount else {
      return PixelImage(width: width, height: height, indices: values.map(scale.index(of:)), palette: scale.palette)
    }
    var pixels = [Float](repeating: .nan, count: width * height)
    for row in 0..<rowCount {
      for column in 0..<columnCount {
        let pixel = row * height / rowCount * width + column * width / columnCount
        let value = values[row * columnCount + column]
        if value.isFinite, !(abs(pixels[pixel]) >= abs(value)) { pixels[pixel] = value }
      }
    }
    return PixelImage(width: width, height: height, indices: pixels.map(scale.index(of:)), palette: scale.palette)
  }
}
