import RetinaEngine

/// `(0..<count).map(transform)` on several threads; the results do not depend on how many.
func parallelMap<Result: Sendable>(
  _ count: Int, threads: Int, _ transform: @Sendable (Int) -> Result
) -> [Result] {
  let results = ResultSlots<Result>(count)
  Parallel.split(count, threads: threads) { range in
    for place in range { results.set(transform(place), at: place) }
  }
  return results.values
}

/// A place for each result, filled by several threads, each its own places.
private final class ResultSlots<Result>: @unchecked Sendable {
  private let memory: UnsafeMutableBufferPointer<Result?>

  init(_ count: Int) {
    memory = .allocate(capacity: count)
    memory.initialize(repeating: nil)
  }

  deinit {
    memory.deinitialize()
    memory.deallocate()
  }

  func set(_ result: Result, at place: Int) { memory[place] = result }

  var values: [Result] { memory.map { $0! } }
}
