import Foundation
import RetinaFit
import RetinaModel

/// A network's loss in float64 by the definition of each layer, without any of the library's arithmetic.
struct ReferenceNetwork {
  let architecture: Architecture
  let groups: [ParameterGroup]
  /// Stretches of consecutive windows that a batch is made of.
  let clips: Int
  /// Values of one sample with their shape `[channel, height, width]`, or `[count]`.
  typealias Sample = (values: [Double], shape: [Int])

  /// The mean loss of clips over responses that are not NaN, where windows before delays are shorter and more; plus `activity` times the mean magnitude of the rates.
  func loss(
    _ parameters: [Double], windows: [[Double]], responses: [Float], loss: Loss, activity: Double
  ) -> Double {
    var batch: [Sample] = windows.map { window in
      let plane = architecture.inputShape[1] * architecture.inputShape[2]
      return (window, [window.count / plane] + architecture.inputShape.dimensions.dropFirst())
    }
    for layer in architecture.layers { batch = run(layer, batch, parameters) }
    var (total, count) = (0.0, 0)
    for (sample, result) in batch.enumerated() {
      for (cell, rate) in result.values.enumerated() {
        let response = Double(responses[sample * result.values.count + cell])
        guard !response.isNaN else { continue }
        count += 1
        total += activity * abs(rate)
        switch loss {
        case .poisson: total += rate - response * log(rate + 1e-8)
        case .meanSquare: total += (rate - response) * (rate - response)
        }
      }
    }
    return total / Double(count)
  }

  private func parameter(_ name: String, _ parameters: [Double]) -> [Double]? {
    groups.first { $0.name == name }.map { Array(parameters[$0.range]) }
  }

  private func run(_ layer: TrainableLayer, _ batch: [Sample], _ parameters: [Double]) -> [Sample] {
    func learnt(_ name: String) -> [Double] { parameter("\(layer.name).\(name)", parameters)! }
    let bias = parameter("\(layer.name).bias", parameters)
    switch layer.kind {
    case .dropout: return batch
    case .delays(let delays):
      let (windows, longest) = (batch.count / clips, delays.max()!)
      return (0..<clips).flatMap { clip in
        (longest..<windows).map { window in
          let parts = delays.map { batch[clip * windows + window - $0] }
          return (parts.flatMap { $0.values }, [parts.count * parts[0].shape[0]] + parts[0].shape.dropFirst())
        }
      }
    case .gaussianReadout(let readout):
      let cells = readout.cells
      let (centre, sigma, feature) = (learnt("centre"), learnt("log_sigma"), learnt("feature"))
      func profile(_ count: Int, _ cell: Int, _ axis: Int) -> [Double] {
        let values = (0..<count).map {
          exp(-pow((Double($0) - centre[2 * cell + axis]) / exp(sigma[2 * cell + axis]), 2) / 2)
        }
        return values.map { $0 / values.reduce(0, +) }
      }
      return batch.map { sample in
        let rates = (0..<cells).map { cell in
          let (columns, rows) = (profile(readout.width, cell, 0), profile(readout.height, cell, 1))
          var sum = bias![cell]
          for (index, value) in sample.values.enumerated() {
            let (channel, place) = (
              index / (readout.height * readout.width), index % (readout.height * readout.width)
            )
            sum +=
              value * feature[cell * readout.channels + channel] * rows[place / readout.width]
              * columns[place % readout.width]
          }
          return sum
        }
        return (rates, [cells])
      }
    case .factorizedReadout(let readout):
      let positions = readout.height * readout.width
      let (mask, feature) = (learnt("mask"), learnt("feature"))
      return batch.map { sample in
        let rates = (0..<readout.cells).map { cell in
          sample.values.enumerated().reduce(bias![cell]) { sum, item in
            sum + item.element * feature[cell * readout.channels + item.offset / positions]
              * mask[cell * positions + item.offset % positions]
          }
        }
        return (rates, [readout.cells])
      }
    case .layer(let operation):
      switch operation {
      case .convolution(let convolution):
        var weight = learnt("weight")
        let shape = convolution.weight.shape
        for output in 0..<shape[0] {
          for input in 0..<shape[1] where output % layer.pathways != input % layer.pathways {
            for place in 0..<shape[2] * shape[3] {
              weight[(output * shape[1] + input) * shape[2] * shape[3] + place] = 0
            }
          }
        }
        return batch.map { convolve($0, weight, convolution, bias) }
      case .convolutionStack(let stack):
        return batch.map { sample in
          var current = sample
          for (part, weight) in stack.weights.enumerated() {
            current = convolve(
              current, learnt("\(part).weight"), Convolution(weight: weight),
              part == stack.weights.count - 1 ? bias : nil)
          }
          return current
        }
      case .separableConvolution(let convolution):
        let (outputs, rank, inputs) = (
          convolution.temporal.shape[0], convolution.temporal.shape[1], convolution.temporal.shape[2]
        )
        let (height, width) = (convolution.spatial.shape[2], convolution.spatial.shape[3])
        let (temporal, spatial) = (learnt("temporal"), learnt("spatial"))
        var kernel: [Double] = []
        for output in 0..<outputs {
          for input in 0..<inputs {
            for place in 0..<height * width {
              kernel.append(
                (0..<rank).reduce(0.0) {
                  $0 + temporal[(output * rank + $1) * inputs + input]
                    * spatial[(output * rank + $1) * height * width + place]
                })
            }
          }
        }
        let composed = Convolution(weight: Tensor(repeating: 0, shape: Shape(outputs, inputs, height, width)))
        return batch.map { convolve($0, kernel, composed, bias) }
      case .dense(let dense):
        let (weight, count) = (learnt("weight"), dense.weight.shape[1])
        return batch.map { sample in
          let rates = (0..<dense.weight.shape[0]).map { row in
            (0..<count).reduce(bias?[row] ?? 0) { $0 + weight[row * count + $1] * sample.values[$1] }
          }
          return (rates, [rates.count])
        }
      case .batchNormalization(let normalization):
        return normalize(batch, normalization, learnt("weight"), learnt("bias"))
      case .activation(.parametricSoftplus):
        let (alpha, beta) = (learnt("alpha"), learnt("beta"))
        return batch.map { sample in
          let values = sample.values.enumerated().map { unit, x in
            alpha[alpha.count > 1 ? unit : 0] * log(1 + exp(beta[beta.count > 1 ? unit : 0] * x))
          }
          return (values, sample.shape)
        }
      case .activation(let activation):
        return batch.map { ($0.values.map { self.value(activation, $0) }, $0.shape) }
      case .divisiveNormalization:
        return batch.map { sample in
          let half = sample.values.count / 2
          let values = (0..<half).map { sample.values[$0] / (1 + max(0, sample.values[half + $0])) }
          return (values, [sample.shape[0] / 2] + sample.shape.dropFirst())
        }
      case .maximumPool(let pool): return batch.map { self.pool($0, pool) { $0.max()! } }
      case .averagePool(let pool): return batch.map { self.pool($0, pool) { $0.reduce(0, +) / Double($0.count) } }
      case .flatten: return batch.map { ($0.values, [$0.values.count]) }
      case .reshape(let shape): return batch.map { ($0.values, shape.dimensions) }
      case .readout(let readout):
        return batch.map { sample in
          let rates = readout.positions.map {
            sample.values[($0.channel * sample.shape[1] + $0.row) * sample.shape[2] + $0.column]
          }
          return (rates, [rates.count])
        }
      case .gaussianNoise: return batch
      }
    }
  }

