import RetinaEngine
import RetinaKernels

/// How the weights of a layer are made from the numbers that are learnt, and what a gradient of the weights says about them.
///
/// A layer always computes with its whole weights; a stack of small convolutions therefore trains at the speed of the single
/// convolution that it equals. All arrays are row-major; several arrays stand one after another.
enum WeightForm: Equatable, Sendable {
  /// The weights themselves.
  case free(count: Int)
  /// Kernels `[out, in, position]` between channels whose numbers leave the same remainder; all others are 0.
  case pathways(count: Int, outputs: Int, inputs: Int, positions: Int)
  /// Kernels `[out, in, height, width]` of linear convolutions in a row, composed to one.
  case stack([KernelShape])
  /// Temporal factors `[out, rank, in]` and spatial factors `[out, rank, height, width]`.
  case separable(outputs: Int, rank: Int, inputs: Int, positions: Int)
  /// Centres `[cell, (column, row)]`, logarithms of deviations `[cell, (column, row)]`, weights `[cell, channel]`.
  case gaussian(cells: Int, channels: Int, height: Int, width: Int)
  /// Masks `[cell, height, width]`, weights `[cell, channel]`.
  case factorized(cells: Int, channels: Int, height: Int, width: Int)

  /// Shape of a bank of kernels.
  struct KernelShape: Equatable, Sendable {
    var outputs, inputs, height, width: Int

    var count: Int { outputs * inputs * height * width }

    /// The shape of this bank followed by another.
    func followed(by next: KernelShape) -> KernelShape {
      KernelShape(
        outputs: next.outputs, inputs: inputs, height: height + next.height - 1, width: width + next.width - 1)
    }
  }

  /// Numbers that are learnt.
  var parameterCount: Int {
    switch self {
    case .free(let count): return count
    case .pathways: return weightCount
    case .stack(let shapes): return shapes.reduce(0) { $0 + $1.count }
    case .separable(let outputs, let rank, let inputs, let positions): return outputs * rank * (inputs + positions)
    case .gaussian(let cells, let channels, _, _): return cells * (4 + channels)
    case .factorized(let cells, let channels, let height, let width): return cells * (height * width + channels)
    }
  }

  /// Number of weights.
  var weightCount: Int {
    switch self {
    case .free(let count): return count
    case .pathways(_, let outputs, let inputs, let positions): return outputs * inputs * positions
    case .stack(let shapes): return shapes.dropFirst().reduce(shapes[0]) { $0.followed(by: $1) }.count
    case .separable(let outputs, _, let inputs, let positions): return outputs * inputs * positions
    case .gaussian(let cells, let channels, let height, let width),
      .factorized(let cells, let channels, let height, let width):
      return cells * channels * height * width
    }
  }

  /// The weights.
  ///
  /// - Parameters:
  ///   - parameters: ``parameterCount`` numbers.
  ///   - weights: ``weightCount`` numbers that are overwritten.
  ///   - threads: threads that share the cells of a read-out.
  func compose<Scalar: TrainingScalar>(_ parameters: [Scalar], into weights: inout [Scalar], threads: Int = 1) {
    switch self {
    case .free: weights = parameters
    case .pathways(let count, _, let inputs, let positions):
      for index in weights.indices {
        let (output, input) = (index / positions / inputs, index / positions % inputs)
        weights[index] = output % count == input % count ? parameters[index] : 0
      }
    case .stack(let shapes): weights = StackComposition(shapes).composed(parameters)
    case .separable(let outputs, let rank, let inputs, let positions):
      let spatial = outputs * rank * inputs
      for index in weights.indices { weights[index] = 0 }
      for output in 0..<outputs {
        for term in 0..<rank {
          for input in 0..<inputs {
            let factor = parameters[(output * rank + term) * inputs + input]
            let (source, target) = (
              spatial + (output * rank + term) * positions, (output * inputs + input) * positions
            )
            for place in 0..<positions { weights[target + place] += factor * parameters[source + place] }
          }
        }
      }
    case .gaussian(let cells, let channels, let height, let width):
      weights.shared(among: cells, threads: threads) { cell, weights in
        let mask = GaussianMask(parameters, cell: cell, cells: cells, height: height, width: width)
        let features = 4 * cells + cell * channels
        for channel in 0..<channels {
          let target = (cell * channels + channel) * height * width
          for row in 0..<height {
            let factor = parameters[features + channel] * mask.rows[row]
            for column in 0..<width { weights[target + row * width + column] = factor * mask.columns[column] }
          }
        }
      }
    case .factorized(let cells, let channels, let height, let width):
      let positions = height * width
      weights.shared(among: cells, threads: threads) { cell, weights in
        for channel in 0..<channels {
          let factor = parameters[cells * positions + cell * channels + channel]
          let target = (cell * channels + channel) * positions
          for place in 0..<positions { weights[target + place] = factor * parameters[cell * positions + place] }
        }
      }
    }
  }

