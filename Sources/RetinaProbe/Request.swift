import RetinaEngine

/// What to ask a probe.
public struct Request: Sendable {
  /// How the integral along the path is taken.
  public enum Steps: Sendable, Equatable {
    /// Exactly, by the pieces on which the model is linear; through a final softplus, exponential or sigmoid too.
    case exact
    /// Exactly where that is possible, else by more and more nodes until the sum is right.
    case automatic
    /// By a rule with so many nodes.
    case count(Int)
  }

  /// The method.
  public var method: Method
  /// The boundary whose units get a number, for methods that look at a layer.
  public var boundary: Int
  /// What is explained.
  public var target: Target
  /// The interior unit that the neuron methods are about.
  public var neuron: Target?
  /// How integrals are taken.
  public var steps: Steps
  /// The rule for a fixed number of steps.
  public var rule: Quadrature.Rule
  /// Whether gradients are multiplied with the difference between stimulus and baseline.
  public var multipliesByInputs: Bool
  /// For patching: the second stimulus, normalised.
  public var corrupt: [Float]?
  /// For methods that sample: how many samples; nil samples only where there is no other way, and as many as
  /// ``defaultSamples``.
  public var samples: Int?
  /// For methods that sample: where the random numbers begin.
  public var seed: UInt64
  /// For ablation, activation patching and Shapley values: the group of every unit; nil makes each unit its own.
  public var groups: [Int]?
  /// For ablation of a layer: what its units are replaced with; zeros when nil.
  public var replacement: [Float]?
  /// For occlusion: extents of the stimulus, of the window, and its steps.
  ///
  /// For channel ablation and Grad-CAM the shape is the layer's.
  public var shape, window, strides: [Int]

  /// Samples where none are asked for.
  public static let defaultSamples = 64

  /// Creates a request.
  public init(
    _ method: Method, boundary: Int = 0, target: Target, neuron: Target? = nil, steps: Steps = .automatic,
    rule: Quadrature.Rule = .gaussLegendre, multipliesByInputs: Bool = true, groups: [Int]? = nil,
    replacement: [Float]? = nil, corrupt: [Float]? = nil, samples: Int? = nil, seed: UInt64 = 0, shape: [Int] = [],
    window: [Int] = [], strides: [Int] = []
  ) {
    self.method = method
    self.boundary = boundary
    self.target = target
    self.neuron = neuron
    self.steps = steps
    self.rule = rule
    self.multipliesByInputs = multipliesByInputs
    self.groups = groups
    self.replacement = replacement
    self.corrupt = corrupt
    self.samples = samples
    self.seed = seed
    self.shape = shape
    self.window = window
    self.strides = strides
  }
}

/// Why a probe cannot answer.
public enum ProbeError: Error, Equatable, Sendable {
  /// The path is not made of straight pieces, so that there is no exact integral; a number of steps or `auto` is needed.
  case notPiecewiseLinear
  /// The stimulus or the baseline holds a value that is not finite.
  case notFinite
  /// The request lacks something that its method needs.
  case missing(String)
  /// There are more or fewer numbers than the model has places.
  case wrongCount(of: String, expected: Int, found: Int)
  /// A cell, unit, boundary or group that does not exist, of so many.
  case outOfRange(String, count: Int, found: Int)
}

extension ProbeError: CustomStringConvertible {
  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .notPiecewiseLinear:
      return "an exact integral needs straight pieces (relu, max pool) up to the last layer; use auto"
    case .notFinite: return "the stimulus or the baseline holds a value that is not finite"
    case .missing(let what): return "the method needs \(what)"
    case .wrongCount(let what, let expected, let found): return "\(what): expected \(expected), found \(found)"
    case .outOfRange(let what, let count, let found): return "\(what): expected 0 to \(count - 1), found \(found)"
    }
  }
}

