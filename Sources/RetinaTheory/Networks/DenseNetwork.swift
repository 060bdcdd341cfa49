import RetinaStimuli

/// A plain network of dense layers in float64: what the theories of wide, deep and linear networks are checked on.
public struct DenseNetwork: Sendable {
  /// `nonlinearity(weight x + bias)`.
  public struct Layer: Sendable {
    /// Weights `[output, input]`.
    public var weight: Matrix
    /// Biases; none when empty.
    public var bias: [Double]
    /// The function of each unit.
    public var nonlinearity: Nonlinearity

    /// Creates a layer.
    public init(weight: Matrix, bias: [Double] = [], nonlinearity: Nonlinearity) {
      self.weight = weight
      self.bias = bias
      self.nonlinearity = nonlinearity
    }
  }

  /// The layers, in the order in which they run.
  public var layers: [Layer]

  /// Creates a network.
  public init(layers: [Layer]) { self.layers = layers }

  /// What a network computes on the way, for a batch.
  public struct Trace: Sendable {
    /// The input of each layer `[sample, unit]`, and the output of the last at the end.
    public var values: [Matrix]
    /// The units of each layer before its nonlinearity.
    public var drives: [Matrix]
    /// The output `[sample, unit]`.
    public var output: Matrix { values[values.count - 1] }
  }

  /// Gradients of a loss, one of each per layer.
  public struct Gradient: Sendable {
    /// For the weights.
    public var weights: [Matrix]
    /// For the biases.
    public var biases: [[Double]]
  }

  /// Runs a batch `[sample, unit]`.
  public func run(_ inputs: Matrix) -> Trace {
    var trace = Trace(values: [inputs], drives: [])
    for layer in layers {
      var drive = trace.output * layer.weight.transposed
      if !layer.bias.isEmpty {
        for row in 0..<drive.rows {
          for column in 0..<drive.columns { drive[row, column] += layer.bias[column] }
        }
      }
      trace.drives.append(drive)
      let function = layer.nonlinearity
      trace.values.append(
        function == .linear
          ? drive : Matrix(rows: drive.rows, columns: drive.columns, values: drive.values.map { function.value($0) }))
    }
    return trace
  }

  /// The derivatives of a loss with respect to the units before their nonlinearity, layer by layer.
  ///
  /// - Parameter outputGradient: the derivatives with respect to the output `[sample, unit]`.
  public func driveGradients(_ trace: Trace, _ outputGradient: Matrix) -> [Matrix] {
    var gradients: [Matrix] = []
    var current = outputGradient
    for place in layers.indices.reversed() {
      let function = layers[place].nonlinearity
      if function != .linear {
        for index in current.values.indices {
          current.values[index] *= function.slope(trace.drives[place].values[index])
        }
      }
      gradients.append(current)
      if place > 0 { current = current * layers[place].weight }
    }
    return gradients.reversed()
  }

  /// The gradient of a loss with respect to all parameters.
  public func gradient(_ trace: Trace, _ outputGradient: Matrix) -> Gradient {
    let drives = driveGradients(trace, outputGradient)
    return Gradient(
      weights: layers.indices.map { drives[$0].transposed * trace.values[$0] },
      biases: layers.indices.map { place in
        layers[place].bias.isEmpty
          ? []
          : (0..<drives[place].columns).map { column in
            (0..<drives[place].rows).reduce(0) { $0 + drives[place][$1, column] }
          }
      })
  }

  /// One step of gradient descent.
  public mutating func descend(_ gradient: Gradient, rate: Double) {
    for place in layers.indices {
      layers[place].weight = layers[place].weight - rate * gradient.weights[place]
      for unit in layers[place].bias.indices { layers[place].bias[unit] -= rate * gradient.biases[place][unit] }
    }
  }

  /// The tangent kernel of one output for a batch: inner products of the gradients of the output with respect to all
  /// parameters, `[sample, sample]`.
  ///
  /// Layer by layer, from inner products of inputs and of derivatives, so that no gradient is ever held as a whole.
  public func tangentKernel(_ inputs: Matrix, output: Int = 0) -> Matrix {
    let trace = run(inputs)
    var unit = Matrix(rows: inputs.rows, columns: trace.output.columns)
    for row in 0..<inputs.rows { unit[row, output] = 1 }
    let drives = driveGradients(trace, unit)
    var kernel = Matrix(rows: inputs.rows, columns: inputs.rows)
    for place in layers.indices {
      let (slopes, values) = (drives[place].gram, trace.values[place].gram)
      let bias = layers[place].bias.isEmpty ? 0.0 : 1
      for index in kernel.values.indices {
        kernel.values[index] += slopes.values[index] * (values.values[index] + bias)
      }
    }
    return kernel
  }
}
