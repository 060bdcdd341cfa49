import RetinaEngine
import RetinaModel

/// What a unit sees: where in the image and when before the response.
public struct ReceptiveField: Sendable {
  /// The weights `[height, width]` at the frame of the history where they are strongest.
  public var spatial: Tensor
  /// The weights over the history, oldest first, of the pixel where they are strongest.
  public var temporal: [Float]

  /// Takes a weight per value of a window, `[history, height, width]`, apart.
  ///
  /// The strongest frame is the one with the largest sum of squares, and so is the strongest pixel.
  public init?(_ weights: [Float], shape: Shape) {
    guard shape.rank == 3, weights.count == shape.count else { return nil }
    let (history, pixels) = (shape[0], shape[1] * shape[2])
    var frameEnergy = [Double](repeating: 0, count: history)
    var pixelEnergy = [Double](repeating: 0, count: pixels)
    for frame in 0..<history {
      for pixel in 0..<pixels {
        let square = Double(weights[frame * pixels + pixel]) * Double(weights[frame * pixels + pixel])
        frameEnergy[frame] += square
        pixelEnergy[pixel] += square
      }
    }
    let frame = ReceptiveField.largest(frameEnergy)
    let pixel = ReceptiveField.largest(pixelEnergy)
    guard
      let spatial = Tensor(
        shape: Shape(shape[1], shape[2]), values: Array(weights[frame * pixels..<(frame + 1) * pixels]))
    else { return nil }
    self.spatial = spatial
    temporal = (0..<history).map { weights[$0 * pixels + pixel] }
  }

  private static func largest(_ values: [Double]) -> Int {
    values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
  }
}

extension Probe {
  /// What a unit sees of the stimulus when every nonlinearity before it lets everything through: the product of the
  /// linear steps, `program.inputCount` weights.
  ///
  /// For units of the first layer these are the kernel itself.
  public func effectiveWeights(ofUnit unit: Int, boundary: Int) -> [Float] {
    Target.unit(unit, boundary: boundary).seed(gradients, count: count(boundary))
    for step in stride(from: boundary - 1, through: 0, by: -1) {
      if case .divisiveNormalization(let count) = program.steps[step].kind {
        // What is divided, by nothing.
        gradients[step].update(from: gradients[step + 1], count: count)
        (gradients[step] + count).update(repeating: 0, count: count)
      } else if program.steps[step].isAffine {
        program.pullBack(gradients, at: values, from: step + 1, to: step)
      } else if count(step) == count(step + 1) {
        gradients[step].update(from: gradients[step + 1], count: count(step))
      } else {
        // A maximum pool: whichever unit is largest now.
        program.pullBack(gradients, at: values, from: step + 1, to: step)
      }
    }
    return copy(gradients, 0)
  }
}
