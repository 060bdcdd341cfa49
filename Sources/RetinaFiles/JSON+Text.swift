extension JSON {
  /// The value as JSON text: compact, or over several lines with arrays of plain values kept on one.
  ///
  /// Numbers are the shortest text that reads back the same, integers without `.0`; numbers that JSON cannot say
  /// (infinite, not a number) are `null`.
  public func text(indented: Bool = false) -> String {
    var text = ""
    write(to: &text, depth: indented ? 0 : nil)
    return text
  }

  /// Appends the text; `depth` is nothing for compact text.
  private func write(to text: inout String, depth: Int?) {
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .number(let value): text += JSON.text(of: value)
    case .string(let value): JSON.write(value, to: &text)
    case .array(let values):
      let depth = values.allSatisfy(\.isPlain) ? nil : depth
      JSON.writeList(values, between: "[", "]", to: &text, depth: depth) { value, text, inner in
        value.write(to: &text, depth: inner)
      }
    case .object(let members):
      JSON.writeList(members, between: "{", "}", to: &text, depth: depth) { member, text, inner in
        JSON.write(member.name, to: &text)
        text += inner == nil ? ":" : ": "
        member.value.write(to: &text, depth: inner)
      }
    }
  }

  /// Whether the value is neither an array nor an object.
  private var isPlain: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private static func writeList<Element>(
    _ elements: [Element], between open: String, _ close: String, to text: inout String, depth: Int?,
    _ write: (Element, inout String, Int?) -> Void
  ) {
    text += open
    for (index, element) in elements.enumerated() {
      if index > 0 { text += "," }
      if let depth { text += "\n" + String(repeating: "  ", count: depth + 1) }
      write(element, &text, depth.map { $0 + 1 })
    }
    if let depth, !elements.isEmpty { text += "\n" + String(repeating: "  ", count: depth) }
    text += close
  }

  private static func text(of value: Double) -> String {
    guard value.isFinite else { return "null" }
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func write(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
