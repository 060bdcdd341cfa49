import RetinaModel
import Testing

@testable import RetinaStimuli

@Suite struct ContrastStepTests {
  @Test func `every frame is its contrast times a normal number`() {
    var flicker = ContrastStep()
    (flicker.durationFrames, flicker.stepFrame, flicker.seed) = (20, 8, 5)
    (flicker.contrastBefore, flicker.contrastAfter) = (0.25, 2)
    var generator = SeededGenerator(seed: 5)
    let normals = (0..<20).map { _ in generator.normal() }
    let movie = flicker.movie(height: 2, width: 3)
    #expect(movie.shape == Shape(20, 2, 3))
    for time in 0..<20 {
      let expected = Float(normals[time] * (time < 8 ? 0.25 : 2))
      #expect(movie.values[time * 6..<(time + 1) * 6].allSatisfy { $0 == expected }, "frame \(time)")
    }
  }

  @Test func `a value stays, anew from the step on`() {
    var flicker = ContrastStep()
    (flicker.durationFrames, flicker.stepFrame, flicker.holdFrames) = (15, 5, 3)
    (flicker.contrastBefore, flicker.contrastAfter) = (1, 1)
    var generator = SeededGenerator(seed: 1)
    let n = (0..<6).map { _ in generator.normal() }
    #expect(flicker.contrasts == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5].map { n[$0] })
  }

  @Test func `frozen flicker repeats after the step and not before`() {
    var flicker = ContrastStep()
    (flicker.durationFrames, flicker.stepFrame, flicker.frozenFrames) = (100, 30, 20)
    let contrasts = flicker.contrasts
    for time in 50..<100 { #expect(contrasts[time] == contrasts[time - 20], "frame \(time)") }
    #expect(Array(contrasts[0..<10]) != Array(contrasts[20..<30]))
    #expect(contrasts[30..<50].map { $0 / 3 } != Array(contrasts[10..<30]))
  }

  @Test func `one contrast has that deviation`() {
    var flicker = ContrastStep()
    (flicker.durationFrames, flicker.stepFrame, flicker.contrastAfter) = (40_000, 0, 0.3)
    let contrasts = flicker.contrasts
    let mean = contrasts.reduce(0, +) / 40_000
    let deviation = (contrasts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 40_000).squareRoot()
    // Five standard errors.
    #expect(abs(mean) < 5 * 0.3 / 200 && abs(deviation - 0.3) < 5 * 0.3 / (2 * 40_000.0).squareRoot())
  }
}
