import RetinaFiles

extension ReductionResult {
  /// The result as `retina reduce --json` prints it.
  public var json: JSON {
    func list(_ values: [Double]) -> JSON { .array(values.map { $0.isFinite ? .number($0) : .null }) }
    func list(_ values: [Float]) -> JSON { .array(values.map { JSON($0) }) }
    func optional(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
    return [
      "model": .string(model), "cell": .string(cell), "layer": .string(layer), "kept": .number(Double(kept)),
      "largest_relative_residual": .number(residual), "mechanisms": .array(mechanisms.map { .string($0) }),
      "units": .array(
        units.map { unit in
          [
            "channel": .number(Double(unit.channel)), "place": unit.place.map { .number(Double($0)) } ?? .null,
            "delays": .array(
              unit.delays.map {
                [
                  "channel": .number(Double($0.channel)), "frames": .number(Double($0.frames)),
                  "conductance": .number($0.conductance),
                ]
              }), "importance": .number(unit.importance), "factor": .number(unit.factor),
            "excitation": .number(unit.excitation), "inhibition": .number(unit.inhibition),
            "polarity": .string(unit.polarity > 0 ? "ON" : "OFF"),
            "latency": .number(unit.latency), "radius_pixels": .number(unit.radius),
            "excitation_frame": optional(unit.excitationTime), "inhibition_frame": optional(unit.inhibitionTime),
            "peak_shift_frames": .number(unit.peakShift), "peak_change": .number(unit.peakChange),
            "gain": .array(unit.gain.map { list($0) }),
          ]
        }),
      "fidelity": .array(
        fidelity.map { ["order": .string($0.order), "explained_variance": list($0.explained)] }),
      "traces": .array(
        traces.map {
          [
            "stimulus": .string($0.stimulus), "held_out": .boolean($0.isHeldOut),
            "first_frame": .number(Double($0.firstFrame)), "full": list($0.full), "reduced": list($0.reduced),
          ]
        }),
    ]
  }
}
