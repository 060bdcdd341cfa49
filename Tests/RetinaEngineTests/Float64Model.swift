import Glibc
import RetinaKernels
import RetinaModel

/// A model by the definition of its layers in float64.
struct Float64Model {
  let model: Model

  /// What each layer gives for a normalised input.
  func run(_ input: [Double]) -> [[Double]] {
    var outputs: [[Double]] = []
    for (index, layer) in model.layers.enumerated() {
      outputs.append(apply(layer.operation, to: outputs.last ?? input, shape: model.inputShape(ofLayer: index)))
    }
    return outputs
  }

  private func apply(_ operation: Operation, to input: [Double], shape: Shape) -> [Double] {
    switch operation {
    case .convolution(let convolution): return convolve(convolution, input, shape).values
    case .convolutionStack(let stack):
      var (values, current) = (input, shape)
      for weight in stack.weights { (values, current) = convolve(Convolution(weight: weight), values, current) }
      guard let bias = stack.bias else { return values }
      let plane = values.count / bias.count
      return values.indices.map { values[$0] + Double(bias[$0 / plane]) }
    case .separableConvolution(let separable): return convolve(separable, input, shape)
    case .dense(let dense):
      let bias = dense.bias ?? [Float](repeating: 0, count: dense.weight.shape[0])
      return Float64Definition.dense(input: input, weight: dense.weight.values.float64, bias: bias.float64)
    case .batchNormalization(let normalization):
      let plane = normalization.axis == .unit ? 1 : input.count / shape[0]
      return input.indices.map { index in
        let place = index / plane
        let deviation = (Double(normalization.variance[place]) + Double(normalization.epsilon)).squareRoot()
        return (input[index] - Double(normalization.mean[place])) / deviation * Double(normalization.scale[place])
          + Double(normalization.shift[place])
      }
    case .activation(let activation): return input.indices.map { apply(activation, to: input[$0], at: $0) }
    case .divisiveNormalization:
      let half = input.count / 2
      return (0..<half).map { input[$0] / (1 + max(0, input[half + $0])) }
    case .maximumPool(let pool): return Float64Definition.pool(geometry(pool, shape), input: input) { $0.max() ?? 0 }
    case .averagePool(let pool):
      return Float64Definition.pool(geometry(pool, shape), input: input) { $0.reduce(0, +) / Double($0.count) }
    case .readout(let readout):
      return readout.positions.map { input[($0.channel * shape[1] + $0.row) * shape[2] + $0.column] }
    case .flatten, .reshape, .gaussianNoise: return input
    }
  }

  private func apply(_ activation: Activation, to x: Double, at index: Int) -> Double {
    func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }
    switch activation {
    case .relu: return max(x, 0)
    case .softplus: return softplus(x)
    case .sigmoid: return 1 / (1 + exp(-x))
    case .tanh: return tanh(x)
    case .elu(let alpha): return x > 0 ? x : Double(alpha) * expm1(x)
    case .exp: return exp(x)
    case .parametricSoftplus(let alpha, let beta):
      let (a, b) = (alpha[alpha.count > 1 ? index : 0], beta[beta.count > 1 ? index : 0])
      return Double(a) * softplus(Double(b) * x)
    }
  }

  private func convolve(_ convolution: Convolution, _ input: [Double], _ shape: Shape) -> (values: [Double], Shape) {
    let weight = convolution.weight
    let geometry = ConvolutionGeometry(
      inputs: shape[0], outputs: weight.shape[0], inputHeight: shape[1], inputWidth: shape[2],
      kernelHeight: weight.shape[2], kernelWidth: weight.shape[3], strideVertical: convolution.stride.vertical,
      strideHorizontal: convolution.stride.horizontal, paddingVertical: convolution.padding.vertical,
      paddingHorizontal: convolution.padding.horizontal, dilationVertical: convolution.dilation.vertical,
      dilationHorizontal: convolution.dilation.horizontal, groups: convolution.groups)
    let bias = convolution.bias ?? [Float](repeating: 0, count: weight.shape[0])
    let (rows, columns) = Float64Definition.outputSize(geometry)
    let values = Float64Definition.convolution(
      geometry, input: input, weight: weight.values.float64, bias: bias.float64)
    return (values, Shape(weight.shape[0], rows, columns))
  }

  /// Mixes the frames first, then filters the mixtures in space.
  private func convolve(_ separable: SeparableConvolution, _ input: [Double], _ shape: Shape) -> [Double] {
    let (outputs, rank, inputs) = (separable.temporal.shape[0], separable.temporal.shape[1], shape[0])
    let (height, width) = (separable.spatial.shape[2], separable.spatial.shape[3])
    let geometry = ConvolutionGeometry(
      inputs: rank, outputs: 1, inputHeight: shape[1], inputWidth: shape[2], kernelHeight: height, kernelWidth: width)
    let plane = shape[1] * shape[2]
    var result: [Double] = []
    for output in 0..<outputs {
      var mixtures = [Double](repeating: 0, count: rank * plane)
      for term in 0..<rank {
        for frame in 0..<inputs {
          let factor = Double(separable.temporal.values[(output * rank + term) * inputs + frame])
          for pixel in 0..<plane { mixtures[term * plane + pixel] += factor * input[frame * plane + pixel] }
        }
      }
      let kernels = Array(
        separable.spatial.values[output * rank * height * width..<(output + 1) * rank * height * width])
      result += Float64Definition.convolution(
        geometry, input: mixtures, weight: kernels.float64, bias: [Double(separable.bias?[output] ?? 0)])
    }
    return result
  }

  private func geometry(_ pool: Pool, _ shape: Shape) -> PoolGeometry {
    let extents = [Int](repeating: 1, count: 3 - shape.rank) + shape.dimensions
    return PoolGeometry(
      channels: extents[0], inputHeight: extents[1], inputWidth: extents[2], kernelHeight: pool.kernel.vertical,
      kernelWidth: pool.kernel.horizontal, strideVertical: pool.stride.vertical,
      strideHorizontal: pool.stride.horizontal)
  }
}
