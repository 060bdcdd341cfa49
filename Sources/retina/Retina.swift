import RetinaFiles

#if canImport(Glibc)
  import Glibc
#endif

/// The command-line tool: reads words, calls one function of the library, prints what it gives.
@main
struct Retina {
  static var commands: [any Command.Type] {
    [
      InfoCommand.self, RunCommand.self, ProbeCommand.self, StimulusCommand.self, VerifyCommand.self, BenchCommand.self,
    ]
  }

  static func main() {
    let words = Array(CommandLine.arguments.dropFirst())
    do {
      guard let name = words.first, name != "--help", name != "help" else {
        print(help)
        exit(words.isEmpty ? ExitCode.usage : ExitCode.done)
      }
      if name == "--version" {
        print("retina \(version)")
        exit(ExitCode.done)
      }
      guard let command = commands.first(where: { $0.name == name }) else {
        throw UsageError("unknown command '\(name)'; commands are \(commands.map { $0.name }.joined(separator: ", "))")
      }
      let rest = Array(words.dropFirst())
      if rest.contains("--help") {
        print(command.help)
        exit(ExitCode.done)
      }
      let arguments = try Arguments(rest, of: command)
      exit(try command.run(arguments))
    } catch let error as UsageError {
      fail("\(error.message)\n\(error.hint)", ExitCode.usage)
    } catch let error as FileError {
      switch error.kind {
      case .badData: fail("\(error)", ExitCode.badData)
      case .cannotRead: fail("\(error)", ExitCode.cannotRead)
      case .cannotWrite: fail("\(error)", ExitCode.cannotWrite)
      }
    } catch {
      fail("\(error)", ExitCode.badData)
    }
  }

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
