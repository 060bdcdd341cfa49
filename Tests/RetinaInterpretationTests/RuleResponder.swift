import RetinaModel

@testable import RetinaInterpretation

/// A responder of one or more cells whose rule a test writes down.
struct RuleResponder: Responder {
  let name = "rule"
  let extent: (height: Int, width: Int)
  let cells: [Cell]
  let reach: Int
  let unit = "spikes/s"
  /// Rates `[frame]` of a cell for a movie.
  let rule: @Sendable (Int, Tensor) -> [Double]

  init(
    height: Int = 16, width: Int = 16, centres: [(column: Double, row: Double)] = [(8, 8)], reach: Int = 8,
    rule: @escaping @Sendable (Int, Tensor) -> [Double]
  ) {
    extent = (height, width)
    cells = centres.enumerated().map { Cell(name: "cell \($0)", centre: $1) }
    self.reach = reach
    self.rule = rule
  }

  func rates(_ movie: Tensor) -> [Float] {
    let columns = cells.indices.map { rule($0, movie) }
    return (0..<movie.shape[0]).flatMap { frame in columns.map { Float($0[frame]) } }
  }
}

extension Tensor {
  /// The mean of every frame.
  var means: [Double] {
    let plane = shape[1] * shape[2]
    return (0..<shape[0]).map { frame in
      values[frame * plane..<(frame + 1) * plane].reduce(0.0) { $0 + Double($1) } / Double(plane)
    }
  }

  /// The column of what is not grey in every frame, weighted by magnitude; nothing in frames of grey.
  var columns: [Double?] {
    let plane = shape[1] * shape[2]
    return (0..<shape[0]).map { frame in
      var (sum, moment) = (0.0, 0.0)
      for pixel in 0..<plane {
        let weight = Double(values[frame * plane + pixel].magnitude)
        sum += weight
        moment += weight * Double(pixel % shape[2])
      }
      return sum > 1e-6 ? moment / sum : nil
    }
  }
}
