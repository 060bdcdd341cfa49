import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaProbe

/// `retina probe --check`: whether the attributions are true, for each layer and cell at the input with the cell's largest target.
struct ProbeCheck {
  /// The measures of one layer for one cell.
  struct Result {
    /// The cell, or the sum of some; nothing for the surprisal of all.
    var cells: [Int]?
    var input: Int
    var faithfulness: Faithfulness
    var splitHalf: SplitHalf
  }

  private let settings: FaithfulnessSettings
  /// For each part of the question.
  private let cascades: [WeightCascade]

  /// Sets the check up; nothing when it is not asked for.
  init?(_ question: ProbeQuestion, _ arguments: Arguments) throws {
    guard arguments.has("--check") else {
      if arguments.has("--replace") { throw UsageError("--replace is for --check: leave it out") }
      return nil
    }
    let isPerUnit = question.method != .layerShapleyValues && !arguments.has("--mask")
    guard question.method.needsTarget, isPerUnit, question.parts.allSatisfy({ $0.subject == .layer }) else {
      throw UsageError(
        "--check: expected a method that gives a number for every unit of a layer, such as conductance, found "
          + question.method.rawValue + (arguments.has("--mask") ? " with --mask" : ""))
    }
    var settings = FaithfulnessSettings()
    let names = FaithfulnessSettings.Replacement.allCases.map { $0.rawValue }
    if let name = try arguments.choice("--replace", of: names) {
      settings.replacement = FaithfulnessSettings.Replacement(rawValue: name) ?? .baseline
    }
    self.settings = settings
    cascades = try question.parts.map { part in
      let layer = question.model.index(of: part.name) ?? 0
      return try WeightCascade(question.model, downTo: question.side == .output ? layer + 1 : layer)
    }
  }

  /// Checks the answers to a question about one stimulus: for each layer, for each cell.
  func run(
    _ question: ProbeQuestion, _ stimulus: LoadedStimulus, _ tables: [AttributionTable], program: Program
  ) throws -> [[Result]] {
    let probe = Probe(program)
    let baseline = program.normalized(question.baselines[0])
    var block = 1
    if case .movie = stimulus.content { block = question.model.history ?? 1 }
    return try question.parts.indices.map { place in
      let (part, table) = (question.parts[place], tables[place])
      return try part.requests.indices.map { cell in
        let input = table.inputOfLargestTarget(cell: cell)
        var request = part.requests[cell]
        request.corrupt = question.corrupt.map { program.normalized($0.input(input, of: question.model)) }
        return Result(
          cells: question.explainsSurprisal ? nil : question.cells[cell], input: input,
          faithfulness: try probe.faithfulness(
            of: request, shape: part.shape,
            input: program.normalized(stimulus.input(input, of: question.model)), baseline: baseline,
            cascade: cascades[place], settings: settings),
          splitHalf: SplitHalf(question.channelTable(part, table, cell: cell), block: block))
      }
    }
  }

  // MARK: - Words

