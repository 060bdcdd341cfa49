import RetinaEngine
import RetinaFiles
import RetinaFit
import RetinaGraph
import RetinaModel

/// `retina info`: what a model or a recording is.
enum InfoCommand: Command {
  static let name = "info"
  static let summary =
    "Describes a model (layers, time, cells, cost, memory) or a recording (rates, what is suspicious)."
  static let operands = ["[MODEL|RECORDING]"]
  static let options = [
    CommandOption("--plan", nil, "show what is done for each layer, its cost and its place in memory"),
    CommandOption("--operators", nil, "list the ONNX operators that run"),
    CommandOption("--history", "N", "frames that a model shall see (default: 15), for a recording"),
    .response, .stimulus, .testStimulus, .frameRate, .parts, .skippedStart, .transpose,
    .algorithm, .tolerance, .json,
  ]
  static let example = "retina info Models/salamander-whitenoise.safetensors --plan"

  static func run(_ arguments: Arguments) throws -> Int32 {
    if arguments.has("--operators") {
      printOperators(isJSON: arguments.has("--json"))
      return ExitCode.done
    }
    guard let path = arguments.operands.first else {
      throw UsageError("info: expected MODEL|RECORDING, found nothing")
    }
    let history = try arguments.integer("--history", in: 1...1000)
    if Recording.isRecording(path) {
      try RecordingInfo(path, try RecordingChoice(arguments), history: history ?? 15).print(
        json: arguments.has("--json"))
      return ExitCode.done
    }
    if ImageFile.isImage(path) {
      switch try ImageFile.read(path) {
      case .integers(let program):
        show(ImageDescription(program), arguments)
        if arguments.has("--plan"), !arguments.has("--json") {
          print(ImageDescription(program).plan(try FixedPointImage.runOptions(arguments)))
        }
      case .floats(let program): show(ImageDescription(program), arguments)
      }
      return ExitCode.done
    }
    let model: Model
    switch try LoadedModel(path) {
    case .layers(let layers): model = layers
    case .graph(let program, let reason):
      let description = GraphDescription(graph: program.graph, reason: reason)
      print(arguments.has("--json") ? description.json.text(indented: true) : description.text)
      return ExitCode.done
    }
    let plan = StreamPlan(model, options: try streamOptions(arguments))
    let program = Program(model)
    if arguments.has("--json") {
      print(json(model, program, plan).text(indented: true))
    } else {
      let showsPlan = arguments.has("--plan")
      printText(model, program, plan, showsPlan: showsPlan)
      // Ranges do not change what is counted; a model without a form in integers has nothing to compare.
      if showsPlan, let plan,
        let making = try? FixedPointMaking(
          model, path, arguments, calibrate: FixedPointMaking.predicted, precision: .int8),
        let time = PrecisionTime(model, making.program, plan.options)
      {
        print("\nint8 and float32: \(time.text)")
      }
    }
    return ExitCode.done
  }

  /// The operators of ONNX graphs that run, and the versions of their definitions.
  private static func printOperators(isJSON: Bool) {
    let (names, opsets) = (GraphProgram.operators, GraphProgram.opsets)
    if isJSON {
      let report: JSON = [
        "opsets": [.number(Double(opsets.lowerBound)), .number(Double(opsets.upperBound))],
        "operators": .array(names.map { .string($0) }),
      ]
      print(report.text(indented: true))
    } else {
      print("ONNX operators of opsets \(opsets.lowerBound) to \(opsets.upperBound)")
      for name in names { print("  \(name)") }
    }
  }

  private static func show<Image>(_ description: ImageDescription<Image>, _ arguments: Arguments) {
    print(arguments.has("--json") ? description.json.text(indented: true) : description.text)
  }

  // MARK: - For people

  private static func printText(_ model: Model, _ program: Program, _ plan: StreamPlan?, showsPlan: Bool) {
    let facts = model.facts
    print("\(model.name): \(model.inputShape) -> \(model.outputShape), \(model.parameterCount) parameters")
    if let history = model.history {
      let rate = facts.frameRate.map { " at \(decimal($0)) frames/s" } ?? ""
      print("time: the rate at frame t depends on frames t-\(facts.lag + history - 1) ... t-\(facts.lag)\(rate)")
    }
    if let size = facts.pixelSize { print("pixel: \(decimal(size)) micrometres") }
    switch facts.normalization {
    case .none: print("normalisation: none")
    case .scalar(let mean, let deviation): print("normalisation: (x - \(mean)) / \(deviation)")
    case .perPixel: print("normalisation: (x - mean) / deviation of each pixel")
    }
    if let unit = facts.responseUnit { print("response: \(unit)") }
    print("\nlayers")
    print("  name         kind                 multiply-adds  output")
    for (index, layer) in model.layers.enumerated() {
      print(
        "  \(pad(layer.name, 12)) \(pad(layer.operation.kindName, 20)) "
          + "\(right(String(program.multiplyAdds(ofLayer: index)), 13))  \(model.shapes[index])")
    }
    printCost(program, plan)
    if showsPlan, let plan {
      print("\nplan (\(plan.options.level.name); speeds: \(plan.cost.name))")
      print("  layer        algorithm                       MFLOP  microseconds   parameters   output at")
      for layer in plan.explanation {
        print(
          "  \(pad(layer.layer, 12)) \(pad(layer.algorithm, 28)) \(right(fixed(layer.work.operations / 1e6, 3), 8)) "
            + "\(right(fixed(layer.seconds * 1e6, 1), 13)) "
            + "\(right(bytes(layer.parameterBytes), 12)) \(right(String(layer.arenaOffset), 11))")
        if plan.options.tolerance > 0, layer.leftOut > 0 {
          print("  \(pad("", 12)) leaves out \(layer.leftOut) of the kernels (root of the ratio of sums of squares)")
        }
      }
    }
    printCells(facts)
    if !facts.provenance.isEmpty {
      print("\nprovenance")
      for entry in facts.provenance { print("  \(entry.name): \(entry.text)") }
    }
    if let golden = facts.golden {
      print(
        "\ngolden pair: \(golden.input.shape[0]) inputs, tolerance \(golden.tolerance) ('retina verify' replays it)")
    }
  }

