import RetinaStimuli
import RetinaTheory
import Testing

@Suite struct LinearAlgebraTests {
  private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = SeededGenerator(seed: seed)
    return Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in generator.normal() })
  }

  private func largest(_ matrix: Matrix) -> Double { matrix.values.reduce(0) { max($0, $1.magnitude) } }

  @Test(arguments: [1, 2, 3, 7, 40]) func `eigenvectors give the matrix back`(_ size: Int) {
    let matrix = random(size, size + 2, seed: UInt64(size)).gram
    let eigen = SymmetricEigen(matrix)
    let rebuilt = eigen.vectors.transposed * .diagonal(eigen.values) * eigen.vectors
    #expect(largest(rebuilt - matrix) < 1e-13 * largest(matrix) * Double(size))
    #expect(largest(eigen.vectors.gram - .identity(size)) < 1e-13 * Double(size))
    #expect(zip(eigen.values, eigen.values.dropFirst()).allSatisfy { $0 >= $1 })
  }

  @Test func `eigenvalues of a chain are cosines`() {
    let size = 30
    let eigen = SymmetricEigen(
      diagonal: [Double](repeating: 2, count: size), beside: [Double](repeating: -1, count: size - 1))
    for (place, value) in eigen.values.enumerated() {
      let wanted = 2 - 2 * cosine(Double(size - place) * .pi / Double(size + 1))
      #expect((value - wanted).magnitude < 1e-13)
    }
  }

  @Test(arguments: [(1, 1), (5, 3), (3, 5), (20, 20)]) func `singular vectors give the matrix back`(
    _ rows: Int, _ columns: Int
  ) {
    let matrix = random(rows, columns, seed: 2)
    let found = SingularValues(matrix)
    let rebuilt = found.left.transposed * .diagonal(found.values) * found.right
    #expect(largest(rebuilt - matrix) < 1e-12)
  }

  @Test func `a basis keeps all inner products, of dependent vectors too`() {
    var vectors = random(6, 40, seed: 3)
    for column in 0..<40 { vectors[4, column] = vectors[0, column] - 2 * vectors[1, column] }
    let found = OrthogonalBasis(of: vectors)
    #expect(largest(found.coordinates.gram - vectors.gram) < 1e-12)
    #expect(largest(found.coordinates * found.basis - vectors) < 1e-12)
    #expect(largest(found.basis.gram - .identity(6)) < 1e-12)
  }

  @Test(arguments: [40, 2048, 2049, 3071, 5000]) func `coordinates keep the inner products of long vectors`(
    _ length: Int
  ) {
    let vectors = random(7, length, seed: 9)
    let found = OrthogonalBasis.coordinates(of: vectors)
    #expect(found.columns == 7)
    #expect(largest(found.gram - vectors.gram) < 1e-12 * Double(length))
  }

  @Test func `a Cholesky factor solves, and refuses what is not positive`() throws {
    let matrix = random(12, 20, seed: 4).gram
    let wanted = (0..<12).map { Double($0) - 4 }
    let found = try #require(Cholesky(matrix)).solve(matrix * wanted)
    for (value, number) in zip(found, wanted) { #expect((value - number).magnitude < 1e-10) }
    #expect(Cholesky(Matrix([[1, 2], [2, 1]])) == nil)
  }

  /// The conditions that only the minimum meets: no slope along used columns, none downhill along the others.
  @Test(arguments: [(5, 3), (4, 12), (20, 20), (30, 60)])
  func `least squares without negative weights are at their minimum`(_ length: Int, _ count: Int) {
    let columns = random(count, length, seed: 5)
    var solver = NonNegativeLeastSquares(columns: columns.values, length: length)
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<30 {
      let target = (0..<length).map { _ in generator.normal() }
      solver.solve(target)
      let slopes = columns * solver.residual
      for place in 0..<count {
        #expect(solver.coefficients[place] >= 0)
        #expect(slopes[place] < 1e-10, "seed 5, \(place)")
        #expect((slopes[place] * solver.coefficients[place]).magnitude < 1e-9, "seed 5, \(place)")
      }
    }
  }

  @Test func `quadrature finds known means`() {
    let rule = GaussHermite(20)
    #expect((rule.mean { $0 * $0 * $0 * $0 } - 3).magnitude < 1e-12)
    let integral = Integral.adaptive(from: -8, to: 8) { NormalDistribution.density($0) * $0 * $0 }
    #expect((integral - 1).magnitude < 1e-11)
  }

  private func cosine(_ x: Double) -> Double {
    var (sum, term) = (1.0, 1.0)
    for k in 1..<40 {
      term *= -x * x / Double(2 * k * (2 * k - 1))
      sum += term
    }
    return sum
  }
}
