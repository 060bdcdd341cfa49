import Foundation
import RetinaModel
import Testing

/// The plain definition of a model in float64, one layer after another: slow, and written from the formulas alone.
struct Reference {
  let model: Model

  /// Runs the layers from one on.
  func run(_ input: [Double], from first: Int = 0, to end: Int? = nil) throws -> [Double] {
    var values = input
    for index in first..<(end ?? model.layers.count) {
      values = try apply(
        model.layers[index].operation, values, input: model.inputShape(ofLayer: index), output: model.shapes[index])
    }
    return values
  }

  private func apply(
    _ operation: RetinaModel.Operation, _ x: [Double], input: Shape, output: Shape
  ) throws -> [Double] {
    switch operation {
    case .dense(let dense):
      return (0..<output.count).map { row in
        x.indices.reduce(Double(dense.bias?[row] ?? 0)) { $0 + Double(dense.weight.values[row * x.count + $1]) * x[$1] }
      }
    case .convolution(let convolution): return convolve(convolution, x, input: input, output: output)
    case .batchNormalization(let normalization):
      let run = normalization.axis == .unit ? 1 : input.count / input[0]
      return x.indices.map { index in
        let place = index / run
        let deviation = (Double(normalization.variance[place]) + Double(normalization.epsilon)).squareRoot()
        return (x[index] - Double(normalization.mean[place])) / deviation * Double(normalization.scale[place])
          + Double(normalization.shift[place])
      }
    case .activation(let activation): return x.map { value(activation, $0) }
    case .maximumPool(let pool): return windows(pool, x, input, output) { $0.max() ?? 0 }
    case .averagePool(let pool): return windows(pool, x, input, output) { $0.reduce(0, +) / Double($0.count) }
    case .flatten: return x
    default: throw Unwritten(operation: "\(operation)")
    }
  }

  /// An operation that no test network has.
  struct Unwritten: Error {
    var operation: String
  }

  private func value(_ activation: Activation, _ x: Double) -> Double {
    switch activation {
    case .relu: return max(x, 0)
    case .softplus: return log1p(Foundation.exp(x))
    case .sigmoid: return 1 / (1 + Foundation.exp(-x))
    case .tanh: return Foundation.tanh(x)
    case .elu(let alpha): return x > 0 ? x : Double(alpha) * expm1(x)
    case .exp: return Foundation.exp(x)
    case .parametricSoftplus(let alpha, let beta): return Double(alpha[0]) * log1p(Foundation.exp(Double(beta[0]) * x))
    }
  }

  private func convolve(_ convolution: Convolution, _ x: [Double], input: Shape, output: Shape) -> [Double] {
    let kernel = convolution.weight.shape
    var result: [Double] = []
    for channel in 0..<output[0] {
      for row in 0..<output[1] {
        for column in 0..<output[2] {
          var sum = Double(convolution.bias?[channel] ?? 0)
          for source in 0..<kernel[1] {
            for vertical in 0..<kernel[2] {
              let y =
                row * convolution.stride.vertical - convolution.padding.vertical
                + vertical * convolution.dilation.vertical
              guard (0..<input[1]).contains(y) else { continue }
              for horizontal in 0..<kernel[3] {
                let place =
                  column * convolution.stride.horizontal - convolution.padding.horizontal
                  + horizontal * convolution.dilation.horizontal
                guard (0..<input[2]).contains(place) else { continue }
                let tap = ((channel * kernel[1] + source) * kernel[2] + vertical) * kernel[3] + horizontal
                sum += Double(convolution.weight.values[tap]) * x[(source * input[1] + y) * input[2] + place]
              }
            }
          }
          result.append(sum)
        }
      }
    }
    return result
  }

  private func windows(
    _ pool: Pool, _ x: [Double], _ input: Shape, _ output: Shape, _ summary: ([Double]) -> Double
  ) -> [Double] {
    var result: [Double] = []
    for channel in 0..<output[0] {
      for row in 0..<output[1] {
        for column in 0..<output[2] {
          var values: [Double] = []
          for vertical in 0..<pool.kernel.vertical {
            for horizontal in 0..<pool.kernel.horizontal {
              let y = channel * input[1] + row * pool.stride.vertical + vertical
              values.append(x[y * input[2] + column * pool.stride.horizontal + horizontal])
            }
          }
          result.append(summary(values))
        }
      }
    }
    return result
  }
}
