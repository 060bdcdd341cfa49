import RetinaKernels
import RetinaModel

/// Collects the steps of a program and their parameters.
struct Compiler {
  var steps: [Step] = []
  var counts: [Int] = []
  var layerBoundaries: [Int] = []
  var parameters = ParameterParts()
  var indices: [Int32] = []

  /// Adds the steps of one layer.
  mutating func append(_ operation: Operation, layer: Int, input: Shape, output: Shape) {
    switch operation {
    case .convolution(let convolution):
      add(convolution, layer: layer, input: input)
    case .convolutionStack(let stack):
      var current = input
      for (index, weight) in stack.weights.enumerated() {
        let bias = index == stack.weights.count - 1 ? stack.bias : nil
        let geometry = add(Convolution(weight: weight, bias: bias), layer: layer, input: current)
        current = Shape(geometry.outputs, geometry.outputHeight, geometry.outputWidth)
      }
    case .separableConvolution(let convolution):
      add(Convolution(weight: convolution.composed, bias: convolution.bias), layer: layer, input: input)
    case .dense(let dense):
      let weight = parameters.store(dense.weight.values)
      let bias = dense.bias.map { parameters.store($0) }
      add(.dense(inputs: input.count, outputs: output.count, weight: weight, bias: bias), output.count, layer)
    case .batchNormalization(let normalization):
      let (scale, shift) = normalization.folded
      let run = normalization.axis == .unit ? 1 : input.count / input[0]
      let scalePlace = parameters.store(scale)
      add(.affine(count: input.count, run: run, scale: scalePlace, shift: parameters.store(shift)), input.count, layer)
    case .activation(let activation):
      add(kind(of: activation, count: input.count), input.count, layer)
    case .divisiveNormalization:
      add(.divisiveNormalization(count: output.count), output.count, layer)
    case .maximumPool(let pool):
      add(.maximumPool(PoolGeometry(pool, input: input)), output.count, layer)
    case .averagePool(let pool):
      add(.averagePool(PoolGeometry(pool, input: input)), output.count, layer)
    case .readout(let readout):
      let place = indices.count
      for position in readout.positions {
        indices.append(
          Int32(truncatingIfNeeded: (position.channel * input[1] + position.row) * input[2] + position.column))
      }
      add(.gather(inputs: input.count, count: output.count, indices: place), output.count, layer)
    case .flatten, .reshape, .gaussianNoise:
      add(.identity(count: input.count), input.count, layer)
    }
    layerBoundaries.append(steps.count)
  }

  @discardableResult
  private mutating func add(_ convolution: Convolution, layer: Int, input: Shape) -> ConvolutionGeometry {
    let geometry = ConvolutionGeometry(convolution, input: input)
    let weight = parameters.store(convolution.weight.values)
    let bias = convolution.bias.map { parameters.store($0) }
    add(.convolution(geometry, weight: weight, bias: bias), geometry.outputCount, layer)
    return geometry
  }

  private mutating func add(_ kind: Step.Kind, _ count: Int, _ layer: Int) {
    steps.append(Step(kind: kind, layer: layer))
    counts.append(count)
  }

  private mutating func kind(of activation: Activation, count: Int) -> Step.Kind {
    switch activation {
    case .relu: return .activation(.relu, count: count)
    case .softplus: return .activation(.softplus, count: count)
    case .sigmoid: return .activation(.sigmoid, count: count)
    case .tanh: return .activation(.tanh, count: count)
    case .elu(let alpha): return .activation(.elu(alpha: alpha), count: count)
    case .exp: return .activation(.exponential, count: count)
    case .parametricSoftplus(let alpha, let beta):
      let alphaPlace = parameters.store(alpha)
      return .parametricSoftplus(
        count: count, alpha: alphaPlace, alphaPerUnit: alpha.count > 1, beta: parameters.store(beta),
        betaPerUnit: beta.count > 1)
    }
  }
}

