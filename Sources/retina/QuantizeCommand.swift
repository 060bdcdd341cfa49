import RetinaEngine
import RetinaFiles
import RetinaKernels
import RetinaModel
import RetinaProbe

#if canImport(Glibc)
  import Glibc
#endif

/// `retina quantize`: a model in integers, as an image for a board.
enum QuantizeCommand: Command {
  static let name = "quantize"
  static let summary = "Puts a model into integers, says what that costs, and writes an image for a board."
  static let operands = ["MODEL"]
  static let options = [
    CommandOption(
      "--calibrate", "STIMULUS",
      "what the ranges of values are taken from, or predicted: from the weights alone (needed)"),
    CommandOption("--output", "IMAGE", "the .retina file to write (needed)"),
    CommandOption("--precision", "P", "int8 or int16: the width of values between layers (default: int16)"),
    CommandOption("--method", "M", "min-max, percentile, mse or entropy (default: min-max)"),
    CommandOption(
      "--budget", "BYTES", "give values 8 bits where it costs least until arena and state fit, with --precision int16"),
    CommandOption("--weights", "W", "int8 or int16: the weights of the first convolution (default: as --precision)"),
    CommandOption(
      "--stacks", "S", "linear convolutions in a row: kept, composed to one, or what is cheaper (default: cheaper)"),
    CommandOption(
      "--equalize", nil, "even out weights from channel to channel; hidden layers can then not be read from the image"),
    CommandOption("--no-bias-correction", nil, "leave the mean error of rounded weights in"),
    CommandOption("--windows", "N", "windows to calibrate on and to compare, evenly spread (default: 256)"),
    .json,
  ]
  static let example =
    "retina quantize Models/salamander-whitenoise.safetensors --calibrate Stimuli/white-noise.json --output cell.retina"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let path = arguments.operands[0]
    let model = try ModelFile.read(path)
    guard let calibrate = arguments["--calibrate"] else {
      throw UsageError("--calibrate STIMULUS is needed: what the ranges of values are taken from")
    }
    let output = try arguments.output()
    try checkPlace(output)
    let precision = try arguments.choice("--precision", of: ["int8", "int16"]).flatMap { FixedPointMaking.types[$0] }
    let quantization = try FixedPointMaking(
      model, path, arguments, calibrate: calibrate, precision: precision ?? .int16)
    let comparison = FixedPointComparison(model, quantization.program, quantization.inputs)
    try FileSystem.write(quantization.bytes, to: output)
    let report = QuantizeReport(
      quantization, comparison, time: PrecisionTime(model, quantization.program, try streamOptions(arguments)))
    print(arguments.has("--json") ? report.json(output).text(indented: true) : report.text(output))
    return ExitCode.done
  }
}

/// What a quantisation costs, for people and machines.
struct QuantizeReport {
  private let program: FixedPointProgram
  private let comparison: FixedPointComparison
  private let search: PrecisionSearch?
  private let time: PrecisionTime?
  private let windows: Int
  private let length: Int

  init(_ quantization: FixedPointMaking, _ comparison: FixedPointComparison, time: PrecisionTime?) {
    (program, self.comparison) = (quantization.program, comparison)
    (search, self.time) = (quantization.search, time)
    (windows, length) = (quantization.inputs.count, quantization.bytes.count)
  }

  /// Correlation of the rates of both models over the windows, cells that are constant left away.
  private var correlations: [Double] { comparison.correlations.compactMap { $0 } }

  private var meanCorrelation: Double? {
    correlations.isEmpty ? nil : correlations.reduce(0, +) / Double(correlations.count)
  }

  func text(_ path: String) -> String {
    var lines = ["layer            type   signal/noise   clamped   channel ranks   worst cell"]
    for layer in comparison.layers {
      let place = program.layer(named: layer.name) ?? 0
      let ratio = layer.decibels.map { "\(fixed($0, 1)) dB" } ?? "exact"
      let ranks = layer.meanImportance.map { fixed($0, 4) } ?? ""
      let worst = layer.importance.compactMap { $0 }.min().map { fixed($0, 4) } ?? ""
      lines.append(
        "\(pad(layer.name, 16)) \(pad(program.image.output(place).type.name, 6)) \(right(ratio, 12)) "
          + "\(right(fixed(100 * layer.clamped, 2) + " %", 9)) \(right(ranks, 15)) \(right(worst, 12))")
    }
    if let mean = meanCorrelation, let worst = correlations.min() {
      lines.append(
        "rates of both models over \(windows) windows: mean r \(fixed(mean, 5)), worst cell \(fixed(worst, 5))")
    }
    lines.append(
      "\(path): \(bytes(length)), arena \(bytes(program.image.arenaBytes)), state "
        + bytes(program.image.stateBytes))
    if let search {
      lines.append("\nvalues           with 8 bits: loss   bytes saved   chosen")
      for place in search.table {
        lines.append(
          "\(pad(place.names.first ?? "-", 16)) \(right(fixed(place.loss * 1e6, 2), 17)) \(right("\(place.saved)", 13)) "
            + right(place.isNarrow ? "8 bits" : "16 bits", 8))
      }
      lines.append(
        "loss (millionths of the variance of the rates): \(fixed(search.lossWide * 1e6, 2)) with 16 bits, "
          + "\(fixed(search.loss * 1e6, 2)) as chosen, \(search.bytes) bytes of arena and state")
    }
    if let time { lines.append(time.text) }
    return lines.joined(separator: "\n")
  }

  func json(_ path: String) -> JSON {
    [
      "file": .string(path), "bytes": .number(Double(length)),
      "arena_bytes": .number(Double(program.image.arenaBytes)),
      "state_bytes": .number(Double(program.image.stateBytes)), "windows": .number(Double(windows)),
      "layers": .array(
        comparison.layers.map { layer in
          [
            "name": .string(layer.name),
            "type": .string(program.image.output(program.layer(named: layer.name) ?? 0).type.name),
            "signal_to_noise_db": layer.decibels.map { .number($0) } ?? .null, "clamped": .number(layer.clamped),
            "channel_rank_correlation": layer.meanImportance.map { .number($0) } ?? .null,
            "channel_rank_correlation_of_cells": .array(layer.importance.map { $0.map { .number($0) } ?? .null }),
          ]
        }),
      "places": search.map { search in
        .array(
          search.table.map { place in
            [
              "names": .array(place.names.map { .string($0) }), "loss": .number(place.loss),
              "bytes_saved": .number(Double(place.saved)), "bits": .number(place.isNarrow ? 8 : 16),
            ]
          })
      } ?? .null, "counted_time": time?.json ?? .null,
      "mean_r": meanCorrelation.map { .number($0) } ?? .null,
      "r": .array(comparison.correlations.map { $0.map { .number($0) } ?? .null }),
    ]
  }
}

extension FixedPointComparison.Layer {
  /// Ten times the decimal logarithm of signal over noise; nothing where there is no noise.
  var decibels: Double? { noise > 0 && signal > 0 ? 10 * log10(signal / noise) : nil }
}
