import Foundation
import RetinaModel
import Testing

@testable import RetinaStimuli

/// Drift, images without borders, dead leaves and 1/f clouds.
@Suite struct NaturalTests {
  @Test(arguments: [UInt64(1), 7, 99])
  func `the steps of a free drift are independent and have the stated size`(seed: UInt64) {
    var drift = EyeDrift(step: 0.5, returnFrames: 0, seed: seed)
    var again = drift
    let count = 10_000
    var (sum, squares, products, previous) = (0.0, 0.0, 0.0, 0.0)
    for _ in 0..<count {
      let (row, column) = (drift.row, drift.column)
      drift.move()
      let step = drift.row - row
      sum += step
      squares += step * step
      products += step * (drift.column - column) + step * previous
      previous = step
    }
    // Five standard errors.
    let n = Double(count)
    #expect(abs(sum / n) < 5 * 0.5 / n.squareRoot(), "seed \(seed)")
    #expect(abs(squares / n - 0.25) < 5 * 0.25 * (2 / n).squareRoot(), "seed \(seed)")
    #expect(abs(products / n) < 5 * 0.25 * (2 / n).squareRoot(), "seed \(seed)")
    for _ in 0..<count { again.move() }
    #expect(again.row == drift.row && again.column == drift.column)
  }

  @Test(arguments: [2.0, 10.0])
  func `a drift that returns keeps the stated spread`(returnFrames: Double) {
    let seed: UInt64 = 3
    var drift = EyeDrift(step: 0.4, returnFrames: returnFrames, seed: seed)
    var squares = 0.0
    let count = 40_000
    for _ in 0..<count {
      drift.move()
      squares += (drift.row * drift.row + drift.column * drift.column) / 2
    }
    let kept = 1 - 1 / returnFrames
    let expected = 0.16 / (1 - kept * kept)
    #expect(abs(squares / Double(count) / expected - 1) < 0.06, "seed \(seed)")
  }

  @Test func `an image is interpolated between samples and wraps around`() {
    let points = (0..<64).map { Float($0) }
    let image = PeriodicImage(pointSamples: points, side: 8, samplesPerPixel: 1)
    var seen = [Float](repeating: 0, count: 4)
    image.look(row: 0, column: 0, height: 2, width: 2, into: &seen, at: 0)
    #expect(seen == [0, 1, 8, 9])
    image.look(row: 2.5, column: 1.25, height: 2, width: 2, into: &seen, at: 0)
    #expect(seen == [21.25, 22.25, 29.25, 30.25])
    image.look(row: -1, column: -1, height: 2, width: 2, into: &seen, at: 0)
    #expect(seen == [63, 56, 7, 0])
  }

  @Test func `samples are means over a pixel`() {
    let points = (0..<64).map { Float($0 % 8) }
    let image = PeriodicImage(pointSamples: points, side: 8, samplesPerPixel: 2)
    #expect(Array(image.samples[..<8]) == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 3.5])
  }

  @Test func `the transform of a grid is that of the definition`() {
    var spectrum = SquareSpectrum(side: 8)
    var generator = SeededGenerator(seed: 11)
    for index in 0..<64 {
      spectrum.real[index] = generator.normal()
      spectrum.imaginary[index] = generator.normal()
    }
    let before = spectrum
    spectrum.transform()
    for u in 0..<8 {
      for v in 0..<8 {
        var (real, imaginary) = (0.0, 0.0)
        for y in 0..<8 {
          for x in 0..<8 {
            let angle = -2 * Double.pi * Double(u * y + v * x) / 8
            let (a, b) = (before.real[y * 8 + x], before.imaginary[y * 8 + x])
            real += a * cos(angle) - b * sin(angle)
            imaginary += a * sin(angle) + b * cos(angle)
          }
        }
        #expect(abs(spectrum.real[u * 8 + v] - real) < 1e-12)
        #expect(abs(spectrum.imaginary[u * 8 + v] - imaginary) < 1e-12)
      }
    }
  }

  @Test(arguments: [1.0, 2.0, 3.0])
  func `the power of clouds falls with the stated exponent`(exponent: Double) {
    var clouds = OneOverF()
    clouds.exponent = exponent
    let seed: UInt64 = 4
    var generator = SeededGenerator(seed: seed)
    let frequencies = Array(2...24)
    var power = [Double](repeating: 0, count: frequencies.count)
    for _ in 0..<6 {
      let image = clouds.image(pixels: 128, using: &generator)
      // Sums of columns and of rows: the spectrum along the two axes.
      var (columns, rows) = ([Double](repeating: 0, count: 256), [Double](repeating: 0, count: 256))
      for (index, sample) in image.samples.enumerated() {
        columns[index % 256] += Double(sample)
        rows[index / 256] += Double(sample)
      }
      for line in [columns, rows] {
        for (index, frequency) in frequencies.enumerated() {
          var (real, imaginary) = (0.0, 0.0)
          for (position, value) in line.enumerated() {
            let angle = 2 * Double.pi * Double(frequency * position) / 256
            real += value * cos(angle)
            imaginary += value * sin(angle)
          }
          power[index] += real * real + imaginary * imaginary
        }
      }
    }
    let x = frequencies.map { log(Double($0)) }
    let y = power.map { log($0) }
    let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
    let slope =
      zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
      / x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
    #expect(abs(slope + exponent) < 0.35, "slope \(slope), seed \(seed)")
  }

