import RetinaModel
import RetinaStimuli

/// Draws the weights that training starts from.
struct WeightDraw {
  private var generator: SeededGenerator
  private let start: WeightStart

  init(_ start: WeightStart, seed: UInt64) {
    self.start = start
    generator = SeededGenerator(seed: seed)
  }

  /// Weights `[out, in, height, width]`, or `[out, in]`.
  ///
  /// - Parameter gain: multiplies orthogonal weights; for the variance of He it is 2 where a relu follows, 1 where none does.
  mutating func weights(_ shape: Shape, gain: Double = 2) -> Tensor {
    switch start {
    case .he: return normal(shape, deviation: (gain / Double(shape.count / shape[0])).squareRoot())
    case .orthogonal:
      return Tensor(shape: shape, values: orthogonal(shape[0], shape.count / shape[0], gain: gain.squareRoot()))
        ?? Tensor(repeating: 0, shape: shape)
    case .deltaOrthogonal:
      guard shape.rank == 4 else {
        return Tensor(shape: shape, values: orthogonal(shape[0], shape.count / shape[0], gain: gain.squareRoot()))
          ?? Tensor(repeating: 0, shape: shape)
      }
      let (positions, middle) = (shape[2] * shape[3], shape[2] / 2 * shape[3] + shape[3] / 2)
      var tensor = Tensor(repeating: 0, shape: shape)
      for (index, value) in orthogonal(shape[0], shape[1], gain: gain.squareRoot()).enumerated() {
        tensor.values[index * positions + middle] = value
      }
      return tensor
    }
  }

  /// Normal deviates.
  mutating func normal(_ shape: Shape, deviation: Double) -> Tensor {
    var tensor = Tensor(repeating: 0, shape: shape)
    for index in tensor.values.indices { tensor.values[index] = Float(deviation * generator.normal()) }
    return tensor
  }

  /// A matrix whose rows, or columns where there are fewer of them, are orthogonal and of length `gain`.
  private mutating func orthogonal(_ rows: Int, _ columns: Int, gain: Double) -> [Float] {
    let (count, length) = (min(rows, columns), max(rows, columns))
    var vectors: [[Double]] = []
    while vectors.count < count {
      var vector: [Double] = []
      for _ in 0..<length { vector.append(generator.normal()) }
      // Twice, so that rounding leaves nothing (Gram and Schmidt).
      for _ in 0..<2 {
        for other in vectors {
          let overlap = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
          for index in vector.indices { vector[index] -= overlap * other[index] }
        }
      }
      let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm > 1e-6 else { continue }
      vectors.append(vector.map { $0 / norm })
    }
    var result = [Float](repeating: 0, count: rows * columns)
    for (index, vector) in vectors.enumerated() {
      for (place, value) in vector.enumerated() {
        result[rows <= columns ? index * columns + place : place * columns + index] = Float(gain * value)
      }
    }
    return result
  }
}
