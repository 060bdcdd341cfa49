import RetinaEngine
import RetinaFiles
import RetinaFit

/// Whether the battery finds in the simulated retina what its circuit has, and nothing that it lacks.
public struct CircuitCheck: Sendable {
  /// One phenomenon in one variant of the circuit.
  public struct Entry: Sendable {
    /// What was measured.
    public var result: PhenomenonResult
    /// Whether the circuit has it.
    public var isExpected: Bool
    /// Whether it was found.
    public var isFound: Bool { result.verdict == .found }
    /// Whether that is right.
    public var isRight: Bool { isFound == isExpected }
  }

  /// One variant of the circuit.
  public struct Row: Sendable {
    /// What was taken out, or `whole`.
    public var name: String
    /// One per phenomenon.
    public var cells: [Entry]
  }

  /// Titles of the phenomena.
  public var phenomena: [String]
  /// The variants.
  public var rows: [Row]

  /// What is taken out, in the order of the rows.
  public static let variants: [Set<CascadeRetina.Part>] = [[]] + CascadeRetina.Part.allCases.map { [$0] }

  /// Runs a battery on every variant.
  public init(_ battery: Battery, display: Display, progress: ProgressHandler? = nil) {
    phenomena = []
    rows = []
    for without in CircuitCheck.variants {
      var options = CascadeRetina.Options()
      (options.without, options.frameRate) = (without, display.frameRate)
      let retina = SimulatedResponder(height: display.height, width: display.width, options: options)
      let results = battery.run(retina, display: display, progress: progress).results
      phenomena = results.map { $0.phenomenon.title }
      rows.append(
        Row(
          name: without.first.map { "no \($0.rawValue)" } ?? "whole",
          cells: results.map {
            Entry(result: $0, isExpected: CircuitCheck.isExpected($0.phenomenon.name, without: without))
          }))
    }
  }

  /// What the circuit must do by its construction.
  ///
  /// Gain control shifts the peak to earlier times and lowers what follows; so do, for a second flash, delayed inhibition and the
  /// adaptation of photoreceptors, at least two of which every variant has. Rectified subunits answer both reversals of a grating.
  /// Every variant follows contrast. Nothing in the circuit waits for a period, prefers a direction, responds to a reversal, adapts for
  /// seconds, or lets inputs of the other polarity reach a cell.
  static func isExpected(_ phenomenon: String, without: Set<CascadeRetina.Part>) -> Bool {
    switch phenomenon {
    case "latency-coding", "motion-anticipation", "contrast-adaptation", "contrast-gain": !without.contains(.gain)
    case "frequency-doubling": !without.contains(.rectification)
    case "object-motion": !without.contains(.amacrine) && !without.contains(.rectification)
    case "paired-flash", "chirp": true
    default: false
    }
  }

  /// Entries that are not as expected.
  public var wrong: Int { rows.reduce(0) { $0 + $1.cells.count { !$0.isRight } } }
  /// Whether all are as expected.
  public var isPassed: Bool { wrong == 0 }

  /// The table as JSON.
  public var json: JSON {
    .array(
      rows.map { row in
        [
          "variant": .string(row.name),
          "phenomena": .array(
            row.cells.map {
              [
                "name": .string($0.result.phenomenon.name), "expected": .boolean($0.isExpected),
                "found": .boolean($0.isFound), "score": $0.result.score?.json ?? .null,
                "difference": $0.result.difference?.json ?? .null,
              ]
            }),
        ]
      })
  }
}
