import RetinaKernels
import Testing

/// The kernels of training at every level, against their sums in float64.
@Suite struct GradientProductsTests {
  private static func random(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededRandom(seed: seed)
    return generator.values(count)
  }

  @Test(arguments: Level.available, [(1, 1), (5, 4), (7, 6), (16, 15)])
  func addsProductsOfSpectra(_ level: Level, _ size: (samples: Int, terms: Int)) {
    let (gradientStride, sampleStride, termStride) = (48, 40, 16)
    let gradients = Self.random(size.samples * gradientStride, seed: 1)
    let images = Self.random(size.samples * sampleStride + size.terms * termStride + 16, seed: 2)
    let start = Self.random(size.terms * 16, seed: 3)
    var results = start
    level.kernels.addGradientProducts(
      samples: size.samples, terms: size.terms, gradients: gradients, gradientStride: gradientStride, images: images,
      sampleStride: sampleStride, termStride: termStride, results: &results)
    for term in 0..<size.terms {
      for lane in 0..<8 {
        var (re, im) = (Double(start[term * 16 + lane]), Double(start[term * 16 + lane + 8]))
        for sample in 0..<size.samples {
          let (g, h) = (gradients[sample * gradientStride + lane], gradients[sample * gradientStride + lane + 8])
          let place = sample * sampleStride + term * termStride
          re += Double(g) * Double(images[place]) + Double(h) * Double(images[place + 8])
          im += Double(g) * Double(images[place + 8]) - Double(h) * Double(images[place])
        }
        #expect(abs(Double(results[term * 16 + lane]) - re) < 1e-5)
        #expect(abs(Double(results[term * 16 + lane + 8]) - im) < 1e-5)
      }
    }
  }

  @Test(arguments: Level.available, [(1, 1, 8), (4, 2, 16), (6, 3, 1040), (9, 5, 24)])
  func addsMatrixProducts(_ level: Level, _ size: (rows: Int, columns: Int, terms: Int)) {
    let (rows, columns, terms) = size
    let (a, b) = (Self.random(rows * terms, seed: 4), Self.random(columns * terms, seed: 5))
    let start = Self.random(rows * columns, seed: 6)
    var c = start
    level.kernels.addMatrixProductTransposed(
      rows: rows, columns: columns, terms: terms, a: a, aStride: terms, b: b, bStride: terms, c: &c, cStride: columns)
    for row in 0..<rows {
      for column in 0..<columns {
        let sum = (0..<terms).reduce(Double(start[row * columns + column])) {
          $0 + Double(a[row * terms + $1]) * Double(b[column * terms + $1])
        }
        #expect(abs(Double(c[row * columns + column]) - sum) < 1e-4, "\(row), \(column)")
      }
    }
    // The same numbers as a product [columns, rows] x [rows, terms], the first matrix read along its columns.
    let wide = Self.random(columns * terms, seed: 7)
    var product = wide
    let factors = start
    level.kernels.addMatrixProduct(
      rows: columns, columns: terms, terms: rows, a: factors, aRowStride: 1, aTermStride: columns, b: a, bStride: terms,
      c: &product, cStride: terms)
    for row in 0..<columns {
      for column in 0..<terms {
        let sum = (0..<rows).reduce(Double(wide[row * terms + column])) {
          $0 + Double(factors[$1 * columns + row]) * Double(a[$1 * terms + column])
        }
        #expect(abs(Double(product[row * terms + column]) - sum) < 1e-5, "\(row), \(column)")
      }
    }
  }

  @Test func noiseIsNormalAndTheSameAtEveryLevel() {
    let count = 80_000
    var first: [Float] = []
    for level in Level.available {
      var values = [Float](repeating: 1, count: count)
      level.kernels.addNoise(count: count, key: 11, deviation: 2, values: &values)
      if first.isEmpty { first = values }
      #expect(values == first, "\(level)")
    }
    let deviates = first.map { Double($0 - 1) / 2 }
    func moment(_ power: Int) -> Double {
      deviates.reduce(0) { sum, x in sum + (0..<power).reduce(1) { product, _ in product * x } } / Double(count)
    }
    // Standard errors of the moments are 0.0035, 0.005, 0.014 and 0.035.
    #expect(abs(moment(1)) < 0.015)
    #expect(abs(moment(2) - 1) < 0.02)
    #expect(abs(moment(3)) < 0.06)
    #expect(abs(moment(4) - 3) < 0.15)
    // Neighbours, lanes and the two deviates of a draw have nothing to do with one another.
    for shift in [1, 8, 16] {
      let product = (0..<count - shift).reduce(0) { $0 + deviates[$1] * deviates[$1 + shift] } / Double(count)
      #expect(abs(product) < 0.015, "shift \(shift): \(product)")
    }
    var other = [Float](repeating: 1, count: count)
    Level.available[0].kernels.addNoise(count: count, key: 12, deviation: 2, values: &other)
    #expect(zip(first, other).count { $0 == $1 } < 10)
  }

  @Test(arguments: Level.available)
  func dropoutLeavesOutTheSamePartEveryTime(_ level: Level) {
    var values = [Float](repeating: 3, count: 40_000)
    level.kernels.dropOut(count: values.count, key: 5, probability: 0.25, values: &values)
    #expect(values.allSatisfy { $0 == 0 || $0 == 4 })
    #expect(abs(Double(values.count { $0 == 0 }) / 40_000 - 0.25) < 0.01)
    var again = [Float](repeating: 3, count: 40_000)
    level.kernels.dropOut(count: again.count, key: 5, probability: 0.25, values: &again)
    #expect(again == values)
  }
}
