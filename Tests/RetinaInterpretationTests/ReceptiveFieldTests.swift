import Foundation
import RetinaFit
import RetinaModel
import RetinaStimuli
import Testing

@testable import RetinaInterpretation

@Suite struct ReceptiveFieldTests {
  /// Binary noise and a rate made from it.
  private func set(frames: Int, side: Int, rate: ([Float], Int) -> Float) -> TrainingSet {
    var generator = SeededGenerator(seed: 2)
    let stimulus = (0..<frames * side * side).map { _ in generator.next() & 1 == 0 ? Float(-1) : 1 }
    return TrainingSet(
      stimulus: stimulus, frameCount: frames, height: side, width: side,
      responses: (0..<frames).map { $0 < 3 ? 0 : rate(stimulus, $0) }, cellCount: 1)
  }

  @Test(arguments: [(2.0, 1.2, 35.0, 1.0), (1.5, 1.5, 0.0, -2.0), (3.0, 1.0, -70.0, 0.4)])
  func `a Gaussian is found again`(major: Double, minor: Double, angle: Double, amplitude: Double) throws {
    let radians = angle * Double.pi / 180
    let (c, s) = (cos(radians), sin(radians))
    let map = (0..<15 * 17).map { pixel -> Float in
      let (down, right) = (Double(pixel / 17) - 6.4, Double(pixel % 17) - 8.7)
      let (u, v) = (right * c - down * s, right * s + down * c)
      return Float(amplitude * exp(-(u * u / (major * major) + v * v / (minor * minor)) / 2))
    }
    let found = try #require(GaussianField(map, height: 15, width: 17))
    #expect(abs(found.row - 6.4) < 1e-4 && abs(found.column - 8.7) < 1e-4)
    #expect(abs(found.major - major) < 1e-3 && abs(found.minor - minor) < 1e-3)
    #expect(abs(found.amplitude - amplitude) < 1e-4 && found.explained > 0.999999)
    if major > minor { #expect(abs(found.angle - angle) < 0.1) }
    #expect(GaussianField([0, 0, 0, 0], height: 2, width: 2) == nil)
  }

  @Test func `the average of a linear cell is its filter`() throws {
    let set = self.set(frames: 20_000, side: 5) { stimulus, frame in
      // 0.5 at pixel 12 one frame ago, -0.3 at pixel 13 two frames ago: two maps at two times, not separable.
      2 + 0.5 * stimulus[(frame - 1) * 25 + 12] - 0.3 * stimulus[(frame - 2) * 25 + 13]
    }
    let field = CellField(
      set, cell: 0, name: "a", centre: nil, lags: 0..<3, frames: [3..<20_000], covarianceRadius: nil)
    for (index, value) in field.average.enumerated() {
      let expected: Float = index == 25 + 12 ? 0.25 : index == 50 + 13 ? -0.15 : 0
      #expect(abs(value - expected) < 0.006, "\(index)")
    }
    // 0.25^2 of 0.25^2 + 0.15^2.
    #expect(abs(field.separability - 0.735) < 0.02)
    let gain = try #require(slope(field.nonlinearity.map { $0.drive }, field.nonlinearity.map { $0.rate }))
    #expect(abs(gain - (0.34 as Double).squareRoot()) < 0.02)
  }

  @Test func `the covariance of an energy cell has its two directions, and none is found without relation`() {
    let set = self.set(frames: 20_000, side: 3) { stimulus, frame in
      let a: Float = stimulus[frame * 9 + 4] + stimulus[frame * 9 + 5]
      let b: Float = stimulus[(frame - 1) * 9 + 4]
      // Excited by a either way; silenced when pixel 1 and its neighbour agree.
      let silencing: Float = (stimulus[frame * 9] + stimulus[frame * 9 + 1]).magnitude
      let excitation: Float = a * a / 2 + 0.2 * b
      return 1 + excitation - 0.3 * silencing
    }
    let covariance = TriggeredCovariance(
      set, cell: 0, cutOut: CutOut(height: 3, width: 3), lags: 0..<2, frames: [3..<20_000])
    #expect(covariance.exciting.count >= 1 && covariance.suppressing.count >= 1)
    let first = covariance.exciting[0]
    #expect(abs(abs(first[4] + first[5]) - (2 as Double).squareRoot()) < 0.03)
    let none = self.set(frames: 20_000, side: 3) { _, frame -> Float in Float(frame * 7 % 5) }
    let nothing = TriggeredCovariance(
      none, cell: 0, cutOut: CutOut(height: 3, width: 3), lags: 0..<2, frames: [3..<20_000])
    #expect(nothing.exciting.count <= 1 && nothing.suppressing.count <= 1)
  }

  /// A linear cell behind an exponential, with a filter of weights that all differ.
  private func linear() throws -> Model {
    let weights = (0..<48).map { (place: Int) -> Float in Float(place * 7 % 11 - 5) / 50 }
    let tensor = try #require(Tensor(shape: Shape(1, 48), values: weights))
    return try Model(
      name: "linear", inputShape: Shape(3, 4, 4),
      layers: [Layer("dense", .dense(Dense(weight: tensor, bias: [0.1]))), Layer("rate", .activation(.exp))])
  }

  @Test func `the most exciting window of a linear cell is its filter, as far as limits go`() throws {
    let model = try linear()
    guard case .dense(let dense) = model.layers[0].operation else { return }
    let weights = dense.weight.values
    let length = weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
    var limits = MostExcitingStimulus.Limits(norm: 2)
    limits.range = 100
    let free = try MostExcitingStimulus(model, cell: 0, limits: limits, threads: 1)
    for (found, weight) in zip(free.window, weights) { #expect(abs(found - 2 * weight / length) < 2e-3) }
    limits.norm = 1000
    limits.range = 0.5
    let cut = try MostExcitingStimulus(model, cell: 0, limits: limits, threads: 1)
    for (found, weight) in zip(cut.window, weights) where weight != 0 { #expect(found == (weight > 0 ? 0.5 : -0.5)) }
    #expect(free.greyRate > 1 && free.rate > free.greyRate && cut.rate > cut.greyRate)
    #expect(throws: (any Error).self) { try MostExcitingStimulus(model, cell: 1, limits: limits, threads: 1) }
  }

  @Test func `fields of a cell with two switches fall into their shapes`() throws {
    // relu(x0) + relu(-x5): the gradient is one of e0, -e5, both or none.
    var first = Tensor(repeating: 0, shape: Shape(2, 8))
    (first.values[0], first.values[8 + 5]) = (1, -1)
    let second = try #require(Tensor(shape: Shape(1, 2), values: [1, 0.5]))
    let model = try Model(
      name: "switches", inputShape: Shape(2, 2, 2),
      layers: [
        Layer("dense1", .dense(Dense(weight: first))), Layer("relu", .activation(.relu)),
        Layer("dense2", .dense(Dense(weight: second))),
      ])
    var generator = SeededGenerator(seed: 3)
    var movie = Tensor(repeating: 0, shape: Shape(200, 2, 2))
    for index in movie.values.indices { movie.values[index] = Float(generator.normal()) }
    let fields = try InstantaneousFields(model, cell: 0, movie: movie, clusters: 3)
    #expect(fields.clusters.count == 3 && fields.labels.count == 199)
    #expect(fields.clusters.allSatisfy { $0.coherence > 0.9999 })
    for (window, label) in fields.labels.enumerated() {
      let (a, b) = (movie.values[window * 4] > 0, movie.values[window * 4 + 5] < 0)
      guard a || b else {
        #expect(label == -1)
        continue
      }
      let field = fields.clusters[label].field
      #expect(abs(field[0] - (a ? 1 : 0)) < 1e-5 && abs(field[5] - (b ? -0.5 : 0)) < 1e-5, "window \(window)")
    }
    let shares = fields.clusters.reduce(0) { $0 + $1.share }
    #expect(abs(shares - 1) < 1e-9)
  }
}
