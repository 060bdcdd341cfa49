import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaProbe

/// What the words of `retina probe` ask: the same question for one or several layers.
struct ProbeQuestion {
  /// The question for one layer.
  struct Part {
    /// What the numbers are one per of.
    enum Subject {
      case stimulus, layer, channels, positions, output
    }

    /// Name of the layer, `stimulus` or `output`.
    var name: String
    var subject: Subject
    /// Shape of one attribution before sums over space.
    var shape: Shape
    /// One per cell.
    var requests: [Request]
  }

  let model: Model
  let method: Method
  private(set) var parts: [Part]
  let reduction: Reduction
  /// Before normalisation; the first is the baseline.
  let baselines: [[Float]]
  /// The second stimulus of patching.
  let corrupt: LoadedStimulus?
  /// The cells that are explained, in order; a sum is one entry.
  let cells: [[Int]]
  /// Whether all cells together are explained, by their surprisal.
  let explainsSurprisal: Bool
  let steps: Request.Steps
  let ruleName: String
  let baselineName: String
  private let corruptName: String?
  private let samples: Int?
  private let seed: Int
  let side: LayerSide

  init(_ model: Model, _ arguments: Arguments) throws {
    self.model = model
    guard
      let method = Method(
        rawValue: try arguments.choice("--method", of: Method.allCases.map { $0.rawValue })
          ?? Method.conductance.rawValue)
    else { throw UsageError("--method is unknown") }
    self.method = method
    let side: LayerSide = try arguments.choice("--at", of: ["output", "input"]) == "input" ? .input : .output
    self.side = side
    let program = Program(model)
    explainsSurprisal = arguments["--cell"] == "surprisal"
    cells =
      try explainsSurprisal
      ? [Array(0..<model.cells)] : ProbeQuestion.cells(arguments["--cell"] ?? "0", count: model.cells)
    steps = try ProbeQuestion.steps(arguments, method)
    ruleName =
      try arguments.choice("--rule", of: ProbeCommand.rules.map { $0.name }) ?? ProbeCommand.rules[0].name
    let rule = ProbeCommand.rules.first { $0.name == arguments["--rule"] }?.rule ?? .gaussLegendre
    baselineName = arguments["--baseline"] ?? "zero"

    let named = try model.layers(arguments.all("--layer"))
    try ProbeQuestion.refuseUnusedOptions(arguments, method, layers: named.count)
    let layers: [Int?]
    switch method.subject {
    case .layer, .channels, .positions: layers = named.isEmpty ? model.interiorNonlinearities : named
    case .layerOrStimulus: layers = named.isEmpty ? [nil] : named
    case .stimulus, .output: layers = method.needsNeuron ? [named.first] : [nil]
    }
    guard !layers.isEmpty else { throw UsageError("the model has no interior nonlinearity; name a layer with --layer") }
    reduction = try ProbeQuestion.reduction(arguments, layers: layers.count)
    samples = try arguments.integer("--samples", in: 1...10_000_000)
    seed = try arguments.integer("--seed", in: 0...1 << 53) ?? 0
    corruptName = arguments["--corrupt"]
    if method.needsCorrupt, corruptName == nil {
      throw UsageError("\(method.rawValue) needs --corrupt, a second stimulus")
    }
    corrupt = try corruptName.map { try ProbeQuestion.corrupt($0, model: model) }

    baselines =
      method.replacesLayer
      ? [[Float](repeating: 0, count: model.inputShape.count)]
      : try ProbeQuestion.baselines(baselineName, option: "--baseline", model: model)
    var parts: [Part] = []
    for layer in layers {
      let boundary = layer.map { program.boundary(layer: $0, side: side) } ?? 0
      let layerShape = layer.map { side == .output ? model.shapes[$0] : model.inputShape(ofLayer: $0) }
      let subject: Part.Subject
      switch method.subject {
      case .layer, .layerOrStimulus: subject = layer == nil ? .stimulus : .layer
      case .channels: subject = .channels
      case .positions: subject = .positions
      case .stimulus: subject = .stimulus
      case .output: subject = .output
      }
      let shape: Shape
      switch subject {
      case .layer, .channels, .positions:
        shape = method.attributionShape(ofLayer: layerShape ?? model.inputShape)
      case .stimulus: shape = model.inputShape
      case .output: shape = model.outputShape
      }
      var template = Request(
        method, boundary: boundary, target: .cell(0, of: program), steps: steps, rule: rule,
        multipliesByInputs: !arguments.has("--no-multiply"), samples: samples, seed: UInt64(seed),
        shape: layerShape?.dimensions ?? [])
      if method.needsNeuron {
        guard let layerShape else { throw UsageError("\(method.rawValue) needs --layer NAME and --neuron I,J,K") }
        template.neuron = .unit(try ProbeQuestion.unit(arguments, in: layerShape), boundary: boundary)
      }
      if let file = arguments["--mask"] {
        template.groups = try ProbeQuestion.groups(file, shape: shape)
      } else if method == .layerShapleyValues, shape.rank == 3 {
        let plane = shape[1] * shape[2]
        template.groups = (0..<shape.count).map { $0 / plane }
      }
      if method.replacesLayer {
        template.replacement = try ProbeQuestion.replacement(
          baselineName, shape: layerShape ?? shape, boundary: boundary, model: model, program: program)
      }
      if method == .occlusion {
        template.shape = model.inputShape.dimensions
        (template.window, template.strides) = try ProbeQuestion.window(arguments, rank: model.inputShape.rank)
      }
      let targets = method.needsTarget ? cells : [[0]]
      parts.append(
        Part(
          name: layer.map { model.layers[$0].name } ?? (subject == .output ? "output" : "stimulus"), subject: subject,
          shape: shape,
          requests: targets.map { group in
            var request = template
            request.target = .sum(group, of: program)
            return request
          }))
    }
    self.parts = parts
  }

