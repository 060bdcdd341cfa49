import RetinaModel
import RetinaStimuli

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// At high contrast the same input changes the rate less.
struct ContrastGain: Phenomenon {
  let description = PhenomenonDescription(
    name: "contrast-gain", title: "Contrast gain control",
    definition:
      "logarithm to base 2 of the slope of the rate against the filtered flicker at the low contrast over that at the high one, "
      + "where both have the same input",
    unit: "octaves", criterion: 0.3, null: .linearNonlinear,
    source: "Shapley and Victor, Journal of Physiology 285, 275 (1978); Baccus and Meister, Neuron 36, 909 (2002)",
    axes: ("filtered flicker (deviations at the low contrast)", "mean rate (of range)"))

  func strongest(_ stage: Stage, contrast: Double) -> Tensor {
    FastContrastAdaptation().strongest(stage, contrast: contrast)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let flicker = FlickerAnalysis(session, contrast: contrast)
    let bins = 12
    var sums = [[Double]](repeating: [Double](repeating: 0, count: bins), count: 2)
    let scores = session.cells.map { cell -> Double? in
      guard session.stage.isResponse(flicker.change(cell, level: 0), cell: cell) else { return nil }
      // One filter for both: only then is the input the same.
      let filter = flicker.filter(cell, level: 1)
      let limit = flicker.filtered(filter, level: 0).sorted()
      let top = limit[limit.count * 97 / 100]
      guard top > 0, let low = flicker.gain(cell, level: 0, filter: filter, limit: top),
        let high = flicker.gain(cell, level: 1, filter: filter, limit: top), low > 0
      else { return nil }
      for level in 0..<2 {
        for bin in 0..<bins {
          let width = 2 * top / Double(bins)
          sums[level][bin] +=
            flicker.meanRate(cell, level: level, filter: filter, from: -top + width * Double(bin), width: width)
            / session.stage.range[cell]
        }
      }
      // A gain that vanishes counts as one of a sixteenth.
      return log2(low / max(high, low / 16))
    }
    let count = Double(max(1, scores.count { $0 != nil }))
    return Measurement(
      stimulus: flicker.summary(contrast: contrast), scores: scores,
      curves: zip(["low contrast", "high contrast"], sums).map { name, sum in
        (name, (0..<bins).map { -2 + 4 * (Double($0) + 0.5) / Double(bins) }, sum.map { $0 / count })
      })
  }
}
