import RetinaKernels
import Testing

@Suite struct FourierTableTests {
  /// Products of 2, 3 and 5.
  static func isProduct(_ length: Int) -> Bool {
    var rest = length
    for factor in [2, 3, 5] {
      while rest % factor == 0 { rest /= factor }
    }
    return rest == 1
  }

  @Test func `products of 2, 3 and 5 are supported`() {
    for length in 2...FourierTable.maximumLength {
      #expect(FourierTable.isSupported(length) == Self.isProduct(length), "length \(length)")
    }
    for length in [Int.min, -4, -1, 0, 1, 4097, 5000, Int.max] {
      #expect(!FourierTable.isSupported(length), "length \(length)")
    }
  }

  @Test(arguments: [
    (-3, 2), (0, 2), (1, 2), (2, 2), (7, 8), (11, 12), (13, 15), (36, 36), (61, 64), (67, 72), (4001, 4050),
    (4096, 4096),
  ])
  func `the next supported length is the smallest that fits`(length: Int, expected: Int) {
    #expect(FourierTable.supportedLength(atLeast: length) == expected)
  }

  @Test func `no length above the maximum is supported`() {
    #expect(FourierTable.supportedLength(atLeast: 4097) == nil)
    #expect(FourierTable.supportedLength(atLeast: Int.max) == nil)
  }

  @Test(arguments: [2, 3, 4, 5, 6, 30, 48, 50, 64])
  func `the passes multiply to the length`(length: Int) {
    let table = FourierTable(length: length)
    #expect((0..<table.passes).reduce(1) { $0 * table.radices[$1] } == length)
    let layout = FourierLayout(table)
    #expect(layout.length == length && layout.passes == table.passes)
    #expect(layout.radices == table.radices && layout.twiddles == table.twiddles)
  }
}