  /// The question about one stimulus: where it is about surprisal, by the rates for that stimulus.
  func about(
    _ stimulus: LoadedStimulus, of source: StimulusSource, _ program: Program, threads: Int
  ) throws -> ProbeQuestion {
    let count = stimulus.inputs(model)
    if let corrupt, let name = corruptName, corrupt.inputs(model) != 1, corrupt.inputs(model) != count {
      throw FileError(
        file: name, expected: "one input, or as many as '\(stimulus.name)' has: \(count)",
        found: "\(corrupt.inputs(model)) inputs")
    }
    guard explainsSurprisal, method.needsTarget else { return self }
    let target: Target
    do throws(ProbeError) {
      target = try Probe.surprisal(
        program, count: count, input: { [model] in stimulus.input($0, of: model) }, threads: threads)
    } catch {
      // The stimulus was finite when it was read.
      throw source.tooLarge(stimulus)
    }
    var question = self
    for part in parts.indices { question.parts[part].requests[0].target = target }
    return question
  }

  /// Gives the second stimulus for each input, where there is one.
  var secondInput: (@Sendable (Int) -> [Float])? {
    guard let corrupt else { return nil }
    return { [model] in corrupt.input($0, of: model) }
  }

  // MARK: - Words

  /// An option that the method does not look at is a misunderstanding.
  private static func refuseUnusedOptions(_ arguments: Arguments, _ method: Method, layers: Int) throws {
    let takesLayer = method.subject != .stimulus && method.subject != .output
    if layers > 0, !takesLayer, !method.needsNeuron {
      let near = Method(rawValue: "layer-" + method.rawValue).map { "; for a layer there is '\($0.rawValue)'" } ?? ""
      throw UsageError(
        "\(method.rawValue) explains the \(method.subject == .output ? "output" : "stimulus"), not a layer: leave --layer out\(near)"
      )
    }
    if layers > 1, method.needsNeuron { throw UsageError("\(method.rawValue) needs one --layer, found \(layers)") }
    let uses = [
      ("--neuron", method.needsNeuron), ("--mask", method.takesGroups), ("--window", method == .occlusion),
      ("--strides", method == .occlusion), ("--corrupt", method.needsCorrupt), ("--samples", method.canSample),
      ("--seed", method.canSample),
    ]
    for (option, isUsed) in uses where arguments.has(option) && !isUsed {
      throw UsageError("\(method.rawValue) does not use \(option): leave it out")
    }
  }

