/// What is added to the loss to keep parameters small, smooth or few; each a factor of a sum over parameters.
public struct Penalty: Equatable, Sendable {
  /// A measure of parameters.
  public enum Measure: String, CaseIterable, Sendable {
    /// Sum of squares.
    case square = "l2"
    /// Sum of magnitudes.
    case magnitude = "l1"
    /// Sum of squared differences of neighbours along the last two axes, at the edges to zero.
    case roughness = "smooth"
    /// Sum over the first two axes of the length of what lies below them: whole kernels go to zero.
    case group = "group"
  }

  /// What is measured.
  public var measure: Measure
  /// Which parameters: all groups of a role.
  public var role: ParameterGroup.Role
  /// Multiplies the measure.
  public var factor: Double

  /// Creates a penalty.
  public init(_ measure: Measure, of role: ParameterGroup.Role = .weight, factor: Double) {
    self.measure = measure
    self.role = role
    self.factor = factor
  }

  /// The penalty; adds its gradient.
  public func add(_ parameters: [Float], groups: [ParameterGroup], gradient: inout [Float]) -> Double {
    var total = 0.0
    for group in groups where group.role == role { total += add(parameters, group, &gradient) }
    return factor * total
  }

  private func add(_ parameters: [Float], _ group: ParameterGroup, _ gradient: inout [Float]) -> Double {
    var total = 0.0
    let factor = Float(factor)
    switch measure {
    case .square:
      for index in group.range {
        total += Double(parameters[index] * parameters[index])
        gradient[index] += 2 * factor * parameters[index]
      }
    case .magnitude:
      for index in group.range {
        total += Double(abs(parameters[index]))
        gradient[index] += parameters[index] > 0 ? factor : parameters[index] < 0 ? -factor : 0
      }
    case .roughness:
      guard group.shape.count >= 2 else { return 0 }
      let (height, width) = (group.shape[group.shape.count - 2], group.shape[group.shape.count - 1])
      for plane in stride(from: group.range.lowerBound, to: group.range.upperBound, by: height * width) {
        for row in 0...height {
          for column in 0..<width {
            total += difference(parameters, &gradient, plane, row, column, height, width, vertical: true)
          }
        }
        for row in 0..<height {
          for column in 0...width {
            total += difference(parameters, &gradient, plane, row, column, height, width, vertical: false)
          }
        }
      }
    case .group:
      let size = group.shape.dropFirst(2).reduce(1, *)
      for first in stride(from: group.range.lowerBound, to: group.range.upperBound, by: size) {
        let length = (first..<first + size).reduce(Float(0)) { $0 + parameters[$1] * parameters[$1] }.squareRoot()
        total += Double(length)
        guard length > 0 else { continue }
        for index in first..<first + size { gradient[index] += factor * parameters[index] / length }
      }
    }
    return total
  }

  /// The squared difference of a value and the one above or to the left of it; outside there are zeros.
  private func difference(
    _ parameters: [Float], _ gradient: inout [Float], _ plane: Int, _ row: Int, _ column: Int, _ height: Int,
    _ width: Int, vertical: Bool
  ) -> Double {
    let here = row < height && column < width ? plane + row * width + column : nil
    let (r, c) = vertical ? (row - 1, column) : (row, column - 1)
    let before = r >= 0 && c >= 0 ? plane + r * width + c : nil
    let value = (here.map { parameters[$0] } ?? 0) - (before.map { parameters[$0] } ?? 0)
    let slope = 2 * Float(factor) * value
    if let here { gradient[here] += slope }
    if let before { gradient[before] -= slope }
    return Double(value * value)
  }
}
