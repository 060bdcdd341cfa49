import FoundationEssentials
import RetinaFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Scripts for the interpreter that `RETINA_PYTHON` names, else `python3`.
enum PythonScript {
  /// Runs a script with the path of a file or folder and gives its exit status; what goes wrong in it is printed.
  static func run(_ script: String, _ path: String) throws -> Int32 {
    try withFolder { folder in
      try FileSystem.write(Array(script.utf8), to: folder + "/script.py")
      return start("'\(folder)/script.py' '\(path)'")
    }
  }

  /// Whether a module can be imported.
  static func has(_ module: String) -> Bool { start("-c 'import \(module)' 2> /dev/null") == 0 }

  /// A shell waits for the interpreter: `Process` needs a run loop, which the threads of tests do not turn.
  private static func start(_ words: String) -> Int32 {
    let interpreter = getenv("RETINA_PYTHON").map { String(cString: $0) } ?? "python3"
    return system("\(interpreter) \(words)")
  }
}