extension Probe {
  /// Answers a request for one stimulus.
  ///
  /// - Parameters:
  ///   - input, baseline: normalised, `program.inputCount` values.
  ///   - baselines: all baselines, for methods that average over several.
  /// - Throws: ``ProbeError``.
  public func attribute(
    _ request: Request, input: [Float], baseline: [Float], baselines: [[Float]] = []
  ) throws(ProbeError) -> Attribution {
    try check(request, input: input, baselines: [baseline] + baselines)
    for values in [input, baseline, request.replacement ?? [], request.corrupt ?? []] + baselines
    where !isFinite(values) { throw .notFinite }
    let (boundary, target) = (request.boundary, request.target)
    switch request.method {
    case .forward: return activation(input, boundary: program.outputBoundary)
    case .layerActivation: return activation(input, boundary: boundary)
    case .gradient: return gradient(input, boundary: boundary, target: target)
    case .saliency: return saliency(input, boundary: boundary, target: target)
    case .guidedBackprop: return rectifiedGradient(input, target: target, rule: .guided)
    case .deconvolution: return rectifiedGradient(input, target: target, rule: .deconvolution)
    case .relevance: return relevance(input, boundary: 0, target: target)
    case .layerRelevance: return relevance(input, boundary: boundary, target: target)
    case .layerGradCAM:
      return gradCAM(input, boundary: boundary, shape: try layerShape(request), target: target)
    case .inputTimesGradient: return gradientTimesActivation(input, boundary: 0, target: target)
    case .layerGradientTimesActivation: return gradientTimesActivation(input, boundary: boundary, target: target)
    case .integratedGradients, .layerIntegratedGradients, .conductance, .internalInfluence, .neuronIntegratedGradients,
      .neuronConductance:
      return try integrate(request, input: input, baseline: baseline)
    case .expectedGradients:
      return try expectedGradients(request, input: input, baselines: baselines.isEmpty ? [baseline] : baselines)
    case .gradientShap:
      return gradientShap(
        input, baselines: baselines.isEmpty ? [baseline] : baselines, target: target,
        samples: request.samples ?? Request.defaultSamples, seed: request.seed,
        multipliesByInputs: request.multipliesByInputs)
    case .layerConductance:
      let steps = try fixedSteps(request)
      return conductance(
        input, baseline: baseline, boundary: boundary, target: target,
        differences: .captum(request.rule, steps: steps))
    case .conductanceRight:
      let steps = try fixedSteps(request)
      return conductance(
        input, baseline: baseline, boundary: boundary, target: target, differences: .retina(steps: steps))
    case .deepLIFT, .layerDeepLIFT, .neuronDeepLIFT:
      let explained = request.method == .neuronDeepLIFT ? try neuron(request) : target
      return deepLIFT(
        input, baseline: baseline, boundary: request.method == .layerDeepLIFT ? boundary : 0, target: explained,
        multipliesByInputs: request.multipliesByInputs)
    case .deepLIFTShap:
      return expectedDeepLIFT(
        input, baselines: baselines.isEmpty ? [baseline] : baselines, boundary: 0, target: target)
    case .neuronGradient: return gradient(input, boundary: 0, target: try neuron(request))
    case .featureAblation:
      return ablation(input, boundary: 0, target: target, replacement: baseline, groups: request.groups)
    case .neuronFeatureAblation:
      return ablation(input, boundary: 0, target: try neuron(request), replacement: baseline, groups: request.groups)
    case .layerFeatureAblation:
      return ablation(
        input, boundary: boundary, target: target, replacement: replacement(request), groups: request.groups)
    case .channelAblation:
      return channelAblation(
        input, boundary: boundary, shape: try layerShape(request), target: target, replacement: replacement(request))
    case .activationPatching:
      return activationPatching(
        input, corrupt: try corrupt(request), boundary: boundary, target: target, groups: request.groups)
    case .attributionPatching:
      return attributionPatching(input, corrupt: try corrupt(request), boundary: boundary, target: target)
    case .occlusion:
      guard request.shape.reduce(1, *) == count(0), request.window.count == request.shape.count,
        request.strides.count == request.shape.count, (request.window + request.strides).allSatisfy({ $0 >= 1 })
      else { throw .missing("a window and strides, of at least 1, for every axis of the stimulus") }
      return occlusion(
        input, boundary: 0, shape: request.shape, window: request.window, strides: request.strides, target: target,
        replacement: baseline)
    case .shapleyValues: return shapley(request, input: input, boundary: 0, replacement: baseline)
    case .layerShapleyValues:
      return shapley(request, input: input, boundary: boundary, replacement: replacement(request))
    }
  }

