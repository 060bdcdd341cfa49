import RetinaFiles
import RetinaFit
import RetinaModel

/// `retina info` for a recording: what it holds, and what is suspicious about it.
struct RecordingInfo {
  let recording: Recording
  let diagnosis: RecordingDiagnosis

  init(_ path: String, _ choice: RecordingChoice, history: Int) throws {
    recording = try Recording.read(path, choice)
    diagnosis = try RecordingDiagnosis(recording, history: history)
  }

  func print(json: Bool) {
    Swift.print(json ? self.json.text(indented: true) : text)
  }

  private var text: String {
    let stimulus = recording.stimulus
    let seconds = Double(stimulus.frameCount) / recording.frameRate
    var lines = [
      "\(recording.file)\(recording.isSimulated ? " (simulated)" : ""): \(recording.cells.count) cells, "
        + "\(stimulus.frameCount) frames of \(stimulus.height) x \(stimulus.width) at \(decimal(recording.frameRate)) "
        + "frames/s, \(fixed(seconds, 1)) s"
    ]
    if case .generated(let recipe) = stimulus {
      lines.append("stimulus: \(recipe.generator) \(recipe.parameters.text())")
    }
    lines.append(
      "responses: \(recording.unit == .counts ? "spikes per frame" : "spikes/s"); lag "
        + (recording.lag.map { "\($0)" } ?? "not stated")
        + (diagnosis.peakLag.map { "; cells see most \($0) frames before the response" } ?? ""))
    if !recording.blocks.isEmpty || !recording.excluded.isEmpty {
      lines.append("\(recording.statedBlocks.count) blocks, \(recording.excluded.count) excluded spans")
    }
    if let repeats = recording.repeats {
      lines.append("repeats: \(repeats.trials) trials of \(repeats.stimulus.frameCount) frames")
    }
    if !recording.interior.isEmpty {
      lines.append("interior: \(recording.interior.map { "\($0.name) \($0.trace.shape)" }.joined(separator: ", "))")
    }
    lines += [
      "", "  \(pad("cell", 14))\(right("spikes", 9))\(right("spikes/s", 10))\(right("peak lag", 10))\(right("z", 8))",
    ]
    for cell in diagnosis.cells {
      lines.append(
        "  \(pad(cell.name, 14))\(right(decimal(cell.spikes), 9))\(right(fixed(cell.rate, 2), 10))"
          + right(cell.peakLag.map { "\($0)" } ?? "-", 10) + right(cell.peakScore.map { fixed($0, 1) } ?? "-", 8))
    }
    if !recording.provenance.isEmpty {
      lines += ["", "provenance"] + recording.provenance.map { "  \($0.name): \($0.text)" }
    }
    lines += [""] + diagnosis.warnings.map { "warning (\($0.kind.rawValue)): \($0.text)" }
    return (diagnosis.warnings.isEmpty ? lines + ["no warnings"] : lines).joined(separator: "\n")
  }

  private var json: JSON {
    func number(_ value: Int?) -> JSON { value.map { .number(Double($0)) } ?? .null }
    return [
      "recording": .string(recording.file), "simulated": .boolean(recording.isSimulated),
      "frames": number(recording.frameCount), "height": number(recording.stimulus.height),
      "width": number(recording.stimulus.width), "frame_rate": .number(recording.frameRate),
      "response": .string(recording.unit.rawValue), "lag": number(recording.lag),
      "peak_lag": number(diagnosis.peakLag), "blocks": number(recording.statedBlocks.count),
      "excluded_spans": number(recording.excluded.count), "repeats": number(recording.repeats?.trials ?? 0),
      "interior": .array(recording.interior.map { .string($0.name) }),
      "cells": .array(
        diagnosis.cells.map {
          [
            "name": .string($0.name), "spikes": .number($0.spikes), "rate": .number($0.rate),
            "peak_lag": number($0.peakLag), "peak_z": $0.peakScore.map { .number($0) } ?? .null,
          ]
        }),
      "warnings": .array(
        diagnosis.warnings.map { ["kind": .string($0.kind.rawValue), "text": .string($0.text)] }),
      "provenance": .object(recording.provenance.map { JSON.Member($0.name, .string($0.text)) }),
    ]
  }
}
