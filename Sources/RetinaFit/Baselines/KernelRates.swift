import RetinaTheory

/// Regression of one cell's responses with the kernel of an infinitely wide relu network of two hidden layers.
///
/// The network sees the filtered stimulus of ``GeneralizedLinearModel``. All bins count, but only some, evenly spread, have a
/// weight: the subset of regressors (Smola and Bartlett, NIPS 2001; Rasmussen and Williams 2006, section 8.3), which minimises
///
///     sum over bins of (y - k w)^2 + noise w^T K w      k = kernel of a bin with the landmarks, K = of the landmarks
///
/// Squared error, not Poisson likelihood: rates below a tenth of the mean count as a tenth. `bins landmarks^2` operations a cell.
struct KernelRates {
  private let landmarks: KernelLandmarks
  private let weights: [Double]
  private let mean: Double

  /// Variances of a response's noise, in those of the kernel, among which the validation bins choose.
  static let noises = [1.0, 3, 10, 30, 100, 300]

  /// Fits regressors without spike history.
  ///
  /// - Parameters:
  ///   - isTangent: the kernel of training (NTK) in place of that of a random network (NNGP).
  ///   - most: bins that have a weight, at most.
  init(_ design: GeneralizedDesign, split: TimeSplit, isTangent: Bool, most: Int = 600) {
    let (regression, train, validation) = (design.regression, design.bins(split.train), design.bins(split.validation))
    let count = min(most, train.count)
    let landmarks = KernelLandmarks(
      (0..<count).map { regression.row(train[$0 * train.count / count]) }, isTangent: isTangent)
    let mean = train.reduce(0) { $0 + regression.responses[$1] } / Double(max(1, train.count))
    var own = landmarks.gram
    let scale = own.diagonal.reduce(0, +) / Double(max(1, count))
    // Landmarks that saw the same would make the sums singular.
    for place in 0..<count { own[place, place] += 1e-6 * scale }
    let (known, other) = (
      KernelSums(regression, train, landmarks, mean: mean), KernelSums(regression, validation, landmarks, mean: mean)
    )
    func solve(_ sums: KernelSums, _ noise: Double) -> [Double] {
      Cholesky(sums.products + (noise * scale) * own)?.solve(sums.targets) ?? [Double](repeating: 0, count: count)
    }
    let errors = KernelRates.noises.map { other.error(solve(known, $0)) }
    let best = errors.indices.min { errors[$0] < errors[$1] } ?? 0
    weights = solve(known + other, KernelRates.noises[best])
    (self.landmarks, self.mean) = (landmarks, mean)
  }

  /// Rates `[frame]` in spikes per bin.
  func rates(_ design: GeneralizedDesign) -> [Float] {
    (0..<design.regression.bins).map { bin in
      let drive = zip(landmarks.kernels(design.regression.row(bin)), weights).reduce(mean) { $0 + $1.0 * $1.1 }
      return Float(max(drive, 0.1 * mean))
    }
  }
}

/// The inputs that have a weight in ``KernelRates``.
private struct KernelLandmarks {
  private let network = WideNetwork(MeanField(.relu, weightVariance: 2, biasVariance: 0), hiddenLayers: 2)
  private let isTangent: Bool
  private let rows: [[PoissonRegression.Lane]]
  private let variances: [[Double]]

  init(_ rows: [[PoissonRegression.Lane]], isTangent: Bool) {
    (self.rows, self.isTangent) = (rows, isTangent)
    variances = rows.map { [network] row in network.variances(meanSquare: product(row, row)) }
  }

  var count: Int { rows.count }

  /// The kernel of all pairs.
  var gram: Matrix { Matrix(rows: count, columns: count, values: rows.flatMap { kernels($0) }) }

  /// The kernel of one row of regressors with each landmark.
  func kernels(_ row: [PoissonRegression.Lane]) -> [Double] {
    let own = network.variances(meanSquare: product(row, row))
    return rows.indices.map { place in
      let found = network.kernels(own, variances[place], product: product(row, rows[place]))
      return isTangent ? found.tangent : found.process
    }
  }
}

/// The inner product over the length.
private func product(_ left: [PoissonRegression.Lane], _ right: [PoissonRegression.Lane]) -> Double {
  var sum = PoissonRegression.Lane.zero
  for lane in left.indices { sum += left[lane] * right[lane] }
  return sum.sum() / Double(8 * left.count)
}

/// Second moments of kernels and responses over bins: all that a fit needs of them.
private struct KernelSums {
  /// `[landmark, landmark]`.
  var products: Matrix
  /// Kernels times responses above the mean, `[landmark]`.
  var targets: [Double]

  init(_ regression: PoissonRegression, _ bins: [Int], _ landmarks: KernelLandmarks, mean: Double) {
    products = Matrix(rows: landmarks.count, columns: landmarks.count)
    targets = [Double](repeating: 0, count: landmarks.count)
    // Blocks of a size that stays in the cache.
    for first in stride(from: 0, to: bins.count, by: 512) {
      let block = bins[first..<min(first + 512, bins.count)]
      let kernels = Matrix(block.map { landmarks.kernels(regression.row($0)) }).transposed
      products = products + kernels.gram
      for (place, value) in (kernels * block.map { regression.responses[$0] - mean }).enumerated() {
        targets[place] += value
      }
    }
  }

  static func + (left: KernelSums, right: KernelSums) -> KernelSums {
    var sum = left
    sum.products = left.products + right.products
    sum.targets = zip(left.targets, right.targets).map { $0 + $1 }
    return sum
  }

  /// The squared error of weights, but for a constant.
  func error(_ weights: [Double]) -> Double {
    zip(products * weights, zip(weights, targets)).reduce(0) { $0 + $1.1.0 * ($1.0 - 2 * $1.1.1) }
  }
}
