import RetinaEngine
import RetinaModel

/// Contributions of channels to a cell for every complete window of a movie.
public struct ContributionTable: Sendable {
  /// `[windows, channels]` of the first layer.
  public var first: Tensor
  /// `[windows, channels]` of the second layer.
  public var second: Tensor
  /// The rate of each window.
  public var rates: [Float]
  /// For each window the residual of the layer that adds up worse.
  public var residuals: [Float]

  /// Streams a movie, `[time, height, width]` with at least one complete window, through a probe from the start.
  public init(_ probe: StreamProbe, movie: Tensor) {
    let frameCount = movie.shape[1] * movie.shape[2]
    var (first, second) = ([Float](), [Float]())
    (rates, residuals) = ([], [])
    probe.stream.reset()
    for frame in 0..<movie.shape[0] {
      let isComplete = movie.values.withUnsafeBufferPointer { values in
        values.baseAddress.map { probe.push($0 + frame * frameCount) } ?? false
      }
      guard isComplete else { continue }
      probe.explain()
      first += probe.first
      second += probe.second
      rates.append(probe.valueAtInput)
      let (a, b) = (probe.residual(probe.first), probe.residual(probe.second))
      residuals.append(a.magnitude > b.magnitude ? a : b)
    }
    self.first = ContributionTable.tensor(first, rows: rates.count, columns: probe.first.count)
    self.second = ContributionTable.tensor(second, rows: rates.count, columns: probe.second.count)
  }

  private static func tensor(_ values: [Float], rows: Int, columns: Int) -> Tensor {
    var tensor = Tensor(repeating: 0, shape: Shape(rows, columns))
    tensor.values = values
    return tensor
  }
}
