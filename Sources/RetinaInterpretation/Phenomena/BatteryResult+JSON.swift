import RetinaFiles

extension BatteryResult {
  /// The result as `retina phenomena --json` prints it.
  public var json: JSON {
    [
      "responder": .string(responder), "unit": .string(unit), "null": .string(null), "display": display.json,
      "cells": .array(cells.map { .string($0) }), "remarks": .array(remarks.map { .string($0) }),
      "phenomena": .array(results.map { $0.json }),
    ]
  }
}

extension Display {
  var json: JSON {
    [
      "frame_rate": .number(frameRate), "pixel_size_um": .number(pixelSize), "height": .number(Double(height)),
      "width": .number(Double(width)),
    ]
  }
}

extension PhenomenonResult {
  /// The result as JSON; scores of cells that do not respond are null.
  public var json: JSON {
    func list(_ values: [Double?]) -> JSON { .array(values.map { $0.map { .number($0) } ?? .null }) }
    return [
      "name": .string(phenomenon.name), "title": .string(phenomenon.title), "verdict": .string(verdict.rawValue),
      "definition": .string(phenomenon.definition), "unit": .string(phenomenon.unit),
      "criterion": .number(phenomenon.criterion), "compared_with": .string(phenomenon.null.rawValue),
      "source": .string(phenomenon.source), "stimulus": .string(stimulus),
      "responding": .number(Double(responding)), "above_criterion": .number(Double(above)),
      "score": score?.json ?? .null, "null_score": null?.json ?? .null, "difference": difference?.json ?? .null,
      "beyond_range": .number(beyondRange), "scores": list(scores), "null_scores": list(nullScores),
      "axes": [.string(phenomenon.axes.horizontal), .string(phenomenon.axes.vertical)],
      "curves": .array(
        curves.map { curve in
          [
            "name": .string(curve.name), "null": .boolean(curve.isNull), "x": .array(curve.x.map { .number($0) }),
            "y": .array(curve.y.map { $0.isFinite ? .number($0) : .null }),
          ]
        }),
    ]
  }
}

extension Estimate {
  var json: JSON {
    [
      "median": .number(median),
      "interval": interval.map { .array([.number($0.low), .number($0.high)]) } ?? .null,
    ]
  }
}
