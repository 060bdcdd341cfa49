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
      InfoCommand.self, RunCommand.self, ProbeCommand.self, ModesCommand.self, QuantizeCommand.self,
      StimulusCommand.self,
      VerifyCommand.self, BenchCommand.self,
    ]
  }

  static func main() {
    let words = Array(CommandLine.arguments.dropFirst())
    let command = commands.first { $0.name == words.first }
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
      let asked = words.count > 1 ? try named(words[1]) : nil
      print(asked?.help ?? help)
    } else if first == "--version" {
      print("retina \(version)")
    } else {
      let command = try command ?? named(first)
      let rest = words.dropFirst()
      // After `--` words are not options.
      if !rest.prefix(while: { $0 != "--" }).contains(where: isHelp) {
        return try command.run(try Arguments(Array(rest), of: command))
      }
      print(command.help)
    }
    return ExitCode.done
  }

  private static func isHelp(_ word: String) -> Bool { word == "--help" || word == "-h" }

  private static func named(_ name: String) throws -> any Command.Type {
    guard let command = commands.first(where: { $0.name == name }) else {
      let near = suggestion(for: name, among: commands.map { $0.name })
      throw UsageError("expected a command: \(names), found '\(name)'\(near)")
    }
    return command
  }

  private static var names: String { commands.map { $0.name }.joined(separator: ", ") }

  static let version = "0.1.0"

  private static func fail(_ message: String, _ code: Int32) -> Never {
    writeError("retina: \(message)\n")
    exit(code)
  }

  private static var help: String {
    """
    retina runs and probes small models of the retina.

    USAGE: retina COMMAND ...

    \(commands.map { "  \(pad($0.name, 10)) \($0.summary)" }.joined(separator: "\n"))

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
}

/// A text filled up with spaces.
func pad(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