  private func value(_ activation: Activation, _ x: Double) -> Double {
    switch activation {
    case .relu: return max(x, 0)
    case .softplus: return log(1 + exp(x))
    case .sigmoid: return 1 / (1 + exp(-x))
    case .tanh: return tanh(x)
    case .elu(let alpha): return x > 0 ? x : Double(alpha) * (exp(x) - 1)
    case .exp: return exp(x)
    case .parametricSoftplus: fatalError("has parameters")
    }
  }

  private func normalize(
    _ batch: [Sample], _ normalization: BatchNormalization, _ scale: [Double], _ shift: [Double]
  ) -> [Sample] {
    var result = batch
    let count = batch[0].values.count
    let run = normalization.axis == .unit ? 1 : count / batch[0].shape[0]
    for group in 0..<count / run {
      let places = group * run..<(group + 1) * run
      let values = batch.flatMap { $0.values[places] }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      for sample in batch.indices {
        for place in places {
          result[sample].values[place] =
            (batch[sample].values[place] - mean) / (variance + Double(normalization.epsilon)).squareRoot()
            * scale[group]
            + shift[group]
        }
      }
    }
    return result
  }

  private func pool(_ sample: Sample, _ pool: Pool, _ combine: ([Double]) -> Double) -> Sample {
    let (channels, height, width) = (sample.shape[0], sample.shape[1], sample.shape[2])
    let rows = (height - pool.kernel.vertical) / pool.stride.vertical + 1
    let columns = (width - pool.kernel.horizontal) / pool.stride.horizontal + 1
    var values: [Double] = []
    for channel in 0..<channels {
      for row in 0..<rows {
        for column in 0..<columns {
          var window: [Double] = []
          for y in 0..<pool.kernel.vertical {
            for x in 0..<pool.kernel.horizontal {
              window.append(
                sample.values[
                  (channel * height + row * pool.stride.vertical + y) * width + column * pool.stride.horizontal + x])
            }
          }
          values.append(combine(window))
        }
      }
    }
    return (values, [channels, rows, columns])
  }

  private func convolve(
    _ sample: Sample, _ weight: [Double], _ convolution: Convolution, _ bias: [Double]?
  ) -> Sample {
    let (inputs, height, width) = (sample.shape[0], sample.shape[1], sample.shape[2])
    let shape = convolution.weight.shape
    let (outputs, perGroup) = (shape[0], shape[1])
    let (padding, stride, dilation) = (convolution.padding, convolution.stride, convolution.dilation)
    let rows = (height + 2 * padding.vertical - dilation.vertical * (shape[2] - 1) - 1) / stride.vertical + 1
    let columns = (width + 2 * padding.horizontal - dilation.horizontal * (shape[3] - 1) - 1) / stride.horizontal + 1
    var values = [Double](repeating: 0, count: outputs * rows * columns)
    for output in 0..<outputs {
      let group = output / (outputs / (inputs / perGroup))
      for row in 0..<rows {
        for column in 0..<columns {
          var sum = bias?[output] ?? 0
          for input in 0..<perGroup {
            for y in 0..<shape[2] {
              for x in 0..<shape[3] {
                let (r, c) = (
                  row * stride.vertical + y * dilation.vertical - padding.vertical,
                  column * stride.horizontal + x * dilation.horizontal - padding.horizontal
                )
                guard (0..<height).contains(r), (0..<width).contains(c) else { continue }
                sum +=
                  weight[((output * perGroup + input) * shape[2] + y) * shape[3] + x]
                  * sample.values[((group * perGroup + input) * height + r) * width + c]
              }
            }
          }
          values[(output * rows + row) * columns + column] = sum
        }
      }
    }
    return (values, [outputs, rows, columns])
  }
}
