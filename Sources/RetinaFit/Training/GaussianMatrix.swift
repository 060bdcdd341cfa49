import RetinaEngine

/// The matrix of a Gaussian read-out in the order of features in memory, eight channels at a time: the fast form of
/// ``WeightForm/gaussian(cells:channels:height:width:)``.
struct GaussianMatrix: Sendable {
  private let cells, channels, height, width, spacing: Int

  /// Nothing for other weights, and for features that do not lie in lanes.
  init?(_ form: WeightForm, _ layout: FeatureLayout, spacing: Int = 1) {
    guard case .gaussian(let cells, let channels, _, _) = form, case .lanes(_, let height, let width) = layout else {
      return nil
    }
    (self.cells, self.channels, self.height, self.width) = (cells, channels, height, width)
    self.spacing = spacing
  }

  private var groups: Int { (channels + 7) / 8 }
  private var rowFloats: Int { groups * height * width * 8 }

  /// Writes one row per cell.
  func compose(_ parameters: [Float], into matrix: UnsafeMutablePointer<Float>, threads: Int) {
    let matrix = SendableFloats(matrix)
    Parallel.split(cells, threads: threads) { range in
      for cell in range {
        let mask = GaussianMask(parameters, cell: cell, cells: cells, height: height, width: width, spacing: spacing)
        var place = UnsafeMutableRawPointer(matrix.base + cell * rowFloats)
        for group in 0..<groups {
          let features = features(parameters, cell, group)
          for row in mask.rows {
            for column in mask.columns {
              place.storeBytes(of: features * (row * column), as: SIMD8<Float>.self)
              place += 32
            }
          }
        }
      }
    }
  }

  /// Adds what a gradient of the matrix says about the learnt numbers.
  func addGradient(
    _ parameters: [Float], matrixGradient: UnsafeMutablePointer<Float>, into gradient: inout ArraySlice<Float>,
    threads: Int
  ) {
    let source = SendableFloats(matrixGradient)
    gradient.shared(among: cells, threads: threads) { cell, gradient in
      let mask = GaussianMask(parameters, cell: cell, cells: cells, height: height, width: width, spacing: spacing)
      var rows = [Float](repeating: 0, count: height)
      var columns = [Float](repeating: 0, count: width)
      var place = UnsafeRawPointer(source.base + cell * rowFloats)
      for group in 0..<groups {
        let features = features(parameters, cell, group)
        // Numbers in lanes of channels that do not exist mean nothing.
        let exists = SIMD8<Int32>(0, 1, 2, 3, 4, 5, 6, 7) .< Int32(channels - 8 * group)
        var perColumn = [SIMD8<Float>](repeating: .zero, count: width)
        var sum = SIMD8<Float>.zero
        for row in 0..<height {
          var along = SIMD8<Float>.zero
          for column in 0..<width {
            let slope = SIMD8<Float>.zero.replacing(with: place.loadUnaligned(as: SIMD8<Float>.self), where: exists)
            along += slope * mask.columns[column]
            perColumn[column] += slope * mask.rows[row]
            place += 32
          }
          sum += along * mask.rows[row]
          rows[row] += (along * features).sum()
        }
        for column in 0..<width { columns[column] += (perColumn[column] * features).sum() }
        let first = featureStart(cell) + 8 * group
        for lane in 0..<min(8, channels - 8 * group) { gradient[first + lane] += sum[lane] }
      }
      mask.addGradient(rows: rows, columns: columns, cell: cell, cells: cells, into: gradient)
    }
  }

  private func featureStart(_ cell: Int) -> Int { 4 * cells + cell * channels }

  private func features(_ parameters: [Float], _ cell: Int, _ group: Int) -> SIMD8<Float> {
    var lanes = SIMD8<Float>.zero
    let first = featureStart(cell) + 8 * group
    for lane in 0..<min(8, channels - 8 * group) { lanes[lane] = parameters[first + lane] }
    return lanes
  }
}