  /// Adds to `parameterGradient` what a gradient of the weights says about the learnt numbers: the adjoint of ``compose(_:into:)``.
  func addGradient<Scalar: TrainingScalar>(
    _ parameters: [Scalar], weightGradient: [Scalar], into parameterGradient: inout ArraySlice<Scalar>,
    threads: Int = 1
  ) {
    let first = parameterGradient.startIndex
    switch self {
    case .free:
      for index in weightGradient.indices { parameterGradient[first + index] += weightGradient[index] }
    case .pathways(let count, _, let inputs, let positions):
      for index in weightGradient.indices {
        let (output, input) = (index / positions / inputs, index / positions % inputs)
        if output % count == input % count { parameterGradient[first + index] += weightGradient[index] }
      }
    case .stack(let shapes):
      StackComposition(shapes).addGradient(parameters, weightGradient, into: &parameterGradient)
    case .separable(let outputs, let rank, let inputs, let positions):
      let spatial = outputs * rank * inputs
      for output in 0..<outputs {
        for term in 0..<rank {
          for input in 0..<inputs {
            let temporal = (output * rank + term) * inputs + input
            let (source, target) = (
              spatial + (output * rank + term) * positions, (output * inputs + input) * positions
            )
            var sum: Scalar = 0
            for place in 0..<positions {
              sum += weightGradient[target + place] * parameters[source + place]
              parameterGradient[first + source + place] += weightGradient[target + place] * parameters[temporal]
            }
            parameterGradient[first + temporal] += sum
          }
        }
      }
    case .gaussian(let cells, let channels, let height, let width):
      parameterGradient.shared(among: cells, threads: threads) { cell, gradient in
        let mask = GaussianMask(parameters, cell: cell, cells: cells, height: height, width: width)
        let features = 4 * cells + cell * channels
        var rowGradient = [Scalar](repeating: 0, count: height)
        var columnGradient = [Scalar](repeating: 0, count: width)
        for channel in 0..<channels {
          let feature = parameters[features + channel]
          var sum: Scalar = 0
          for row in 0..<height {
            let source = ((cell * channels + channel) * height + row) * width
            var along: Scalar = 0
            let factor = feature * mask.rows[row]
            for column in 0..<width {
              along += weightGradient[source + column] * mask.columns[column]
              columnGradient[column] += weightGradient[source + column] * factor
            }
            sum += along * mask.rows[row]
            rowGradient[row] += along * feature
          }
          gradient[features + channel] += sum
        }
        mask.addGradient(rows: rowGradient, columns: columnGradient, cell: cell, cells: cells, into: gradient)
      }
    case .factorized(let cells, let channels, let height, let width):
      let positions = height * width
      parameterGradient.shared(among: cells, threads: threads) { cell, gradient in
        for channel in 0..<channels {
          let feature = cells * positions + cell * channels + channel
          let source = (cell * channels + channel) * positions
          var sum: Scalar = 0
          for place in 0..<positions {
            sum += weightGradient[source + place] * parameters[cell * positions + place]
            gradient[cell * positions + place] += weightGradient[source + place] * parameters[feature]
          }
          gradient[feature] += sum
        }
      }
    }
  }
}

/// A number that networks are trained with: float32, or float64 for the definition that it is compared with.
protocol TrainingScalar: BinaryFloatingPoint, Sendable {
  /// e to the x.
  static func exponential(_ x: Self) -> Self
}

extension Float: TrainingScalar {
  static func exponential(_ x: Float) -> Float { Float(ElementaryDouble.exp(Double(x))) }
}

extension Double: TrainingScalar {
  static func exponential(_ x: Double) -> Double { ElementaryDouble.exp(x) }
}
