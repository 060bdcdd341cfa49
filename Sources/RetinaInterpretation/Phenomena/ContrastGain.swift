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
      + "over bins from no input to the largest of the low contrast",
    unit: "octaves", criterion: 0.3, null: .linearNonlinear,
    source: "Shapley and Victor, Journal of Physiology 285, 275 (1978); Baccus and Meister, Neuron 36, 909 (2002)",
    axes: ("filtered flicker (deviations at the low contrast)", "mean rate (of range)"))

  /// Bins from three deviations below to three above.
  private static let bins = 12

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    FastContrastAdaptation().strongest(stage, cell: cell, contrast: contrast)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let flicker = FlickerAnalysis(session, contrast: contrast)
    var sums = [[Double]](repeating: [Double](repeating: 0, count: ContrastGain.bins), count: 2)
    let scores = session.cells.map { cell -> Double? in
      guard session.stage.isResponse(flicker.change(cell, level: 0), cell: cell) else { return nil }
      // One filter for both: only then is the input the same.
      let filter = flicker.filter(cell, level: 1)
      let inputs = flicker.filtered(filter, level: 0).sorted()
      // Three deviations: a cell with a high threshold answers nothing less.
      let top = inputs[inputs.count * 999 / 1000]
      guard top > 0 else { return nil }
      let rates = (0..<2).map { flicker.meanRates(cell, level: $0, filter: filter, to: top, bins: ContrastGain.bins) }
      for level in 0..<2 {
        for bin in 0..<ContrastGain.bins { sums[level][bin] += rates[level][bin] / session.stage.range[cell] }
      }
      // Every part of the range counts alike, however seldom it is visited.
      let upper = ContrastGain.bins / 2..<ContrastGain.bins
      guard let low = slope(upper.map(Double.init), Array(rates[0][upper])), low > 0,
        let high = slope(upper.map(Double.init), Array(rates[1][upper]))
      else { return nil }
      // A gain that vanishes counts as one of a sixteenth.
      return log2(low / max(high, low / 16))
    }
    let count = Double(max(1, scores.count { $0 != nil }))
    return Measurement(
      stimulus: flicker.summary(contrast: contrast), scores: scores,
      curves: zip(["low contrast", "high contrast"], sums).map { name, sum in
        (
          name, (0..<ContrastGain.bins).map { 6 * (Double($0) + 0.5) / Double(ContrastGain.bins) - 3 },
          sum.map { $0 / count }
        )
      })
  }
}
