/// What travels with the weights: time conventions, normalisation, cells, and where the model comes from.
public struct Facts: Sendable {
  /// Frames between the newest frame of a window and the rate it gives.
  ///
  /// The rate at frame t depends on `history` frames, the newest of which is frame t - lag; 0 includes the current frame.
  public var lag: Int
  /// Frames per second, if known.
  public var frameRate: Double?
  /// Side of a pixel on the retina in micrometres, if known.
  public var pixelSize: Double?
  /// What is done to a stimulus before the first layer.
  public var normalization: Normalization
  /// Unit of the output, such as `spikes/s` or `spikes/bin`.
  public var responseUnit: String?
  /// One entry per output, or none at all.
  public var cells: [Cell]
  /// Where the model comes from, as named texts, sorted by name.
  public var provenance: [(name: String, text: String)]
  /// An input and the output it must give.
  public var golden: Golden?

  /// Creates facts; all are optional.
  public init(
    lag: Int = 0, frameRate: Double? = nil, pixelSize: Double? = nil, normalization: Normalization = .none,
    responseUnit: String? = nil, cells: [Cell] = [], provenance: [(name: String, text: String)] = [],
    golden: Golden? = nil
  ) {
    self.lag = lag
    self.frameRate = frameRate
    self.pixelSize = pixelSize
    self.normalization = normalization
    self.responseUnit = responseUnit
    self.cells = cells
    self.provenance = provenance
    self.golden = golden
  }
}

/// What is done to every frame before the first layer.
public enum Normalization: Equatable, Sendable {
  /// Nothing.
  case none
  /// (x - mean) / standard deviation, the same for all pixels.
  case scalar(mean: Float, standardDeviation: Float)
  /// (x - mean) / standard deviation, one of each per pixel, `[height, width]`.
  case perPixel(mean: Tensor, standardDeviation: Tensor)
}

/// An output of a model: a recorded ganglion cell.
public struct Cell: Equatable, Sendable {
  /// Name in the recording.
  public var name: String
  /// Centre of the receptive field in pixels of the input, if known.
  public var centre: (column: Double, row: Double)?
  /// Named figures about the cell, such as `held_out_r`, sorted by name.
  public var figures: [(name: String, value: Double)]

  /// Creates a cell.
  public init(
    name: String, centre: (column: Double, row: Double)? = nil, figures: [(name: String, value: Double)] = []
  ) {
    self.name = name
    self.centre = centre
    self.figures = figures
  }

  /// Whether all parts are equal.
  public static func == (a: Cell, b: Cell) -> Bool {
    a.name.utf8.elementsEqual(b.name.utf8) && a.centre?.column == b.centre?.column && a.centre?.row == b.centre?.row
      && a.figures.elementsEqual(b.figures) { $0.name.utf8.elementsEqual($1.name.utf8) && $0.value == $1.value }
  }
}

/// Inputs and the outputs that the source of the model gave for them.
public struct Golden: Equatable, Sendable {
  /// `[n, input shape]`, before normalisation.
  public var input: Tensor
  /// `[n, output shape]`.
  public var output: Tensor
  /// Largest allowed error, relative to the largest output.
  public var tolerance: Float

  /// Creates a golden pair.
  public init(input: Tensor, output: Tensor, tolerance: Float = 1e-5) {
    self.input = input
    self.output = output
    self.tolerance = tolerance
  }
}

extension Facts {
  /// What does not fit the model's shapes.
  ///
  /// `outputShape` is nothing when the layers themselves do not fit.
  func problems(inputShape: Shape, outputShape: Shape?) -> [ModelError.Problem] {
    var problems: [ModelError.Problem] = []
    func expect(_ condition: Bool, _ place: String, _ expected: String, _ found: String) {
      if !condition { problems.append(.init(place: place, expected: expected, found: found)) }
    }
    expect(lag >= 0, "facts", "a lag of at least 0 frames", "\(lag)")
    if let frameRate {
      expect(frameRate > 0 && frameRate.isFinite, "facts", "a frame rate above 0", "\(frameRate)")
    }
    if let pixelSize {
      expect(pixelSize > 0 && pixelSize.isFinite, "facts", "a pixel size above 0", "\(pixelSize)")
    }
    switch normalization {
    case .none: break
    case .scalar(let mean, let deviation):
      expect(
        mean.isFinite && deviation.isFinite && deviation > 0, "normalisation", "a finite mean and a deviation above 0",
        "mean \(mean), deviation \(deviation)")
    case .perPixel(let mean, let deviation):
      let frame = inputShape.rank == 3 ? Shape(inputShape[1], inputShape[2]) : inputShape
      expect(
        mean.shape == frame && deviation.shape == frame, "normalisation", "values of shape \(frame)",
        "\(mean.shape) and \(deviation.shape)")
      expect(
        mean.firstNonFinite == nil && deviation.values.allSatisfy { $0.isFinite && $0 > 0 }, "normalisation",
        "finite means and deviations above 0", "other values")
    }
    guard let outputShape else { return problems }
    expect(
      cells.isEmpty || cells.count == outputShape.count, "cells", "\(outputShape.count) cells", "\(cells.count)")
    if let golden {
      let count = golden.input.shape.rank > 0 ? golden.input.shape[0] : 0
      expect(
        golden.input.shape.dimensions == [count] + inputShape.dimensions, "golden.input",
        "[n, \(inputShape.dimensions.count) axes of \(inputShape)]", "\(golden.input.shape)")
      expect(
        golden.output.shape.dimensions == [count] + outputShape.dimensions, "golden.output",
        "\(count) outputs of shape \(outputShape)", "\(golden.output.shape)")
      expect(
        golden.tolerance.isFinite && golden.tolerance > 0, "golden.tolerance", "a number above 0",
        "\(golden.tolerance)")
      expect(
        golden.input.firstNonFinite == nil && golden.output.firstNonFinite == nil, "golden", "finite values",
        "others")
    }
    return problems
  }
}
