/// A part of a report that is prose, drawings and tables: what phenomena, reductions and matches become.
public struct ReportSection: Sendable {
  /// A drawing with what it shows.
  public struct Figure: Sendable {
    /// The width at which two stand side by side on a page.
    static let width = 540.0

    /// What is seen, in a sentence.
    public var caption: String
    /// An SVG document.
    public var svg: String

    /// Creates a figure.
    public init(caption: String, svg: String) {
      self.caption = caption
      self.svg = svg
    }
  }

  /// The name in addresses, unique in the report: lower-case letters, digits and hyphens.
  public var name: String
  /// The heading.
  public var title: String
  /// Paragraphs below the heading.
  public var paragraphs: [String]
  /// The drawings.
  public var figures: [Figure]
  /// The tables.
  public var tables: [ReportTable]

  /// Creates a section.
  public init(
    name: String, title: String, paragraphs: [String], figures: [Figure] = [], tables: [ReportTable] = []
  ) {
    self.name = name
    self.title = title
    self.paragraphs = paragraphs
    self.figures = figures
    self.tables = tables
  }
}
