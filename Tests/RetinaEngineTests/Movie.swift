import Glibc
import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

/// Frames to push into a stream.
struct Movie {
  let pixels: Int
  let values: [Float]

  var frames: Int { values.count / pixels }

  /// The values of one frame.
  func frame(_ index: Int) -> [Float] { Array(values[index * pixels..<(index + 1) * pixels]) }

  enum Kind: CaseIterable, Sendable {
    case random, constant, impulse, natural
  }

  init(_ kind: Kind, _ model: Model, frames: Int, seed: UInt64 = 21) {
    let (height, width) = (model.inputShape[1], model.inputShape[2])
    var generator = SeededRandom(seed: seed)
    pixels = height * width
    switch kind {
    case .random: values = generator.values(frames * pixels)
    case .constant: values = [Float](repeating: 0.7, count: frames * pixels)
    case .impulse:
      var values = [Float](repeating: 0, count: frames * pixels)
      values[model.inputShape[0] / 2 * pixels + generator.integer(0...pixels - 1)] = 1
      self.values = values
    case .natural: values = Movie.natural(frames: frames, height: height, width: width, &generator)
    }
  }

  /// Moving waves in all directions whose amplitude falls with their frequency.
  private static func natural(
    frames: Int, height: Int, width: Int, _ generator: inout SeededRandom
  ) -> [Float] {
    var values = [Float](repeating: 0.5, count: frames * height * width)
    for frequency in 1...8 {
      let (vertical, horizontal, temporal) = (generator.value(), generator.value(), generator.value())
      let (scale, phase) = (Float(frequency) / 4, 4 * generator.value())
      for index in values.indices {
        let (time, row, column) = (index / (height * width), index / width % height, index % width)
        let angle = vertical * Float(row) + horizontal * Float(column) + temporal * Float(time)
        values[index] += sinf(angle * scale + phase) / Float(frequency)
      }
    }
    return values
  }
}

/// What the plain program gives for every window of a movie.
struct WindowedLayers {
  /// For each complete window, for each layer, its values.
  private(set) var layers: [[[Float]]] = []
  /// The largest magnitude that goes into or comes out of each layer, over the movie.
  private(set) var scales: [Double]

  init(_ model: Model, _ movie: Movie) {
    let program = Program(model)
    let workspace = Workspace(MemoryPlan(program) { _ in true })
    scales = [Double](repeating: 1e-30, count: model.layers.count)
    let history = model.inputShape[0]
    guard movie.frames >= history else { return }
    for first in 0...movie.frames - history {
      program.normalize(
        Array(movie.values[first * movie.pixels..<(first + history) * movie.pixels]), into: workspace[0])
      program.run(workspace)
      layers.append(program.layerBoundaries.map { workspace.values($0, of: program) })
      var before = workspace.values(0, of: program).magnitude
      for (index, values) in layers[first].enumerated() {
        let magnitude = values.magnitude
        scales[index] = max(scales[index], before, magnitude)
        before = magnitude
      }
    }
  }

  /// The largest difference of any value of any layer, relative to the layer's scale.
  func error(of stream: StreamRecord) -> Double {
    guard stream.layers.count == layers.count else { return .infinity }
    var worst = 0.0
    for (found, expected) in zip(stream.layers, layers) {
      for layer in expected.indices {
        guard found[layer].count == expected[layer].count else { return .infinity }
        for index in expected[layer].indices {
          let distance = abs(Double(found[layer][index]) - Double(expected[layer][index])) / scales[layer]
          if !(distance <= worst) { worst = distance.isNaN ? .infinity : distance }
        }
      }
    }
    return worst
  }
}

/// What a stream gave for a movie.
struct StreamRecord {
  /// The bits of the rates after each warm frame.
  private(set) var rates: [[UInt32]] = []
  /// For each warm frame, for each tapped layer, its values.
  private(set) var layers: [[[Float]]] = []

  init(_ plan: StreamPlan, _ movie: Movie, taps: [Int] = []) {
    self.init(Stream(plan, taps: taps), movie, taps: taps)
  }

  init(_ stream: Stream, _ movie: Movie, frames: Range<Int>? = nil, taps: [Int] = []) {
    for index in frames ?? 0..<movie.frames where stream.push(movie.frame(index)) {
      rates.append(stream.rates.map(\.bitPattern))
      layers.append(taps.map { stream.layer($0).map(Array.init) ?? [] })
    }
  }
}

extension StreamPlan {
  /// A plan of a movie model.
  static func of(
    _ model: Model, _ algorithm: StreamOptions.Algorithm, level: ProcessorLevel = .best, block: Int = 8
  ) throws -> StreamPlan {
    try #require(StreamPlan(model, options: StreamOptions(algorithm: algorithm, level: level, block: block)))
  }
}

extension ProcessorLevel {
  /// The levels that this processor can run.
  static var available: [ProcessorLevel] { allCases.filter(\.isAvailable) }
}
