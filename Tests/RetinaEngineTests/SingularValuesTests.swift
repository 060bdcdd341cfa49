import RetinaKernels
import Testing

@testable import RetinaEngine

@Suite struct SingularValuesTests {
  /// Sums of products of as many random vectors as the rank says.
  private func matrix(_ rows: Int, _ columns: Int, rank: Int, seed: UInt64) -> [Double] {
    var generator = SeededRandom(seed: seed)
    var values = [Double](repeating: 0, count: rows * columns)
    for _ in 0..<rank {
      let (left, right) = (generator.values(rows), generator.values(columns))
      for index in values.indices { values[index] += Double(left[index / columns]) * Double(right[index % columns]) }
    }
    return values
  }

  @Test(arguments: [(1, 1, 1), (1, 7, 1), (7, 1, 1), (5, 5, 5), (5, 9, 2), (9, 5, 2), (40, 25, 3), (3, 3, 0)])
  func `vectors at right angles make up the matrix`(rows: Int, columns: Int, rank: Int) {
    let matrix = matrix(rows, columns, rank: rank, seed: UInt64(rows * 100 + columns))
    let found = SingularValues(matrix, rows: rows)
    #expect(found.values.count == min(rows, columns) && found.values == found.values.sorted(by: >))
    #expect(found.values.filter { $0 > 1e-12 * found.values[0] }.count == rank)
    var sum = [Double](repeating: 0, count: matrix.count)
    for (left, right) in zip(found.left, found.right) {
      for index in sum.indices { sum[index] += left[index / columns] * right[index % columns] }
    }
    for (a, b) in zip(sum, matrix) { #expect(abs(a - b) < 1e-13 * max(1, found.values[0])) }
    for first in 0..<rank {
      for second in 0..<first {
        for side in [found.left, found.right] {
          let product = zip(side[first], side[second]).reduce(0) { $0 + $1.0 * $1.1 }
          let scale = max(1, found.values[0])
          #expect(abs(product) < 1e-13 * scale * scale)
        }
      }
    }
  }

  @Test func `the values of a matrix are known`() {
    // [[3, 0], [4, 5]]: sqrt(45) and sqrt(5).
    let found = SingularValues([3, 0, 4, 5], rows: 2)
    #expect(abs(found.values[0] - 6.708203932499369) < 1e-14 && abs(found.values[1] - 2.23606797749979) < 1e-14)
  }
}
