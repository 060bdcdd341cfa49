import FoundationEssentials
import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaProbe
import Testing

/// A folder of numeric cases that are shared between projects and not part of this one.
enum SharedCases {
  /// `RETINA_CASES`, else `../shared/cases` beside the package.
  static let folder: String = {
    if let folder = ProcessInfo.processInfo.environment["RETINA_CASES"] { return folder }
    let package = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    return package.joined(separator: "/") + "/../shared/cases"
  }()

  static let path = folder + "/attribution.json"
  static let isPresent = FileManager.default.fileExists(atPath: path)
  static let absence: Comment = "needs attribution.json in the folder RETINA_CASES or ../shared/cases"

  static let file = Result { try JSON(parsing: FileSystem.read(path), file: path) }

  /// The cases of the methods that exist here.
  static let all: [SharedCase] = {
    let cases = (try? file.get())?["cases"]?.array ?? []
    return cases.compactMap { SharedCase($0) }
  }()

  static let rules: [SharedRule] = {
    let cases = (try? file.get())?["quadrature"]?["cases"]?.array ?? []
    return cases.map { SharedRule(json: $0) }
  }()

  /// A rule by its name in the file.
  static func rule(_ name: String?) throws -> Quadrature.Rule {
    switch name {
    case "gausslegendre": return .gaussLegendre
    case "riemann_left": return .riemannLeft
    case "riemann_right": return .riemannRight
    case "riemann_middle": return .riemannMiddle
    case "riemann_trapezoid": return .trapezoid
    default: throw UnknownWord(word: name ?? "no rule")
    }
  }

