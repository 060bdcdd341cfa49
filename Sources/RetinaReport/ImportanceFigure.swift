import RetinaModel

/// The importance map: which interior units made one cell respond to one stimulus, and what those units look at.
///
/// From top to bottom: the rate over time with one frame marked; the importance of every channel at every frame, on one
/// colour scale with white at zero; the receptive fields of the most important units; small print. Values that are not
/// finite are drawn as gaps or in grey. The same data give the same text, byte for byte.
public struct ImportanceFigure: Sendable {
  /// One channel of a layer: a row of the map.
  public struct Row: Sendable {
    /// The name of the layer; neighbouring rows of one layer are drawn as a group.
    public var layer: String
    /// The channel's place in its layer.
    public var channel: Int
    /// The importance at each frame, in units of the rate.
    public var values: [Float]

    /// Creates a row.
    public init(layer: String, channel: Int, values: [Float]) {
      self.layer = layer
      self.channel = channel
      self.values = values
    }
  }

  /// One unit with its receptive field, seen as a spatial and a temporal profile.
  public struct Unit: Sendable {
    /// The name of the layer.
    public var layer: String
    /// The channel's place in its layer.
    public var channel: Int
    /// The row of the unit in its channel.
    public var row: Int
    /// The column of the unit in its channel.
    public var column: Int
    /// The importance at the marked frame, in units of the rate.
    public var importance: Float
    /// The spatial profile, `[height, width]`.
    public var spatial: Tensor
    /// The temporal profile, oldest frame first.
    public var temporal: [Float]

    /// Creates a unit.
    public init(
      layer: String, channel: Int, row: Int, column: Int, importance: Float, spatial: Tensor, temporal: [Float]
    ) {
      self.layer = layer
      self.channel = channel
      self.row = row
      self.column = column
      self.importance = importance
      self.spatial = spatial
      self.temporal = temporal
    }
  }

  /// The title: the stimulus.
  public var title: String
  /// The line under the title: the cell, the model.
  public var subtitle: String
  /// Frames a second, when it is known; time is then drawn in seconds.
  public var frameRate: Double?
  /// The frame number of the first rate and of the first value of each row.
  public var firstFrame: Int
  /// Frames between the last value of a temporal profile and the rate it acts on: the model's lag.
  public var lag: Int
  /// The rate at each frame.
  public var rate: [Float]
  /// The recorded response at each frame, in the unit of the rate; empty when there is none.
  public var observed: [Float]
  /// The unit of the rate, such as `spikes/s`.
  public var rateUnit: String
  /// The number of the frame to mark, such as that of the peak.
  public var markedFrame: Int?
  /// The channels, top to bottom.
  public var rows: [Row]
  /// The most important units, most important first.
  public var units: [Unit]
  /// The small print: model, method, residual.
  public var footnote: String

  /// Creates a figure.
  public init(
    title: String, subtitle: String = "", frameRate: Double? = nil, firstFrame: Int = 0, lag: Int = 0, rate: [Float],
    observed: [Float] = [], rateUnit: String = "spikes/s", markedFrame: Int? = nil, rows: [Row], units: [Unit] = [],
    footnote: String = ""
  ) {
    self.title = title
    self.subtitle = subtitle
    self.frameRate = frameRate
    self.firstFrame = firstFrame
    self.lag = lag
    self.rate = rate
    self.observed = observed
    self.rateUnit = rateUnit
    self.markedFrame = markedFrame
    self.rows = rows
    self.units = units
    self.footnote = footnote
  }

  /// The figure as a self-contained SVG document, 900 wide.
  public func svg() -> String {
    var drawing = ImportanceDrawing(self)
    drawing.drawHeader()
    drawing.drawRate()
    drawing.drawMap()
    drawing.drawMarker()
    drawing.drawUnits()
    drawing.drawFootnote()
    return drawing.document()
  }

  /// The rate and the map without title and small print, for a page that has its own.
  func panel() -> ImportancePanel {
    var drawing = ImportanceDrawing(self)
    drawing.drawRate()
    drawing.drawMap()
    return drawing.panel()
  }
}
