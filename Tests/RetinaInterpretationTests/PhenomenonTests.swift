import Foundation
import RetinaFiles
import RetinaModel
import RetinaStimuli
import Testing

@testable import RetinaInterpretation

/// Cells that have a phenomenon by their rule, and cells that lack it.
@Suite struct PhenomenonTests {
  static let display = Display(frameRate: 30, pixelSize: 50, height: 16, width: 16)

  /// The result for one cell, at a contrast of 1.
  private func result(_ name: String, _ responder: RuleResponder) throws -> PhenomenonResult {
    var battery = Battery()
    (battery.names, battery.contrast) = ([name], 1)
    var display = PhenomenonTests.display
    (display.height, display.width) = responder.extent
    return try #require(battery.run(responder, display: display).results.first)
  }

  /// A smooth bump some frames after an event.
  static func bump(_ events: [Int], delay: Int, count: Int) -> [Double] {
    var rates = [Double](repeating: 0, count: count)
    for event in events {
      for (place, height) in [0.4, 1, 0.5].enumerated() where event + delay - 1 + place < count {
        rates[event + delay - 1 + place] += height
      }
    }
    return rates
  }

  /// Frames at which a full-field movie becomes dark.
  static func flashes(_ movie: Tensor) -> [Int] {
    let means = movie.means
    return means.indices.dropFirst().filter { means[$0] < -0.5 && means[$0 - 1] >= -0.5 }
  }

  @Test(arguments: [true, false])
  func `a cell that waits for the omitted flash has the response, one that answers flashes has not`(waits: Bool) throws
  {
    let responder = RuleResponder { _, movie in
      var events = PhenomenonTests.flashes(movie)
      if waits, events.count > 2 {
        events.append(2 * events[events.count - 1] - events[events.count - 2])
      }
      // Something to have a range under white noise.
      return zip(PhenomenonTests.bump(events, delay: 3, count: movie.shape[0]), movie.means).map {
        $0 + max(0, $1) / 10
      }
    }
    let found = try result("omitted-stimulus", responder)
    #expect(found.scores == [waits ? 1 : 0])
    #expect(found.verdict == (waits ? .found : .notFound))
  }

  @Test func `a rebound at a fixed time is no omitted stimulus response`() throws {
    let responder = RuleResponder { _, movie in
      let events = PhenomenonTests.flashes(movie)
      let last = events.suffix(1).map { $0 + 8 }
      return zip(PhenomenonTests.bump(events + last, delay: 3, count: movie.shape[0]), movie.means)
        .map { $0 + max(0, $1) / 10 }
    }
    #expect(try result("omitted-stimulus", responder).scores == [0])
  }

  @Test(arguments: [0.0, 6.0])
  func `latency is what the rule says`(frames: Double) throws {
    let responder = RuleResponder { _, movie in
      let means = movie.means
      // The peak comes `frames` later at the weakest contrast, an eighth of 1, than at 1.
      guard let onset = means.indices.first(where: { means[$0].magnitude > 0.05 }), means[onset] < 0 else {
        return means.map { max(0, $0) / 10 }
      }
      let delay = Int((3 + frames * (1 - means[onset].magnitude) / 0.875).rounded())
      return PhenomenonTests.bump([onset], delay: delay, count: means.count)
    }
    let found = try result("latency-coding", responder)
    #expect(abs(try #require(found.scores[0]) - frames * 1000 / 30) < 1e-6)
  }

  @Test(arguments: [0.0, 2.0, 5.0])
  func `anticipation is the part of the latency that is made up for`(lead: Double) throws {
    // The bar is flashed for 2 frames; the peak comes 4 frames after it appears, or 4 - lead after a moving one crosses.
    let responder = RuleResponder { _, movie in
      let columns = movie.columns
      var rates = [Double](repeating: 0, count: columns.count)
      guard let first = columns.firstIndex(where: { $0 != nil }), movie.values.contains(where: { $0 < -0.5 }) else {
        return movie.means.map { max(0, $0) }
      }
      let isFlash = columns.count { $0 != nil } < 4
      for frame in columns.indices {
        if isFlash {
          let distance = (columns[first] ?? 0) - 8
          rates[frame] = exp(-Double((frame - first - 4) * (frame - first - 4)) / 4 - distance * distance / 8)
        } else if frame >= 8, let now = columns[frame], let before = columns[frame - 1] {
          // Where the bar was some frames ago.
          let ago = now - (now - before) * (4 - lead)
          rates[frame] = exp(-(ago - 7.5) * (ago - 7.5) / 2)
        }
      }
      return rates
    }
    let found = try result("motion-anticipation", responder)
    #expect(abs(try #require(found.scores[0]) - lead / 4) < 0.06)
  }

