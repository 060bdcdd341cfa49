import RetinaKernels
import RetinaProbe
import Testing

/// Sparse non-negative dictionaries of contributions.
@Suite struct ContributionModesTests {
  /// Three patterns of eight columns that overlap a little, and loadings of which about half are zero.
  private struct Planted {
    let modes: [[Double]] = [
      [3, 2, 1, 0, 0, 0, 0, 0.5], [0, 0, 1, 3, 2, 0, 0, 0], [0.5, 0, 0, 0, 0, 2, 3, 1],
    ]
    var matrix: NonNegativeMatrix

    init(rows: Int = 120, seed: UInt64 = 1) throws {
      var generator = SeededRandom(seed: seed)
      var values: [Double] = []
      for _ in 0..<rows {
        var row = [Double](repeating: 0, count: 8)
        for mode in modes where Bool.random(using: &generator) {
          let loading = Double.random(in: 0.2...2, using: &generator)
          for column in row.indices { row[column] += loading * mode[column] }
        }
        values += row
      }
      matrix = try #require(NonNegativeMatrix(rows: rows, columns: 8, values: values))
    }
  }

  private func exact() -> SparseFactorization.Settings {
    var settings = SparseFactorization.Settings()
    settings.sparsity = 0
    return settings
  }

  private func noise(rows: Int, columns: Int, seed: UInt64) throws -> NonNegativeMatrix {
    var generator = SeededRandom(seed: seed)
    let values = (0..<rows * columns).map { _ in Double.random(in: 0...1, using: &generator) }
    return try #require(NonNegativeMatrix(rows: rows, columns: columns, values: values))
  }

  @Test func `contributions are split by their sign`() throws {
    let matrix = try #require(NonNegativeMatrix(splitting: [1, -2, -3, 0], rows: 2))
    #expect(matrix.rows == 2 && matrix.columns == 4)
    #expect(matrix.values == [1, 0, 0, 2, 0, 0, 3, 0])
  }

  @Test func `matrices of other numbers are refused`() {
    #expect(NonNegativeMatrix(splitting: [1, 2, 3], rows: 2) == nil)
    #expect(NonNegativeMatrix(splitting: [1, .nan], rows: 1) == nil)
    #expect(NonNegativeMatrix(splitting: [], rows: 0) == nil)
    #expect(NonNegativeMatrix(rows: 1, columns: 2, values: [1]) == nil)
    #expect(NonNegativeMatrix(rows: 1, columns: 2, values: [1, -1]) == nil)
    #expect(NonNegativeMatrix(rows: 1, columns: 2, values: [1, .infinity]) == nil)
  }

  @Test(arguments: [0, 0.003]) func `a planted dictionary is found`(sparsity: Double) throws {
    let planted = try Planted()
    var settings = SparseFactorization.Settings()
    settings.sparsity = sparsity
    let found = ContributionModes(planted.matrix, modes: 3, restarts: 4, settings: settings)
    #expect(found.factorization.error < 0.03, "error \(found.factorization.error)")
    for mode in planted.modes {
      let length = mode.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let cosines = (0..<3).map { place in
        (0..<8).reduce(0) { $0 + mode[$1] * found.factorization.modes[place * 8 + $1] } / length
      }
      #expect(cosines.contains { $0 > 0.99 }, "cosines \(cosines)")
    }
    #expect(try #require(found.curve[2].stability) > 0.98)
    #expect(found.curve[1].error > 5 * found.curve[2].error)
  }

  @Test func `one pattern is found exactly, with length 1`() throws {
    let matrix = try #require(NonNegativeMatrix(rows: 2, columns: 2, values: [3, 4, 6, 8]))
    let found = SparseFactorization(matrix, modes: 1, seed: 1, settings: exact())
    expect(found.modes.map { Float($0) }, near: [0.6, 0.8], within: 1e-6)
    expect(found.loadings.map { Float($0) }, near: [5.0, 10], within: 1e-5)
    #expect(found.error < 1e-6)
  }

