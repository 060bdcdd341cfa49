import RetinaEngine
import RetinaKernels
import RetinaModel

/// Whether an attribution of a layer's units tells what the model does with them: measures of one input and target.
///
/// Below, a_j is the attribution of unit j, F the target, F_S the target when the units in S are replaced, F_0 when all
/// are. What units are replaced with is ``FaithfulnessSettings/replacement``.
public struct Faithfulness: Sendable {
  /// `sum of a_j - (F(x) - F(baseline))`; nothing for methods that promise no sum.
  public var residual: Float?
  /// The residual relative to the target; see ``Attribution/relativeResidual``.
  public var relativeResidual: Float?
  /// The target, F.
  public var value: Double
  /// The target with every unit replaced, F_0.
  public var valueWithoutUnits: Double
  /// Over units (a sample of them where there are many): a_j beside the loss F - F_{j} (the faithfulness estimate of
  /// Alvarez-Melis and Jaakkola 2018).
  public var unitAblation: Agreement
  /// Over channels: `sum of a_j` beside the loss when all units of the channel are replaced; nothing for layers without
  /// channels.
  public var channelAblation: Agreement?
  /// The target while ranked units are taken away.
  public var deletion: RankedCurve
  /// The target while ranked units are given back.
  public var insertion: RankedCurve
  /// Correlation over random subsets, for several sizes of them.
  public var sensitivity: [SensitivityN]
  /// Squared error over random subsets of all sizes.
  public var infidelity: Infidelity
  /// Change of the attribution under small noise.
  public var maxSensitivity: MaxSensitivity
  /// The attribution beside those of randomised models, from the last layer alone to all after the one that is
  /// explained.
  public var randomization: [RandomizationCheck]
  /// Number of units in the layer.
  public var units: Int
  /// Smallest number of ranked units that keep ``FaithfulnessSettings/keptPart`` of the change F - F_0 when all others
  /// are replaced; nothing when F = F_0.
  public var unitsNeeded: Int?
  /// The same for channels, ranked by the sums of their units; nothing for layers without channels, too.
  public var channelsNeeded: Int?
}

/// How faithfulness is measured.
public struct FaithfulnessSettings: Sendable {
  /// What units are replaced with.
  public enum Replacement: String, Sendable, CaseIterable {
    /// Their values for the baseline stimulus: then F_0 = F(baseline), to which complete attributions refer.
    case baseline
    /// Zero: what a silent unit gives.
    case zero
  }

  /// What units are replaced with.
  public var replacement = Replacement.baseline
  /// Most units that are ablated one by one; of larger layers so many are drawn.
  public var ablatedUnits = 256
  /// Steps of the deletion and insertion curves.
  public var curveSteps = 20
  /// Sizes of the subsets of sensitivity-n, as parts of the layer; at least one unit, and never all.
  public var subsetParts = [0.01, 0.1, 0.3, 0.6]
  /// Subsets of each size, and of infidelity.
  public var subsets = 100
  /// Radius of the noise of max-sensitivity, as a part of the largest magnitude of stimulus - baseline.
  public var noisePart: Float = 0.02
  /// Noisy inputs of max-sensitivity.
  public var noiseSamples = 8
  /// The part of the change that the units needed must keep.
  public var keptPart = 0.9
  /// Where the random numbers begin.
  public var seed: UInt64 = 1

  /// Creates the usual settings.
  public init() {}
}

extension Probe {
  /// Measures how faithful the answer to a request is, for one input.
  ///
  /// - Parameters:
  ///   - request: a method that gives a number for every unit of its boundary.
  ///   - shape: shape of the boundary; channels are the first of three axes.
  ///   - input, baseline: normalised, `program.inputCount` values.
  ///   - cascade: randomised copies of the model, down to the first layer after the boundary.
  /// - Throws: ``ProbeError``.
  public func faithfulness(
    of request: Request, shape: Shape, input: [Float], baseline: [Float], cascade: WeightCascade,
    settings: FaithfulnessSettings = FaithfulnessSettings()
  ) throws(ProbeError) -> Faithfulness {
    let answer = try attribute(request, input: input, baseline: baseline)
    guard answer.values.count == count(request.boundary) else {
      throw .missing("a number for every unit of the layer, to be checked")
    }
    let attribution = answer.values.map { Double($0) }
    var random = SeededRandom(seed: settings.seed)
    let maxSensitivity = try maxSensitivity(
      request, attribution, input: input, baseline: baseline, part: settings.noisePart, samples: settings.noiseSamples,
      random: &random)
    let randomization = try cascade.check(request, attribution, input: input, baseline: baseline)

    let knockout = Knockout(
      self, input: input, boundary: request.boundary, target: request.target,
      replacement: replacement(settings.replacement, boundary: request.boundary, baseline: baseline))
    let units = attribution.count
    let order = knockout.ranking(attribution)
    let sampled = random.sample(settings.ablatedUnits, of: units)
    let channels = Probe.channels(shape)
    let sums = channels.map { members in members.reduce(0) { $0 + attribution[$1] } }
    var sizes: [Int] = []
    for part in settings.subsetParts {
      let size = max(1, min(units - 1, Int((part * Double(units)).rounded())))
      if !sizes.contains(size) { sizes.append(size) }
    }
    return Faithfulness(
      residual: answer.residual, relativeResidual: answer.relativeResidual, value: knockout.whole,
      valueWithoutUnits: knockout.empty,
      unitAblation: Agreement(sampled.map { attribution[$0] }, knockout.losses(sampled.map { [$0] })),
      channelAblation: channels.isEmpty ? nil : Agreement(sums, knockout.losses(channels)),
      deletion: knockout.deletion(order, steps: settings.curveSteps),
      insertion: knockout.insertion(order, steps: settings.curveSteps),
      sensitivity: sizes.map {
        knockout.sensitivity(attribution, size: $0, samples: settings.subsets, random: &random)
      },
      infidelity: knockout.infidelity(attribution, samples: settings.subsets, random: &random),
      maxSensitivity: maxSensitivity, randomization: randomization, units: units,
      unitsNeeded: knockout.smallestSupport(order.map { [$0] }, keeping: settings.keptPart),
      channelsNeeded: channels.isEmpty
        ? nil
        : knockout.smallestSupport(knockout.ranking(sums).map { channels[$0] }, keeping: settings.keptPart))
  }

  private func replacement(
    _ choice: FaithfulnessSettings.Replacement, boundary: Int, baseline: [Float]
  ) -> [Float] {
    switch choice {
    case .zero: return [Float](repeating: 0, count: count(boundary))
    case .baseline: return activation(baseline, boundary: boundary).values
    }
  }

  /// The units of each channel; nothing for shapes without channels.
  private static func channels(_ shape: Shape) -> [[Int]] {
    guard shape.rank == 3 else { return [] }
    let plane = shape[1] * shape[2]
    return (0..<shape[0]).map { Array($0 * plane..<($0 + 1) * plane) }
  }
}
