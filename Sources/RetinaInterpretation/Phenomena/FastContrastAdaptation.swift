import RetinaModel
import RetinaStimuli

/// At high contrast the filter becomes faster.
struct FastContrastAdaptation: Phenomenon {
  let description = PhenomenonDescription(
    name: "contrast-adaptation", title: "Fast contrast adaptation",
    definition:
      "centre of mass of the power spectrum of the temporal filter at the high contrast less that at the low one",
    unit: "Hz", criterion: 0.1, null: .linearNonlinear,
    source: "Baccus and Meister, Neuron 36, 909 (2002); score as in torch-deep-retina",
    axes: ("time before the response (ms)", "mean filter, each of length 1"))

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    FlickerAnalysis.movie(stage, contrast: contrast, frames: stage.lead + 300)
      .movie(height: stage.display.height, width: stage.display.width)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let flicker = FlickerAnalysis(session, contrast: contrast)
    var sums = [[Double]](repeating: [Double](repeating: 0, count: session.lead), count: 2)
    let scores = session.cells.map { cell -> Double? in
      guard session.stage.isResponse(flicker.change(cell, level: 0), cell: cell) else { return nil }
      let filters = (0..<2).map { flicker.filter(cell, level: $0) }
      for (level, filter) in filters.enumerated() {
        let length = filter.reduce(0) { $0 + $1 * $1 }.squareRoot()
        for lag in filter.indices where length > 0 { sums[level][lag] += filter[lag] / length }
      }
      return flicker.centreFrequency(filters[1]) - flicker.centreFrequency(filters[0])
    }
    let count = Double(max(1, scores.count { $0 != nil }))
    return Measurement(
      stimulus: flicker.summary(contrast: contrast), scores: scores,
      curves: zip(["low contrast", "high contrast"], sums).map { name, sum in
        (name, flicker.filterTimes, sum.map { $0 / count })
      })
  }
}
