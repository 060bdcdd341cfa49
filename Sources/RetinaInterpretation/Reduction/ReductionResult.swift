import RetinaModel

/// How few interior units reproduce a cell's responses to a family of stimuli, and what they are: plain values.
public struct ReductionResult: Sendable {
  /// The model, the cell and the layer whose units were ranked.
  public var model, cell, layer: String
  /// Every unit of the layer, those that are kept longest first.
  public var units: [ReducedUnit]
  /// How many of them are kept: the fewest that reproduce the ranking stimuli within the tolerance.
  public var kept: Int
  /// Explained variance of the full model's rate, on stimuli that were not used for ranking.
  public var fidelity: [FidelityCurve]
  /// Mechanisms that the numbers support, one sentence with its figures each.
  public var mechanisms: [String]
  /// Rates of the full model and of the reduced one, one entry per stimulus.
  public var traces: [ReducedTrace]
  /// The largest residual of a conductance, relative to the rate.
  public var residual: Double
}

/// A channel of a layer, a column or row of one, or a kind of channels, with what it does for a cell.
public struct ReducedUnit: Sendable {
  /// The channel; of a kind the least delayed, whose filter is described.
  public var channel: Int
  /// The column or row of the channel, where these were ranked apart.
  public var place: Int?
  /// The channels of a kind, the least delayed first; empty where each channel is ranked by itself.
  public var delays: [DelayedChannel]
  /// Mean over windows of the magnitude of its conductance, in units of the rate.
  public var importance: Double
  /// By what its distance from the mean of its channel is multiplied in the reduced model; 0 when it is not kept.
  public var factor: Double
  /// Sums over windows of its conductance where it is above and below zero.
  public var excitation, inhibition: Double
  /// ON (+1) or OFF (-1): the sign of the sum over space of its filter in the frame where that is largest.
  public var polarity: Int
  /// Milliseconds (or frames, without a frame rate) from that frame to the response.
  public var latency: Double
  /// Radius of its field: the deviation of the squared weights in space, in pixels.
  public var radius: Double
  /// Mean time of its excitation and of its inhibition from the start of a stimulus, weighted by conductance, in frames.
  public var excitationTime, inhibitionTime: Double?
  /// Frames by which the peak of the response comes later when it works than when it is held at grey, mean over stimuli.
  public var peakShift: Double
  /// Change of the peak rate by it, mean over stimuli.
  public var peakChange: Double
  /// Its conductance divided by the change of its summed input from grey, one value per window of each stimulus; NaN where there is
  /// no change.
  public var gain: [[Double]]
}

/// A channel of a kind: the same kernel as the others, some frames later.
public struct DelayedChannel: Sendable {
  /// The channel.
  public var channel: Int
  /// Frames by which its kernel is delayed.
  public var frames: Int
  /// Sum over windows of its conductance: above zero it excites, below it inhibits.
  public var conductance: Double
}

/// Fidelity against the number of units, for one way to choose them.
public struct FidelityCurve: Sendable {
  /// `refitted`, `conductance`, `greedy ablation` or `random`.
  public var order: String
  /// Explained variance 1 - sum (r - r^)^2 / sum (r - mean r)^2 on held-out stimuli, by the number of units from 0 on.
  public var explained: [Double]
}

/// Rates of a full and of a reduced model for one stimulus.
public struct ReducedTrace: Sendable {
  /// The stimulus.
  public var stimulus: String
  /// Whether the stimulus was held out from ranking.
  public var isHeldOut: Bool
  /// Frame of the first rate.
  public var firstFrame: Int
  /// Rates of the full model.
  public var full: [Float]
  /// Rates of the reduced model.
  public var reduced: [Float]
}
