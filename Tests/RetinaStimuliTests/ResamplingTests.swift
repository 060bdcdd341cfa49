import Foundation
import RetinaFiles
import RetinaModel
import Testing

@testable import RetinaStimuli

@Suite struct ResamplingTests {
  /// The mean over parts of the axis repeated `to` times, of which each new value takes `from`: exact for whole numbers.
  private func repeatedMean(_ values: [Float], to count: Int) -> [Double] {
    let fine = values.flatMap { [Double](repeating: Double($0), count: count) }
    return (0..<count).map { part in
      fine[part * values.count..<(part + 1) * values.count].reduce(0, +) / Double(values.count)
    }
  }

  @Test(arguments: [(7, 3), (3, 7), (50, 20), (20, 50), (8, 4), (4, 8), (5, 5), (1, 6), (6, 1), (101, 100)])
  func `a new value is the mean of what it covers`(_ from: Int, _ to: Int) throws {
    var generator = SystemRandomNumberGenerator()
    let values = (0..<from).map { _ in Float.random(in: -1...1, using: &generator) }
    let movie = try #require(Tensor(shape: Shape(1, 1, from), values: values))
    let found = AreaResampling(from: from, to: to).apply(to: movie, axis: 2)
    #expect(found.shape == Shape(1, 1, to))
    for (value, expected) in zip(found.values, repeatedMean(values, to: to)) {
      #expect(abs(Double(value) - expected) < 1e-6, "\(values)")
    }
  }

  @Test(arguments: 0..<3)
  func `an axis is resampled and the others are left alone`(_ axis: Int) throws {
    let movie = try #require(Tensor(shape: Shape(2, 4, 6), values: (0..<48).map { Float($0 * $0 % 31) }))
    let found = AreaResampling(from: movie.shape[axis], to: 1).apply(to: movie, axis: axis)
    var extents = [2, 4, 6]
    extents[axis] = 1
    #expect(found.shape.dimensions == extents)
    for index in found.values.indices {
      let place = [index / (extents[1] * extents[2]), index / extents[2] % extents[1], index % extents[2]]
      var sum: Float = 0
      for step in 0..<movie.shape[axis] {
        var own = place
        own[axis] = step
        sum += movie.values[(own[0] * 4 + own[1]) * 6 + own[2]]
      }
      #expect(abs(found.values[index] - sum / Float(movie.shape[axis])) < 1e-5)
    }
  }

  @Test func `frames are held at a higher rate, blurred at a lower one, and a part is dropped`() throws {
    let movie = try #require(Tensor(shape: Shape(5, 1, 1), values: [1, 2, 3, 4, 5]))
    func values(_ rate: Double, _ newRate: Double) throws -> [Float] {
      try #require(AreaResampling(frames: 5, rate: rate, newRate: newRate)).apply(to: movie, axis: 0).values
    }
    #expect(try values(30, 60) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    #expect(try values(30, 15) == [1.5, 3.5])
    #expect(try values(60, 24).map { ($0 * 100).rounded() / 100 } == [1.8, 4.2])
    #expect(try values(30, 30) == [1, 2, 3, 4, 5])
    // A rate of NTSC: 5 frames at 30000/1001 fill five at 29.97 but for rounding.
    #expect(try values(30_000 / 1001, 30_000 / 1001).count == 5)
    #expect(AreaResampling(frames: 5, rate: 30, newRate: 1).map { $0.covers } == nil)
  }
}
