import RetinaFit
import RetinaModel
import Testing

@testable import RetinaInterpretation

@Suite struct CircuitCauseTests {
  static func expected(_ phenomenon: String, without: Set<CascadeRetina.Part>) throws -> Bool {
    try #require(CircuitCause.all.first { $0.phenomenon == phenomenon }).isPresent(without: without)
  }

  @Test func `every phenomenon has one cause and a reason`() {
    #expect(CircuitCause.all.map { $0.phenomenon } == Battery.descriptions.map { $0.name })
    #expect(CircuitCause.all.allSatisfy { !$0.reason.isEmpty })
  }

  @Test func `a cause is present while one of its sets of parts is whole`() throws {
    #expect(try CircuitCauseTests.expected("object-motion", without: [.amacrine, .gain]))
    #expect(try !CircuitCauseTests.expected("object-motion", without: [.wideField]))
    #expect(try !CircuitCauseTests.expected("object-motion", without: [.rectification]))
    #expect(try CircuitCauseTests.expected("paired-flash", without: [.gain]))
    #expect(try CircuitCauseTests.expected("paired-flash", without: [.amacrine]))
    #expect(try !CircuitCauseTests.expected("paired-flash", without: [.gain, .rectification]))
    #expect(try CircuitCauseTests.expected("chirp", without: Set(CascadeRetina.Part.allCases)))
    #expect(try !CircuitCauseTests.expected("direction-selectivity", without: []))
  }

  /// What the reasons rest on: without gain control and adaptation, the drive grows with contrast at every moment alike.
  @Test func `the drive is homogeneous in contrast without gain and adaptation`() {
    var options = CascadeRetina.Options()
    (options.without, options.cells) = ([.gain, .adaptation], 2)
    let retina = CascadeRetina(height: 24, width: 24, options: options)
    var noise = MatchTests.movie(frames: 40, size: 24)
    // Nowhere darker than no light.
    for index in noise.values.indices { noise.values[index] /= 6 }
    let full = retina.traces(noise).drive
    for index in noise.values.indices { noise.values[index] *= 0.25 }
    let quarter = retina.traces(noise).drive
    let largest = full.map { $0.magnitude }.max() ?? 0
    #expect(largest > 0 && zip(full, quarter).allSatisfy { ($0 - 4 * $1).magnitude < 1e-5 * largest })
  }

  /// Stripes of one pixel, which the sum over a receptive field cancels, reverse every 15 frames.
  @Test func `adaptation alone doubles frequency, in second order of contrast`() {
    func drive(_ contrast: Float, without: Set<CascadeRetina.Part>) -> Float {
      var options = CascadeRetina.Options()
      (options.without, options.cells, options.frameRate) = (without.union([.rectification, .gain]), 1, 60)
      var movie = Tensor(repeating: 0, shape: Shape(90, 24, 24))
      for index in movie.values.indices {
        movie.values[index] = (index + index / 576 / 15) % 2 == 0 ? contrast : -contrast
      }
      return CascadeRetina(height: 24, width: 24, options: options).traces(movie).drive[60...].max() ?? 0
    }
    let (once, twice) = (drive(0.15, without: []), drive(0.3, without: []))
    #expect(abs(twice / once - 4) < 0.4, "\(twice) after \(once)")
    #expect(drive(0.3, without: [.adaptation]) < 0.05 * twice)
  }
}
