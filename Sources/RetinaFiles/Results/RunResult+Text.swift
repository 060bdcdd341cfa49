extension RunResult {
  /// A table (RFC 4180): `frame`, then `seconds` where the frame rate is known, or `input`; then a column per unit.
  ///
  /// Numbers are the shortest text that reads back as the same float32.
  var csv: String {
    var text: String
    switch rows {
    case .frames(_, let rate): text = rate == nil ? "frame" : "frame,seconds"
    case .inputs: text = "input"
    }
    for unit in units { text += "," + RunResult.field(unit) }
    text += "\n"
    for row in 0..<rowCount {
      switch rows {
      case .frames(let first, let rate):
        text += "\(first + row)" + (rate.map { ",\(Double(first + row) / $0)" } ?? "")
      case .inputs: text += "\(row)"
      }
      for value in values.values[row * unitCount..<(row + 1) * unitCount] { text += ",\(value)" }
      text += "\n"
    }
    return text
  }

  /// A field of a table, in quotes where it must be.
  private static func field(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// All results as one value.
  static func json(_ results: [RunResult]) -> JSON { ["results": .array(results.map { $0.json })] }

  private var json: JSON {
    var members: [JSON.Member] = [
      .init("stimulus", .string(stimulus)), .init("values", .string(layer)),
      .init("shape", .array(values.shape.dimensions.map { .number(Double($0)) })),
    ]
    if case .frames(let first, let rate) = rows {
      members.append(.init("first_frame", .number(Double(first))))
      if let rate { members.append(.init("frame_rate", .number(rate))) }
    }
    if let cells { members.append(.init("cells", .array(cells.map { .string($0) }))) }
    members.append(.init("data", RunResult.nested(values.values[...], values.shape.dimensions[...])))
    return .object(members)
  }

  /// Values as arrays in arrays, one for each axis.
  private static func nested(_ values: ArraySlice<Float>, _ extents: ArraySlice<Int>) -> JSON {
    guard let extent = extents.first, extents.count > 1 else { return .array(values.map { JSON($0) }) }
    let part = values.count / extent
    return .array(
      (0..<extent).map { index in
        let start = values.startIndex + index * part
        return nested(values[start..<start + part], extents.dropFirst())
      })
  }
}
