import RetinaModel

/// Builds a model from a container; every tensor must be used by exactly one part of the model.
struct ModelReader {
  let file: String
  private let metadata: [(name: String, text: String)]
  private var tensors: [ExactName: Tensor] = [:]
  /// The names in the order of the file, for messages that do not depend on hashing.
  private let names: [String]

  /// More layers than any model has; bounds the work on a file made to be slow.
  private static let maximumLayers = 4096

  init(_ container: Safetensors, file: String) {
    self.file = file
    metadata = container.metadata
    names = container.tensors.map(\.name)
    for (name, tensor) in container.tensors { tensors[ExactName(name)] = tensor }
  }

  mutating func model() throws(FileError) -> Model {
    let format = try text(MetadataKey.format)
    guard format == "1" else {
      throw failure(MetadataKey.format, "'1'", quoted(format))
    }
    let name = try text(MetadataKey.name)
    var architecture = try properties(MetadataKey.architecture, try text(MetadataKey.architecture))
    let inputShape = try architecture.required("input", .shape)
    let list = try architecture.required("layers", .array)
    try architecture.finish()
    guard list.count <= ModelReader.maximumLayers else {
      throw failure(MetadataKey.architecture, "at most \(ModelReader.maximumLayers) layers", "\(list.count)")
    }
    var layers: [Layer] = []
    for (index, json) in list.enumerated() { layers.append(try layer(json, index)) }
    let facts = try facts()
    for name in names where tensors[ExactName(name)] != nil {
      throw failure("tensor \(quoted(name))", "tensors that the architecture uses", "one that no layer uses")
    }
    do throws(ModelError) {
      return try Model(name: name, inputShape: inputShape, layers: layers, facts: facts)
    } catch {
      throw FileError(error, file: file)
    }
  }

  /// The facts and the tensors that belong to them; they may be left out.
  mutating func facts() throws(FileError) -> Facts {
    try facts(properties(MetadataKey.facts, find(MetadataKey.facts) ?? "{}"))
  }

  private func find(_ key: String) -> String? {
    metadata.first { $0.name == key }?.text
  }

  private func text(_ key: String) throws(FileError) -> String {
    guard let text = find(key) else {
      throw failure("metadata", "a model file with the key \(key)", "none")
    }
    return text
  }

  private func properties(_ key: String, _ text: String) throws(FileError) -> JSONProperties {
    let json: JSON
    do throws(FileError) {
      json = try JSON(parsing: Array(text.utf8), file: file)
    } catch {
      throw error.inside(key)
    }
    return try JSONProperties(json, place: key, file: file)
  }

  func failure(_ place: String, _ expected: String, _ found: String) -> FileError {
    FileError(file: file, place: place, expected: expected, found: found)
  }

  // MARK: Tensors

  /// Takes a tensor out of the container; nothing when there is none of that name.
  mutating func take(_ name: String) -> Tensor? {
    tensors.removeValue(forKey: ExactName(name))
  }

  /// Whether there is a tensor that was not taken yet.
  func has(_ name: String) -> Bool {
    tensors[ExactName(name)] != nil
  }

  /// Takes the tensor of a layer, which must have the axes named.
  mutating func take(_ layer: String, _ parameter: String, axes: String...) throws(FileError) -> Tensor {
    guard let tensor = take("\(layer).\(parameter)") else {
      throw failure("layer \(quoted(layer))", "a tensor \(quoted("\(layer).\(parameter)"))", "none")
    }
    try check(tensor, layer, parameter, axes)
    return tensor
  }

  /// Takes the values of a tensor with one axis, if there is one.
  mutating func takeVector(_ layer: String, _ parameter: String) throws(FileError) -> [Float]? {
    guard let tensor = take("\(layer).\(parameter)") else { return nil }
    try check(tensor, layer, parameter, ["out"])
    return tensor.values
  }

  private func check(
    _ tensor: Tensor, _ layer: String, _ parameter: String, _ axes: [String]
  ) throws(FileError) {
    guard tensor.shape.rank == axes.count else {
      throw failure(
        "layer \(quoted(layer))", "\(parameter) [\(axes.joined(separator: ", "))]", "\(parameter) \(tensor.shape)")
    }
  }
}

extension FileError {
  /// All that is wrong with a model, in one line.
  init(_ error: ModelError, file: String) {
    guard let first = error.problems.first else {
      self.init(file: file, expected: "a consistent model", found: "another")
      return
    }
    let rest = ModelError(problems: Array(error.problems.dropFirst())).description
    self.init(
      file: file, place: first.place, expected: first.expected,
      found: rest.isEmpty ? first.found : "\(first.found); \(rest)")
  }
}
