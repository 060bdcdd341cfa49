import RetinaEngine
import Synchronization

extension Parallel {
  /// What is made of each of 0..<count, in order, on several threads.
  static func map<Result: Sendable>(
    _ count: Int, threads: Int, _ transform: @Sendable (Int) -> Result
  ) -> [Result] {
    let found = Mutex([Result?](repeating: nil, count: count))
    split(count, threads: threads) { range in
      for place in range {
        let one = transform(place)
        found.withLock { $0[place] = one }
      }
    }
    return found.withLock { $0.compactMap { $0 } }
  }
}