extension ConvolutionGeometry {
  /// The geometry of a model's convolution on features `[channel, height, width]`.
  public init(_ convolution: Convolution, input: Shape) {
    self.init(
      inputs: input[0], outputs: convolution.weight.shape[0], inputHeight: input[1], inputWidth: input[2],
      kernelHeight: convolution.weight.shape[2], kernelWidth: convolution.weight.shape[3],
      strideVertical: convolution.stride.vertical, strideHorizontal: convolution.stride.horizontal,
      paddingVertical: convolution.padding.vertical, paddingHorizontal: convolution.padding.horizontal,
      dilationVertical: convolution.dilation.vertical, dilationHorizontal: convolution.dilation.horizontal,
      groups: convolution.groups)
  }
}

extension PoolGeometry {
  /// The geometry of a model's pooling.
  public init(_ pool: Pool, input: Shape) {
    let (channels, height, width) = input.asFeatures ?? (1, 1, input.count)
    self.init(
      channels: channels, inputHeight: height, inputWidth: width, kernelHeight: pool.kernel.vertical,
      kernelWidth: pool.kernel.horizontal, strideVertical: pool.stride.vertical,
      strideHorizontal: pool.stride.horizontal)
  }
}

extension BatchNormalization {
  /// The factor and the constant that the statistics of training amount to, computed in float64.
  var folded: (scale: [Float], shift: [Float]) {
    var (factors, constants) = ([Float](), [Float]())
    for index in scale.indices {
      let factor = Double(scale[index]) / (Double(variance[index]) + Double(epsilon)).squareRoot()
      factors.append(Float(factor))
      constants.append(Float(Double(shift[index]) - Double(mean[index]) * factor))
    }
    return (factors, constants)
  }
}

extension SeparableConvolution {
  /// The kernels `[out, in, height, width]` that the factors stand for, summed in float64.
  public var composed: Tensor {
    let (outputs, rank, inputs) = (temporal.shape[0], temporal.shape[1], temporal.shape[2])
    let (height, width) = (spatial.shape[2], spatial.shape[3])
    var result = Tensor(repeating: 0, shape: Shape(outputs, inputs, height, width))
    for output in 0..<outputs {
      for input in 0..<inputs {
        for place in 0..<height * width {
          var sum = 0.0
          for term in 0..<rank {
            sum +=
              Double(temporal.values[(output * rank + term) * inputs + input])
              * Double(spatial.values[(output * rank + term) * height * width + place])
          }
          result.values[(output * inputs + input) * height * width + place] = Float(sum)
        }
      }
    }
    return result
  }
}

extension ConvolutionStack {
  /// The kernels `[out, in, height, width]` of the single convolution that the stack equals, composed in float64.
  public var composed: Tensor {
    let first = weights[0].shape
    var kernel = weights[0].values.map(Double.init)
    var (outputs, height, width) = (first[0], first[2], first[3])
    let inputs = first[1]
    for weight in weights.dropFirst() {
      let (next, kernelHeight, kernelWidth) = (weight.shape[0], weight.shape[2], weight.shape[3])
      let (newHeight, newWidth) = (height + kernelHeight - 1, width + kernelWidth - 1)
      var composed = [Double](repeating: 0, count: next * inputs * newHeight * newWidth)
      for output in 0..<next {
        for middle in 0..<outputs {
          for row in 0..<kernelHeight {
            for column in 0..<kernelWidth {
              let factor = Double(
                weight.values[((output * outputs + middle) * kernelHeight + row) * kernelWidth + column])
              for input in 0..<inputs {
                for y in 0..<height {
                  let target = ((output * inputs + input) * newHeight + y + row) * newWidth + column
                  let source = ((middle * inputs + input) * height + y) * width
                  for x in 0..<width { composed[target + x] += factor * kernel[source + x] }
                }
              }
            }
          }
        }
      }
      (kernel, outputs, height, width) = (composed, next, newHeight, newWidth)
    }
    var result = Tensor(repeating: 0, shape: Shape(outputs, inputs, height, width))
    for index in kernel.indices { result.values[index] = Float(kernel[index]) }
    return result
  }
}
