import RetinaFiles
import RetinaFit

/// How recorded interneurons and the units inside a model go together.
///
/// A match is the best of many thousand correlations, so that even a recording of something else finds one of .3 or .4. Its
/// probability is therefore that of the *maximum*: the same search, over the same units, lags and shifts of the stimulus, on the
/// trace turned round its end by every number of frames. ``permuted`` measures how often traces without relation are found.
public struct MatchResults: Sendable {
  /// The recorded traces, each with the unit most like it.
  public var matches: [InteriorMatch]
  /// Channels of the layers, in order.
  public var channels: [InteriorChannel]
  /// Arrays of the recording, in order: types of cells.
  public var groups: [InteriorGroup]
  /// What layers and cells share up to a linear map.
  public var subspaces: [SharedSubspace]
  /// Frames that were compared.
  public var frames: Int
  /// Largest lag in frames.
  public var lags: Int
  /// Shifts of the stimulus.
  public var shifts: [StimulusShift]
  /// Units that were compared with each trace.
  public var units: Int
  /// The false-discovery rate at which a trace counts as matched.
  public var rate: Double
  /// How often permuted traces were matched, where that was asked for.
  public var permuted: PermutedMatches?

  /// Traces that count as matched.
  public var matched: Int { matches.count { $0.falseDiscovery <= rate } }

  /// The number of columns of a unit's map.
  public func width(of unit: InteriorUnit) -> Int {
    channels.first { $0.layer == unit.layer && $0.channel == unit.channel }?.width ?? 1
  }
}

/// The unit most like one recorded trace.
public struct InteriorMatch: Sendable, Equatable {
  /// The trace.
  public var name: String
  /// The best unit.
  public var unit: InteriorUnit
  /// Its correlation: the largest of all, and so too large.
  public var correlation: Double
  /// The correlation in one half of the frames of the unit that fits the other half best; mean of both.
  public var heldOut: Double
  /// The same of a linear-nonlinear model fitted to the trace.
  public var linearNonlinear: Double
  /// The middle and the 95th percentile of the largest correlation under the null.
  public var nullMedian, nullHigh: Double
  /// The part of all turns of the trace, none among them, at which the largest correlation is at least as large.
  public var probability: Double
  /// The smallest false-discovery rate, over all traces, at which this one counts.
  public var falseDiscovery: Double
  /// The unit of the one-to-one assignment, with its correlation: no two traces share one.
  public var assigned: InteriorUnit
  /// The correlation of the assigned unit.
  public var assignedCorrelation: Double
  /// The best correlation within each channel.
  public var channels: [Double]
  /// The correlation of every unit of the best one's channel, `[row, column]`.
  public var map: [Float]
}

/// A channel of an interior layer.
public struct InteriorChannel: Sendable, Equatable {
  /// The layer's name.
  public var layer: String
  /// The channel in it.
  public var channel: Int
  /// The size of its map.
  public var height, width: Int

  /// The name, such as `relu1.3`.
  public var name: String { "\(layer).\(channel)" }
}

/// The traces of one array of the recording together.
public struct InteriorGroup: Sendable, Equatable {
  /// The name of the array.
  public var name: String
  /// Traces of it that were compared.
  public var traces: Int
  /// Mean over the traces of the best correlation within each channel.
  public var channels: [Double]
  /// The channel of the one-to-one assignment of groups to channels; nothing where there are fewer channels than groups.
  public var assigned: Int?
}

/// What the test says of traces that should not be matched.
public struct PermutedMatches: Sendable, Equatable {
  /// Permuted traces: recorded ones cut at random into pieces of two seconds on average that were put in random order.
  public var traces: Int
  /// Those with a probability of at most ``alpha``.
  public var found: Int
  /// The probability up to which a single trace counts.
  public var alpha: Double

  /// The 95 % interval of the part that is found (Wilson, Journal of the American Statistical Association 22, 209, 1927).
  public var interval: Interval {
    let (n, z) = (Double(traces), 1.959964)
    let part = Double(found) / n
    let middle = part + z * z / (2 * n)
    let half = z * (part * (1 - part) / n + z * z / (4 * n * n)).squareRoot()
    let scale = 1 + z * z / n
    return Interval(low: (middle - half) / scale, high: (middle + half) / scale)
  }
}
