import RetinaFiles
import RetinaReport

/// The folder of an analysis: tables as CSV, everything as JSON, figures as SVG.
struct TheoryOutput {
  let folder: String
  private(set) var summary: [JSON.Member] = []

  /// Makes the folder that `--output` names.
  init(_ arguments: Arguments) throws {
    folder = try arguments.output()
    try FileSystem.createFolder(folder)
  }

  /// Adds a value to the summary.
  mutating func add(_ name: String, _ value: JSON) { summary.append(JSON.Member(name, value)) }

  /// Writes a table as `NAME.csv` and adds it to the summary.
  mutating func add(_ name: String, _ table: Table) throws {
    add(name, table.json)
    try write(table.csv, to: "\(name).csv")
  }

  /// Writes a figure as `NAME.svg`.
  func draw(_ name: String, _ figure: LineFigure) throws { try write(figure.svg(), to: "\(name).svg") }

  /// Writes `summary.json`, then prints it, or what `tell` prints.
  func finish(_ arguments: Arguments, _ tell: () -> Void) throws {
    let text = JSON.object(summary).text(indented: true)
    try write(text + "\n", to: "summary.json")
    if arguments.has("--json") {
      print(text)
    } else {
      tell()
      print("written to \(folder)")
    }
  }

  private func write(_ text: String, to name: String) throws {
    try FileSystem.write(Array(text.utf8), to: "\(folder)/\(name)")
  }
}

extension Arguments {
  /// The threads to use.
  func threads() throws -> Int { try integer("--threads", in: 1...256) ?? availableProcessors() }

  /// The seed of random numbers.
  func seed() throws -> UInt64 { UInt64(try integer("--seed", in: 0...Int.max) ?? 1) }
}