  /// Shapley values over all subsets where there are few groups and no samples are asked for, else sampled.
  private func shapley(_ request: Request, input: [Float], boundary: Int, replacement: [Float]) -> Attribution {
    let groups = UnitGroups(request.groups, count: count(boundary)).count
    if request.samples == nil, groups <= Probe.largestExactShapley {
      return shapley(
        input, boundary: boundary, target: request.target, replacement: replacement, groups: request.groups)
    }
    return sampledShapley(
      input, boundary: boundary, target: request.target, replacement: replacement, groups: request.groups,
      orders: request.samples ?? Request.defaultSamples, seed: request.seed)
  }

  private func neuron(_ request: Request) throws(ProbeError) -> Target {
    guard let neuron = request.neuron else { throw .missing("a unit of the layer") }
    return neuron
  }

  private func corrupt(_ request: Request) throws(ProbeError) -> [Float] {
    guard let corrupt = request.corrupt, corrupt.count == count(0) else { throw .missing("a second stimulus") }
    return corrupt
  }

  private func layerShape(_ request: Request) throws(ProbeError) -> [Int] {
    guard request.shape.reduce(1, *) == count(request.boundary) else { throw .missing("the extents of the layer") }
    return request.shape
  }

  private func replacement(_ request: Request) -> [Float] {
    request.replacement ?? [Float](repeating: 0, count: count(request.boundary))
  }

  /// The finite-difference recipes have no exact or automatic form.
  private func fixedSteps(_ request: Request) throws(ProbeError) -> Int {
    guard case .count(let steps) = request.steps else { throw .missing("a number of steps") }
    return steps
  }

  /// The methods that integrate along a path.
  private func integrate(_ request: Request, input: [Float], baseline: [Float]) throws(ProbeError) -> Attribution {
    switch request.steps {
    case .count(let steps):
      return try integrate(request, input: input, baseline: baseline, Quadrature(request.rule, steps: steps))
    case .exact:
      return try integrateExactly(request, input: input, baseline: baseline)
    case .automatic:
      if isPiecewiseLinear(to: request.method.needsOnlyNeuron ? try neuron(request) : request.target) {
        return try integrateExactly(request, input: input, baseline: baseline)
      }
      return try integrateAdaptively(request, input: input, baseline: baseline)
    }
  }

  /// One method with given nodes.
  func integrate(
    _ request: Request, input: [Float], baseline: [Float], _ quadrature: Quadrature
  ) throws(ProbeError) -> Attribution {
    let (boundary, target, multiplies) = (request.boundary, request.target, request.multipliesByInputs)
    switch request.method {
    case .integratedGradients:
      return integratedGradients(
        input, baseline: baseline, target: target, quadrature: quadrature, multipliesByInputs: multiplies)
    case .neuronIntegratedGradients:
      return integratedGradients(
        input, baseline: baseline, target: try neuron(request), quadrature: quadrature, multipliesByInputs: multiplies)
    case .layerIntegratedGradients:
      return layerIntegratedGradients(
        input, baseline: baseline, boundary: boundary, target: target, quadrature: quadrature,
        multipliesByInputs: multiplies)
    case .internalInfluence:
      return internalInfluence(
        input, baseline: baseline, boundary: boundary, target: target, quadrature: quadrature)
    case .neuronConductance:
      return unitConductance(
        input, baseline: baseline, unit: try neuron(request), target: target, quadrature: quadrature,
        multipliesByInputs: multiplies)
    default:
      return conductance(input, baseline: baseline, boundary: boundary, target: target, quadrature: quadrature)
    }
  }
}

/// Whether all values are finite: an exponent of all ones marks infinity and NaN.
private func isFinite(_ values: [Float]) -> Bool {
  values.withUnsafeBytes { bytes in
    let exponent = SIMD8<UInt32>(repeating: 0x7F80_0000)
    var found = SIMDMask<SIMD8<Int32>>(repeating: false)
    var place = 0
    while place + 32 <= bytes.count {
      let bits = bytes.loadUnaligned(fromByteOffset: place, as: SIMD8<UInt32>.self)
      found .|= bits & exponent .== exponent
      place += 32
    }
    return !any(found) && values[(place / 4)...].allSatisfy { $0.isFinite }
  }
}