  @Test(arguments: [true, false])
  func `a response to the reversal is told from one to the bar`(toReversal: Bool) throws {
    let responder = RuleResponder { _, movie in
      let columns = movie.columns
      guard movie.values.contains(where: { $0 < -0.5 }) else { return movie.means.map { max(0, $0) } }
      var rates = columns.map { column in column.map { exp(-($0 - 7.5) * ($0 - 7.5) / 2) } ?? 0 }
      if toReversal {
        for frame in columns.indices.dropFirst(2) {
          guard let a = columns[frame - 2], let b = columns[frame - 1], let c = columns[frame], a < b - 0.01,
            c < b - 0.01
          else { continue }
          for (place, height) in [0.5, 1.5, 0.5].enumerated() where frame + 3 + place < rates.count {
            rates[frame + 3 + place] += 2 * height
          }
        }
      }
      return rates
    }
    let found = try result("motion-reversal", responder)
    let score = try #require(found.scores[0])
    #expect(toReversal ? score > 0.9 : abs(score) < 0.2, "\(score)")
  }

  @Test func `the filter of a cell that turns round is reversed half of the time`() throws {
    // The sign of the response is that of the slow mean of the scene.
    let responder = RuleResponder { _, movie in
      let plane = 256
      return movie.means.indices.map { frame in
        let here = Double(movie.values[frame * plane + 8 * 16 + 8])
        let far = Double(movie.values[frame * plane]) + Double(movie.values[frame * plane + 255])
        return 3 + here * (far > 0 ? 2 : -0.5)
      }
    }
    let found = try result("polarity-reversal", responder)
    let score = try #require(found.scores[0])
    #expect(score > 0.15 && score < 0.85, "\(score)")
    #expect(found.verdict == .found)
  }

  @Test(arguments: [0.0, 0.02])
  func `adaptation over seconds is found, and none in a cell without memory`(speed: Double) throws {
    let responder = RuleResponder { _, movie in
      var adapted = 0.0
      return movie.means.map { contrast in
        adapted += speed * (contrast.magnitude - adapted)
        return contrast.magnitude / (1 + 10 * adapted)
      }
    }
    let found = try result("contrast-step", responder)
    let score = try #require(found.scores[0])
    #expect(speed > 0 ? found.verdict == .found : score == 0, "\(score)")
  }

  @Test(arguments: [(true, 1.0), (false, 0.0)])
  func `contrast gain is what the rule divides by`(divides: Bool, octaves: Double) throws {
    // Two contrasts, a factor of three apart with 1 in the middle; the rule halves the gain at the higher, known by its peaks.
    let responder = RuleResponder { _, movie in
      let means = movie.means
      let high = means.contains { $0.magnitude > 3 }
      return means.indices.map { frame in
        guard frame > 1 else { return 5 }
        return 5 + (means[frame - 1] - 0.5 * means[frame - 2]) * (divides && high ? 0.5 : 1)
      }
    }
    let found = try result("contrast-gain", responder)
    // The filter is estimated from 1800 frames.
    #expect(abs(try #require(found.scores[0]) - octaves) < 0.15)
  }

  @Test func `a filter that is faster at high contrast has a higher centre frequency`() throws {
    let responder = RuleResponder { _, movie in
      let means = movie.means
      let high = means.contains { $0.magnitude > 3 }
      return means.indices.map { frame in
        guard frame > 6 else { return 5 }
        return 5 + (high ? means[frame - 1] - means[frame - 2] : (1...6).reduce(0.0) { $0 + means[frame - $1] })
      }
    }
    let found = try result("contrast-adaptation", responder)
    // A difference of neighbours against a mean of six.
    #expect(try #require(found.scores[0]) > 5)
  }

  @Test(arguments: [true, false])
  func `subunits double the frequency and a linear cell does not`(rectifies: Bool) throws {
    let responder = RuleResponder { _, movie in
      let plane = 256
      return (0..<movie.shape[0]).map { frame in
        guard frame > 0 else { return 0 }
        var sum = 0.0
        for pixel in 0..<plane {
          let change = Double(movie.values[frame * plane + pixel] - movie.values[(frame - 1) * plane + pixel])
          // A linear cell looks at the left half of its field only.
          sum += rectifies ? max(0, change) : pixel % 16 < 5 ? change : 0
        }
        return max(0, 20 + sum / 16)
      }
    }
    let score = try #require(try result("frequency-doubling", responder).scores[0])
    #expect(rectifies ? score > 10 : score < 0.1, "\(score)")
  }

