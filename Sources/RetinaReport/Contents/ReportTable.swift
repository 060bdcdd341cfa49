/// Named columns of texts and numbers; a reader can take it away as CSV or JSON.
public struct ReportTable: Sendable {
  /// An entry.
  public enum Value: Equatable, Sendable {
    case text(String)
    case number(Double)
    /// A number of things.
    case count(Int)
    /// Nothing is known.
    case missing

    /// A number, or nothing.
    public init(_ number: Double?) { self = number.map { .number($0) } ?? .missing }
  }

  /// The name, unique in the report: lower-case letters, digits and hyphens; also that of the files.
  public var name: String
  /// What the table holds.
  public var caption: String
  /// The names of the columns, with units.
  public var columns: [String]
  /// One value for each column.
  public var rows: [[Value]]
  /// Whether the page shows the table only on request.
  public var isFolded: Bool

  /// Creates a table.
  public init(name: String, caption: String, columns: [String], rows: [[Value]], isFolded: Bool = false) {
    self.name = name
    self.caption = caption
    self.columns = columns
    self.rows = rows
    self.isFolded = isFolded
  }
}
