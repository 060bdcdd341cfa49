/// A Fourier transform of one length in float64, as a sequence of small matrices.
///
/// Pass by pass in the order of Stockham: `radix` numbers that lie `m` apart (m = remaining length / radix) are multiplied with a matrix
/// that holds the transform of length `radix` and the twiddle factors behind it. That takes more operations than the passes of
/// ``FourierTable`` and has a plain bound for its rounding errors, see ``roundings``.
public final class FourierMatrices: @unchecked Sendable {
  /// Number of elements.
  public let length: Int
  /// Number of passes.
  public let passes: Int
  /// Radix of each pass: 5, 4, 3 or 2.
  public let radices: UnsafePointer<Int>
  /// For each pass in turn, for p in 0..<m, for k in 0..<radix, for j in 0..<radix: cosine and sine of
  /// -2 pi k (p + m j) / (m radix).
  public let coefficients: UnsafePointer<Double>
  private let radixMemory: UnsafeMutablePointer<Int>
  private let coefficientMemory: UnsafeMutablePointer<Double>

  /// Creates the matrices of a length that ``FourierTable`` supports; traps on others.
  public init(length: Int) {
    guard let factors = FourierTable.factors(of: length, from: [5, 4, 3, 2]) else {
      fatalError("unsupported transform length")
    }
    var values: [Double] = []
    var remaining = length
    for radix in factors {
      let m = remaining / radix
      for p in 0..<m {
        for k in 0..<radix {
          for j in 0..<radix {
            let (cosine, sine) = UnitCircle.point(-k * (p + m * j), of: remaining)
            values += [cosine, sine]
          }
        }
      }
      remaining = m
    }
    self.length = length
    passes = factors.count
    radixMemory = .allocate(capacity: factors.count)
    radixMemory.initialize(from: factors, count: factors.count)
    coefficientMemory = .allocate(capacity: values.count)
    coefficientMemory.initialize(from: values, count: values.count)
    radices = UnsafePointer(radixMemory)
    coefficients = UnsafePointer(coefficientMemory)
  }

  deinit {
    radixMemory.deallocate()
    coefficientMemory.deallocate()
  }

  /// The sum of all radices: complex multiply-adds per element.
  public var radixSum: Int { (0..<passes).reduce(0) { $0 + radices[$1] } }

  /// The largest error of a transform, in units of 2^-53 of the root of the sum of squares of its result.
  ///
  /// A sum of a pass has 2 radix products. It is off by at most 2 radix roundings and the errors of its coefficients, together below
  /// 2 radix + 4 units of the sum of the magnitudes of its `radix` numbers, in its real and in its imaginary part. The root of the sum of
  /// squares of a pass's errors is then at most sqrt(2) (2 radix + 4) radix units of that of its input, and exact results have
  /// sqrt(radix) of it.
  public var roundings: Double {
    (0..<passes).reduce(0) { $0 + Double(2 * radices[$1] + 4) * Double(2 * radices[$1]).squareRoot() }
  }
}

/// What a kernel needs of ``FourierMatrices``: plain pointers, without reference counts.
public struct FourierMatrixLayout: @unchecked Sendable {
  /// Number of elements.
  public var length: Int
  /// Number of passes.
  public var passes: Int
  /// Radix of each pass.
  public var radices: UnsafePointer<Int>
  /// See ``FourierMatrices/coefficients``.
  public var coefficients: UnsafePointer<Double>

  /// Takes the pointers of matrices, which must outlive the layout.
  public init(_ matrices: FourierMatrices) {
    length = matrices.length
    passes = matrices.passes
    radices = matrices.radices
    coefficients = matrices.coefficients
  }
}
