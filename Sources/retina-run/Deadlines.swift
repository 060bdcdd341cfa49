import CBoard

/// When frames are due, and how long each took.
struct Deadlines {
  private let period: Int64
  private let start: Int64
  private var frames = 0
  private var late = 0
  private var total: Int64 = 0
  private var longest: Int64 = 0
  private var due: Int64
  /// Frames by the number of binary digits of their microseconds.
  private var counts = [32 of Int](repeating: 0)

  /// - Parameter rate: frames per second; 0 when a frame is due whenever it comes.
  init(rate: Double) {
    start = board_now()
    due = start
    period = rate > 0 ? Int64(1e9 / rate) : 0
  }

  /// Waits until the next frame is due.
  mutating func wait() {
    guard period > 0 else { return }
    board_sleep_until(due)
    due += period
  }

  /// Takes the time of a frame that began at a time; it is late when the next one is due already.
  mutating func finish(_ began: Int64) {
    let now = board_now()
    let time = now - began
    frames += 1
    total += time
    longest = max(longest, time)
    let microseconds = UInt64(max(time, 0)) / 1000
    counts[min(31, UInt64.bitWidth - microseconds.leadingZeroBitCount)] += 1
    if period > 0, now > due {
      late += 1
      // Frames that were missed are not made up for.
      due += (now - due) / period * period
    }
  }

  /// Says on standard error what frames cost.
  func report() {
    guard frames > 0 else {
      say("retina-run: no frame came")
      return
    }
    var (seen, bound) = (0, 0)
    while bound < 31, seen + counts[bound] < (99 * frames + 99) / 100 {
      seen += counts[bound]
      bound += 1
    }
    say("retina-run: ", Double(frames), " frames, ")
    say("mean ", Double(total) / Double(frames) / 1e6, " ms, ")
    say("99 % below ", Double(UInt64(1) << UInt64(bound)) / 1e3, " ms, ")
    say("longest ", Double(longest) / 1e6, " ms")
    if period > 0 { say(", late ", Double(late), "") }
    say("")
  }
}
