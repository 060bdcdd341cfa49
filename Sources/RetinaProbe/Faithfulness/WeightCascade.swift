import RetinaEngine
import RetinaKernels
import RetinaModel

/// Copies of a model in which more and more layers have lost what they learned.
///
/// The last first, then the one before too, down to a given one: the cascading randomisation of Adebayo, Gilmer,
/// Muelly, Goodfellow, Hardt, Kim (2018). A layer is randomised by putting the numbers of each of its parameters into a
/// random order, which keeps their distribution. An attribution that hardly changes does not show what the model
/// learned there.
public struct WeightCascade: Sendable {
  /// A model and how far down it is randomised.
  struct Stage: Sendable {
    var lowest: String
    var program: Program
  }

  let stages: [Stage]

  /// Randomises a model's layers from the last one down to `first`; a model without parameters there has no stages.
  ///
  /// - Throws: ``ModelError`` never, but for parameters that a model would not take in another order.
  public init(_ model: Model, downTo first: Int, seed: UInt64 = 1) throws(ModelError) {
    var random = SeededRandom(seed: seed)
    var (layers, facts) = (model.layers, model.facts)
    facts.golden = nil
    var stages: [Stage] = []
    for place in stride(from: layers.count - 1, through: first, by: -1)
    where !layers[place].operation.parameters.isEmpty {
      layers[place].operation.shuffleParameters(&random)
      let changed = try Model(name: model.name, inputShape: model.inputShape, layers: layers, facts: facts)
      stages.append(Stage(lowest: layers[place].name, program: Program(changed)))
    }
    self.stages = stages
  }
}

/// The attribution of a model beside that of one whose weights are randomised.
public struct RandomizationCheck: Sendable, Equatable {
  /// The lowest layer that is randomised; all layers after it are, too.
  public var lowest: String
  /// Spearman's correlation of the two attributions; nothing when either is constant.
  public var spearman: Double?
  /// Spearman's correlation of their magnitudes, which stays high where a layer's activity rather than its use decides.
  public var spearmanOfMagnitudes: Double?
}

extension WeightCascade {
  func check(
    _ request: Request, _ attribution: [Double], input: [Float], baseline: [Float]
  ) throws(ProbeError) -> [RandomizationCheck] {
    var checks: [RandomizationCheck] = []
    for stage in stages {
      let values = try Probe(stage.program).attribute(request, input: input, baseline: baseline).values
      let changed = values.map { Double($0) }
      checks.append(
        RandomizationCheck(
          lowest: stage.lowest, spearman: Agreement.spearman(attribution, changed),
          spearmanOfMagnitudes: Agreement.spearman(
            attribution.map { $0.magnitude }, changed.map { $0.magnitude })))
    }
    return checks
  }
}

extension Operation {
  /// Puts the numbers of each parameter into a random order.
  fileprivate mutating func shuffleParameters(_ random: inout SeededRandom) {
    func shuffle(_ tensor: inout Tensor) { random.shuffle(&tensor.values) }
    func shuffle(_ bias: inout [Float]?) {
      guard var values = bias else { return }
      random.shuffle(&values)
      bias = values
    }
    switch self {
    case .convolution(var convolution):
      shuffle(&convolution.weight)
      shuffle(&convolution.bias)
      self = .convolution(convolution)
    case .convolutionStack(var stack):
      for place in stack.weights.indices { shuffle(&stack.weights[place]) }
      shuffle(&stack.bias)
      self = .convolutionStack(stack)
    case .separableConvolution(var convolution):
      shuffle(&convolution.temporal)
      shuffle(&convolution.spatial)
      shuffle(&convolution.bias)
      self = .separableConvolution(convolution)
    case .dense(var dense):
      shuffle(&dense.weight)
      shuffle(&dense.bias)
      self = .dense(dense)
    case .batchNormalization(var normalization):
      random.shuffle(&normalization.scale)
      random.shuffle(&normalization.shift)
      random.shuffle(&normalization.mean)
      random.shuffle(&normalization.variance)
      self = .batchNormalization(normalization)
    case .activation(.parametricSoftplus(var alpha, var beta)):
      random.shuffle(&alpha)
      random.shuffle(&beta)
      self = .activation(.parametricSoftplus(alpha: alpha, beta: beta))
    case .activation, .divisiveNormalization, .maximumPool, .averagePool, .flatten, .reshape, .readout, .gaussianNoise:
      break
    }
  }
}
