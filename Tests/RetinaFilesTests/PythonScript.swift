import Foundation

/// Scripts for the interpreter that `RETINA_PYTHON` names, else `python3`.
enum PythonScript {
  /// Runs a script and gives its exit status; what goes wrong in it is printed.
  static func run(_ script: String, _ arguments: String...) throws -> Int32 {
    try run(script, arguments, errors: FileHandle.standardError)
  }

  /// Whether modules can be imported.
  static func has(_ modules: String) -> Bool {
    (try? run("import \(modules)", [], errors: FileHandle.nullDevice)) == 0
  }

  private static func run(_ script: String, _ arguments: [String], errors: FileHandle) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [ProcessInfo.processInfo.environment["RETINA_PYTHON"] ?? "python3", "-c", script] + arguments
    process.standardError = errors
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
