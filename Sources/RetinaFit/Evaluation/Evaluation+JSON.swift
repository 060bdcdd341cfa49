import RetinaFiles

extension Evaluation {
  /// The evaluation for machines; what is not defined is null.
  public var json: JSON {
    var members: [JSON.Member] = [
      .init("format", .number(Double(EvaluationResults.format))), .init("recording", .string(recording)),
      .init("simulated", .boolean(isSimulated)),
      .init(
        "test_frames", .array(frames.map { [.number(Double($0.lowerBound)), .number(Double($0.upperBound))] })),
      .init("cells", .array(cells.map { .string($0) })), .init("test_spikes", .array(spikes.map { .number($0) })),
      .init("models", .array(models.map { $0.json(cells) })),
    ]
    if !ceilings.isEmpty {
      members.append(
        .init("noise_ceiling", .array(zip(cells, ceilings).map { name, ceiling in .object(ceiling.members(name)) })))
    }
    if !comparisons.isEmpty { members.append(.init("comparisons", .array(comparisons.map { $0.json }))) }
    return .object(members)
  }
}

extension ModelScore {
  fileprivate func json(_ names: [String]) -> JSON {
    [
      "name": .string(name), "mean_r": number(meanPearson), "mean_r_interval": interval(meanPearsonInterval),
      "mean_bits_per_spike": number(meanBitsPerSpike), "mean_bits_per_spike_interval": interval(meanBitsInterval),
      "cells": .array(zip(names, cells).map { .object([JSON.Member("name", .string($0))] + $1.members) }),
      "calibration": .array(
        calibration.points.map {
          [
            "predicted": .number($0.predicted), "observed": .number($0.observed), "bins": .number(Double($0.count)),
          ]
        }),
    ]
  }
}

extension CellScore {
  fileprivate var members: [JSON.Member] {
    var members: [JSON.Member] = [
      .init("r", number(pearson)), .init("r_interval", interval(pearsonInterval)),
      .init("bits_per_spike", number(bitsPerSpike)), .init("bits_per_spike_interval", interval(bitsInterval)),
      .init("deviance_per_bin", number(deviance)), .init("deviance_explained", number(devianceExplained)),
      .init("calibration_slope", number(calibrationSlope)),
      .init("calibration_intercept", number(calibrationIntercept)),
    ]
    if let repeats {
      members.append(.init("repeats_r", number(repeats.pearson)))
      members.append(.init("repeats_r_normalized", number(repeats.normalizedPearson)))
      members.append(.init("repeats_explained_of_explainable", number(repeats.explainedOfExplainable)))
    }
    return members
  }
}

extension NoiseCeiling? {
  fileprivate func members(_ name: String) -> [JSON.Member] {
    [
      .init("name", .string(name)), .init("trials", number(self.map { Double($0.trials) })),
      .init("frames", number(self.map { Double($0.frames) })),
      .init("ceiling", number(self?.ceiling)), .init("ceiling_split_half", number(self?.splitHalfCeiling)),
      .init("single_trial_ceiling", number(self?.singleTrialCeiling)),
      .init("single_trial_ceiling_split_half", number(self?.splitHalfSingleTrialCeiling)),
      .init("explainable_variance", number(self?.explainableVariance)),
      .init("signal_power", number(self?.signalPower)), .init("noise_power", number(self?.noisePower)),
    ]
  }
}

extension ModelComparison {
  fileprivate var json: JSON {
    [
      "first": .string(first), "second": .string(second), "r_difference": .number(pearsonDifference),
      "r_difference_interval": interval(pearsonInterval), "bits_per_spike_difference": number(bitsDifference),
      "bits_per_spike_difference_interval": interval(bitsInterval), "cells_ahead": .number(Double(cellsAhead)),
    ]
  }
}

private func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }

private func interval(_ interval: Interval?) -> JSON {
  interval.map { [.number($0.low), .number($0.high)] } ?? .null
}
