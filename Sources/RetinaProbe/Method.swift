/// The methods of attribution, under the names that the command line uses.
public enum Method: String, Sendable, CaseIterable {
  /// The rates themselves.
  case forward = "forward"
  /// The values of a layer.
  case layerActivation = "layer-activation"
  /// Derivative of the target with respect to the stimulus (the instantaneous receptive field) or a layer.
  case gradient = "gradient"
  /// Magnitude of the derivative with respect to the stimulus or a layer.
  case saliency = "saliency"
  /// Stimulus times gradient.
  case inputTimesGradient = "input-x-gradient"
  /// Layer times gradient.
  case layerGradientTimesActivation = "layer-gradient-x-activation"
  /// Gradient over the stimulus with guided backpropagation at every relu.
  case guidedBackprop = "guided-backprop"
  /// Gradient over the stimulus with deconvolution at every relu.
  case deconvolution = "deconvolution"
  /// Layer-wise relevance propagation over the stimulus.
  case relevance = "lrp"
  /// Layer-wise relevance propagation up to a layer.
  case layerRelevance = "layer-lrp"
  /// Channels of a layer weighted by their mean gradient, one number per position.
  case layerGradCAM = "layer-gradcam"
  /// Integrated gradients over the stimulus.
  case integratedGradients = "integrated-gradients"
  /// Integrated gradients along the straight path in a layer's own space.
  case layerIntegratedGradients = "layer-integrated-gradients"
  /// Mean of integrated gradients over several baselines.
  case expectedGradients = "expected-gradients"
  /// Expected gradients by sampling.
  case gradientShap = "gradient-shap"
  /// Conductance by its definition: what flows through each unit along the path in the stimulus.
  case conductance = "conductance"
  /// Captum's finite-difference form of conductance, for comparison.
  case layerConductance = "layer-conductance"
  /// The retina field's finite-difference form of conductance, for comparison.
  case conductanceRight = "conductance-fd-right"
  /// Mean gradient along the path in the stimulus.
  case internalInfluence = "internal-influence"
  /// DeepLIFT (rescale rule) over the stimulus.
  case deepLIFT = "deeplift"
  /// DeepLIFT over a layer.
  case layerDeepLIFT = "layer-deeplift"
  /// Mean of DeepLIFT over several baselines.
  case deepLIFTShap = "deeplift-shap"
  /// Derivative of one unit with respect to the stimulus.
  case neuronGradient = "neuron-gradient"
  /// Integrated gradients of one unit over the stimulus.
  case neuronIntegratedGradients = "neuron-integrated-gradients"
  /// The conductance of one unit, split over the stimulus.
  case neuronConductance = "neuron-conductance"
  /// DeepLIFT of one unit over the stimulus.
  case neuronDeepLIFT = "neuron-deeplift"
  /// Change of the target when parts of the stimulus are replaced.
  case featureAblation = "feature-ablation"
  /// Change of the target when units of a layer are replaced.
  case layerFeatureAblation = "layer-feature-ablation"
  /// Change of the target when channels of a layer are replaced, one number per channel.
  case channelAblation = "channel-ablation"
  /// What units of a layer bring back of another stimulus when they are carried over.
  case activationPatching = "activation-patching"
  /// Activation patching to first order, for all units at once.
  case attributionPatching = "attribution-patching"
  /// Change of one unit when parts of the stimulus are replaced.
  case neuronFeatureAblation = "neuron-feature-ablation"
  /// Change of the target when a sliding window of the stimulus is replaced.
  case occlusion = "occlusion"
  /// Shapley values of parts of the stimulus: over all subsets, or sampled.
  case shapleyValues = "shapley-values"
  /// Shapley values of the channels or groups of a layer: over all subsets, or sampled.
  case layerShapleyValues = "layer-shapley-values"

  /// What the numbers are one per of.
  public enum Subject: Sendable {
    /// Values of the stimulus.
    case stimulus
    /// Units of the layer that is named.
    case layer
    /// Channels of the layer that is named, or its units where it has no channels.
    case channels
    /// Positions of the layer that is named.
    case positions
    /// Units of the layer that is named, or values of the stimulus when none is.
    case layerOrStimulus
    /// The outputs.
    case output
  }

  /// What the numbers are one per of.
  public var subject: Subject {
    switch self {
    case .forward: return .output
    case .gradient, .saliency: return .layerOrStimulus
    case .layerActivation, .layerGradientTimesActivation, .layerIntegratedGradients, .conductance, .layerConductance,
      .conductanceRight, .internalInfluence, .layerDeepLIFT, .layerFeatureAblation, .layerShapleyValues,
      .layerRelevance, .activationPatching, .attributionPatching:
      return .layer
    case .layerGradCAM: return .positions
    case .channelAblation: return .channels
    case .inputTimesGradient, .guidedBackprop, .deconvolution, .relevance, .integratedGradients, .expectedGradients,
      .gradientShap, .deepLIFT, .deepLIFTShap, .neuronGradient, .neuronIntegratedGradients, .neuronConductance,
      .neuronDeepLIFT, .featureAblation, .neuronFeatureAblation, .occlusion, .shapleyValues:
      return .stimulus
    }
  }

  /// Whether the method explains or follows one interior unit.
  public var needsNeuron: Bool {
    switch self {
    case .neuronGradient, .neuronIntegratedGradients, .neuronConductance, .neuronDeepLIFT, .neuronFeatureAblation:
      return true
    default: return false
    }
  }

  /// Whether the unit is itself what is explained.
  var needsOnlyNeuron: Bool { needsNeuron && self != .neuronConductance }

  /// Whether the method explains a cell (or a sum of cells).
  public var needsTarget: Bool {
    switch self {
    case .forward, .layerActivation, .neuronGradient, .neuronIntegratedGradients, .neuronDeepLIFT,
      .neuronFeatureAblation:
      return false
    default: return true
    }
  }

  /// Whether the method compares with a baseline stimulus.
  public var needsBaseline: Bool {
    switch self {
    case .integratedGradients, .layerIntegratedGradients, .expectedGradients, .gradientShap, .conductance,
      .layerConductance, .conductanceRight, .internalInfluence, .deepLIFT, .layerDeepLIFT, .deepLIFTShap,
      .neuronIntegratedGradients, .neuronConductance, .neuronDeepLIFT, .featureAblation, .neuronFeatureAblation,
      .occlusion, .shapleyValues:
      return true
    default: return false
    }
  }

  /// Whether the method averages over all baselines that are given.
  public var takesBaselines: Bool { self == .deepLIFTShap || self == .expectedGradients || self == .gradientShap }

  /// Whether the method carries units over from the stimulus to a second, corrupt one.
  public var needsCorrupt: Bool { self == .activationPatching || self == .attributionPatching }

  /// Whether the method can draw random samples.
  public var canSample: Bool { self == .gradientShap || self == .shapleyValues || self == .layerShapleyValues }

  /// Whether units can be put into groups that are replaced together.
  public var takesGroups: Bool {
    switch self {
    case .featureAblation, .layerFeatureAblation, .neuronFeatureAblation, .activationPatching, .shapleyValues,
      .layerShapleyValues:
      return true
    default: return false
    }
  }

  /// Whether the method replaces the units of a layer.
  public var replacesLayer: Bool {
    self == .layerFeatureAblation || self == .channelAblation || self == .layerShapleyValues
  }
}