  private static func cells(_ text: String, count: Int) throws -> [[Int]] {
    if text == "all" { return (0..<count).map { [$0] } }
    let group = try text.split(separator: "+", omittingEmptySubsequences: false).map { part in
      guard let cell = Int(part), (0..<count).contains(cell) else {
        throw UsageError(
          "--cell: expected a cell from 0 to \(count - 1), 'all', a sum such as 0+1, or 'surprisal', found '\(text)'")
      }
      return cell
    }
    return [group]
  }

  private static func reduction(_ arguments: Arguments, layers: Int) throws -> Reduction {
    let word = try arguments.choice("--reduce", of: ["channel", "none"])
    guard arguments.has("--split") else {
      return (word ?? (layers > 1 ? "channel" : "none")) == "channel" ? .channel : .none
    }
    guard word != "none" else { throw UsageError("--split is about sums over each channel: leave '--reduce none' out") }
    return .splitChannel
  }

  private static func steps(_ arguments: Arguments, _ method: Method) throws -> Request.Steps {
    switch arguments["--steps"] {
    case nil: return method == .layerConductance ? .count(50) : method == .conductanceRight ? .count(100) : .automatic
    case "auto": return .automatic
    case "exact": return .exact
    default:
      let least = method == .conductanceRight || arguments["--rule"] == "riemann_trapezoid" ? 2 : 1
      guard let steps = try? arguments.integer("--steps", in: least...100_000) else {
        throw UsageError(
          "--steps: expected exact, auto or a number from \(least) to 100000, found '\(arguments["--steps"] ?? "")'")
      }
      return .count(steps)
    }
  }

  private static func unit(_ arguments: Arguments, in shape: Shape) throws -> Int {
    guard let place = try arguments.integers("--neuron") else { throw UsageError("--neuron I,J,K is needed") }
    guard place.count == shape.rank, zip(place, shape.dimensions).allSatisfy({ $0 < $1 }) else {
      throw UsageError(
        "--neuron: expected \(shape.rank) numbers inside \(shape), found '\(arguments["--neuron"] ?? "")'")
    }
    return zip(place, shape.dimensions).reduce(0) { $0 * $1.1 + $1.0 }
  }

  private static func window(_ arguments: Arguments, rank: Int) throws -> (window: [Int], strides: [Int]) {
    guard let window = try arguments.integers("--window") else {
      throw UsageError("occlusion needs --window, \(rank) numbers separated by commas")
    }
    let strides = try arguments.integers("--strides") ?? [Int](repeating: 1, count: rank)
    guard window.count == rank, strides.count == rank, (window + strides).allSatisfy({ $0 >= 1 }) else {
      throw UsageError("--window and --strides: expected \(rank) numbers of at least 1")
    }
    return (window, strides)
  }

  private static func groups(_ file: String, shape: Shape) throws -> [Int] {
    let tensor = try NPY.read(file)
    guard tensor.shape.count == shape.count else {
      throw FileError(file: file, expected: "a group for every unit of \(shape)", found: "\(tensor.shape)")
    }
    return try tensor.values.enumerated().map { place, value throws in
      guard let group = Int(exactly: value), group >= 0, group < 1 << 24 else {
        throw FileError(file: file, place: "value \(place)", expected: "a whole number from 0 on", found: "\(value)")
      }
      return group
    }
  }

