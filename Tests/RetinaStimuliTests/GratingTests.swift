import Foundation
import RetinaModel
import Testing

@testable import RetinaStimuli

@Suite struct GratingTests {
  @Test(arguments: [(8.0, 0.0, 0.0), (5.5, 90.0, 30.0), (12.0, -45.0, 90.0), (3.0, 200.0, 250.0)])
  func `a reversing sine follows its formula`(period: Double, phase: Double, direction: Double) {
    var grating = ReversingGrating()
    (grating.preFrames, grating.durationFrames, grating.postFrames) = (2, 14, 3)
    (grating.spatialPeriod, grating.phase, grating.direction) = (period, phase, direction)
    (grating.halfPeriodFrames, grating.contrast, grating.profile) = (4, 0.8, .sine)
    let (height, width) = (6, 9)
    let movie = grating.movie(height: height, width: width)
    #expect(movie.shape == Shape(19, height, width))
    let angle = direction * .pi / 180
    for time in 0..<19 {
      for row in 0..<height {
        for column in 0..<width {
          let distance = (Double(column) - 4) * cos(angle) - (Double(row) - 2.5) * sin(angle)
          let profile = sin(2 * .pi * (distance / period + phase / 360))
          let sign = [1.0, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1]
          let expected = time < 2 || time >= 16 ? 0 : 0.8 * sign[time - 2] * profile
          let found = Double(movie.values[(time * height + row) * width + column])
          #expect(abs(found - expected) < 1e-6, "frame \(time), row \(row), column \(column)")
        }
      }
    }
  }

  @Test func `a square grating on the pixel grid has full contrast`() {
    var grating = ReversingGrating()
    (grating.durationFrames, grating.halfPeriodFrames, grating.spatialPeriod) = (2, 1, 4)
    #expect(
      grating.movie(height: 1, width: 8).values == [1, 1, -1, -1, 1, 1, -1, -1, -1, -1, 1, 1, -1, -1, 1, 1])
    grating.phase = 90
    #expect(
      grating.movie(height: 1, width: 8).values == [1, -1, -1, 1, 1, -1, -1, 1, -1, 1, 1, -1, -1, 1, 1, -1])
  }

  @Test(arguments: [(2.0, 0.0), (2.0, 45.0), (5.0, 20.0), (7.3, 110.0)])
  func `pixels on an edge of a square grating have the mean over their area`(period: Double, direction: Double) {
    let (height, width, points) = (5, 6, 100)
    let pattern = GratingProfile.square.pattern(
      axis: ImageAxis(degrees: direction), period: period, phase: 0.3, height: height, width: width)
    let (sine, cosine) = sineAndCosine(degrees: direction)
    for (pixel, value) in pattern.enumerated() {
      var sum = 0.0
      for point in 0..<points * points {
        let x = Double(pixel % width) - 3 + (Double(point % points) + 0.5) / Double(points)
        let y = 2.5 - Double(pixel / width) - (Double(point / points) + 0.5) / Double(points)
        let cycles = (x * cosine + y * sine) / period + 0.3
        sum += cycles - cycles.rounded(.down) < 0.5 ? 1 : -1
      }
      #expect(abs(value - sum / Double(points * points)) < 0.045, "pixel \(pixel)")
    }
  }

  @Test(arguments: GratingProfile.allCases)
  func `a drifting grating moves by one period in one temporal period`(profile: GratingProfile) {
    var grating = DriftingGrating()
    (grating.durationFrames, grating.spatialPeriod, grating.temporalPeriod) = (9, 8, 8)
    grating.profile = profile
    let movie = grating.movie(height: 2, width: 24)
    // One pixel per frame to the right.
    for time in 0..<8 {
      for column in 0..<23 {
        let here = movie.values[time * 48 + column]
        let next = movie.values[(time + 1) * 48 + column + 1]
        #expect(abs(here - next) < 1e-6, "frame \(time), column \(column)")
      }
    }
    for pixel in 0..<48 { #expect(abs(movie.values[pixel] - movie.values[8 * 48 + pixel]) < 1e-6) }
  }
}
