/// The methods of attribution, under the names that the command line uses.
public enum Method: String, Sendable, CaseIterable {
  /// The rates themselves.
  case forward = "forward"
  /// The values of a layer.
  case layerActivation = "layer-activation"
  /// Derivative of the target with respect to the stimulus (the instantaneous receptive field) or a layer.
  case gradient = "gradient"
  /// Stimulus times gradient.
  case inputTimesGradient = "input-x-gradient"
  /// Layer times gradient.
  case layerGradientTimesActivation = "layer-gradient-x-activation"
  /// Integrated gradients over the stimulus.
  case integratedGradients = "integrated-gradients"
  /// Integrated gradients along the straight path in a layer's own space.
  case layerIntegratedGradients = "layer-integrated-gradients"
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
  /// Change of one unit when parts of the stimulus are replaced.
  case neuronFeatureAblation = "neuron-feature-ablation"
  /// Change of the target when a sliding window of the stimulus is replaced.
  case occlusion = "occlusion"
  /// Shapley values of parts of the stimulus, over all subsets.
  case shapleyValues = "shapley-values"
  /// Shapley values of the channels or groups of a layer, over all subsets.
  case layerShapleyValues = "layer-shapley-values"

  /// What the numbers are one per of.
  public enum Subject: Sendable {
    /// Values of the stimulus.
    case stimulus
    /// Units of the layer that is named.
    case layer
    /// Units of the layer that is named, or values of the stimulus when none is.
    case layerOrStimulus
    /// The outputs.
    case output
  }

  /// What the numbers are one per of.
  public var subject: Subject {
    switch self {
    case .forward: return .output
    case .gradient: return .layerOrStimulus
    case .layerActivation, .layerGradientTimesActivation, .layerIntegratedGradients, .conductance, .layerConductance,
      .conductanceRight, .internalInfluence, .layerDeepLIFT, .layerFeatureAblation, .layerShapleyValues:
      return .layer
    case .inputTimesGradient, .integratedGradients, .deepLIFT, .deepLIFTShap, .neuronGradient,
      .neuronIntegratedGradients, .neuronConductance, .neuronDeepLIFT, .featureAblation, .neuronFeatureAblation,
      .occlusion, .shapleyValues:
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
    case .forward, .layerActivation, .gradient, .inputTimesGradient, .layerGradientTimesActivation, .neuronGradient,
      .layerFeatureAblation, .layerShapleyValues:
      return false
    default: return true
    }
  }

  /// Whether the method replaces the units of a layer.
  public var replacesLayer: Bool { self == .layerFeatureAblation || self == .layerShapleyValues }
}