  /// A network of the file.
  static func network(_ name: String) throws -> Network {
    let json = try #require(try file.get()["networks"]?[name])
    let inputShape = try #require(Shape(checking: json["input_shape"]?.integers ?? []))
    var shape = inputShape
    var layers: [Layer] = []
    for layer in try #require(json["layers"]?.array) {
      let operation = try operation(layer, input: shape)
      layers.append(Layer(try #require(layer["name"]?.string), operation))
      shape = try operation.outputShape(of: shape)
    }
    return Network(try Model(name: name, inputShape: inputShape, layers: layers))
  }

  private static func operation(_ layer: JSON, input: Shape) throws -> RetinaModel.Operation {
    let type = layer["type"]?.string ?? "no type"
    switch type {
    case "dense": return .dense(Dense(weight: try tensor(layer["weight"]), bias: layer["bias"]?.floats))
    case "conv2d":
      return .convolution(
        Convolution(
          weight: try tensor(layer["weight"]), bias: layer["bias"]?.floats,
          stride: pair(layer["stride"]) ?? Spatial(1, 1),
          padding: pair(layer["padding"]) ?? Spatial(0, 0), dilation: pair(layer["dilation"]) ?? Spatial(1, 1),
          groups: layer["groups"]?.integer ?? 1))
    case "batchnorm", "batchnorm1d", "batchnorm2d":
      func numbers(_ names: String...) throws -> [Float] {
        let found = names.compactMap { layer[$0]?.floats }
        return try #require(found.first)
      }
      let mean = try numbers("mean", "running_mean")
      let epsilon = layer["eps"]?.number ?? layer["epsilon"]?.number ?? 1e-5
      return .batchNormalization(
        BatchNormalization(
          axis: input.rank > 1 && mean.count == input[0] ? .channel : .unit,
          scale: try numbers("gamma", "weight", "scale"),
          shift: try numbers("beta", "bias", "shift"), mean: mean,
          variance: try numbers("var", "variance", "running_var"), epsilon: Float(epsilon)))
    case "relu": return .activation(.relu)
    case "softplus": return .activation(.softplus)
    case "sigmoid": return .activation(.sigmoid)
    case "tanh": return .activation(.tanh)
    case "exp": return .activation(.exp)
    case "elu": return .activation(.elu(alpha: Float(layer["alpha"]?.number ?? 1)))
    case "flatten": return .flatten
    case "maxpool1d", "maxpool2d", "avgpool1d", "avgpool2d":
      let isLine = type.hasSuffix("1d")
      let kernel = try #require(pair(layer["kernel"] ?? layer["kernel_size"], isLine: isLine))
      let pool = Pool(kernel: kernel, stride: pair(layer["stride"], isLine: isLine))
      return type.hasPrefix("max") ? .maximumPool(pool) : .averagePool(pool)
    default: throw UnknownWord(word: type)
    }
  }

  private static func tensor(_ json: JSON?) throws -> Tensor {
    let json = try #require(json)
    var extents: [Int] = []
    var inner: JSON? = json
    while let list = inner?.array {
      extents.append(list.count)
      inner = list.first
    }
    return Tensor(extents, try #require(json.floats))
  }

  /// A number for both directions, or a number for each.
  private static func pair(_ json: JSON?, isLine: Bool = false) -> Spatial? {
    guard let numbers = json?.integers, let last = numbers.last, let first = numbers.first else { return nil }
    return isLine ? Spatial(1, last) : Spatial(first, last)
  }
}

/// A word of the file that has no meaning here.
struct UnknownWord: Error {
  var word: String
}

extension JSON {
  /// All numbers of nested lists, in order; nothing for other values.
  var doubles: [Double]? {
    if let number { return [number] }
    guard let array else { return nil }
    return array.flatMap { $0.doubles ?? [] }
  }

  /// All numbers of nested lists as float32.
  var floats: [Float]? { doubles?.map { Float($0) } }

  /// All numbers of nested lists as integers.
  var integers: [Int] { doubles?.map { Int($0) } ?? [] }
}

/// One case of the file: a question for several inputs, and the numbers that others found.
struct SharedCase: Sendable, CustomTestStringConvertible {
  let json: JSON
  let id: String
  let method: RetinaProbe.Method

  /// Nothing for a case of a method that does not exist here.
  init?(_ json: JSON) {
    guard let id = json["id"]?.string, let name = json["method"]?.string else { return nil }
    let word = name == "conductance_integral" ? "conductance" : String(name.map { $0 == "_" ? "-" : $0 })
    guard let method = Method(rawValue: word) else { return nil }
    (self.json, self.id, self.method) = (json, id, method)
  }

  var testDescription: String { id }

  /// Whether the file has the numbers of infinitely many steps.
  var hasExact: Bool { json["expected_exact"] != nil }

  /// The answer for every input: with the steps of the case, or by an exact integral.
  ///
  /// Captum's finite differences then become the conductance that they are an estimate of.
  func answers(exactly: Bool = false) throws -> [Attribution] {
    let network = try SharedCases.network(try #require(json["network"]?.string))
    let (model, program) = (network.model, network.program)
    let parameters = try #require(json["params"])
    let inputs = try rows(try #require(json["input"]), of: model.inputShape.count)

    var request = Request(
      exactly && method == .layerConductance ? .conductance : method,
      target: .cell(json["target"]?.integer ?? 0, of: program),
      steps: exactly ? .exact : .count(parameters["n_steps"]?.integer ?? 50),
      rule: try parameters["quadrature"].map { try SharedCases.rule($0.string) } ?? .gaussLegendre,
      multipliesByInputs: parameters["multiply_by_inputs"]?.boolean ?? true)
    var subject = model.inputShape
    if let name = parameters["layer"]?.string {
      let layer = try #require(model.index(of: name))
      let side: LayerSide = parameters["at"]?.string == "input" ? .input : .output
      let shape = side == .input ? model.inputShape(ofLayer: layer) : model.shapes[layer]
      request.boundary = program.boundary(layer: layer, side: side)
      if let place = parameters["neuron"]?.integers {
        let unit = zip(place, shape.dimensions).reduce(0) { $0 * $1.1 + $1.0 }
        request.neuron = .unit(unit, boundary: request.boundary)
      } else {
        subject = shape
      }
    }
    if method == .layerGradCAM || method == .channelAblation { request.shape = subject.dimensions }
    if let window = parameters["window"]?.integers {
      request.shape = model.inputShape.dimensions
      request.window = window
      request.strides = parameters["strides"]?.integers ?? window.map { _ in 1 }
    }
    let masks = try parameters["mask"].map { try rows($0, of: subject.count) }
    let baselines =
      try method.needsCorrupt
      ? corrupts(parameters, of: model.inputShape.count)
      : baselines(count: method.replacesLayer ? subject.count : model.inputShape.count)
    if method == .gradientShap { request.samples = parameters["n_samples"]?.integer }
    let zero = [Float](repeating: 0, count: model.inputShape.count)
    return try inputs.enumerated().map { index, input in
      var request = request
      let baseline = baselines[baselines.count == inputs.count ? index : 0]
      request.groups = masks.map { $0[$0.count == inputs.count ? index : 0].map { Int($0) } }
      if method.replacesLayer { request.replacement = baseline }
      if method.needsCorrupt { request.corrupt = baseline }
      return try network.answer(
        request, input, from: method.needsBaseline ? baseline : zero,
        baselines: method.takesBaselines ? baselines : [])
    }
  }

  /// The second stimulus of patching, wherever the case has it.
  private func corrupts(_ parameters: JSON, of count: Int) throws -> [[Float]] {
    let found = [parameters["corrupt"], json["corrupt"], json["corrupted"]].compactMap { $0 }.first
    return try found.map { try rows($0, of: count) } ?? baselines(count: count)
  }

  /// The rows of a batch.
  private func rows(_ json: JSON, of count: Int) throws -> [[Float]] {
    let values = try #require(json.floats)
    try #require(values.count % count == 0)
    return stride(from: 0, to: values.count, by: count).map { Array(values[$0..<$0 + count]) }
  }

  /// One baseline for all inputs, or one each.
  private func baselines(count: Int) throws -> [[Float]] {
    switch json["baseline"] {
    case nil, .null: return [[Float](repeating: 0, count: count)]
    case .number(let value): return [[Float](repeating: Float(value), count: count)]
    case .some(let values): return try rows(values, of: count)
    }
  }
}

/// Nodes and weights of one rule in the file.
struct SharedRule: Sendable, CustomTestStringConvertible {
  let json: JSON

  var testDescription: String { json["id"]?.string ?? "no id" }
}