  /// Subunits 150 um apart see a grating with phases that differ by 180 degrees times 150 um over the width of a stripe.
  ///
  /// With stripes of 141 um, the nearest that are shown, their sum is |cos(95.5 degrees)| of their magnitudes; with 100 and with 200 um
  /// it would be .71 and .38.
  @Test func `two subunits are found that cancel stripes as wide as they are apart`() throws {
    let responder = RuleResponder { _, movie in
      let drives = [5.0, 8.0].map { place in
        (0..<movie.shape[0]).map { frame in
          (0..<16).reduce(0.0) { sum, column in
            let distance = Double(column) - place
            return sum + exp(-distance * distance / (2 * 1.2 * 1.2)) * Double(movie.values[frame * 256 + column])
          }
        }
      }
      return (0..<movie.shape[0]).map { frame in
        frame == 0 ? 0 : drives.reduce(0) { $0 + max(0, $1[frame] - $1[frame - 1]) }
      }
    }
    let score = try #require(try result("frequency-doubling", responder).scores[0])
    #expect(abs(score - 1 / 0.095) < 1.5, "\(score)")
  }

  @Test(arguments: zip([1, 2, 3], [0, 0.2, 0.5]))
  func `a filter and a threshold have no more second harmonic than first`(seed: UInt64, threshold: Double) throws {
    var generator = SeededGenerator(seed: seed)
    let filter = (0..<256).map { _ in generator.normal() }
    let responder = RuleResponder { _, movie in
      let drive = (0..<movie.shape[0]).map { frame in
        filter.indices.reduce(0.0) { $0 + filter[$1] * Double(movie.values[frame * 256 + $1]) } / 16
      }
      return drive.indices.map { frame in
        guard frame > 2 else { return 0 }
        let change = { (lag: Int) in drive[frame - lag] - drive[frame - lag - 1] }
        return max(0, 0.5 * change(0) + change(1) - threshold)
      }
    }
    let score = try #require(try result("frequency-doubling", responder).scores[0])
    // A pulse of one frame has as much.
    #expect(score < 1 + 1e-6, "\(score)")
  }

  @Test func `a cell that compares centre and surround has object motion sensitivity`() throws {
    let responder = RuleResponder(height: 40, width: 40, centres: [(20, 20)]) { _, movie in
      let plane = 1600
      return (0..<movie.shape[0]).map { frame in
        guard frame > 0 else { return 1 }
        func change(_ pixels: [Int]) -> Double {
          pixels.reduce(0.0) {
            $0 + Double((movie.values[frame * plane + $1] - movie.values[(frame - 1) * plane + $1]).magnitude)
          } / Double(pixels.count)
        }
        let centre = change((14...26).map { 20 * 40 + $0 })
        let surround = change((0...39).map { 2 * 40 + $0 })
        return 1 + max(0, centre - 1.5 * surround)
      }
    }
    let score = try #require(try result("object-motion", responder).scores[0])
    #expect(score > 0.8, "\(score)")
  }

  @Test func `threads share phenomena and cells, and change no number`() {
    let centres: [(column: Double, row: Double)] = [(4, 4), (8, 8), (11, 7)]
    let responder = RuleResponder(centres: centres) { cell, movie in
      let pixel = 16 * Int(centres[cell].row) + Int(centres[cell].column)
      return (0..<movie.shape[0]).map { frame in
        let change = frame > 0 ? movie.values[frame * 256 + pixel] - movie.values[(frame - 1) * 256 + pixel] : 0
        return 1 + Double(change * change)
      }
    }
    func json(threads: Int) -> JSON {
      var battery = Battery()
      battery.names = ["frequency-doubling", "object-motion", "chirp"]
      battery.threads = threads
      return battery.run(responder, display: PhenomenonTests.display).json
    }
    let alone = json(threads: 1)
    #expect(alone["phenomena"]?.array?[1]["responding"]?.integer == 3)
    #expect(json(threads: 3) == alone)
  }

