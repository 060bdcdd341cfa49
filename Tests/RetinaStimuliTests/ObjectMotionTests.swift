import Foundation
import RetinaModel
import Testing

@testable import RetinaStimuli

@Suite struct ObjectMotionTests {
  @Test(arguments: ObjectMotion.Motion.allCases)
  func `patch and background follow their formula`(motion: ObjectMotion.Motion) {
    var movie = ObjectMotion()
    (movie.preFrames, movie.durationFrames, movie.postFrames) = (2, 5, 1)
    (movie.radius, movie.column, movie.row, movie.spatialPeriod) = (3, 1.5, -2, 5)
    (movie.direction, movie.contrast, movie.profile, movie.motion) = (30, 0.5, .sine, motion)
    (movie.objectPhase, movie.seed, movie.backgroundSeed) = (0.3, 9, 4)
    let (height, width) = (11, 14)
    let values = movie.movie(height: height, width: width).values
    let (object, background) = movie.paths
    let angle = 30 * Double.pi / 180
    for time in 0..<8 {
      for row in 0..<height {
        for column in 0..<width {
          let (x, y) = (Double(column) - 6.5, Double(row) - 5)
          let isObject = (x - 1.5) * (x - 1.5) + (y + 2) * (y + 2) < 9
          let distance = x * cos(angle) - y * sin(angle)
          var expected = 0.0
          if (2..<7).contains(time) {
            let place = isObject ? object[time - 2] : background[time - 2]
            expected = 0.5 * sin(2 * .pi * ((distance - place) / 5 + (isObject ? 0.3 : 0)))
          }
          let found = Double(values[(time * height + row) * width + column])
          #expect(abs(found - expected) < 1e-6, "frame \(time), row \(row), column \(column)")
        }
      }
    }
  }

  @Test func `paths are walks with the steps that were asked for`() {
    var movie = ObjectMotion()
    (movie.durationFrames, movie.objectStep, movie.backgroundStep) = (20_000, 0.5, 0.3)
    let (object, background) = movie.paths
    func deviation(_ path: [Double]) -> Double {
      let steps = zip(path, [0] + path).map { $0 - $1 }
      return (steps.reduce(0) { $0 + $1 * $1 } / Double(steps.count)).squareRoot()
    }
    #expect(abs(deviation(object) - 0.5) < 0.0125 && abs(deviation(background) - 0.3) < 0.0075)
    let steps = zip(zip(object, [0] + object), zip(background, [0] + background)).map { ($0.0 - $0.1, $1.0 - $1.1) }
    let together = steps.reduce(0) { $0 + $1.0 * $1.1 } / Double(steps.count) / 0.15
    #expect(abs(together) < 0.04)
    movie.motion = .global
    let global = movie.paths
    #expect(global.object == global.background)
    // The steps of the disc, with the deviation of the background.
    #expect(zip(global.object, object).allSatisfy { abs($0 - 0.6 * $1) < 1e-9 * (1 + $1.magnitude) })
    movie.motion = .object
    #expect(movie.paths.object == object && movie.paths.background.allSatisfy { $0 == 0 })
    movie.motion = .background
    #expect(movie.paths.background == background && movie.paths.object.allSatisfy { $0 == 0 })
  }

  @Test func `a seed is a walk, of the disc as of the background`() {
    var movie = ObjectMotion()
    (movie.seed, movie.backgroundSeed) = (7, 8)
    let first = movie.paths
    (movie.seed, movie.backgroundSeed) = (8, 7)
    let second = movie.paths
    #expect(first.object == second.background && first.background == second.object && first.object != first.background)
  }

  @Test func `half a cycle exchanges bright and dark stripes of the disc`() {
    var movie = ObjectMotion()
    (movie.radius, movie.spatialPeriod) = (1000, 6)
    let plain = movie.movie(height: 12, width: 15).values
    movie.objectPhase = 0.5
    let ahead = movie.movie(height: 12, width: 15).values
    #expect(zip(plain, ahead).allSatisfy { abs($0 + $1) < 1e-5 } && plain.contains { abs($0) > 0.5 })
  }

  @Test func `global motion shows no patch`() {
    var movie = ObjectMotion()
    (movie.preFrames, movie.durationFrames, movie.motion) = (0, 4, .global)
    let values = movie.movie(height: 24, width: 30).values
    // A vertical grating: all rows are the same.
    for time in 0..<4 {
      let first = Array(values[time * 720..<time * 720 + 30])
      for row in 1..<24 { #expect(Array(values[time * 720 + row * 30..<time * 720 + (row + 1) * 30]) == first) }
    }
  }
}
