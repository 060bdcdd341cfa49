import RetinaEngine
import RetinaFiles
import RetinaKernels

/// What an image is, for people and machines.
struct ImageDescription<Image: DescribedImage> {
  private let program: ImageProgram<Image>
  private var image: Image { program.image }

  init(_ program: ImageProgram<Image>) { self.program = program }

  var text: String {
    var lines = [
      "\(program.name): \(program.inputShape) -> \(program.outputShape(image.layerCount - 1)), \(Image.numbers)"
    ]
    if let history = image.history {
      let rate = image.frameRate.map { " at \(decimal($0)) frames/s" } ?? ""
      lines.append(
        "time: the rate at frame t depends on frames t-\(image.lag + history - 1) ... t-\(image.lag)\(rate)")
    }
    lines.append(
      "memory: image \(bytes(image.count)), arena \(bytes(image.arenaBytes)), state \(bytes(image.stateBytes))")
    lines.append("cost: \(fixed(Double(image.multiplyAdds) / 1e6, 2)) million multiply-adds per frame")
    lines.append("input: \(image.inputText)")
    lines.append("\nlayers")
    for layer in 0..<image.layerCount {
      let names = program.names(layer).joined(separator: ", ")
      lines.append(
        "  \(pad(names.isEmpty ? "-" : names, 16)) \(pad(image.kindName(layer), 24)) "
          + "\(pad("\(program.outputShape(layer))", 14)) \(image.valuesText(layer))")
    }
    return lines.joined(separator: "\n")
  }

  var json: JSON {
    [
      "name": .string(program.name), "input": extents(program.inputShape.dimensions),
      "output": extents(program.outputShape(image.layerCount - 1).dimensions), "lag": .number(Double(image.lag)),
      "frame_rate": image.frameRate.map { .number($0) } ?? .null, "bytes": .number(Double(image.count)),
      "arena_bytes": .number(Double(image.arenaBytes)), "state_bytes": .number(Double(image.stateBytes)),
      "multiply_adds_per_frame": .number(Double(image.multiplyAdds)), "input_values": image.inputJSON,
      "layers": .array(
        (0..<image.layerCount).map { layer in
          [
            "names": .array(program.names(layer).map { .string($0) }),
            "type": .string(image.kindName(layer)),
            "output": extents(program.outputShape(layer).dimensions), "values": image.valuesJSON(layer),
          ]
        }),
    ]
  }

  private func extents(_ dimensions: [Int]) -> JSON { .array(dimensions.map { .number(Double($0)) }) }
}

extension ImageDescription where Image == FixedPointImage {
  /// How each layer of a stream is computed, and the time that is counted for it.
  func plan(_ options: StreamOptions) -> String {
    let steps = FixedPointCost.standard(options.level).steps(image, options.algorithm)
    var lines = [
      "\nplan of a stream (\(options.level.name); speeds: standard): \(fixed(steps.reduce(0, +) * 1e3, 3)) ms per frame"
    ]
    for index in 0..<image.layerCount {
      lines.append(
        "  \(pad(program.names(index).first ?? "-", 16)) \(pad(image.form(index, options), 14)) "
          + "\(right(fixed(Double(image.multiplyAdds(index)) / 1e6, 3), 8)) million multiply-adds, "
          + "\(right(fixed(steps[index + 1] * 1e6, 1), 7)) microseconds")
    }
    return lines.joined(separator: "\n")
  }
}

/// An image that says what its numbers are.
protocol DescribedImage: ModelImage {
  static var numbers: String { get }
  /// How streams are computed, from the options of a command; refuses what makes no difference.
  static func runOptions(_ arguments: Arguments) throws -> StreamOptions
  var precision: String { get }
  var multiplyAdds: Int { get }
  func multiplyAdds(_ layer: Int) -> Int
  /// How a layer of a stream is computed, in words.
  func form(_ layer: Int, _ options: StreamOptions) -> String
  var inputText: String { get }
  var inputJSON: JSON { get }
  func kindName(_ layer: Int) -> String
  func valuesText(_ layer: Int) -> String
  func valuesJSON(_ layer: Int) -> JSON
  /// Whether a layer is more than an affine function of the one before.
  func isNonlinear(_ layer: Int) -> Bool
}

