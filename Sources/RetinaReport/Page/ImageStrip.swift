/// Pictures of one size in one image, left to right and top to bottom: a page shows one of them by looking at a part.
struct ImageStrip {
  /// Pictures side by side.
  let columns: Int
  /// Pixels of all pictures.
  let image: PixelImage

  /// No image is wider; wider pictures stand below one another.
  private static let greatestWidth = 1024

  /// Lays pictures out.
  ///
  /// - Parameter indices: gives the palette index of a pixel of a picture.
  init(
    count: Int, width: Int, height: Int, palette: [Colour],
    indices: (_ picture: Int, _ row: Int, _ column: Int) -> UInt8
  ) {
    columns = max(1, min(count, ImageStrip.greatestWidth / max(width, 1)))
    let lines = max(1, (count + columns - 1) / columns)
    var pixels = [UInt8](repeating: 0, count: columns * width * lines * height)
    for picture in 0..<count {
      let first = picture / columns * height * columns * width + picture % columns * width
      for row in 0..<height {
        for column in 0..<width {
          pixels[first + row * columns * width + column] = indices(picture, row, column)
        }
      }
    }
    image = PixelImage(width: columns * width, height: lines * height, indices: pixels, palette: palette)
  }
}
