#if !hasFeature(Embedded)
  import Dispatch

  /// Runs pieces of work on several threads, each with a worker of its own.
  public enum Parallel {
    /// Splits 0..<count into one run of neighbours per thread, and gives each run to a worker.
    ///
    /// - Parameter work: called once per thread; must touch nothing that another run touches.
    public static func split(_ count: Int, threads: Int, _ work: @Sendable (Range<Int>) -> Void) {
      let parts = max(1, min(threads, count))
      @Sendable func takePart(_ part: Int) { work(part * count / parts..<(part + 1) * count / parts) }
      guard parts > 1 else { return takePart(0) }
      // Within a piece of work, and for other threads meanwhile, the team has no time.
      if !ThreadTeam.shared.share(parts, takePart) {
        DispatchQueue.concurrentPerform(iterations: parts, execute: takePart)
      }
    }
  }
#endif
