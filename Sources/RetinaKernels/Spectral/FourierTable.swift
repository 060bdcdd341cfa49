/// The factors and twiddle factors of a Fourier transform of one length.
///
/// The transform is a sequence of passes of radix 6, 5, 4, 3 and 2 in the order of Stockham, which leaves results in natural
/// order (C. Van Loan, Computational Frameworks for the Fast Fourier Transform, 1992, section 1.7).
public final class FourierTable: @unchecked Sendable {
  /// The longest transform.
  public static let maximumLength = 4096

  /// Number of elements.
  public let length: Int
  /// Number of passes.
  public let passes: Int
  /// Radix of each pass.
  public let radices: UnsafePointer<Int>
  /// For each pass in turn, for p in 0..<m (m = remaining length / radix), for k in 1..<radix: cosine and sine of
  /// -2 pi p k / (m radix).
  public let twiddles: UnsafePointer<Float>
  private let radixMemory: UnsafeMutablePointer<Int>
  private let twiddleMemory: UnsafeMutablePointer<Float>

  /// Creates the table of a length that is a product of 2, 3 and 5; traps on others (see ``isSupported(_:)``).
  public init(length: Int) {
    guard let factors = FourierTable.factors(of: length, from: [6, 5, 4, 3, 2]) else {
      fatalError("unsupported transform length")
    }
    var values: [Float] = []
    var remaining = length
    for radix in factors {
      let m = remaining / radix
      for p in 0..<m {
        for k in 1..<radix {
          let (cosine, sine) = UnitCircle.point(-p * k, of: remaining)
          values += [Float(cosine), Float(sine)]
        }
      }
      remaining = m
    }
    self.length = length
    passes = factors.count
    radixMemory = .allocate(capacity: max(1, factors.count))
    radixMemory.initialize(from: factors, count: factors.count)
    twiddleMemory = .allocate(capacity: max(1, values.count))
    twiddleMemory.initialize(from: values, count: values.count)
    radices = UnsafePointer(radixMemory)
    twiddles = UnsafePointer(twiddleMemory)
  }

  deinit {
    radixMemory.deallocate()
    twiddleMemory.deallocate()
  }

  /// Whether a length can be transformed: a product of 2, 3 and 5 from 2 to ``maximumLength``.
  public static func isSupported(_ length: Int) -> Bool { factors(of: length, from: [5, 3, 2]) != nil }

  /// The smallest supported length that is at least `length`, if there is one.
  public static func supportedLength(atLeast length: Int) -> Int? {
    var candidate = max(2, length)
    while candidate <= maximumLength {
      if isSupported(candidate) { return candidate }
      candidate += 1
    }
    return nil
  }

  /// The radices, the first ones as often as they go, whose product is a length.
  static func factors(of length: Int, from radices: [Int]) -> [Int]? {
    guard (2...maximumLength).contains(length) else { return nil }
    var (factors, rest) = ([Int](), length)
    for radix in radices {
      while rest % radix == 0 {
        factors.append(radix)
        rest /= radix
      }
    }
    return rest == 1 ? factors : nil
  }
}

/// What a kernel needs of a ``FourierTable``: plain pointers, without reference counts.
public struct FourierLayout: @unchecked Sendable {
  /// Number of elements.
  public var length: Int
  /// Number of passes.
  public var passes: Int
  /// Radix of each pass.
  public var radices: UnsafePointer<Int>
  /// Twiddle factors, see ``FourierTable/twiddles``.
  public var twiddles: UnsafePointer<Float>

  /// Takes the pointers of a table, which must outlive the layout.
  public init(_ table: FourierTable) {
    length = table.length
    passes = table.passes
    radices = table.radices
    twiddles = table.twiddles
  }
}