  /// Baselines in stimulus units, before normalisation.
  private static func baselines(_ text: String, option: String, model: Model) throws -> [[Float]] {
    let shape = model.inputShape
    switch text {
    case "zero": return [[Float](repeating: 0, count: shape.count)]
    case "mean":
      switch model.facts.normalization {
      case .none: return [[Float](repeating: 0, count: shape.count)]
      case .scalar(let mean, _): return [[Float](repeating: mean, count: shape.count)]
      case .perPixel(let mean, _): return [(0..<shape.count).map { mean.values[$0 % mean.values.count] }]
      }
    default:
      if let number = Float(text), number.isFinite { return [[Float](repeating: number, count: shape.count)] }
      let tensor = try baselineFile(text, option)
      let values = tensor.values
      if tensor.shape == shape { return [values] }
      if tensor.shape.dimensions.dropFirst().elementsEqual(shape.dimensions) {
        return (0..<tensor.shape[0]).map { Array(values[$0 * shape.count..<($0 + 1) * shape.count]) }
      }
      if shape.rank == 3, tensor.shape.dimensions.elementsEqual(shape.dimensions.dropFirst()) {
        return [(0..<shape.count).map { values[$0 % values.count] }]
      }
      throw FileError(
        file: text, expected: "a baseline of shape \(shape), a frame of it, or several baselines",
        found: "\(tensor.shape)")
    }
  }

  private static func baselineFile(_ path: String, _ option: String) throws -> Tensor {
    guard path.hasSuffix(".npy") else {
      throw UsageError(
        "\(option): expected zero, mean, a finite number or an .npy file, found '\(path)'"
          + suggestion(for: path, among: ["zero", "mean"]))
    }
    let tensor = try NPY.read(path)
    if let place = tensor.firstNonFinite {
      throw FileError(
        file: path, expected: "values that are finite in float32", found: "\(tensor.values[place]) at value \(place)")
    }
    return tensor
  }

  /// The second stimulus: a movie or inputs as those of STIMULUS, or a single input as a baseline.
  private static func corrupt(_ text: String, model: Model) throws -> LoadedStimulus {
    let shape = model.inputShape
    if text.hasSuffix(".npy") {
      let found = try NPY.read(text).shape
      if found.rank > shape.rank || (found.rank == 3 && shape.rank == 3) {
        return try StimulusSource(text, for: model).stimuli[0]
      }
    }
    let single = try baselines(text, option: "--corrupt", model: model)[0]
    var batch = Tensor(repeating: 0, shape: Shape(checking: [1] + shape.dimensions) ?? shape)
    batch.values = single
    return LoadedStimulus(name: text, content: .batch(batch))
  }

  /// What the units of a layer are replaced with: numbers in the units of the layer, or its values for the mean stimulus.
  private static func replacement(
    _ text: String, shape: Shape, boundary: Int, model: Model, program: Program
  ) throws -> [Float] {
    switch text {
    case "zero": return [Float](repeating: 0, count: shape.count)
    case "mean":
      let mean = program.normalized(try baselines("mean", option: "--baseline", model: model)[0])
      return Probe(program).activation(mean, boundary: boundary).values
    default:
      if let number = Float(text), number.isFinite { return [Float](repeating: number, count: shape.count) }
      let tensor = try baselineFile(text, "--baseline")
      guard tensor.shape.count == shape.count else {
        throw FileError(file: text, expected: "values for the layer \(shape)", found: "\(tensor.shape)")
      }
      return tensor.values
    }
  }

  // MARK: - Answers

  /// Whether a number of the model, a cell's or a unit's, is explained or followed.
  private var hasTarget: Bool { method.needsTarget || method.needsNeuron }

  private var stepsText: String {
    switch steps {
    case .exact: return "exact"
    case .automatic: return "auto"
    case .count(let count): return "\(count)"
    }
  }

