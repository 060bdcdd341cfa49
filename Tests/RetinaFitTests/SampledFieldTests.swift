import Foundation
import RetinaEngine
import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaFit

/// Networks that compute their feature maps at every second position alone, against those that compute them whole.
@Suite struct SampledFieldTests {
  private let input = Shape(3, 20, 24)
  private let clips = 2
  private let clipLength = 5

  /// Convolutions, each with a softplus, and a Gaussian read-out of two cells.
  private func architecture(kernels: [Int], draw: inout GeneratorOfNumbers) -> Architecture {
    var layers: [TrainableLayer] = []
    var (channels, height, width) = (input[0], input[1], input[2])
    for (index, size) in kernels.enumerated() {
      let outputs = index == 0 ? 9 : 3
      let shape = Shape(outputs, channels, size, size)
      let scale = 1 / Float(channels * size * size).squareRoot()
      let weight = Tensor(shape: shape, values: draw.values(shape.count).map { scale * $0 + scale / 2 })!
      layers.append(
        .init("conv\(index)", .convolution(Convolution(weight: weight, bias: draw.values(outputs).map { $0 / 3 }))))
      if index + 1 < kernels.count || kernels.count == 1 {
        layers.append(.init("softplus\(index)", .activation(.softplus)))
      }
      (channels, height, width) = (outputs, height - size + 1, width - size + 1)
    }
    layers.append(
      .init(
        "cells",
        .gaussianReadout(
          GaussianReadout(
            channels: channels, height: height, width: width, centres: [6, 7, 9.5, 5.2],
            logSigmas: [0.9, 1.1, 0.7, 1], features: draw.values(2 * channels), bias: [0.2, -0.1]))))
    layers.append(.init("rate", .activation(.softplus)))
    return Architecture(name: "test", inputShape: input, layers: layers)
  }

  private func network(_ architecture: Architecture, spacing: Int, threads: Int = 1) throws -> Network {
    try Network(architecture, clips: clips, clipLength: clipLength, threads: threads, spacing: spacing)
  }

  private func loss(_ network: Network, _ movie: [Float]) -> Double {
    let responses = (0..<clips * clipLength * network.cells).map { Float($0 % 3) }
    return network.loss(movie: movie, firstFrames: [0, 4], responses: responses, loss: .poisson)
  }

  /// The rates by definition: the plain convolution, of whose results every second row and column is read.
  @Test func aConvolutionOfSlowWavesIsTheWholeOneSampled() throws {
    var draw = GeneratorOfNumbers(seed: 3)
    let architecture = architecture(kernels: [5], draw: &draw)
    let (height, width) = (input[1], input[2])
    // Waves of at most four cycles in a frame, which every second position tells apart.
    var movie: [Float] = []
    for _ in 0..<12 {
      let waves = (0..<4).map { (cycles: ($0, 4 - $0), phase: Double(draw.values(1)[0]) * 3) }
      for row in 0..<height {
        for column in 0..<width {
          movie.append(
            waves.reduce(0) { sum, wave in
              let angle = Double(wave.cycles.0 * row) / Double(height) + Double(wave.cycles.1 * column) / Double(width)
              return sum + Float(cos(2 * .pi * angle + wave.phase))
            })
        }
      }
    }
    let sampled = try network(architecture, spacing: 2)
    _ = loss(sampled, movie)

    guard case .layer(.convolution(let convolution)) = architecture.layers[0].kind,
      case .gaussianReadout(let readout) = architecture.layers[2].kind
    else { return }
    let geometry = ConvolutionGeometry(convolution, input: input)
    let parameters = readout.centres + readout.logSigmas + readout.features
    for sample in 0..<clips * clipLength {
      let frame = sample / clipLength * 4 + sample % clipLength
      var features = [Float](repeating: 0, count: geometry.outputCount)
      PlainConvolution.forward(
        geometry, input: Array(movie[frame * height * width..<(frame + 3) * height * width]),
        weight: convolution.weight.values, bias: convolution.bias, output: &features)
      for cell in 0..<2 {
        let mask = GaussianMask<Float>(parameters, cell: cell, cells: 2, height: 8, width: 10, spacing: 2)
        var drive = readout.bias[cell]
        for channel in 0..<9 {
          for (row, rowWeight) in mask.rows.enumerated() {
            for (column, columnWeight) in mask.columns.enumerated() {
              let value = features[(channel * 16 + 2 * row) * 20 + 2 * column]
              drive += readout.features[cell * 9 + channel] * rowWeight * columnWeight * log1p(exp(value))
            }
          }
        }
        let (found, expected) = (sampled.rates[sample * 2 + cell], log1p(exp(drive)))
        #expect(abs(found - expected) <= 2e-5 * max(1, expected), "sample \(sample), cell \(cell)")
      }
    }
  }

  /// An even field has one value everywhere, so that samples of it say all: also behind a second convolution.
  @Test func evenFieldsGiveTheRatesOfTheWholeNetwork() throws {
    var draw = GeneratorOfNumbers(seed: 4)
    let architecture = architecture(kernels: [5, 7], draw: &draw)
    let movie = (0..<12).flatMap { [Float](repeating: 0.3 * Float($0) - 1, count: 20 * 24) }
    let (whole, sampled) = (try network(architecture, spacing: 1), try network(architecture, spacing: 2))
    let (first, second) = (loss(whole, movie), loss(sampled, movie))
    #expect(abs(first - second) <= 1e-5 * abs(first), "\(first), \(second)")
    for (a, b) in zip(whole.rates, sampled.rates) { #expect(abs(a - b) <= 1e-5 * max(1, a), "\(a), \(b)") }
    #expect(Set(whole.rates).count > 10)
  }

  /// Along random directions of every group of parameters, by central differences of the loss.
  @Test(arguments: [1, 2])
  func gradientsAreThoseOfTheLoss(_ threads: Int) throws {
    var draw = GeneratorOfNumbers(seed: 5)
    let architecture = architecture(kernels: [5, 7], draw: &draw)
    let movie = draw.values(12 * 20 * 24)
    let network = try network(architecture, spacing: 2, threads: threads)
    // A step that moves the loss far beyond its rounding.
    for slope in DirectionalSlope.all(of: network, step: 0.02, &draw, loss: { loss(network, movie) }) {
      #expect(slope.size > 0)
      #expect(abs(slope.found - slope.expected) <= 2e-3 * slope.size, "\(slope)")
    }
  }

  /// Layers that need every unit are named.
  @Test(arguments: ["dense", "per unit", "stride"])
  func layersThatNeedEveryUnitAreErrors(_ what: String) throws {
    var draw = GeneratorOfNumbers(seed: 6)
    var architecture = architecture(kernels: [5], draw: &draw)
    switch what {
    case "dense":
      architecture.layers[2] = .init(
        "all", .dense(Dense(weight: Tensor(repeating: 0.1, shape: Shape(2, 9 * 16 * 20)), bias: [0, 0])))
    case "per unit":
      architecture.layers[1] = .init("all", .batchNormalization(.start(.unit, count: 9 * 16 * 20)))
    default:
      guard case .layer(.convolution(var convolution)) = architecture.layers[0].kind else { return }
      convolution.padding = Spatial(2, 2)
      architecture.layers[0] = .init("all", .convolution(convolution))
      architecture.layers.removeLast(2)
    }
    let error = #expect(throws: ModelError.self) { try network(architecture, spacing: 2) }
    #expect("\(error!)".contains("layer 'all'"), "\(error!)")
    #expect(throws: Never.self) { try network(architecture, spacing: 1) }
  }
}
