import RetinaFiles

/// Rows of named values, printed, written as CSV, or given as JSON.
struct Table {
  var columns: [String]
  private(set) var rows: [[JSON]] = []

  init(_ columns: [String]) { self.columns = columns }

  mutating func append(_ row: [JSON]) {
    precondition(row.count == columns.count, "a row has a value for every column")
    rows.append(row)
  }

  /// An array of objects.
  var json: JSON {
    .array(rows.map { row in .object(zip(columns, row).map { JSON.Member($0, $1.isFinite ? $1 : .null) }) })
  }

  /// Comma-separated values (RFC 4180) with a line of names.
  var csv: String {
    let lines = [columns.map(Table.quoted)] + rows.map { row in row.map { Table.quoted($0.text(digits: nil)) } }
    return lines.map { $0.joined(separator: ",") + "\n" }.joined()
  }

  /// Aligned columns.
  func printOut() {
    let cells = [columns] + rows.map { row in row.map { $0.text(digits: 4) } }
    let widths = columns.indices.map { column in cells.reduce(0) { max($0, $1[column].count) } }
    for (line, row) in cells.enumerated() {
      let parts = columns.indices.map { column in
        let isText = rows.allSatisfy { $0[column].string != nil }
        return isText ? pad(row[column], widths[column]) : right(row[column], widths[column])
      }
      print(parts.joined(separator: "  "))
      if line == 0 { print(widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")) }
    }
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}

extension JSON {
  /// Whether this can be written: JSON has no infinity.
  fileprivate var isFinite: Bool { number?.isFinite ?? true }

  /// A value of a table; numbers with some significant digits, or all of them.
  fileprivate func text(digits: Int?) -> String {
    switch self {
    case .null: return ""
    case .boolean(let value): return value ? "yes" : "no"
    case .string(let text): return text
    case .number(let value):
      guard let digits, value != value.rounded(), value.isFinite else { return decimal(value) }
      let size = value.magnitude
      guard size >= 1e-3, size < 1e7 else { return "\(Float(value))" }
      return fixed(value, max(0, digits - (size >= 1 ? "\(Int(size))".count : 0)))
    case .array, .object: return text()
    }
  }
}