  @Test(arguments: [1, 2, 3])
  func `a square behind any filter has no object motion sensitivity`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    // As much weight under the background as under the patch.
    let filter = (0..<1600).map { _ in generator.normal() }
    let responder = RuleResponder(height: 40, width: 40, centres: [(20, 20)]) { _, movie in
      let drive = (0..<movie.shape[0]).map { frame in
        filter.indices.reduce(0.0) { $0 + filter[$1] * Double(movie.values[frame * 1600 + $1]) } / 40
      }
      return drive.indices.map { frame in
        guard frame >= 3 else { return 0 }
        let sum = drive[frame] - 0.6 * drive[frame - 3]
        return sum * sum + 0.2 * sum
      }
    }
    let found = try result("object-motion", responder)
    #expect(abs(try #require(found.scores[0])) < 1e-5 && found.verdict == .notFound, "\(found.scores)")
  }

  @Test(arguments: [true, false])
  func `a cell for one direction is selective`(selects: Bool) throws {
    let responder = RuleResponder { _, movie in
      let columns = movie.columns
      return columns.indices.map { frame in
        guard frame > 0, let now = columns[frame], let before = columns[frame - 1] else { return 0 }
        let step = now - before
        return max(0, selects ? step : step.magnitude + 0.1)
      }
    }
    let found = try result("direction-selectivity", responder)
    let score = try #require(found.scores[0])
    #expect(selects ? score > 0.5 : score < 0.2, "\(score)")
  }

  @Test(arguments: [0.0, 0.6])
  func `depression of the second flash is what the rule takes away`(part: Double) throws {
    let responder = RuleResponder { _, movie in
      let events = PhenomenonTests.flashes(movie)
      let first = PhenomenonTests.bump(Array(events.prefix(1)), delay: 2, count: movie.shape[0])
      let second = PhenomenonTests.bump(Array(events.dropFirst()), delay: 2, count: movie.shape[0])
      return zip(zip(first, second), movie.means).map { $0.0 + (1 - part) * $0.1 + max(0, $1) / 100 }
    }
    #expect(abs(try #require(try result("paired-flash", responder).scores[0]) - part) < 1e-6)
  }

  /// What may stand behind a filter.
  enum Nonlinearity: CaseIterable {
    case soft, steep, saturating

    func callAsFunction(_ drive: Double) -> Double {
      switch self {
      case .soft: return log(1 + exp(3 * drive - 1))
      case .steep: return max(0, drive - 0.1) * max(0, drive - 0.1)
      case .saturating: return 1 / (1 + exp(4 - 8 * drive))
      }
    }
  }

  @Test(arguments: [0.0, 0.5, 0.9], Nonlinearity.allCases)
  func `no filter and nonlinearity depresses more than by itself`(second: Double, nonlinearity: Nonlinearity) throws {
    let responder = RuleResponder { _, movie in
      let means = movie.means
      // Four frames after a flash, as far apart as those of a pair, the filter turns round.
      return means.indices.map { frame in
        func light(_ lag: Int) -> Double { frame >= lag ? -means[frame - lag] : 0 }
        return nonlinearity(light(2) + 0.4 * light(3) - second * light(6))
      }
    }
    let found = try result("paired-flash", responder)
    let (score, null) = (try #require(found.scores[0]), try #require(found.nullScores[0]))
    #expect(second == 0 ? abs(score) < 1e-6 : score > 0.2, "\(score)")
    #expect(score <= null + 1e-6 && found.verdict == .notFound, "\(score) \(null)")
  }

  @Test func `depression by a gain is more than a filter's`() throws {
    let responder = RuleResponder { _, movie in
      var lasting = 0.0
      return movie.means.map { light in
        let rate = max(0, -light) / (1 + 4 * lasting)
        lasting = 0.7 * lasting + 0.3 * max(0, -light)
        return rate
      }
    }
    let found = try result("paired-flash", responder)
    let (score, null) = (try #require(found.scores[0]), try #require(found.nullScores[0]))
    // 133 ms are four frames: 0.3 x 0.7^3 = 0.1029 of the flash is left, and four times that divides.
    let depression: Double = 1 - 1 / 1.4116
    #expect(abs(score - depression) < 1e-6, "\(score)")
    // Nothing follows an opposite flash; contrasts are told in steps of a twentieth.
    #expect(abs(null) < 0.051, "\(null)")
    #expect(found.verdict == .found)
  }

  @Test func `stimuli drive cells as hard as a phenomenon asks for`() {
    // White noise gives 0 and 10, a stripe or a flash as much as its contrast.
    let responder = RuleResponder { _, movie in
      (0..<movie.shape[0]).map { 10 * Double(max(0, movie.values[$0 * 256 + 8 * 16 + 8])) }
    }
    let stage = Stage(responder, display: PhenomenonTests.display, threads: 1)
    // A tenth of the range, and nine tenths of the largest peak, in quarters of an octave.
    #expect(stage.contrast(responder, of: ObjectMotionSensitivity()) == exp2(11 / 4.0) / 64)
    #expect(stage.contrast(responder, of: PairedFlash()) == 1)
  }

  @Test func `a chirp is followed by a cell that follows contrast`() throws {
    let responder = RuleResponder { _, movie in movie.means.map { max(0, $0) } }
    let found = try result("chirp", responder)
    #expect(try #require(found.scores[0]) > 0.95 && found.verdict == .found)
  }

  @Test func `a cell that answers nothing has no response`() throws {
    let responder = RuleResponder { _, movie in
      let plane = 256
      return (0..<movie.shape[0]).map { frame in
        // One pixel less its neighbours: blind to what is the same everywhere.
        let at = frame * plane + 100
        return Double(1 + 2 * movie.values[at] - movie.values[at - 1] - movie.values[at + 1])
      }
    }
    for name in ["chirp", "paired-flash", "latency-coding", "omitted-stimulus", "contrast-step"] {
      let found = try result(name, responder)
      #expect(name == "contrast-step" || found.verdict == .noResponse, "\(name)")
      #expect(found.verdict != .found, "\(name)")
    }
  }
}
