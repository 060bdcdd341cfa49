import RetinaModel
import Testing

@testable import RetinaStimuli

/// Flashes, steps, flash trains and chirps, frame by frame.
@Suite struct FullFieldTests {
  /// The value of each frame, after checking that all its pixels have it.
  private func contrasts(_ movie: Tensor, sourceLocation: SourceLocation = #_sourceLocation) -> [Float] {
    let frame = movie.shape[1] * movie.shape[2]
    return (0..<movie.shape[0]).map { time in
      let pixels = movie.values[time * frame..<(time + 1) * frame]
      #expect(Set(pixels).count == 1, "frame \(time)", sourceLocation: sourceLocation)
      return pixels[time * frame]
    }
  }

  @Test(arguments: [(0, 1, 0, 1, 0), (3, 2, 4, 2, 0), (5, 3, 1, 4, 6), (1, 7, 0, 2, 2)])
  func `a flash is on in its frames alone`(pre: Int, on: Int, off: Int, flashes: Int, post: Int) {
    var flash = Flash()
    (flash.preFrames, flash.onFrames, flash.offFrames) = (pre, on, off)
    (flash.flashes, flash.postFrames) = (flashes, post)
    (flash.contrast, flash.background) = (0.75, -0.25)
    let movie = flash.movie(height: 2, width: 3)
    #expect(movie.shape == Shape(pre + flashes * (on + off) + post, 2, 3))
    for (time, contrast) in contrasts(movie).enumerated() {
      let since = time - pre
      let lit = since >= 0 && since < flashes * (on + off) && since % (on + off) < on
      #expect(contrast == (lit ? 0.75 : -0.25), "frame \(time)")
    }
  }

  @Test(arguments: [(0, 4), (3, 1), (10, 20)])
  func `a step changes once`(pre: Int, duration: Int) {
    var step = Step()
    (step.preFrames, step.durationFrames, step.from, step.to) = (pre, duration, 0.5, -0.5)
    let expected = [Float](repeating: 0.5, count: pre) + [Float](repeating: -0.5, count: duration)
    #expect(contrasts(step.movie(height: 4, width: 1)) == expected)
  }

  @Test(arguments: [(5, 2, 8, 8), (0, 1, 1, 3), (30, 1, 4, 6)])
  func `the flash after the train is left out, and flashes keep their sign`(
    pre: Int, on: Int, period: Int, flashes: Int
  ) {
    var train = OmittedFlash()
    (train.preFrames, train.onFrames, train.periodFrames) = (pre, on, period)
    (train.flashes, train.postFrames, train.contrast) = (flashes, 12, -2)
    #expect(train.omissionFrame == pre + flashes * period)
    let found = contrasts(train.movie(height: 1, width: 2))
    #expect(found.count == pre + flashes * period + 12)
    for (time, contrast) in found.enumerated() {
      let dark = time >= pre && time < train.omissionFrame && (time - pre) % period < on
      #expect(contrast == (dark ? -2 : 0), "frame \(time)")
    }
  }

  @Test func `a chirp has its parts in order`() {
    var chirp = Chirp()
    (chirp.greyFrames, chirp.onFrames, chirp.offFrames) = (4, 3, 2)
    (chirp.frequencySweepFrames, chirp.contrastSweepFrames) = (64, 32)
    (chirp.startFrequency, chirp.endFrequency, chirp.contrastSweepFrequency, chirp.contrast) = (0, 0.25, 0.25, 0.5)
    let found = contrasts(chirp.movie(height: 1, width: 1))
    #expect(found.count == chirp.frameCount)
    #expect(found.count == 4 + 3 + 2 + 4 + 64 + 4 + 32 + 4)
    #expect(Array(found[..<13]) == [0, 0, 0, 0, 0.5, 0.5, 0.5, -0.5, -0.5, 0, 0, 0, 0])
    #expect(Array(found[77..<81]) == [0, 0, 0, 0])
    #expect(Array(found[113...]) == [0, 0, 0, 0])
    // Quarter cycles: 0, envelope, 0, -envelope.
    for time in 0..<32 {
      let envelope = 0.5 * Float(time) / 32
      #expect(found[81 + time] == [0, envelope, 0, -envelope][time % 4], "frame \(time)")
    }
  }

  @Test func `the frequency sweep ends at its last frequency, not at twice that`() {
    var chirp = Chirp()
    (chirp.greyFrames, chirp.onFrames, chirp.offFrames, chirp.contrastSweepFrames) = (0, 1, 0, 0)
    (chirp.frequencySweepFrames, chirp.startFrequency, chirp.endFrequency) = (4000, 0.01, 0.05)
    let sweep = contrasts(chirp.movie(height: 1, width: 1)).dropFirst()
    let crossings = zip(sweep, sweep.dropFirst()).count { $0 < 0 && $1 >= 0 }
    // Mean frequency times duration: 0.03 x 4000 cycles.
    #expect(abs(crossings - 120) <= 1)
    let late = sweep.suffix(400)
    #expect(abs(zip(late, late.dropFirst()).count { $0 < 0 && $1 >= 0 } - 19) <= 1)
  }
}
