#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a network of a fixed tangent kernel fits by gradient descent on `1 / (2 n) sum of squared errors`.
///
///     f(t) = f0 + (I - e^(-rate t T / n)) (y - f0)
///     f*(t) = f0* + T* T^-1 (I - e^(-rate t T / n)) (y - f0)        for new inputs
///
/// (Jacot et al. 2018; Lee et al., NeurIPS 2019.) Mind the 1 / n in time. Exact for an infinitely wide network; a fitted
/// one follows it for as long as its kernel stands still.
public struct KernelTrajectory: Sendable {
  /// Eigenvalues of the kernel, largest first, with the ridge.
  public let eigenvalues: [Double]
  private let vectors: Matrix
  private let targets: [Double]
  private let start: [Double]

  /// Decomposes a kernel.
  ///
  /// - Parameters:
  ///   - start: the outputs before training; zeros when empty.
  ///   - ridge: added to the diagonal, relative to the diagonal's mean.
  /// - Throws: ``TheoryError`` for a kernel that is not square or not finite, or targets that are not as many.
  public init(kernel: Matrix, targets: [Double], start: [Double] = [], ridge: Double = 0) throws(TheoryError) {
    guard kernel.rows == kernel.columns, kernel.rows == targets.count, kernel.rows > 0,
      start.isEmpty || start.count == targets.count, kernel.values.allSatisfy(\.isFinite)
    else {
      throw TheoryError(
        "kernel", expected: "a finite square matrix with a target for each row",
        found: "\(kernel.rows) x \(kernel.columns) and \(targets.count) targets")
    }
    var damped = kernel
    let mean = kernel.diagonal.reduce(0, +) / Double(kernel.rows)
    for place in 0..<kernel.rows { damped[place, place] += ridge * mean }
    let eigen = SymmetricEigen(damped)
    (eigenvalues, vectors) = (eigen.values, eigen.vectors)
    self.targets = targets
    self.start = start.isEmpty ? [Double](repeating: 0, count: targets.count) : start
  }

  /// The outputs for the training inputs after a time, in steps of a learning rate; infinity is allowed.
  public func trained(at time: Double, rate: Double = 1) -> [Double] {
    zip(start, changed(at: time, rate: rate)).map { $0 + $1 }
  }

  /// The output for a new input.
  ///
  /// - Parameters:
  ///   - kernel: the kernel of the new input with each training input.
  ///   - start: its output before training.
  public func tested(_ kernel: [Double], at time: Double, rate: Double = 1, start: Double = 0) -> Double {
    let smallest = 1e-14 * (eigenvalues.first ?? 0)
    let change = changed(at: time, rate: rate)
    // Directions without eigenvalue have not moved, and cannot be divided by.
    let coefficients = combined { place in
      eigenvalues[place] > smallest ? dot(vectors.row(place), change) / eigenvalues[place] : 0
    }
    return start + dot(kernel, coefficients)
  }

  /// Half the mean squared error after a time.
  public func loss(at time: Double, rate: Double = 1) -> Double {
    zip(trained(at: time, rate: rate), targets).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      / Double(2 * targets.count)
  }

  /// The learning rate beyond which gradient descent diverges: `2 (1 + momentum) n / largest eigenvalue`.
  public func largestRate(momentum: Double = 0) -> Double {
    2 * (1 + momentum) * Double(targets.count) / (eigenvalues.first ?? 0)
  }

  /// How much of the targets lies where the kernel learns fast: `y^T T y / (|y|^2 |T|)`.
  public var alignment: Double {
    let along = eigenvalues.indices.reduce(0) { sum, place in
      let part = dot(vectors.row(place), targets)
      return sum + eigenvalues[place] * part * part
    }
    let size = squaredNorm(targets) * norm(eigenvalues)
    return size > 0 ? along / size : 0
  }

  private func changed(at time: Double, rate: Double) -> [Double] {
    let error = zip(targets, start).map { $0 - $1 }
    return combined { place in
      let rise = max(0, eigenvalues[place]) * rate / Double(targets.count)
      let learned = time.isInfinite ? (rise > 0 ? 1 : 0) : -expm1(-rise * time)
      return learned * dot(vectors.row(place), error)
    }
  }

  /// The sum of the eigenvectors with these weights.
  private func combined(_ weight: (Int) -> Double) -> [Double] {
    var sum = [Double](repeating: 0, count: targets.count)
    for place in eigenvalues.indices {
      let amount = weight(place)
      for index in sum.indices { sum[index] += amount * vectors[place, index] }
    }
    return sum
  }
}