  /// The measures for people, one line each.
  func lines(_ result: Result) -> [String] {
    let found = result.faithfulness
    let units = found.unitAblation.count < found.units ? "\(found.unitAblation.count) of \(found.units)" : "all"
    let with = settings.replacement == .zero ? "zero" : "their values at the baseline"
    var lines = [
      "check of \(name(result.cells)) at input \(result.input), units replaced with \(with): target \(text(found.value, 4)), "
        + "without the units \(text(found.valueWithoutUnits, 4))"
        + (found.residual.map { ", residual \($0)" } ?? "")
    ]
    lines.append(
      "ablation: units (\(units)) r \(text(found.unitAblation.pearson)), rank \(text(found.unitAblation.spearman))"
        + (found.channelAblation.map { "; channels r \(text($0.pearson)), rank \(text($0.spearman))" } ?? ""))
    lines.append("area: deletion \(text(found.deletion.area)), insertion \(text(found.insertion.area))")
    lines.append(
      "\(fixed(settings.keptPart * 100, 0)) % of the change: \(text(found.unitsNeeded)) of \(found.units) units"
        + (found.channelAblation.map { ", \(text(found.channelsNeeded)) of \($0.count) channels" } ?? ""))
    lines.append(
      "sensitivity-n: "
        + found.sensitivity.map { "\(text($0.correlation)) (n \($0.size))" }.joined(separator: ", "))
    lines.append(
      "infidelity \(text(found.infidelity.meanSquare, 6)), unexplained \(text(found.infidelity.unexplained, 4)); "
        + "max-sensitivity \(text(found.maxSensitivity.largest)) (radius \(found.maxSensitivity.radius))")
    lines.append(
      "rank correlation with randomised weights: "
        + (found.randomization.isEmpty
          ? "-"
          : found.randomization.map {
            "\(text($0.spearman)) (magnitudes \(text($0.spearmanOfMagnitudes))) from \($0.lowest)"
          }.joined(separator: ", ")))
    lines.append(
      "split-half over \(result.splitHalf.blocks) blocks of inputs: r \(text(result.splitHalf.pearson)), "
        + "rank \(text(result.splitHalf.spearman))")
    return lines
  }

  private func name(_ cells: [Int]?) -> String {
    cells.map { "cell \($0.map { "\($0)" }.joined(separator: "+"))" } ?? "surprisal"
  }

  private func text(_ value: Double?, _ decimals: Int = 3) -> String { value.map { fixed($0, decimals) } ?? "-" }

  private func text(_ count: Int?) -> String { count.map { "\($0)" } ?? "-" }

  /// The measures of one layer for machines: a list where there are several cells.
  func json(_ results: [Result]) -> JSON {
    results.count == 1 ? json(results[0]) : .array(results.map { json($0) })
  }

  private func json(_ result: Result) -> JSON {
    func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
    func number(_ value: Float?) -> JSON { value.map { JSON($0) } ?? .null }
    func count(_ value: Int?) -> JSON { value.map { .number(Double($0)) } ?? .null }
    func agreement(_ value: Agreement?) -> JSON {
      guard let value else { return .null }
      return ["count": count(value.count), "pearson": number(value.pearson), "spearman": number(value.spearman)]
    }
    func curve(_ value: RankedCurve) -> JSON {
      [
        "area": number(value.area), "units": .array(value.counts.map { count($0) }),
        "target": .array(value.values.map { number($0) }),
      ]
    }
    let found = result.faithfulness
    return [
      "cells": result.cells.map { .array($0.map { count($0) }) } ?? .string("surprisal"),
      "input": count(result.input), "replacement": .string(settings.replacement.rawValue),
      "target": number(found.value), "target_without_units": number(found.valueWithoutUnits),
      "residual": number(found.residual), "relative_residual": number(found.relativeResidual),
      "unit_ablation": agreement(found.unitAblation), "channel_ablation": agreement(found.channelAblation),
      "deletion": curve(found.deletion), "insertion": curve(found.insertion),
      "sensitivity_n": .array(
        found.sensitivity.map { ["n": count($0.size), "pearson": number($0.correlation)] }),
      "infidelity": [
        "mean_square": number(found.infidelity.meanSquare), "unexplained": number(found.infidelity.unexplained),
      ],
      "max_sensitivity": [
        "largest": number(found.maxSensitivity.largest), "radius": number(found.maxSensitivity.radius),
        "samples": count(settings.noiseSamples),
      ],
      "randomised_weights": .array(
        found.randomization.map {
          [
            "down_to": .string($0.lowest), "spearman": number($0.spearman),
            "spearman_of_magnitudes": number($0.spearmanOfMagnitudes),
          ]
        }),
      "split_half": [
        "blocks": count(result.splitHalf.blocks), "pearson": number(result.splitHalf.pearson),
        "spearman": number(result.splitHalf.spearman),
      ],
      "needed": [
        "part": number(settings.keptPart), "units": count(found.unitsNeeded), "of": count(found.units),
        "channels": count(found.channelsNeeded),
      ],
      "seed": .number(Double(settings.seed)),
    ]
  }
}
