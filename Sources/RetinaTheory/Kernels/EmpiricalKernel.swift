import RetinaEngine
import RetinaModel

/// The tangent kernel of a fitted model: how much a step of gradient descent on one stimulus moves the rate for another.
///
/// Inner products of the gradients of one cell's rate with respect to all parameters of convolutions, stacks, dense layers
/// and batch normalisations (scale and shift), `[stimulus, stimulus]`. Gradients are found layer by layer in float32 and
/// multiplied in float64; one layer's gradients are held at a time.
public enum EmpiricalKernel {
  /// Finds the kernel.
  ///
  /// - Parameters:
  ///   - inputs: `[n, input shape]` before normalisation.
  ///   - cell: the output whose gradient is meant.
  /// - Throws: ``TheoryError`` for other inputs, too many, or a cell that there is not.
  public static func gram(
    _ model: Model, inputs: Tensor, cell: Int, threads: Int = 1, progress: @Sendable (Int) -> Void = { _ in }
  ) throws(TheoryError) -> Matrix {
    guard inputs.shape.rank > 0, inputs.shape.dimensions.dropFirst().elementsEqual(model.inputShape.dimensions),
      (0..<model.cells).contains(cell)
    else {
      throw TheoryError(
        "tangent kernel", expected: "inputs [n, \(model.inputShape)] and a cell from 0 to \(model.cells - 1)",
        found: "\(inputs.shape) and cell \(cell)")
    }
    let count = inputs.shape[0]
    let most = 1_000
    guard (2...most).contains(count) else {
      throw TheoryError("tangent kernel", expected: "2 to \(most) stimuli", found: "\(count)")
    }
    let layers = ParameterGradients.layers(model)
    let program = Program(model)
    var gram = Matrix(rows: count, columns: count)
    let size = model.inputShape.count
    for layer in layers {
      let rows = parallelMap(count, threads: threads) { index in
        let input = Array(inputs.values[index * size..<(index + 1) * size])
        let gradient = ParameterGradients(model, program, input: input, cell: cell)[layer]
        progress(1)
        return gradient
      }
      guard rows.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
        throw TheoryError("layer '\(model.layers[layer].name)'", expected: "finite gradients", found: "others")
      }
      let products = parallelMap(count, threads: threads) { row in
        (0...row).map { other in floatDot(rows[row], rows[other]) }
      }
      for row in 0..<count {
        for other in 0...row {
          gram[row, other] += products[row][other]
          if other < row { gram[other, row] += products[row][other] }
        }
      }
    }
    return gram
  }

  /// Steps that ``gram(_:inputs:cell:threads:progress:)`` reports as progress.
  public static func work(_ model: Model, inputs: Int) -> Int { ParameterGradients.layers(model).count * inputs }

  private static func floatDot(_ left: [Float], _ right: [Float]) -> Double {
    var sum = 0.0
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        var place = 0
        var wide = SIMD8<Double>.zero
        while place + 8 <= left.count {
          let a = UnsafeRawPointer(left.baseAddress! + place).loadUnaligned(as: SIMD8<Float>.self)
          let b = UnsafeRawPointer(right.baseAddress! + place).loadUnaligned(as: SIMD8<Float>.self)
          wide += SIMD8<Double>(a) * SIMD8<Double>(b)
          place += 8
        }
        sum = wide.sum()
        while place < left.count {
          sum += Double(left[place]) * Double(right[place])
          place += 1
        }
      }
    }
    return sum
  }
}