  @Test(arguments: [0.1, 0.35])
  func `clouds have the stated contrast and mean grey`(contrast: Double) {
    var clouds = OneOverF()
    clouds.contrast = contrast
    var generator = SeededGenerator(seed: 8)
    let image = clouds.image(pixels: 128, using: &generator)
    let n = Double(image.samples.count)
    let mean = image.samples.reduce(0) { $0 + Double($1) } / n
    let deviation = (image.samples.reduce(0) { $0 + Double($1) * Double($1) } / n).squareRoot()
    #expect(abs(mean) < 0.01)
    #expect(abs(deviation / contrast - 1) < 0.02)
    #expect(image.samples.allSatisfy { abs($0) <= 1 })
  }

  @Test func `leaves have greys of the stated range, evenly spread`() {
    var leaves = DeadLeaves()
    leaves.contrast = 0.5
    let seed: UInt64 = 21
    var generator = SeededGenerator(seed: seed)
    var (sum, squares, count) = (0.0, 0.0, 0.0)
    for _ in 0..<4 {
      let image = leaves.image(pixels: 128, using: &generator)
      for sample in image.samples {
        guard abs(sample) <= 0.5 else {
          Issue.record("\(sample), seed \(seed)")
          return
        }
        sum += Double(sample)
        squares += Double(sample) * Double(sample)
        count += 1
      }
    }
    #expect(abs(sum / count) < 0.05, "seed \(seed)")
    // Uniform greys have variance 1/12; the mean over a pixel takes a little of it.
    #expect(squares / count > 0.065 && squares / count < 0.095, "variance \(squares / count), seed \(seed)")
  }

  @Test func `large leaves make flat patches and edges, as clouds do not`() {
    func flatShare(_ movie: Tensor) -> Double {
      let pairs = (0..<movie.values.count - 1).filter { ($0 + 1) % movie.shape[2] != 0 }
      let flat = pairs.count { abs(movie.values[$0] - movie.values[$0 + 1]) < 1e-6 }
      return Double(flat) / Double(pairs.count)
    }
    var (leaves, clouds) = (DeadLeaves(), OneOverF())
    (
      leaves.viewing.durationFrames, leaves.viewing.imageFrames, clouds.viewing.durationFrames,
      clouds.viewing.imageFrames
    ) = (4, 1, 4, 1)
    #expect(flatShare(leaves.movie(height: 50, width: 50)) > 0.4)
    #expect(flatShare(clouds.movie(height: 50, width: 50)) < 0.01)
  }

  @Test func `leaves without drift are the same to the bit on every platform`() {
    var leaves = DeadLeaves()
    (leaves.viewing.durationFrames, leaves.viewing.imageFrames, leaves.viewing.driftStep, leaves.viewing.seed) = (
      2, 1, 0, 5
    )
    let movie = leaves.movie(height: 20, width: 30)
    // The digest was computed by a program of its own, in Python, from the description of the model.
    let bytes = movie.values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    #expect(sha256(bytes) == "5ec6ad1d331a8b80c2679c44478c29af5fbe1bda0c652be5e31501273bb83eaf")
  }

  @Test func `an image stays for its frames and the eye then starts anew`() {
    var leaves = DeadLeaves()
    (leaves.viewing.durationFrames, leaves.viewing.imageFrames, leaves.viewing.driftStep) = (6, 3, 0)
    let still = leaves.movie(height: 10, width: 10)
    func frame(_ movie: Tensor, _ time: Int) -> [Float] { Array(movie.values[time * 100..<(time + 1) * 100]) }
    #expect(frame(still, 0) == frame(still, 2))
    #expect(frame(still, 2) != frame(still, 3))
    #expect(frame(still, 3) == frame(still, 5))
    leaves.viewing.driftStep = 0.5
    let moved = leaves.movie(height: 10, width: 10)
    #expect(frame(moved, 0) == frame(still, 0))
    #expect(frame(moved, 1) != frame(still, 1))
    #expect(frame(moved, 3) == frame(still, 3))
  }

  @Test(arguments: [0, 1, Limits.seed])
  func `movies repeat for a seed and differ between seeds`(seed: Int) {
    var (leaves, clouds) = (DeadLeaves(), OneOverF())
    (leaves.viewing.durationFrames, clouds.viewing.durationFrames) = (3, 3)
    (leaves.viewing.seed, clouds.viewing.seed) = (seed, seed)
    let first = (leaves.movie(height: 8, width: 12), clouds.movie(height: 8, width: 12))
    #expect(leaves.movie(height: 8, width: 12) == first.0 && clouds.movie(height: 8, width: 12) == first.1)
    (leaves.viewing.seed, clouds.viewing.seed) = (77, 77)
    #expect(leaves.movie(height: 8, width: 12) != first.0 && clouds.movie(height: 8, width: 12) != first.1)
  }
}