  @Test(arguments: 1...5) func `more modes never fit worse`(seed: Int) throws {
    let matrix = try noise(rows: 20, columns: 9, seed: UInt64(seed))
    let found = ContributionModes(matrix, modes: 7, restarts: 2, seed: UInt64(seed), settings: exact())
    #expect(found.curve.map { $0.count } == Array(1...7))
    for (fewer, more) in zip(found.curve, found.curve.dropFirst()) { #expect(more.error <= fewer.error) }
  }

  @Test func `a penalty makes loadings smaller and fewer`() throws {
    let matrix = try noise(rows: 40, columns: 10, seed: 3)
    var settings = exact()
    let free = SparseFactorization(matrix, modes: 4, seed: 1, settings: settings)
    settings.sparsity = 0.2
    let sparse = SparseFactorization(matrix, modes: 4, seed: 1, settings: settings)
    #expect(sparse.loadings.reduce(0, +) < free.loadings.reduce(0, +))
    #expect(sparse.loadings.count { $0 < 1e-3 } > free.loadings.count { $0 < 1e-3 })
    #expect(sparse.error > free.error)
    for mode in 0..<4 {
      let length = sparse.modes[mode * 10..<(mode + 1) * 10].reduce(0) { $0 + $1 * $1 }
      #expect((length - 1).magnitude < 1e-9)
    }
  }

  @Test func `everything stays at or above zero, in order of total loading`() throws {
    let found = ContributionModes(try noise(rows: 15, columns: 6, seed: 4), modes: 5, restarts: 2).factorization
    #expect((found.modes + found.loadings).allSatisfy { $0 >= 0 && $0.isFinite })
    let totals = (0..<5).map { mode in (0..<15).reduce(0) { $0 + found.loadings[$1 * 5 + mode] } }
    #expect(totals == totals.sorted(by: >))
  }

  @Test func `the same seed gives the same modes`() throws {
    let matrix = try Planted().matrix
    let found = (0..<2).map { _ in ContributionModes(matrix, modes: 3, restarts: 2, seed: 7) }
    #expect(found[0].curve == found[1].curve)
    #expect(found[0].factorization.modes == found[1].factorization.modes)
    #expect(found[0].factorization.loadings == found[1].factorization.loadings)
    let other = ContributionModes(matrix, modes: 3, restarts: 2, seed: 99)
    #expect(other.factorization.loadings != found[0].factorization.loadings)
  }

  /// Each of two inputs has a mode of its own; the average of the inputs is (0.5, 1.5).
  @Test func `receptive fields are weighted averages less the average`() throws {
    let matrix = try #require(NonNegativeMatrix(rows: 2, columns: 2, values: [2, 0, 0, 1]))
    let found = ContributionModes(matrix, modes: 2, restarts: 3, settings: exact())
    let fields = found.receptiveFields { [[1, 0], [0, 3]][$0] }
    expect(fields[0].values, near: [0.5, -1.5], within: 1e-4)
    expect(fields[1].values, near: [-0.5, 1.5], within: 1e-4)
    // Each mode is in one half only.
    #expect(fields.allSatisfy { $0.splitHalf == nil })
    expect(found.effectiveInputs.map { Float($0) }, near: [1, 1], within: 1e-4)
  }

  /// Channel 0 follows the first half of a noise stimulus, channel 1 follows nothing.
  @Test(arguments: [1, 10]) func `fields of a filter are alike in both halves, those of noise are not`(
    block: Int
  ) throws {
    var generator = SeededRandom(seed: 5)
    let inputs = (0..<2000).map { _ in generator.floats(60, within: 1) }
    let driven = inputs.map { max(0, $0.prefix(30).reduce(0, +)) }
    for (name, contributions) in [("filter", driven), ("noise", generator.floats(2000, within: 4).map { max(0, $0) })] {
      let matrix = try #require(NonNegativeMatrix(splitting: contributions, rows: 2000))
      let field = ContributionModes(matrix, modes: 1, restarts: 1).receptiveFields(block: block) { inputs[$0] }[0]
      let agreement = try #require(field.splitHalf)
      #expect(name == "filter" ? agreement > 0.8 : agreement.magnitude < 0.4, "\(name), block \(block)")
    }
  }

  // MARK: - Degenerate

  @Test func `contributions of zero have modes of zero`() throws {
    let matrix = try #require(NonNegativeMatrix(splitting: [0, 0, 0, 0], rows: 2))
    let found = ContributionModes(matrix, modes: 2, restarts: 2)
    #expect(found.factorization.error == 0 && found.curve.map { $0.error } == [0, 0])
    #expect((found.factorization.modes + found.factorization.loadings).allSatisfy { $0 == 0 })
    let fields = found.receptiveFields { _ in [1, 2] }
    #expect(fields.map { $0.values } == [[0, 0], [0, 0]] && fields.allSatisfy { $0.splitHalf == nil })
    #expect(found.effectiveInputs == [0, 0])
  }

  @Test func `one channel has two patterns at most`() throws {
    let matrix = try #require(NonNegativeMatrix(splitting: [1, -2, 3, -4], rows: 4))
    let found = ContributionModes(matrix, modes: 4, restarts: 3, settings: exact())
    #expect(found.factorization.error < 1e-3)
    #expect(found.curve[1].error < 1e-3 && found.curve[0].error > 0.5)
    #expect((found.factorization.modes + found.factorization.loadings).allSatisfy { $0.isFinite })
  }

  @Test func `one start has no stability`() throws {
    let found = ContributionModes(try noise(rows: 5, columns: 4, seed: 1), modes: 1, restarts: 1)
    #expect(found.curve[0].stability == nil && found.factorization.count == 1)
    #expect(ContributionModes(try noise(rows: 5, columns: 4, seed: 1), modes: 0, restarts: 0).curve.count == 1)
  }
}
