import RetinaEngine

/// Numbers that threads share, each touching its own.
struct SharedNumbers<Scalar>: @unchecked Sendable {
  private let base: UnsafeMutableBufferPointer<Scalar>

  fileprivate init(_ base: UnsafeMutableBufferPointer<Scalar>) { self.base = base }

  subscript(index: Int) -> Scalar {
    get { base[index] }
    nonmutating set { base[index] = newValue }
  }
}

extension MutableCollection {
  /// Does something for each of so many parts, on several threads; the numbers are counted from 0.
  mutating func shared(
    among parts: Int, threads: Int, _ body: @Sendable (_ part: Int, _ numbers: SharedNumbers<Element>) -> Void
  ) {
    let wasDone: Void? = withContiguousMutableStorageIfAvailable { buffer in
      let numbers = SharedNumbers(buffer)
      Parallel.split(parts, threads: threads) { range in
        for part in range { body(part, numbers) }
      }
    }
    precondition(wasDone != nil, "numbers that stand one after another")
  }
}