  private static func printCost(_ program: Program, _ plan: StreamPlan?) {
    print("\ncost: \(fixed(Double(program.multiplyAdds) / 1e6, 2)) million multiply-adds per window by definition")
    guard let plan else { return }
    let operations = plan.explanation.reduce(0) { $0 + $1.work.operations }
    print(
      "      \(fixed(operations / 1e6, 2)) million operations per frame as planned; "
        + "arena \(bytes(plan.arenaFloats * 4)), state \(bytes(plan.stateFloats * 4)), "
        + "parameters \(bytes(plan.parameterFloats * 4))")
  }

  private static func printCells(_ facts: Facts) {
    guard let first = facts.cells.first else { return }
    let figures = first.figures.map { $0.name }
    print("\ncells")
    print("  \(pad("name", 12)) \(pad("centre", 16)) \(figures.map { right($0, 14) }.joined())")
    for cell in facts.cells {
      let centre = cell.centre.map { "(\(decimal($0.column)), \(decimal($0.row)))" } ?? ""
      let values = figures.map { name in
        right(cell.figures.first { $0.name == name }.map { fixed($0.value, 3) } ?? "", 14)
      }
      print("  \(pad(cell.name, 12)) \(pad(centre, 16)) \(values.joined())")
    }
    let means = figures.map { name in
      let values = facts.cells.compactMap { cell in cell.figures.first { $0.name == name }?.value }
      return right(fixed(values.reduce(0, +) / Double(max(1, values.count)), 3), 14)
    }
    if !figures.isEmpty { print("  \(pad("mean", 12)) \(pad("", 16)) \(means.joined())") }
  }

  // MARK: - For machines

  private static func json(_ model: Model, _ program: Program, _ plan: StreamPlan?) -> JSON {
    let facts = model.facts
    var members: [JSON.Member] = [
      .init("name", .string(model.name)), .init("input", shape(model.inputShape)),
      .init("output", shape(model.outputShape)), .init("parameters", .number(Double(model.parameterCount))),
      .init("lag", .number(Double(facts.lag))),
      .init("frame_rate", facts.frameRate.map { .number($0) } ?? .null),
      .init("pixel_size_um", facts.pixelSize.map { .number($0) } ?? .null),
      .init("response_unit", facts.responseUnit.map { .string($0) } ?? .null),
      .init(
        "layers",
        .array(
          model.layers.enumerated().map { index, layer in
            [
              "name": .string(layer.name), "type": .string(layer.operation.kindName),
              "output": shape(model.shapes[index]),
              "multiply_adds": .number(Double(program.multiplyAdds(ofLayer: index))),
            ]
          })),
      .init("multiply_adds_per_window", .number(Double(program.multiplyAdds))),
      .init(
        "cells",
        .array(
          facts.cells.map { cell in
            .object(
              [JSON.Member("name", .string(cell.name))]
                + (cell.centre.map { [JSON.Member("centre", [.number($0.column), .number($0.row)])] } ?? [])
                + cell.figures.map { JSON.Member($0.name, .number($0.value)) })
          })),
      .init("provenance", .object(facts.provenance.map { JSON.Member($0.name, .string($0.text)) })),
    ]
    if let plan {
      members.append(
        .init(
          "plan",
          [
            "level": .string(plan.options.level.name), "speeds": .string(plan.cost.name),
            "tolerance": .number(plan.options.tolerance), "arena_bytes": .number(Double(plan.arenaFloats * 4)),
            "state_bytes": .number(Double(plan.stateFloats * 4)),
            "parameter_bytes": .number(Double(plan.parameterFloats * 4)),
            "stages": .array(
              plan.explanation.map { stage in
                [
                  "layer": .string(stage.layer), "algorithm": .string(stage.algorithm),
                  "operations_per_frame": .number(stage.work.operations),
                  "counted_seconds": .number(stage.seconds), "bytes_per_frame": .number(stage.work.traffic),
                  "left_out": .number(stage.leftOut),
                  "parameter_bytes": .number(Double(stage.parameterBytes)),
                  "arena_offset": .number(Double(stage.arenaOffset)),
                  "output_bytes": .number(Double(stage.outputBytes)),
                ]
              }),
          ]))
    }
    return .object(members)
  }

  private static func shape(_ shape: Shape) -> JSON { .array(shape.dimensions.map { .number(Double($0)) }) }
}
