/// What stimuli are shown on: turns milliseconds and micrometres into frames and pixels.
public struct Display: Sendable, Equatable {
  /// Frames per second.
  public var frameRate: Double
  /// Side of a pixel on the retina in micrometres.
  public var pixelSize: Double
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// Creates a display.
  public init(frameRate: Double, pixelSize: Double, height: Int, width: Int) {
    (self.frameRate, self.pixelSize, self.height, self.width) = (frameRate, pixelSize, height, width)
  }

  /// The nearest number of frames, at least 1.
  public func frames(milliseconds: Double) -> Int { max(1, Int((milliseconds * frameRate / 1000).rounded())) }

  /// How long some frames last.
  public func milliseconds(frames: Double) -> Double { frames * 1000 / frameRate }

  /// A length in pixels; not rounded, since generators take parts of pixels.
  public func pixels(micrometres: Double) -> Double { micrometres / pixelSize }

  /// A speed in millimetres per second as pixels per frame.
  public func pixelsPerFrame(_ millimetresPerSecond: Double) -> Double {
    millimetresPerSecond * 1000 / pixelSize / frameRate
  }
}
