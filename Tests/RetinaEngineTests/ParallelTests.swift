import Dispatch
import Synchronization
import Testing

@testable import RetinaEngine

/// Work that is split over threads.
@Suite struct ParallelTests {
  /// How often each of so many numbers is visited, in as many rounds, and the runs of the last one.
  private func visits(_ count: Int, threads: Int, rounds: Int = 1) -> (visits: [Int], runs: [Range<Int>]) {
    let visits = (0..<count).map { _ in Slot() }
    let runs = Mutex<[Range<Int>]>([])
    for round in 0..<rounds {
      Parallel.split(count, threads: threads) { range in
        for place in range { visits[place].value.add(1, ordering: .relaxed) }
        if round == rounds - 1 { runs.withLock { $0.append(range) } }
      }
    }
    return (
      visits.map { $0.value.load(ordering: .relaxed) },
      runs.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
    )
  }

  private final class Slot: Sendable { let value = Atomic(0) }

  @Test(arguments: [1, 2, 3, 8], [1, 2, 5, 64])
  func everyNumberIsVisitedOnce(_ threads: Int, _ count: Int) {
    let (visits, runs) = visits(count, threads: threads)
    #expect(visits == [Int](repeating: 1, count: count))
    let parts = min(threads, count)
    #expect(runs == (0..<parts).map { $0 * count / parts..<($0 + 1) * count / parts })
  }

  @Test func nothingIsOneEmptyRun() {
    #expect(visits(0, threads: 4).runs == [0..<0])
  }

  @Test func roundsThatFollowAtOnceAreAllDone() {
    #expect(visits(7, threads: 3, rounds: 20_000).visits == [Int](repeating: 20_000, count: 7))
  }

  @Test func membersThatSleepAreWoken() {
    for _ in 0..<20 {
      _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .milliseconds(2))
      #expect(visits(4, threads: 2).visits == [1, 1, 1, 1])
    }
  }

  @Test func aPieceOfWorkMayBeSplitAgain() {
    let total = Atomic(0)
    Parallel.split(3, threads: 3) { outer in
      for first in outer {
        Parallel.split(10, threads: 2) { inner in
          for second in inner { total.add(100 * first + second, ordering: .relaxed) }
        }
      }
    }
    #expect(total.load(ordering: .relaxed) == 10 * 300 + 3 * 45)
  }

  @Test func severalThreadsMaySplitAtATime() {
    let results = (0..<4).map { _ in Slot() }
    DispatchQueue.concurrentPerform(iterations: 4) { caller in
      for round in 0..<500 {
        Parallel.split(6, threads: 2) { range in
          for place in range { results[caller].value.add(round * place, ordering: .relaxed) }
        }
      }
    }
    #expect(results.map { $0.value.load(ordering: .relaxed) } == [Int](repeating: 15 * 124_750, count: 4))
  }
}
