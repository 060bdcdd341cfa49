import RetinaEngine
import RetinaFiles
import RetinaFit

/// Whether the battery finds in the simulated retina what its circuit has, and nothing that it lacks.
public struct CircuitCheck: Sendable {
  /// One phenomenon in one variant of the circuit.
  public struct Entry: Sendable {
    /// What was measured.
    public var result: PhenomenonResult
    /// Whether the circuit has it by its construction.
    public var isExpected: Bool
    /// Why it has it, or lacks it.
    public var reason: String
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
  public static let variants: [Set<CascadeRetina.Part>] =
    [[]] + CascadeRetina.Part.allCases.map { [$0] } + [Set(CascadeRetina.Part.allCases)]

  /// Runs a battery on every variant.
  ///
  /// - Parameter seed: of the places of the cells.
  public init(_ battery: Battery, display: Display, seed: UInt64 = 1, progress: ProgressHandler? = nil) {
    phenomena = []
    rows = []
    for without in CircuitCheck.variants {
      var options = CascadeRetina.Options()
      (options.without, options.frameRate, options.seed) = (without, display.frameRate, seed)
      let retina = SimulatedResponder(height: display.height, width: display.width, options: options)
      let results = battery.run(retina, display: display, progress: progress).results
      phenomena = results.map { $0.phenomenon.title }
      rows.append(
        Row(
          name: CircuitCheck.name(without),
          cells: results.compactMap { result in
            CircuitCause.all.first { $0.phenomenon == result.phenomenon.name }.map {
              Entry(result: result, isExpected: $0.isPresent(without: without), reason: $0.reason)
            }
          }))
    }
  }

  private static func name(_ without: Set<CascadeRetina.Part>) -> String {
    guard let part = without.first else { return "whole" }
    return without.count == 1 ? "no \(part.rawValue)" : "none of them"
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
                "null": $0.result.null?.json ?? .null, "difference": $0.result.difference?.json ?? .null,
                "stimulus": .string($0.result.stimulus), "reason": .string($0.reason),
              ]
            }),
        ]
      })
  }
}
