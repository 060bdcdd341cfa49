import Foundation
import RetinaModel
import Testing

@testable import RetinaStimuli

/// The published parameter sets, frame by frame against formulas written here, and the known bugs of published code avoided.
@Suite struct PublishedSetTests {
  static func movie(_ name: String) throws -> Tensor {
    let set = try StimulusSet.read("\(shippedFolder)/published.json")
    return try #require(try set.stimuli.first { $0.name == name }).movie()
  }

  /// The contrasts of a full-field movie, of which every frame is uniform.
  private func uniform(_ movie: Tensor) -> [Float] {
    (0..<movie.shape[0]).map { time in
      let frame = movie.values[time * 2500..<(time + 1) * 2500]
      return frame.allSatisfy { $0 == frame.first } ? frame.first ?? .nan : .nan
    }
  }

  @Test func `the set is at 100 frames per second and 55 micrometres`() throws {
    let set = try StimulusSet.read("\(shippedFolder)/published.json")
    #expect(set.frameRate == 100 && set.pixelSize == 55)
    #expect(set.stimuli.allSatisfy { !$0.labels.isEmpty })
  }

  @Test(arguments: [("omitted-flash", 8, 8), ("omitted-flash-library", 5, 12)])
  func `flashes stay dark, and the next is omitted`(name: String, flashes: Int, period: Int) throws {
    let contrasts = uniform(try PublishedSetTests.movie(name))
    #expect(contrasts.count == 40 + flashes * period + 40)
    for (time, contrast) in contrasts.enumerated() {
      let since = time - 40
      let isFlash = since >= 0 && since / period < flashes && since % period < 2
      // The library of torch-deep-retina sets X[X != 0] = 1.
      #expect(contrast == (isFlash ? -2 : 0), "frame \(time)")
    }
  }

  @Test(arguments: [0.75, 1.5, 2.25, 3])
  func `a flash for the latency lasts two frames of seventy`(contrast: Float) throws {
    let name = contrast == 3 ? "latency-3" : "latency-\(contrast)"
    let contrasts = uniform(try PublishedSetTests.movie(name))
    #expect(contrasts == (0..<70).map { (40..<42).contains($0) ? -contrast : 0 })
  }

  @Test func `the bar moves at its nominal speed`() throws {
    let movie = try PublishedSetTests.movie("moving-bar")
    // floor(|30 - -30| / 0.08) + 1; deep-retina's `1 + int(x[1] - x[0] / |v|)` makes 406.
    #expect(movie.shape[0] == 751)
    for time in 0..<751 {
      let centre = -30 + 0.08 * Double(time)
      for column in 0..<50 {
        let left = Double(column) - 25
        let covered = max(0, min(left + 1, centre + 1) - max(left, centre - 1))
        for row in [0, 31] {
          #expect(abs(Double(movie.values[(time * 50 + row) * 50 + column]) + covered) < 1e-5, "frame \(time)")
        }
      }
    }
  }

  @Test func `the bar turns back where it should`() throws {
    let movie = try PublishedSetTests.movie("reversing-bar")
    for time in 0..<572 {
      let centre = time <= 286 ? -40 + 0.14 * Double(time) : 0.04 - 0.14 * Double(time - 286)
      for column in 0..<50 {
        let left = Double(column) - 25
        let covered = max(0, min(left + 1, centre + 1) - max(left, centre - 1))
        #expect(abs(Double(movie.values[time * 2500 + column]) + covered) < 1e-5, "frame \(time)")
      }
    }
  }

  @Test(arguments: [1, 2, 4, 8])
  func `gratings reverse every 25 frames`(width: Int) throws {
    let movie = try PublishedSetTests.movie("reversing-grating-\(width)")
    #expect(movie.shape[0] == 140)
    for time in 0..<140 {
      let sign = (time / 25) % 2 == 0 ? 1.0 : -1
      for column in 0..<50 {
        let expected = sign * sin(2 * .pi * (Double(column) - 24.5) / Double(2 * width))
        #expect(abs(Double(movie.values[time * 2500 + column]) - expected) < 1e-5, "frame \(time)")
      }
    }
  }

  @Test(arguments: [2, 8, 20])
  func `two flashes lie so far apart`(interval: Int) throws {
    let contrasts = uniform(try PublishedSetTests.movie("paired-flash-\(interval)"))
    let flashes = Set([40, 41, 42 + interval, 43 + interval])
    #expect(contrasts == contrasts.indices.map { flashes.contains($0) ? -2 : 0 })
  }

  @Test func `steps are where they should be`() throws {
    #expect(uniform(try PublishedSetTests.movie("step")) == (0..<200).map { $0 < 100 ? 0 : -1 })
    var generator = SeededGenerator(seed: 1)
    let flicker = uniform(try PublishedSetTests.movie("contrast-step"))
    #expect(flicker == (0..<140).map { Float(generator.normal() * ($0 < 50 ? 0.1 : 0.7)) })
  }

  @Test func `objects move with the background or on their own`() throws {
    let (global, apart) = (
      try PublishedSetTests.movie("object-global"), try PublishedSetTests.movie("object-differential")
    )
    #expect(global.shape == Shape(580, 50, 50) && apart.shape == global.shape)
    // What tells them apart for a cell that sees the object is the background.
    var differing = 0
    for time in 0..<580 {
      for pixel in 0..<2500 where global.values[time * 2500 + pixel] != apart.values[time * 2500 + pixel] {
        let (y, x) = (Double(pixel / 50) - 24.5, Double(pixel % 50) - 24.5)
        if x * x + y * y >= 64 { differing += 1 }
      }
    }
    #expect(differing > 1_000_000)
  }
}
