import RetinaStimuli

/// The order in which an epoch visits the training responses: clips of consecutive windows, shuffled.
///
/// Every epoch begins its clips at other frames, so that neighbours change; the order depends on the seed and the epoch alone.
struct ClipSampler: Sendable {
  /// Response frames to learn from.
  let train: [Range<Int>]
  /// Clips of a batch, and windows of a clip.
  let clips, clipLength: Int
  let seed: UInt64

  /// Batches of an epoch; the same in every epoch.
  var batches: Int {
    // As many as fit however the clips begin.
    train.reduce(0) { $0 + max(0, ($1.count - (clipLength - 1)) / clipLength) } / clips
  }

  /// First response frames of the clips of each batch.
  func epoch(_ epoch: Int) -> [[Int]] {
    var generator = SeededGenerator(seed: seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(epoch + 1))
    var starts: [Int] = []
    for range in train where range.count >= clipLength {
      let phase = Int(generator.next() % UInt64(clipLength))
      var first = range.lowerBound + phase
      while first + clipLength <= range.upperBound {
        starts.append(first)
        first += clipLength
      }
    }
    for place in starts.indices.dropFirst().reversed() {
      starts.swapAt(place, Int(generator.next() % UInt64(place + 1)))
    }
    return (0..<batches).map { Array(starts[$0 * clips..<($0 + 1) * clips]) }
  }
}
