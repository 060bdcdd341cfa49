import RetinaModel

/// What a named architecture leaves open.
public struct ArchitectureOptions: Sendable {
  /// Frames of a window.
  public var history: Int
  /// Size of a frame.
  public var height, width: Int
  /// Number of outputs.
  public var cells: Int
  /// Channels and kernel sizes of the convolutions, first layer first; those of the publication where none are given.
  public var channels, kernels: [Int]?
  /// Standard deviation of the noise that is added in training; that of the publication where none is given.
  public var noise: Float?
  /// Probability with which units are left out in training.
  public var dropout: Float = 0
  /// The read-out from the last feature map; that of the publication where none is given.
  public var readout: ReadoutForm?
  /// Receptive-field centres `(column, row)` in pixels of the frame; the middle where there are none.
  public var centres: [(column: Double, row: Double)]?
  /// Rows and columns of the map that is read out; a unit for each pixel, in the middle of the frame, where nothing else is said.
  var grid: (rows: MapGrid, columns: MapGrid)?
  /// Mean response of each cell, which the biases of the read-out start from; 1/10 where there are none.
  public var meanResponses: [Float]?
  /// How weights start.
  public var start = WeightStart.he
  /// What random starts depend on.
  public var seed: UInt64 = 0

  /// The read-out from the last feature map.
  public enum ReadoutForm: String, CaseIterable, Sendable {
    /// A weight per cell and unit.
    case dense
    /// A Gaussian over positions times a weight per channel.
    case gaussian
    /// A free mask over positions times a weight per channel.
    case factorized
  }

  /// Creates options.
  public init(history: Int, height: Int, width: Int, cells: Int) {
    self.history = history
    self.height = height
    self.width = width
    self.cells = cells
  }
}

/// How the weights of convolutions and matrices start.
public enum WeightStart: String, CaseIterable, Sendable {
  /// Normal deviates of variance 2 / inputs (He et al. 2015).
  case he
  /// Rows or columns of a random orthogonal matrix (Saxe et al. 2014).
  case orthogonal
  /// An orthogonal matrix in the middle of the kernel, zeros around it (Xiao et al. 2018).
  case deltaOrthogonal = "delta-orthogonal"
}
