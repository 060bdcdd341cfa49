/// A command of the tool.
protocol Command {
  static var name: String { get }
  static var summary: String { get }
  /// Names of the words that come without an option, in order; one in brackets may be left out, and of a first one that ends in
  /// `...` there may be any number.
  static var operands: [String] { get }
  static var options: [CommandOption] { get }
  static var example: String { get }

  /// Does the work; gives the exit code.
  static func run(_ arguments: Arguments) throws -> Int32
}

/// A long option.
struct CommandOption {
  var name: String
  /// What follows the option; nil for a switch.
  var value: String?
  var help: String

  init(_ name: String, _ value: String? = nil, _ help: String) {
    self.name = name
    self.value = value
    self.help = help
  }

  static let json = CommandOption("--json", nil, "print one JSON object")
  static let algorithm = CommandOption("--algorithm", "A", "auto, direct, spectral or low-rank (default: auto)")
  static let tolerance = CommandOption(
    "--tolerance", "T", "singular values of the first layer that may be left out, to the largest (default: 0)")
  static let threads = CommandOption("--threads", "N", "threads to use (default: one per processor)")
}

extension Command {
  /// The words that name it on the command line: one, or two such as `theory geometry`.
  static var words: [String] { name.split(separator: " ").map(String.init) }

  static var help: String {
    let lines = options.map { option in
      "  \(pad(option.name + (option.value.map { " " + $0 } ?? ""), 28)) \(option.help)"
    }
    return """
      \(summary)

      USAGE: retina \(([name] + operands).joined(separator: " ")) [OPTIONS]

      \(lines.joined(separator: "\n"))

      EXAMPLE: \(example)
      """
  }
}

/// Words that cannot be understood.
struct UsageError: Error {
  var message: String

  init(_ message: String) { self.message = message }
}

/// The words of a command, sorted into operands and options.
struct Arguments {
  private(set) var operands: [String] = []
  private var values: [String: [String]] = [:]

  init(_ words: [String], of command: any Command.Type) throws {
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        break
      }
      guard word.hasPrefix("-"), word != "-" else {
        operands.append(word)
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let option = command.options.first(where: { $0.name == parts[0] }) else {
        let names = command.options.map { $0.name } + ["--help"]
        throw UsageError("\(command.name) has no option '\(parts[0])'\(suggestion(for: parts[0], among: names))")
      }
      if option.value == nil {
        guard parts.count == 1 else { throw UsageError("\(parts[0]) takes no value") }
        values[parts[0], default: []].append("")
      } else {
        // A word like an option is one: its value is written --option=--value.
        let next = parts.count == 2 ? parts[1] : rest.first?.hasPrefix("--") == true ? nil : rest.popFirst()
        guard let value = next, !value.isEmpty else {
          throw UsageError("\(parts[0]) needs a value: \(option.value ?? "")")
        }
        values[parts[0], default: []].append(value)
      }
    }
    let required = command.operands.filter { !$0.hasPrefix("[") && !$0.hasSuffix("...") }.count
    let limit = command.operands.first?.hasSuffix("...") == true ? Int.max : command.operands.count
    guard (required...limit).contains(operands.count), operands.allSatisfy({ !$0.isEmpty }) else {
      let found = operands.map { "'\($0)'" }.joined(separator: " ")
      let expected = command.operands.map { $0.filter { !"[]".contains($0) } }.joined(separator: " ")
      throw UsageError(
        "\(command.name): expected \(expected), found \(found.isEmpty ? "nothing" : found)"
      )
    }
  }

  func has(_ option: String) -> Bool { values[option] != nil }

  /// The last value given for an option.
  subscript(option: String) -> String? { values[option]?.last }

  /// All values given for an option.
  func all(_ option: String) -> [String] { values[option] ?? [] }

  /// A whole number within bounds.
  func integer(_ option: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = self[option] else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw UsageError(
        "\(option): expected a whole number from \(range.lowerBound) to \(range.upperBound), found '\(text)'")
    }
    return number
  }

  /// A number from 0 to below 1.
  func fraction(_ option: String) throws -> Double? {
    guard let text = self[option] else { return nil }
    guard let number = Double(text), number >= 0, number < 1 else {
      throw UsageError("\(option): expected a number from 0 to below 1, found '\(text)'")
    }
    return number
  }

  /// A number within bounds.
  func number(_ option: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let text = self[option] else { return nil }
    guard let number = Double(text), range.contains(number) else {
      throw UsageError("\(option): expected a number from \(range.lowerBound) to \(range.upperBound), found '\(text)'")
    }
    return number
  }

  /// Whole numbers separated by commas.
  func integers(_ option: String) throws -> [Int]? {
    guard let text = self[option] else { return nil }
    return try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let number = Int(part), number >= 0 else {
        throw UsageError("\(option): expected whole numbers separated by commas, found '\(text)'")
      }
      return number
    }
  }

  /// One of some names.
  func choice(_ option: String, of names: [String]) throws -> String? {
    guard let text = self[option] else { return nil }
    guard names.contains(text) else {
      throw UsageError(
        "\(option): expected \(names.count > 1 ? "one of " : "")\(names.joined(separator: ", ")), found '\(text)'"
          + suggestion(for: text, among: names))
    }
    return text
  }

  /// The option that says where to write, which must be given.
  func output() throws -> String {
    guard let text = self["--output"] else { throw UsageError("--output PATH is needed: where to write") }
    return text
  }
}
