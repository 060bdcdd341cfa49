import RetinaModel
import RetinaStimuli
import RetinaTheory

/// How much of what a layer does and of what recorded cells do is the same up to a linear map.
///
/// Canonical correlations of the layer's and the cells' principal components (SVCCA; Raghu, Gilmer, Yosinski and Sohl-Dickstein,
/// NIPS 2017), found in one half of the frames and measured in the other: in the frames that they are found in, many components
/// correlate by chance.
public struct SharedSubspace: Sendable, Equatable {
  /// The layer's name.
  public var layer: String
  /// Held-out correlation of each canonical pair, mean of the two halves, in the order of the fit.
  public var correlations: [Double]

  /// At most so many principal components of either side.
  static let components = 16

  /// Compares a layer's values `[frame, unit]` with traces of as many frames.
  init(layer: String, values: Tensor, traces: [[Float]], gap: Int, seed: UInt64 = 0) {
    self.layer = layer
    let (frames, units) = (values.shape[0], values.shape[1])
    let middle = frames / 2
    let halves = [0..<middle, middle + gap..<frames]
    let cells = Tensor(repeating: 0, shape: Shape(frames, traces.count)).filled {
      traces[$0 % traces.count][$0 / traces.count]
    }
    var sums: [Double] = []
    for (fit, test) in [(halves[0], halves[1]), (halves[1], halves[0])] {
      let layerBasis = PrincipalBasis(values, units: units, frames: fit, count: SharedSubspace.components, seed: seed)
      let cellBasis = PrincipalBasis(
        cells, units: traces.count, frames: fit, count: SharedSubspace.components, seed: seed)
      let found = SharedSubspace.correlations(
        (layerBasis.scores(values, fit), layerBasis.scores(values, test)),
        (cellBasis.scores(cells, fit), cellBasis.scores(cells, test)))
      if sums.isEmpty { sums = found } else { sums = zip(sums, found).map { $0 + $1 } }
    }
    correlations = sums.map { $0 / 2 }
  }

  /// Canonical pairs of the first of each two sets of scores `[component, frame]`, measured in the second.
  private static func correlations(
    _ left: (fit: Matrix, test: Matrix), _ right: (fit: Matrix, test: Matrix)
  ) -> [Double] {
    let (a, b) = (whitening(left.fit), whitening(right.fit))
    let pairs = SingularValues((a * left.fit) * (b * right.fit).transposed)
    let (x, y) = (pairs.left * (a * left.test), pairs.right * (b * right.test))
    return (0..<min(x.rows, y.rows)).map { row in
      let (u, v) = (standardized(x.row(row).map { Float($0) }), standardized(y.row(row).map { Float($0) }))
      return zip(u, v).reduce(0.0) { $0 + Double($1.0 * $1.1) }
    }
  }

  /// The map that makes scores, whose components are uncorrelated, of length 1.
  private static func whitening(_ scores: Matrix) -> Matrix {
    let lengths = (0..<scores.rows).map { scores.row($0).reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let largest = lengths.max() ?? 0
    return .diagonal(lengths.map { $0 > 1e-6 * largest ? 1 / $0 : 0 })
  }
}

/// The first principal components of many units, by random projection with one round of power iteration.
///
/// Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011.
private struct PrincipalBasis {
  private let means: [Double]
  /// `[component, unit]`, orthonormal.
  private let vectors: Matrix

  init(_ values: Tensor, units: Int, frames: Range<Int>, count: Int, seed: UInt64) {
    var means = [Double](repeating: 0, count: units)
    for frame in frames {
      for unit in 0..<units { means[unit] += Double(values.values[frame * units + unit]) }
    }
    for unit in means.indices { means[unit] /= Double(frames.count) }
    self.means = means
    let width = min(count + 8, units, frames.count)
    var generator = SeededGenerator(seed: seed)
    var directions = Matrix(rows: width, columns: units)
    for index in directions.values.indices { directions.values[index] = generator.normal() }
    for _ in 0..<2 {
      let scores = PrincipalBasis.scores(values, frames, means, directions)
      directions = PrincipalBasis.back(values, frames, means, OrthogonalBasis(of: scores).basis)
      directions = OrthogonalBasis(of: directions).basis
    }
    // Inside the subspace the components follow from a small matrix.
    let inside = SymmetricEigen(PrincipalBasis.scores(values, frames, means, directions).gram)
    let kept = min(count, width)
    vectors = Matrix(rows: kept, columns: width, values: Array(inside.vectors.values[..<(kept * width)])) * directions
  }

  /// `[component, frame]`.
  func scores(_ values: Tensor, _ frames: Range<Int>) -> Matrix {
    PrincipalBasis.scores(values, frames, means, vectors)
  }

  private static func scores(_ values: Tensor, _ frames: Range<Int>, _ means: [Double], _ vectors: Matrix) -> Matrix {
    var result = Matrix(rows: vectors.rows, columns: frames.count)
    let units = means.count
    for (place, frame) in frames.enumerated() {
      let centred = (0..<units).map { Double(values.values[frame * units + $0]) - means[$0] }
      let products = vectors * centred
      for row in 0..<vectors.rows { result[row, place] = products[row] }
    }
    return result
  }

  /// `[component, unit]`: scores times the centred values.
  private static func back(_ values: Tensor, _ frames: Range<Int>, _ means: [Double], _ scores: Matrix) -> Matrix {
    let units = means.count
    var result = Matrix(rows: scores.rows, columns: units)
    for (place, frame) in frames.enumerated() {
      let centred = (0..<units).map { Double(values.values[frame * units + $0]) - means[$0] }
      for row in 0..<scores.rows {
        let factor = scores[row, place]
        result.values.withUnsafeMutableBufferPointer { result in
          for unit in 0..<units { result[row * units + unit] += factor * centred[unit] }
        }
      }
    }
    return result
  }
}

extension Tensor {
  /// The same shape with a value for every place.
  fileprivate func filled(_ value: (Int) -> Float) -> Tensor {
    var result = self
    for index in result.values.indices { result.values[index] = value(index) }
    return result
  }
}