  func summary(_ part: Part, _ table: AttributionTable, stimulus: String, check: JSON?) -> JSON {
    func rows(_ value: (Attribution) -> Float?) -> JSON {
      let numbers = table.sums.map { row in row.map { value($0).map { JSON.number(Double($0)) } ?? .null } }
      return .array(numbers.map { part.requests.count > 1 ? .array($0) : $0[0] })
    }
    let summary: JSON = [
      "model": .string(model.name), "stimulus": .string(stimulus), "method": .string(method.rawValue),
      "layer": .string(part.name), "at": .string(side == .output ? "output" : "input"),
      "cells": explainsSurprisal
        ? .string("surprisal")
        : .array(cells.map { $0.count == 1 ? .number(Double($0[0])) : .array($0.map { .number(Double($0)) }) }),
      "baseline": .string(baselineName), "steps": .string(stepsText), "rule": .string(ruleName),
      "shape": .array(table.values.shape.dimensions.map { .number(Double($0)) }),
      "f_input": rows { hasTarget ? $0.valueAtInput : nil }, "f_baseline": rows { $0.valueAtBaseline },
      "residual": rows { $0.residual }, "relative_residual": rows { $0.relativeResidual },
    ]
    guard case .object(var members) = summary else { return summary }
    if let corruptName { members.append(JSON.Member("corrupt", .string(corruptName))) }
    if table.sums.joined().contains(where: { $0.standardError != nil }) {
      members += [
        JSON.Member("samples", .number(Double(samples ?? Request.defaultSamples))),
        JSON.Member("seed", .number(Double(seed))),
        JSON.Member("standard_error", rows { $0.standardError }),
      ]
    }
    if let check { members.append(JSON.Member("check", check)) }
    return .object(members)
  }

  /// Prints, for every layer, the channels that matter most, and the lines of its check.
  func printTable(_ stimulus: String, _ tables: [AttributionTable], checks: [[String]]) {
    let rates = tables[0].sums.map { $0[0].valueAtInput }
    let peak = tables[0].inputOfLargestTarget()
    let target = hasTarget ? ", largest target \(fixed(Double(rates[peak]), 4)) at input \(peak)" : ""
    print("\(stimulus): \(rates.count) inputs\(target)")
    for (index, (part, table)) in zip(parts, tables).enumerated() {
      let sums = channelTable(part, table)
      let total = sums.map { column in column.reduce(0) { $0 + Double($1.magnitude) } / Double(max(1, column.count)) }
      let ranked = total.indices.sorted { total[$0] > total[$1] }.prefix(4)
      let text = ranked.map { channel in
        "\(part.axisName) \(channel) \(fixed(total[channel], 4)) (\(fixed(Double(sums[channel][peak]), 4)) at input \(peak))"
      }
      let residual = table.largestRelativeResidual.map { "; largest relative residual \($0)" } ?? ""
      print("  \(pad(part.name, 10)) \(text.joined(separator: ", "))\(residual)")
      if index < checks.count { for line in checks[index] { print("    \(line)") } }
    }
  }

  /// For each channel (or unit, of layers without channels) the attribution over the inputs, for one of the cells.
  func channelTable(_ part: Part, _ table: AttributionTable, cell: Int = 0) -> [[Float]] {
    let shape = table.values.shape
    let perInput = shape.count / shape[0]
    let perCell = perInput / (part.requests.count > 1 ? part.requests.count : 1)
    let isSummed = reduction != .none || part.shape.rank != 3
    let channels = isSummed ? perCell : part.shape[0]
    return (0..<channels).map { channel in
      (0..<shape[0]).map { input in
        let first = input * perInput + cell * perCell
        if isSummed { return table.values.values[first + channel] }
        let plane = perCell / channels
        let units = table.values.values[first + channel * plane..<first + (channel + 1) * plane]
        return Float(units.reduce(0.0) { $0 + Double($1) })
      }
    }
  }
}

extension ProbeQuestion.Part {
  /// What the first axis of the shape counts.
  fileprivate var axisName: String {
    switch subject {
    case .layer: return shape.rank == 3 ? "channel" : "unit"
    case .stimulus: return shape.rank == 3 ? "frame" : "value"
    case .channels: return "channel"
    case .positions: return "map"
    case .output: return "cell"
    }
  }
}
