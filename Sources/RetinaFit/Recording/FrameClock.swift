/// When frames begin and end.
///
/// A frame lasts until the next begins; before a pause it lasts for the usual interval, the median of all.
struct FrameClock {
  /// When each frame began, in seconds, rising.
  let starts: [Double]
  /// The median interval in seconds.
  let period: Double

  /// An interval longer or shorter than the period by this part of it is a slip.
  static let slip = 0.5

  /// Creates a clock; nothing for fewer than two frames.
  init?(_ starts: [Double]) {
    guard starts.count > 1 else { return nil }
    let intervals = zip(starts.dropFirst(), starts).map { $0 - $1 }.sorted()
    self.starts = starts
    period = intervals[intervals.count / 2]
  }

  /// Frames per second, to a millionth: what lies below is rounding of the times.
  var rate: Double { (1e6 / period).rounded() / 1e6 }

  /// A clock without slips that starts at 0.
  init(frames: Int, rate: Double) {
    starts = (0..<frames).map { Double($0) / rate }
    period = 1 / rate
  }

  /// The frame on screen at a time; nothing before the first, after the last and in pauses.
  func frame(at time: Double) -> Int? {
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] <= time { low = middle + 1 } else { high = middle }
    }
    let frame = low - 1
    return frame >= 0 && time < end(of: frame) ? frame : nil
  }

  private func end(of frame: Int) -> Double {
    let usual = starts[frame] + period
    guard frame + 1 < starts.count else { return usual }
    let next = starts[frame + 1]
    return next - starts[frame] <= period * (1 + FrameClock.slip) ? next : usual
  }

  /// Frames after which the next began much too late or too early.
  var slips: [Int] {
    (0..<starts.count - 1).filter { frame in
      abs(starts[frame + 1] - starts[frame] - period) > FrameClock.slip * period
    }
  }
}
