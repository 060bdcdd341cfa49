/// An image of palette indices, written as a PNG file.
struct PixelImage {
  let width: Int
  let height: Int
  /// Row-major, `width` x `height` of them, each a place in the palette.
  let indices: [UInt8]
  /// At most 256 colours.
  let palette: [Colour]

  /// The image with every pixel repeated.
  func magnified(across: Int, down: Int) -> PixelImage {
    var repeated: [UInt8] = []
    repeated.reserveCapacity(indices.count * across * down)
    for row in 0..<height {
      let line = indices[row * width..<(row + 1) * width].flatMap { repeatElement($0, count: across) }
      for _ in 0..<down { repeated += line }
    }
    return PixelImage(width: width * across, height: height * down, indices: repeated, palette: palette)
  }

  /// The image as the bytes of a PNG file.
  func png() -> [UInt8] {
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    let eightBitPalette: [UInt8] = [8, 3, 0, 0, 0]
    append("IHDR", bigEndian(UInt32(width)) + bigEndian(UInt32(height)) + eightBitPalette, to: &file)
    append("PLTE", palette.flatMap { [$0.red, $0.green, $0.blue] }, to: &file)
    let lines = scanLines()
    let zlibHeader: [UInt8] = [0x78, 0x01]
    let compressed = Deflate.compress(lines, stride: width + 1)
    append("IDAT", zlibHeader + compressed + bigEndian(Checksum.adler32(lines)), to: &file)
    append("IEND", [], to: &file)
    return file
  }

  /// The image as a `data:` address that a drawing can hold.
  func dataAddress() -> String { "data:image/png;base64," + Base64.encode(png()) }

  /// Each row after a zero: the row is not filtered.
  private func scanLines() -> [UInt8] {
    var lines: [UInt8] = []
    lines.reserveCapacity((width + 1) * height)
    for row in 0..<height {
      lines.append(0)
      lines += indices[row * width..<(row + 1) * width]
    }
    return lines
  }

  private func append(_ type: String, _ payload: [UInt8], to file: inout [UInt8]) {
    let body = Array(type.utf8) + payload
    file += bigEndian(UInt32(payload.count)) + body + bigEndian(Checksum.crc32(body))
  }

  private func bigEndian(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }
}
