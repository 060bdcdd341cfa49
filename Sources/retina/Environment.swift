import RetinaFiles

#if canImport(Glibc)
  @preconcurrency import Glibc
#endif

/// A variable of the environment, when it is set and not empty.
func environment(_ name: String) -> String? {
  guard let value = getenv(name) else { return nil }
  let text = String(cString: value)
  return text.isEmpty ? nil : text
}

/// Seconds of a clock on the wall that never goes back.
func seconds() -> Double { seconds(of: CLOCK_MONOTONIC) }

/// Seconds that this thread has had a processor.
func processorSeconds() -> Double { seconds(of: CLOCK_THREAD_CPUTIME_ID) }

private func seconds(of clock: clockid_t) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Sends what was printed on its way; a full disk at the other end is an error, too.
func finishOutput() throws(FileError) {
  // What could not be written earlier is lost and only remembered.
  guard fflush(nil) == 0, ferror(stdout) == 0 else {
    throw FileError(
      kind: .cannotWrite, file: "standard output", expected: "a place that can be written",
      found: String(cString: strerror(errno)))
  }
}
