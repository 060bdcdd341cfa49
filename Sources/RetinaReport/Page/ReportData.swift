import RetinaFiles
import RetinaModel

/// The numbers and images inside a report, as one JSON value that its script reads.
///
/// Numbers that can be taken away are float32, little endian, in base64: exact. Importance maps are images of 255 colours
/// and stimuli of 16 greys, since a picture shows no more.
struct ReportData {
  let contents: ReportContents
  let tables: [ReportTable]

  /// Greys of a stimulus.
  private static let greys = 16

  /// The JSON text, safe inside an HTML `script` element.
  func text() -> String { ReportData.inScript(json.text()) }

  /// JSON text in which nothing can be taken for markup: `<` occurs in its strings only.
  static func inScript(_ text: String) -> String {
    var safe = ""
    safe.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      if scalar == "<" { safe += "\\u003c" } else { safe.unicodeScalars.append(scalar) }
    }
    return safe
  }

  private var json: JSON {
    let facts = contents.model.facts
    return [
      "model": .string(contents.model.name), "rateUnit": .string(facts.responseUnit ?? "rate"),
      "frameRate": facts.frameRate.map { .number($0) } ?? .null, "lag": .number(Double(facts.lag)),
      "firstFrame": .number(Double(contents.firstFrame)),
      "history": .number(Double(contents.model.history ?? 1)),
      "layers": .array(
        contents.layers.map {
          [
            "name": .string($0.name), "channels": .number(Double($0.shape[0])), "height": .number(Double($0.shape[1])),
            "width": .number(Double($0.shape[2])),
          ]
        }),
      "stimuli": .array(contents.stimuli.map(stimulus)), "cells": .array(contents.cells.map(cell)),
      "tables": .array(tables.map(table)),
    ]
  }

  // MARK: - Stimuli

  private func stimulus(_ stimulus: ReportContents.Stimulus) -> JSON {
    let (movie, shape) = (stimulus.movie.values, stimulus.movie.shape)
    var extent = Extent()
    extent.include(movie.lazy.map(Double.init))
    let (lower, span) = (extent.isEmpty ? 0 : extent.lower, extent.isEmpty ? 0 : extent.upper - extent.lower)
    let palette = (0..<ReportData.greys).map {
      Colour(between: Colour(0), and: Colour(0xFFFFFF), fraction: Double($0) / Double(ReportData.greys - 1))
    }
    let strip = ImageStrip(count: shape[0], width: shape[2], height: shape[1], palette: palette) {
      let value = Double(movie[($0 * shape[1] + $1) * shape[2] + $2])
      // A movie of one value is grey.
      let fraction = span > 0 ? (value - lower) / span : 0.5
      return UInt8(min(max((fraction * Double(ReportData.greys - 1)).rounded(), 0), Double(ReportData.greys - 1)))
    }
    return [
      "name": .string(stimulus.name), "frames": .number(Double(shape[0])), "height": .number(Double(shape[1])),
      "width": .number(Double(shape[2])), "lower": .number(lower), "upper": .number(lower + span),
      "columns": .number(Double(strip.columns)), "image": .string(Base64.encode(strip.image.png())),
    ]
  }

  // MARK: - Cells

  private func cell(_ page: ReportContents.CellPage) -> JSON {
    [
      "index": .number(Double(page.index)), "name": .string(page.cell.name),
      "centre": page.cell.centre.map { [.number($0.column), .number($0.row)] } ?? .null,
      "responses": .array(page.responses.map(response)),
    ]
  }

  private func response(_ response: CellResponse) -> JSON {
    [
      "peak": .number(Double(response.peak)), "baseline": JSON(response.rateAtBaseline),
      "rates": .string(ReportData.floats(response.rates)),
      "observed": response.observed.isEmpty ? .null : .string(ReportData.floats(response.observed)),
      "layers": .array(zip(response.layers, contents.layers).map { layer($0, of: $1.shape) }),
    ]
  }

  private func layer(_ layer: LayerContributions, of whole: Shape) -> JSON {
    let (height, width) = (whole[1], whole[2])
    let (values, shape) = (layer.map.values, layer.map.shape)
    let scale = ColourScale.diverging(holding: values)
    // The channels of a frame side by side.
    let strip = ImageStrip(
      count: shape[0], width: shape[1] * shape[3], height: shape[2], palette: scale.palette
    ) { frame, row, column in
      let (channel, place) = (column / shape[3], column % shape[3])
      return scale.index(of: values[((frame * shape[1] + channel) * shape[2] + row) * shape[3] + place])
    }
    return [
      "sums": .string(ReportData.floats(layer.sums.values)), "limit": .number(scale.upper),
      "rows": [.number(Double(layer.rows.lowerBound)), .number(Double(layer.rows.count))],
      "columnsShown": [.number(Double(layer.columns.lowerBound)), .number(Double(layer.columns.count))],
      "columns": .number(Double(strip.columns)), "image": .string(Base64.encode(strip.image.png())),
      // Unit and contribution, in thousandths of the limit, of each in turn.
      "largest": .array(
        layer.largest.map { units in
          .array(
            units.flatMap { unit -> [JSON] in
              let place = (unit.channel * height + unit.row) * width + unit.column
              return [.number(Double(place)), .number((Double(unit.value) / scale.upper * 1000).rounded())]
            })
        }),
    ]
  }

  /// Little-endian float32 in base64.
  static func floats(_ values: [Float]) -> String {
    Base64.encode(values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } })
  }

  // MARK: - Tables

  private func table(_ table: ReportTable) -> JSON {
    [
      "name": .string(table.name), "columns": .array(table.columns.map { .string($0) }),
      "rows": .array(
        table.rows.map { row in
          .array(
            row.map {
              switch $0 {
              case .text(let text): return .string(text)
              case .number(let number): return .number(number)
              case .count(let count): return .number(Double(count))
              case .missing: return .null
              }
            })
        }),
    ]
  }
}
