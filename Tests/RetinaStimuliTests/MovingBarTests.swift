import RetinaModel
import Testing

@testable import RetinaStimuli

@Suite struct MovingBarTests {
  @Test(arguments: [(0.0, -12.0, 0.75), (0.0, 10.0, -0.3), (180.0, -12.0, 0.5), (90.0, -11.0, 0.08), (270.0, 3.0, 0.0)])
  func `the bar is where start plus velocity times frame says`(direction: Double, start: Double, velocity: Double) {
    var bar = MovingBar()
    (bar.direction, bar.start, bar.velocity) = (direction, start, velocity)
    (bar.durationFrames, bar.barWidth, bar.contrast) = (25, 3, 1)
    let (height, width) = (40, 30)
    let movie = bar.movie(height: height, width: width)
    // Of a whole number of pixels, the two partial ones balance, so that the centre of mass is exact.
    let axis = ImageAxis(degrees: direction).distances(height: height, width: width)
    let across = direction.truncatingRemainder(dividingBy: 180) == 0 ? height : width
    for time in 0..<25 {
      let position = start + velocity * Double(time)
      #expect(bar.position(atFrame: time) == position)
      var (area, moment) = (0.0, 0.0)
      for (pixel, distance) in axis.enumerated() {
        let coverage = Double(movie.values[time * axis.count + pixel])
        area += coverage
        moment += coverage * distance
      }
      #expect(abs(area - 3 * Double(across)) < 1e-4, "frame \(time)")
      #expect(abs(moment / area - position) < 1e-5, "frame \(time)")
    }
  }

  @Test func `edge pixels have the exact share of bar and background`() {
    var bar = MovingBar()
    (bar.durationFrames, bar.barWidth, bar.start, bar.velocity) = (2, 2, 0.25, 0.5)
    (bar.contrast, bar.background) = (1, -1)
    // Edges at -0.75 and 1.25, then at -0.25 and 1.75, in an image from -3 to 3.
    #expect(bar.movie(height: 1, width: 6).values == [-1, -1, 0.5, 1, -0.5, -1, -1, -1, -0.5, 1, 0.5, -1])
  }

  @Test func `a bar narrower than a pixel keeps its area`() {
    var bar = MovingBar()
    (bar.durationFrames, bar.barWidth, bar.start, bar.velocity, bar.contrast) = (30, 0.2, -2, 0.13, 1)
    let movie = bar.movie(height: 1, width: 8)
    for time in 0..<30 {
      #expect(abs(movie.values[time * 8..<(time + 1) * 8].reduce(0, +) - 0.2) < 1e-6, "frame \(time)")
    }
  }

  @Test func `a bar outside the image leaves the background`() {
    var bar = MovingBar()
    (bar.durationFrames, bar.start, bar.velocity, bar.background) = (5, -30, 0.1, 0.25)
    #expect(bar.movie(height: 10, width: 10).values.allSatisfy { $0 == 0.25 })
  }

  @Test func `opposite directions are mirror images`() {
    var bar = MovingBar()
    bar.direction = 30
    let there = bar.movie(height: 12, width: 12)
    bar.direction = 210
    let back = bar.movie(height: 12, width: 12)
    for time in 0..<bar.frameCount {
      let frame = there.values[time * 144..<(time + 1) * 144]
      let turned = Array(back.values[time * 144..<(time + 1) * 144].reversed())
      for (a, b) in zip(frame, turned) { #expect(abs(a - b) < 1e-6, "frame \(time)") }
    }
  }

  @Test func `after the reversal the bar retraces its way`() {
    var bar = MovingBar()
    (bar.durationFrames, bar.reversalFrame, bar.start, bar.velocity) = (31, 15, -8, 0.6)
    let movie = bar.movie(height: 3, width: 20)
    for offset in 1...15 {
      #expect(bar.position(atFrame: 15 + offset) == bar.position(atFrame: 15 - offset))
      let (before, after) = ((15 - offset) * 60, (15 + offset) * 60)
      #expect(Array(movie.values[before..<before + 60]) == Array(movie.values[after..<after + 60]))
    }
  }
}
