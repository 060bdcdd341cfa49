import Testing

@testable import RetinaFit
@testable import RetinaInterpretation
@testable import RetinaReport

/// What other modules find, as sections of a report.
@Suite struct ReportSectionTests {
  @Test func phenomenaKeepTheirScoresAndCurves() {
    let description = PhenomenonDescription(
      name: "echo", title: "Echo", definition: "second peak over first", unit: "octaves", criterion: 0.25,
      null: .linearNonlinear, source: "none", axes: (horizontal: "time (ms)", vertical: "rate"))
    let echo = PhenomenonResult(
      phenomenon: description, stimulus: "two clicks", scores: [0.5, nil, 0.125], nullScores: [0.1, nil, 0.2],
      score: Estimate(median: 0.3125, interval: Interval(low: 0.125, high: 0.5)), null: Estimate(median: 0.15),
      difference: nil, verdict: .notFound, beyondRange: 0.0625,
      curves: [
        ResponseCurve(name: "clicks", isNull: false, x: [0, 1], y: [0, 1]),
        ResponseCurve(name: "clicks", isNull: true, x: [0, 1], y: [0, 0.5]),
      ])
    var silent = echo
    (silent.phenomenon.title, silent.curves, silent.score, silent.null) = ("Silence", [], nil, nil)
    (silent.verdict, silent.scores) = (.noResponse, [nil, nil, nil])
    let section = ReportSection(
      BatteryResult(
        responder: "a model", cells: ["a", "b", "c"], unit: "Hz", null: "its shadows",
        display: Display(frameRate: 30, pixelSize: 50, height: 8, width: 8), results: [echo, silent],
        remarks: ["all of it is extrapolation"]))
    #expect(section.name == "phenomena" && section.paragraphs.count == 2)
    #expect(section.paragraphs[0].contains("a model") && section.paragraphs[0].contains("its shadows"))
    #expect(section.paragraphs[1] == "Note: all of it is extrapolation.")
    // One drawing for each phenomenon that has curves, the null's told apart by its name.
    #expect(section.figures.count == 1 && section.figures[0].caption.hasPrefix("Echo: not found. two clicks."))
    #expect(section.figures[0].svg.contains("clicks, linear-nonlinear"))
    let table = section.tables[0]
    #expect(section.tables.count == 1 && table.rows.allSatisfy { $0.count == table.columns.count })
    #expect(
      table.rows[0] == [
        .text("Echo"), .text("not found"), .number(0.3125), .number(0.125), .number(0.5), .number(0.25),
        .text("octaves"), .number(0.15), .missing, .missing, .missing, .count(2), .count(1), .number(0.0625),
      ])
    #expect(table.rows[1].prefix(5) == [.text("Silence"), .text("no response"), .missing, .missing, .missing])
    #expect(table.rows[1].suffix(3) == [.count(0), .count(0), .number(0.0625)])
  }

  @Test func reductionKeepsUnitsFidelityAndHeldOutTraces() {
    func unit(_ channel: Int, place: Int?, polarity: Int) -> ReducedUnit {
      ReducedUnit(
        channel: channel, place: place, delays: [], importance: 8 - Double(channel), factor: 0.5, excitation: 3,
        inhibition: -2, polarity: polarity, latency: 150, radius: 1.5, excitationTime: nil, inhibitionTime: nil,
        peakShift: -0.5,
        peakChange: 0.75, gain: [])
    }
    func trace(_ name: String, isHeldOut: Bool) -> ReducedTrace {
      ReducedTrace(stimulus: name, isHeldOut: isHeldOut, firstFrame: 30, full: [1, 2, 3], reduced: [1, 2, 2.5])
    }
    let result = ReductionResult(
      model: "tiny", cell: "ganglion 5", layer: "relu1",
      units: [unit(4, place: nil, polarity: -1), unit(1, place: 7, polarity: 1)], kept: 1,
      fidelity: [
        FidelityCurve(order: "conductance", explained: [-3, 0.75, 1]),
        FidelityCurve(order: "random", explained: [-3, 0.5]),
      ], mechanisms: ["Channel 4 does it all."],
      traces: [trace("ranked", isHeldOut: false), trace("judged", isHeldOut: true)], residual: 0)
    let section = ReportSection(result, cell: 2, frameRate: 30)
    #expect(section.name == "reduction-2" && section.title == "Reduction of cell 2")
    #expect(section.paragraphs[0].hasPrefix("1 of the 2 units of relu1 "))
    #expect(section.paragraphs[1...] == ["Channel 4 does it all."])
    #expect(section.figures.count == 2 && section.figures[1].caption.hasPrefix("“judged”, held out"))
    #expect(section.figures[1].svg.contains("time (s)"))
    #expect(section.tables.map(\.name) == ["reduction-2-units", "reduction-2-fidelity"])
    #expect(section.tables[0].columns[5] == "latency (ms)")
    #expect(
      section.tables[0].rows == [
        [
          .count(4), .missing, .text("yes"), .number(0.5), .text("OFF"), .number(150), .number(1.5), .number(4),
          .number(3), .number(-2), .number(-0.5), .number(0.75),
        ],
        [
          .count(1), .count(7), .text("no"), .number(0.5), .text("ON"), .number(150), .number(1.5), .number(7),
          .number(3), .number(-2), .number(-0.5), .number(0.75),
        ],
      ])
    // The table holds what the drawing cuts off, and a shorter curve ends early.
    #expect(section.tables[1].columns == ["units", "conductance", "random"])
    #expect(
      section.tables[1].rows == [
        [.count(0), .number(-3), .number(-3)], [.count(1), .number(0.75), .number(0.5)],
        [.count(2), .number(1), .missing],
      ])
    let unknown = ReportSection(result, cell: 2, frameRate: nil)
    #expect(unknown.tables[0].columns[5] == "latency (frames)" && !unknown.figures[1].svg.contains("time (s)"))
  }

  @Test func matchesKeepUnitsAndProbabilities() {
    func unit(_ channel: Int, lag: Int) -> InteriorUnit {
      InteriorUnit(
        layer: "relu1", channel: channel, row: 2, column: 5, lag: lag, shift: StimulusShift(rows: 0, columns: 0))
    }
    func match(_ name: String, falseDiscovery: Double) -> InteriorMatch {
      InteriorMatch(
        name: name, unit: unit(3, lag: -2), correlation: 0.75, heldOut: 0.625, linearNonlinear: 0.5, nullMedian: 0.25,
        nullHigh: 0.375, probability: 0.01, falseDiscovery: falseDiscovery, assigned: unit(1, lag: 0),
        assignedCorrelation: 0.7, channels: [], map: [])
    }
    var results = MatchResults(
      matches: [match("bipolar/0", falseDiscovery: 0.02), match("bipolar/1", falseDiscovery: 0.3)], channels: [],
      groups: [], subspaces: [], frames: 397, lags: 3, shifts: [StimulusShift(rows: 0, columns: 0)], units: 147,
      rate: 0.05)
    let section = ReportSection(results, isSimulated: true)
    #expect(section.name == "matches" && section.paragraphs.count == 1)
    #expect(
      section.paragraphs[0].hasPrefix("1 of 2 simulated traces are matched by a unit at a false-discovery rate of 0.05")
    )
    #expect(section.paragraphs[0].contains("147 units, at lags up to 3 frames, over 397 frames"))
    #expect(
      section.tables[0].rows[0] == [
        .text("bipolar/0"), .text("relu1[3, 2, 5]"), .count(-2), .number(0.75), .number(0.625), .number(0.5),
        .number(0.25), .number(0.375), .number(0.01), .number(0.02), .text("relu1[1, 2, 5]"), .number(0.7),
      ])
    #expect(section.tables[0].columns.count == 12 && section.tables[0].rows.count == 2)
    results.permuted = PermutedMatches(traces: 200, found: 9, alpha: 0.05)
    let tested = ReportSection(results, isSimulated: false)
    #expect(tested.paragraphs[0].hasPrefix("1 of 2 recorded traces"))
    #expect(
      tested.paragraphs[1]
        == "Of 200 permuted traces 9 were matched at a probability of 0.05 (95 % interval of the rate 0.024 to 0.083).")
  }
}
