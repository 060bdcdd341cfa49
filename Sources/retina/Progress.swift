import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A line on standard error that says how far a long work is; silent when standard error is not a terminal.
final class Progress: Sendable {
  private let title: String
  private let total: Int
  private let isVisible: Bool
  private let finished = Atomic<Int>(0)
  private let shown = Atomic<Int>(-1)

  init(_ title: String, total: Int) {
    self.title = title
    self.total = max(1, total)
    isVisible = isatty(STDERR_FILENO) == 1
  }

  /// More inputs are finished; may be called from any thread.
  func advance(_ count: Int) {
    let now = finished.add(count, ordering: .relaxed).newValue
    guard isVisible else { return }
    let percent = min(100, now * 100 / total)
    if shown.exchange(percent, ordering: .relaxed) != percent {
      let bar = String(repeating: "=", count: percent / 4) + String(repeating: " ", count: 25 - percent / 4)
      writeError("\r\(title) [\(bar)] \(percent) % of \(total)")
    }
  }

  deinit { end() }

  /// Takes the line away.
  func end() {
    if isVisible { writeError("\r\u{1B}[K") }
  }
}

/// Processors that this process may use.
func availableProcessors() -> Int {
  max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
}

/// Writes a text to standard error, at once.
func writeError(_ text: String) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    guard count > 0 else { return }
    bytes = bytes.dropFirst(count)
  }
}
