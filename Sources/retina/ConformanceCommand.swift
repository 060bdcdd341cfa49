import RetinaFiles
import RetinaGraph

/// `retina conformance`: runs the cases of ONNX's own test suite, for another program to compare.
enum ConformanceCommand: Command {
  static let name = "conformance"
  static let summary =
    "Runs the cases of a folder in the layout of ONNX's backend tests: CASE/model.onnx, CASE/test_data_set_N/input_I.pb."
  static let operands = ["FOLDER"]
  static let options = [
    CommandOption("--output", "DIR", "where to write CASE/test_data_set_N/output_I.pb"), .json,
  ]
  static let example = "retina conformance onnx/backend/test/data/node --output results"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let folder = arguments.operands[0]
    let output = try arguments.output()
    let cases = try FileSystem.list(folder).filter { FileSystem.isFolder("\(folder)/\($0)") }
    let progress = Progress("conformance", total: cases.count)
    var report: [JSON] = []
    for name in cases {
      let answer = answer(to: "\(folder)/\(name)", output: "\(output)/\(name)")
      progress.advance(1)
      report.append(["case": .string(name), "status": .string(answer.status), "reason": .string(answer.reason)])
    }
    progress.end()
    if arguments.has("--json") {
      print(JSON.array(report).text(indented: true))
    } else {
      for entry in report {
        let reason = entry["reason"]?.string ?? ""
        print("\(pad(entry["status"]?.string ?? "", 12)) \(entry["case"]?.string ?? "") \(reason)")
      }
    }
    return ExitCode.done
  }

  /// Runs all data sets of a case; says `ran`, `unsupported` or `failed`, and why.
  private static func answer(to folder: String, output: String) -> (status: String, reason: String) {
    do {
      let program = try GraphProgram(try ONNX.read("\(folder)/model.onnx"))
      for set in try FileSystem.list(folder) where set.hasPrefix("test_data_set_") {
        let inputs = try program.graph.inputs.indices.map { index in
          try ONNX.readArray("\(folder)/\(set)/input_\(index).pb").array
        }
        let results = try program.run(inputs)
        try FileSystem.createFolder("\(output)/\(set)")
        for (index, result) in results.enumerated() {
          try ONNX.writeArray(
            result, name: program.graph.outputs[index].name, to: "\(output)/\(set)/output_\(index).pb")
        }
      }
      return ("ran", "")
    } catch let error as GraphError {
      return (error.kind == .unsupported ? "unsupported" : "failed", "\(error)")
    } catch {
      return ("failed", "\(error)")
    }
  }
}
