import RetinaFiles
import RetinaProbe

#if canImport(Glibc)
  import Glibc
#endif

/// The command-line tool: reads words, calls one function of the library, prints what it gives.
@main
struct Retina {
  static var commands: [any Command.Type] {
    [
      InfoCommand.self, RunCommand.self, ProbeCommand.self, ModesCommand.self, PhenomenaCommand.self,
      ReduceCommand.self, ReceptiveFieldCommand.self, StimulusCommand.self,
      VerifyCommand.self, FitCommand.self, EvaluateCommand.self, SimulateCommand.self, MatchCommand.self,
      QuantizeCommand.self,
      ConvertCommand.self, GeometryCommand.self, InformationCommand.self, PropagationCommand.self,
      DepthCommand.self, TheoryModesCommand.self, KernelCommand.self, ScheduleCommand.self,
      InvarianceCommand.self, ReportCommand.self, BenchCommand.self, CalibrateCommand.self, ConformanceCommand.self,
    ]
  }

  static func main() {
    // A file that may grow no further is then reported as a full disk is.
    _ = signal(SIGXFSZ, SIG_IGN)
    let words = Array(CommandLine.arguments.dropFirst())
    let command = commands.first { words.starts(with: $0.words) }
    do {
      let code = try run(words, command)
      try finishOutput()
      exit(code)
    } catch let error as UsageError {
      fail("\(error.message) (see 'retina \(command.map { $0.name + " " } ?? "")--help')", ExitCode.usage)
    } catch let error as FileError {
      switch error.kind {
      case .badData: fail("\(error)", ExitCode.badData)
      case .cannotRead: fail("\(error)", ExitCode.cannotRead)
      case .cannotWrite: fail("\(error)", ExitCode.cannotWrite)
      }
    } catch let error as ProbeError {
      fail("\(error)", ExitCode.usage)
    } catch {
      fail("\(error)", ExitCode.badData)
    }
  }

  private static func run(_ words: [String], _ command: (any Command.Type)?) throws -> Int32 {
    guard let first = words.first else { throw UsageError("expected a command: \(names)") }
    if isHelp(first) || first == "help" {
      let rest = Array(words.dropFirst())
      let relatives = rest.count == 1 ? family(rest[0]) : []
      print(rest.isEmpty ? help : relatives.isEmpty ? try named(rest).help : help(relatives))
    } else if first == "--version" {
      print("retina \(version)")
    } else {
      if command == nil, words.count > 1, isHelp(words[1]), !family(first).isEmpty {
        print(help(family(first)))
        return ExitCode.done
      }
      let command = try command ?? named(words)
      let rest = words.dropFirst(command.words.count)
      // After `--` words are not options.
      if !rest.prefix(while: { $0 != "--" }).contains(where: isHelp) {
        return try command.run(try Arguments(Array(rest), of: command))
      }
      print(command.help)
    }
    return ExitCode.done
  }

  private static func isHelp(_ word: String) -> Bool { word == "--help" || word == "-h" }

  private static func named(_ words: [String]) throws -> any Command.Type {
    if let command = commands.first(where: { words.starts(with: $0.words) }) { return command }
    // The first word may be right, as in `theory geomtry`.
    let known = family(words[0]).isEmpty ? commands : family(words[0])
    let given = family(words[0]).isEmpty ? words[0] : words.prefix(2).joined(separator: " ")
    let near = suggestion(for: given, among: known.map { $0.name })
    let names = known.map { $0.name }.joined(separator: ", ")
    throw UsageError("expected a command: \(names), found '\(given)'\(near)")
  }

  /// The commands whose names begin with a word and go on, such as `theory geometry`.
  private static func family(_ word: String) -> [any Command.Type] {
    commands.filter { $0.words.count > 1 && $0.words[0] == word }
  }

  private static var names: String { commands.map { $0.name }.joined(separator: ", ") }

  static let version = "0.1.0"

  private static func fail(_ message: String, _ code: Int32) -> Never {
    writeError("retina: \(message)\n")
    exit(code)
  }

  private static var help: String { help(commands) }

  private static func help(_ commands: [any Command.Type]) -> String {
    let width = commands.reduce(10) { max($0, $1.name.count) }
    return """
      retina runs and probes small models of the retina.

      USAGE: retina COMMAND ...

      \(commands.map { "  \(pad($0.name, width)) \($0.summary)" }.joined(separator: "\n"))

      EXAMPLE: retina probe Models/salamander-whitenoise.safetensors Stimuli/battery.json --output out

      'retina COMMAND --help' explains a command.
      """
  }
}

/// Exit codes, as in sysexits.h.
enum ExitCode {
  static let done: Int32 = 0
  /// A check that was asked for failed.
  static let checkFailed: Int32 = 1
  static let usage: Int32 = 64
  static let badData: Int32 = 65
  static let cannotRead: Int32 = 66
  static let cannotWrite: Int32 = 73
  /// Ctrl-C, as shells report it.
  static let interrupted: Int32 = 130
}

/// A text filled up with spaces.
func pad(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
