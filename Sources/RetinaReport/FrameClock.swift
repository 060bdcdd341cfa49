/// How frames are told to the reader: in seconds when the frame rate is known, otherwise as frames.
struct FrameClock: Equatable {
  private let rate: Double?

  /// Creates a clock; a rate that is not positive and finite counts as unknown.
  init(rate: Double?) { self.rate = rate.flatMap { $0 > 0 && $0.isFinite ? $0 : nil } }

  /// Whether times are seconds.
  var isInSeconds: Bool { rate != nil }
  /// The name of an axis of times.
  var timeLabel: String { isInSeconds ? "time (s)" : "frame" }
  /// The name of an axis of times before the response.
  var lagLabel: String { isInSeconds ? "lag (s)" : "lag (frames)" }

  /// Ticks closer than this mean nothing: a frame is not divided.
  var smallestTickStep: Double { isInSeconds ? 0 : 1 }

  /// The time of a frame number, or a span of frames as a span of time.
  func time(of frames: Double) -> Double { rate.map { frames / $0 } ?? frames }
}