extension FixedPointImage: DescribedImage {
  static var numbers: String { "in integers" }
  var precision: String { input.type.name }
  func multiplyAdds(_ layer: Int) -> Int { self.layer(layer).multiplyAdds }

  static func runOptions(_ arguments: Arguments) throws -> StreamOptions {
    let options = try streamOptions(arguments)
    guard options.algorithm != .lowRank else {
      throw UsageError("--algorithm: for an image in integers auto, direct or spectral, found 'low-rank'")
    }
    return options
  }

  func form(_ layer: Int, _ options: StreamOptions) -> String {
    "\(FixedPointCost.standard(options.level).formName(self, layer, options.algorithm))"
  }

  var inputText: String { input.text }
  var inputJSON: JSON { input.json }
  func valuesText(_ layer: Int) -> String { output(layer).text }
  func valuesJSON(_ layer: Int) -> JSON { output(layer).json }
  /// Integers are clamped.
  func isNonlinear(_ layer: Int) -> Bool { true }

  func kindName(_ layer: Int) -> String {
    switch self.layer(layer).operation {
    case .convolution(let geometry, let parameters):
      let window = geometry.window
      return "conv \(window.kernelHeight) x \(window.kernelWidth), \(parameters.weight.type.name)"
    case .maximumPool(let window, _): return "max pool \(window.kernelHeight) x \(window.kernelWidth)"
    case .averagePool(let window, _): return "average pool \(window.kernelHeight) x \(window.kernelWidth)"
    case .table: return "table"
    case .gather: return "readout"
    }
  }
}

extension FixedPointQuantization {
  fileprivate var text: String { "\(type.name), step \(scale), zero at \(zeroPoint)" }

  fileprivate var json: JSON {
    ["type": .string(type.name), "step": .number(Double(scale)), "zero_point": .number(Double(zeroPoint))]
  }
}

extension FloatImage: DescribedImage {
  static var numbers: String { "in reproducible float32" }
  var precision: String { "float32" }
  func multiplyAdds(_ layer: Int) -> Int { step(layer).multiplyAdds }
  func form(_ layer: Int, _ options: StreamOptions) -> String { "by definition" }

  static func runOptions(_ arguments: Arguments) throws -> StreamOptions {
    if arguments.has("--algorithm") { throw UsageError("--algorithm: an image in float32 has one form, leave it out") }
    return try streamOptions(arguments)
  }

  var inputText: String { "float32" }
  var inputJSON: JSON { ["type": "float32"] }
  func valuesText(_ layer: Int) -> String { inputText }
  func valuesJSON(_ layer: Int) -> JSON { inputJSON }
  func isNonlinear(_ layer: Int) -> Bool { !step(layer).isAffine }

  func kindName(_ layer: Int) -> String {
    switch step(layer).kind {
    case .convolution(let geometry, _, _): return "conv \(geometry.kernelHeight) x \(geometry.kernelWidth)"
    case .dense: return "dense"
    case .affine: return "factor and constant"
    case .activation(let kind, _): return kind.name
    case .parametricSoftplus: return "parametric softplus"
    case .divisiveNormalization: return "divisive normalization"
    case .maximumPool(let geometry): return "max pool \(geometry.kernelHeight) x \(geometry.kernelWidth)"
    case .averagePool(let geometry): return "average pool \(geometry.kernelHeight) x \(geometry.kernelWidth)"
    case .gather: return "readout"
    case .identity: return "identity"
    }
  }
}

extension ActivationKind {
  fileprivate var name: String {
    switch self {
    case .relu: return "relu"
    case .softplus: return "softplus"
    case .sigmoid: return "sigmoid"
    case .tanh: return "tanh"
    case .elu: return "elu"
    case .exponential: return "exponential"
    }
  }
}
