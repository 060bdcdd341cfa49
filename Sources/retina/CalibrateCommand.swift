import RetinaEngine
import RetinaFiles

/// `retina calibrate`: how fast this machine does each kind of work.
enum CalibrateCommand: Command {
  static let name = "calibrate"
  static let summary = "Measures how fast this machine does each kind of work, for the planner of later commands."
  static let operands: [String] = []
  static let options = [CommandOption.json]
  static let example = "retina calibrate"

  static func run(_ arguments: Arguments) throws -> Int32 {
    var report: [JSON] = []
    for level in ProcessorLevel.allCases where level.isAvailable {
      let file = try CalibrationFile(level)
      let cost = PlannerCost(measuring: level, name: file.name, clock: seconds)
      try file.write(cost)
      if arguments.has("--json") {
        report.append(["level": .string(level.name), "file": .string(file.path), "speeds": file.json(cost)])
      } else {
        printText(cost, file)
      }
    }
    if arguments.has("--json") { print(JSON.array(report).text(indented: true)) }
    return ExitCode.done
  }

  private static func printText(_ cost: PlannerCost, _ file: CalibrationFile) {
    let speeds = [
      ("convolutions", cost.direct), ("matrices", cost.matrix), ("products of spectra", cost.product),
      ("transforms", cost.transform), ("single values", cost.elementwise),
    ]
    print("\(cost.name), in \(file.path)")
    print("  GFLOP/s: " + speeds.map { "\($0.0) \(fixed($0.1 / 1e9, 1))" }.joined(separator: ", "))
    let memory = cost.memory.map { "\(fixed($0.workingSet / 1e6, 1)) MB \(fixed($0.secondsPerByte * 1e12, 1))" }
    print("  picoseconds per byte on top, by working set: " + memory.joined(separator: ", "))
  }
}
