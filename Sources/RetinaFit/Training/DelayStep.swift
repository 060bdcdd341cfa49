import RetinaEngine

/// The features of some windows at once: beside those of a window, as more channels, those of windows some frames before.
///
/// Of each clip as many more windows go in as the longest delay has frames.
final class DelayStep: NetworkStep, @unchecked Sendable {
  let output: FeatureLayout
  let isInPlace = false
  private let input: FeatureLayout
  private let channels, plane: Int
  private let delays: [Int]
  private let longest: Int

  init(channels: Int, height: Int, width: Int, delays: [Int]) {
    input = .lanes(channels: channels, height: height, width: width)
    output = .lanes(channels: delays.count * channels, height: height, width: width)
    (self.channels, plane, self.delays) = (channels, height * width, delays)
    longest = delays.max() ?? 0
  }

  func prepare(_ pass: Pass) {}

  func forward(_ pass: Pass, _ values: StepValues) {
    guard let source = values.input.map(SendableFloats.init) else { return }
    forEachPlane(pass) { sample, target in
      let (from, to) = (source.base + sample, values.output + target)
      for position in 0..<plane { to[8 * position] = from[8 * position] }
    }
  }

  func backward(_ pass: Pass, _ values: StepValues) {
    guard let gradient = values.inputGradient.map(SendableFloats.init) else { return }
    let windows = pass.clipLength + longest
    pass.onEveryThread { thread in
      for clip in pass.clips(ofThread: thread) {
        (gradient.base + clip * windows * input.floats).update(repeating: 0, count: windows * input.floats)
      }
    }
    forEachPlane(pass) { sample, target in
      let (to, from) = (gradient.base + sample, values.outputGradient + target)
      for position in 0..<plane { to[8 * position] += from[8 * position] }
    }
  }

  /// Calls with where a channel of an earlier window begins, and where it stands beside the later one.
  private func forEachPlane(_ pass: Pass, _ body: @Sendable (_ source: Int, _ target: Int) -> Void) {
    pass.onEveryThread { thread in
      for clip in pass.clips(ofThread: thread) {
        for window in 0..<pass.clipLength {
          let target = (clip * pass.clipLength + window) * output.floats
          for (index, delay) in delays.enumerated() {
            let source = (clip * (pass.clipLength + longest) + window + longest - delay) * input.floats
            for channel in 0..<channels {
              body(
                source + input.place(channel * plane), target + output.place((index * channels + channel) * plane))
            }
          }
        }
      }
    }
  }
}
