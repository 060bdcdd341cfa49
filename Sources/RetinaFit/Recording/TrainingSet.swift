import RetinaFiles
import RetinaModel

/// A recording in the form that fitting takes: normalised frames and spikes per frame.
public struct TrainingSet: Sendable {
  /// `[frame, height, width]`, normalised.
  public var stimulus: [Float]
  /// The number of frames.
  public var frameCount: Int
  /// The number of rows.
  public var height: Int
  /// The number of columns.
  public var width: Int
  /// `[frame, cell]`, spikes per frame (bin); NaN is masked.
  public var responses: [Float]
  /// The number of cells.
  public var cellCount: Int
  /// What was done to the stimulus; a model fitted to it must state the same.
  public var normalization: Normalization

  /// Creates a set.
  public init(
    stimulus: [Float], frameCount: Int, height: Int, width: Int, responses: [Float], cellCount: Int,
    normalization: Normalization = .none
  ) {
    self.stimulus = stimulus
    self.frameCount = frameCount
    self.height = height
    self.width = width
    self.responses = responses
    self.cellCount = cellCount
    self.normalization = normalization
  }

  /// Makes a set for models that see `history` frames, the newest `lag` frames before the response.
  ///
  /// Responses are masked where the window would begin before the block, in the skipped start of a block, between blocks
  /// and in excluded spans.
  ///
  /// - Throws: ``FileError`` when the recording fails ``Recording/check()``, when no block is longer than the window, or
  ///   when a cell has no spike left.
  public init(_ recording: Recording, history: Int, lag: Int) throws(FileError) {
    try self.init(recording, movie: try recording.stimulus.movie(), history: history, lag: lag)
  }

  /// Makes a set with the recording's movie, which may have taken long to make.
  init(_ recording: Recording, movie: Tensor, history: Int, lag: Int) throws(FileError) {
    try recording.check()
    let window = try recording.window(history: history, lag: lag)
    let cellCount = recording.cells.count
    guard cellCount > 0 else {
      throw recording.error("cells", "cells with responses", "none; retina match takes interior traces")
    }
    let factor = recording.spikesPerFrame
    var responses = recording.responses.map { $0 * factor }
    let used = recording.usedFrames(window: window)
    for frame in 0..<recording.frameCount where !used[frame] {
      for index in frame * cellCount..<(frame + 1) * cellCount { responses[index] = .nan }
    }
    for (cell, entry) in recording.cells.enumerated() {
      guard stride(from: cell, to: responses.count, by: cellCount).contains(where: { responses[$0] > 0 }) else {
        throw recording.error(
          "cell \(quoted(entry.name))", "at least one spike in the frames that are used", "none; leave the cell out")
      }
    }
    let normalization = try recording.appliedNormalization(movie)
    self.init(
      stimulus: normalization.apply(to: movie), frameCount: recording.frameCount, height: recording.stimulus.height,
      width: recording.stimulus.width, responses: responses, cellCount: cellCount, normalization: normalization)
  }
}

extension Recording {
  /// Frames between the oldest that a response depends on and the response itself: `history + lag - 1`.
  ///
  /// - Throws: ``FileError`` when no block is longer than that.
  func window(history: Int, lag: Int) throws(FileError) -> Int {
    precondition((1...1 << 20).contains(history) && (0...1 << 20).contains(lag), "a window of at least one frame")
    let longest = statedBlocks.map { $0.frames.count }.max() ?? 0
    guard longest >= history + lag else {
      throw error(
        blocks.isEmpty ? "stimulus" : "blocks",
        "more than \(history + lag - 1) frames without a break, for a history of \(history) and a lag of \(lag)",
        "at most \(longest)")
    }
    return history + lag - 1
  }

  /// Which frames have a response that can be used, with a whole window before it.
  func usedFrames(window: Int) -> [Bool] {
    var used = [Bool](repeating: false, count: frameCount)
    for block in statedBlocks {
      let start = block.frames.lowerBound + max(block.skippedStart, window)
      for frame in start..<max(start, block.frames.upperBound) { used[frame] = true }
    }
    for span in excluded {
      for frame in span { used[frame] = false }
    }
    return used
  }

  /// What is done to the stimulus: as stated, else from the mean and the deviation of the frames in blocks.
  func appliedNormalization(_ movie: Tensor) throws(FileError) -> Normalization {
    if let normalization { return normalization }
    let plane = movie.shape[1] * movie.shape[2]
    var (sum, squares, count) = (0.0, 0.0, 0.0)
    for block in statedBlocks {
      for index in block.frames.lowerBound * plane..<block.frames.upperBound * plane {
        let value = Double(movie.values[index])
        sum += value
        squares += value * value
      }
      count += Double(block.frames.count * plane)
    }
    let mean = sum / count
    let deviation = max(0, squares / count - mean * mean).squareRoot()
    guard deviation > 0, deviation.isFinite else {
      throw error("stimulus", "frames that differ", "the value \(Float(mean)) everywhere")
    }
    return .scalar(mean: Float(mean), standardDeviation: Float(deviation))
  }
}

extension Normalization {
  /// The normalised values of a movie, in its order.
  public func apply(to movie: Tensor) -> [Float] {
    switch self {
    case .none, .scalar(mean: 0, standardDeviation: 1): return movie.values
    case .scalar(let mean, let deviation): return movie.values.map { ($0 - mean) / deviation }
    case .perPixel(let mean, let deviation):
      let plane = mean.values.count
      return movie.values.enumerated().map { index, value in
        (value - mean.values[index % plane]) / deviation.values[index % plane]
      }
    }
  }
}
