import RetinaFiles

extension MatchResults {
  /// The results for machines.
  public var json: JSON {
    func numbers(_ values: [Double]) -> JSON { .array(values.map { .number($0) }) }
    return [
      "frames": .number(Double(frames)), "lags": .number(Double(lags)), "units": .number(Double(units)),
      "shifts": .array(shifts.map { [.number(Double($0.rows)), .number(Double($0.columns))] }),
      "false_discovery_rate": .number(rate), "matched": .number(Double(matched)),
      "channels": .array(channels.map { .string($0.name) }),
      "traces": .array(
        matches.map { match in
          [
            "name": .string(match.name), "unit": match.unit.json, "r": .number(match.correlation),
            "held_out_r": .number(match.heldOut), "linear_nonlinear_r": .number(match.linearNonlinear),
            "null_median_r": .number(match.nullMedian), "null_95_r": .number(match.nullHigh),
            "p": .number(match.probability), "q": .number(match.falseDiscovery), "assigned_unit": match.assigned.json,
            "assigned_r": .number(match.assignedCorrelation), "channel_r": numbers(match.channels),
          ]
        }),
      "groups": .array(
        groups.map { group in
          [
            "name": .string(group.name), "traces": .number(Double(group.traces)), "channel_r": numbers(group.channels),
            "assigned_channel": group.assigned.map { .string(channels[$0].name) } ?? .null,
          ]
        }),
      "subspaces": .array(
        subspaces.map { ["layer": .string($0.layer), "held_out_canonical_r": numbers($0.correlations)] }),
      "permuted": permuted.map {
        [
          "traces": .number(Double($0.traces)), "found": .number(Double($0.found)), "alpha": .number($0.alpha),
          "interval": [.number($0.interval.low), .number($0.interval.high)],
        ]
      } ?? .null,
    ]
  }
}

extension InteriorUnit {
  /// The unit for machines.
  var json: JSON {
    [
      "layer": .string(layer), "channel": .number(Double(channel)), "row": .number(Double(row)),
      "column": .number(Double(column)), "lag": .number(Double(lag)),
      "shift": [.number(Double(shift.rows)), .number(Double(shift.columns))],
    ]
  }
}
