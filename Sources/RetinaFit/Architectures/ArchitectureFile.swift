import RetinaFiles
import RetinaModel

/// An architecture that a JSON file describes: layers of a model file with sizes in the place of tensors.
///
/// ```json
/// {"name": "two-layers", "layers": [
///   {"name": "conv1", "type": "conv2d", "channels": 8, "kernel": 9},
///   {"name": "bn1", "type": "batchnorm"},
///   {"name": "relu1", "type": "relu"},
///   {"name": "cells", "type": "gaussian_readout"},
///   {"name": "rate", "type": "softplus"}]}
/// ```
///
/// | type | properties (default) |
/// | --- | --- |
/// | `conv2d` | `channels` (or `"cells"`), `kernel`; `stride` (1), `padding` (0), `dilation` (1), `groups` (1), `pathways` (1), `bias` (true) |
/// | `conv2d_stack`, `separable_conv` | `channels`, `kernel` |
/// | `delays` | `delays`: frames, ascending, such as `[0, 1, 2, 4]`; the channels of so many frames before, for a convolution that follows |
/// | `dense` | `units` (`"cells"`), `bias` (true) |
/// | `gaussian_readout`, `factorized_readout` | none: one unit per cell |
/// | `readout` | none: each cell reads its own channel at its receptive-field centre |
/// | `batchnorm` | `axis` `"channel"` or `"unit"` (`"channel"`), `eps` (1e-3) |
/// | `dropout` | `probability` |
/// | `gaussian_noise` | `std` |
/// | `relu`, `softplus`, `sigmoid`, `tanh`, `exp`, `elu`, `divisive_normalization`, `maxpool2d`, `avgpool2d`, `flatten` | as in a model file |
///
/// With `pathways` a convolution of features keeps channels apart whose numbers leave different remainders when divided by it.
///
/// Biases of the layer that gives one unit per cell start so that a softplus gives the cells' mean responses.
public struct ArchitectureFile: Sendable {
  /// What the file calls it; its path when it does not.
  public let name: String
  /// The file.
  public let file: String
  private let layers: [JSON]

  private static let types = [
    "conv2d", "conv2d_stack", "separable_conv", "delays", "dense", "gaussian_readout", "factorized_readout",
    "readout", "batchnorm", "relu", "softplus", "sigmoid", "tanh", "exp", "elu", "divisive_normalization", "maxpool2d",
    "avgpool2d", "flatten", "gaussian_noise", "dropout",
  ]
  /// The largest number of channels, units or pixels along a kernel, and of weights in a layer.
  private static let (largest, mostWeights) = (4096, 1 << 26)

  /// Reads a file.
  ///
  /// - Throws: ``FileError`` when it cannot be read or lists no layers.
  public init(_ path: String) throws(FileError) {
    var properties = try JSONProperties(
      try JSON(parsing: FileSystem.read(path, limit: 1 << 24), file: path), place: "architecture", file: path)
    file = path
    name = try properties.optional("name", .text) ?? path
    layers = try properties.required("layers", .array)
    try properties.finish()
    guard !layers.isEmpty else {
      throw FileError(file: path, place: "architecture", expected: "at least one layer", found: "none")
    }
  }

  /// Makes the architecture with its starting weights.
  ///
  /// - Throws: ``FileError`` that names the first layer that is wrong or does not fit.
  public func architecture(_ options: ArchitectureOptions) throws(FileError) -> Architecture {
    let input = Shape(options.history, options.height, options.width)
    var draw = WeightDraw(options.start, seed: options.seed)
    // What comes before delays sees fewer frames, in more windows.
    var (shape, made, options) = (input, [TrainableLayer](), options)
    var grid = (
      rows: MapGrid(units: input[1], pixels: input[1]), columns: MapGrid(units: input[2], pixels: input[2])
    )
    let longest = layers.reduce(0) { sum, layer in
      sum + min(options.history, layer["delays"]?.array?.compactMap { $0.integer }.max() ?? 0)
    }
    guard longest < options.history else {
      throw failure(
        "architecture", "delays that together reach back less than the \(options.history) frames of a window",
        "\(longest)")
    }
    shape = Shape(options.history - max(0, longest), options.height, options.width)
    for (index, json) in layers.enumerated() {
      let place = json["name"]?.string.map { "layer \(quoted($0))" } ?? "layer \(index)"
      var properties = try JSONProperties(json, place: place, file: file)
      let name = try properties.required("name", .text)
      guard !made.contains(where: { $0.name == name }) else { throw failure(place, "a name of its own", "two of it") }
      var layer = TrainableLayer(name, try kind(of: &properties, place, input: shape, options, &draw))
      if case .layer(.convolution(let convolution)) = layer.kind {
        layer.pathways = try pathways(&properties, of: convolution, behind: made, place)
      }
      try properties.finish()
      made.append(layer)
      if case .delays(let delays) = layer.kind { shape = Shape(delays.count * shape[0], shape[1], shape[2]) }
      guard let operation = layer.deployed?.operation else { continue }
      do throws(ShapeMismatch) {
        let output = try operation.outputShape(of: shape)
        operation.pass(&grid.rows, &grid.columns, input: shape, output: output)
        (shape, options.grid) = (output, grid)
      } catch {
        throw failure(place, error.expected, error.found)
      }
    }
    guard shape == Shape(options.cells) else {
      throw failure("architecture", "layers that end in one unit for each of \(options.cells) cells", "\(shape)")
    }
    let architecture = Architecture(name: self.name, inputShape: input, layers: made)
    for (index, layer) in made.enumerated() where layer.pathways > 1 {
      guard case .layer(.convolution(let convolution)) = layer.kind else { continue }
      let (outputs, parts) = (convolution.weight.shape[0], 1 << architecture.divisions(behind: index).count)
      guard outputs % (parts * layer.pathways) == 0 else {
        throw failure(
          "layer \(quoted(layer.name))",
          "pathways that divide \(outputs) channels in \(parts) parts, which are divided by one another",
          "\(layer.pathways)")
      }
    }
    return architecture
  }

  private func kind(
    of properties: inout JSONProperties, _ place: String, input: Shape, _ options: ArchitectureOptions,
    _ draw: inout WeightDraw
  ) throws(FileError) -> TrainableLayer.Kind {
    let type = try properties.required("type", .text)
    switch type {
    case "conv2d":
      return .layer(.convolution(try convolution(&properties, place, features(input, place), options, &draw)))
    case "conv2d_stack", "separable_conv":
      let outputs = try size("channels", &properties, place, options)
      let kernel = try size("kernel", &properties, place, options)
      let inputs = try features(input, place).channels
      _ = try weights([outputs, max(inputs, outputs), kernel, kernel], place)
      return .layer(
        draw.convolution(
          type == "conv2d_stack" ? .stack : .separable, outputs: outputs, inputs: inputs, kernel: kernel))
    case "delays": return .delays(try delays(&properties, place, features(input, place).channels, options))
    case "dense":
      let units = try size("units", &properties, place, options, standard: options.cells)
      let hasBias = try properties.optional("bias", .truth) ?? true
      return .layer(
        .dense(
          Dense(
            weight: draw.weights(try weights([units, input.count], place), gain: units == options.cells ? 0.1 : 2),
            bias: hasBias ? startingBias(units, options) : nil)))
    case "gaussian_readout": return draw.readout(.gaussian, of: try features(input, place), bias: true, options)
    case "factorized_readout": return draw.readout(.factorized, of: try features(input, place), bias: true, options)
    case "readout":
      let (_, height, width) = try features(input, place)
      return .layer(.readout(options.centreReadout(height: height, width: width)))
    case "batchnorm":
      let axis = try properties.optional("axis", .axis) ?? .channel
      let isVector = input.rank == 1
      var normalization = BatchNormalization.start(
        axis, count: axis == .unit || isVector ? input.count : try features(input, place).channels)
      normalization.epsilon = try properties.optional("eps", .single) ?? normalization.epsilon
      return .layer(.batchNormalization(normalization))
    case "dropout":
      let probability = try properties.required("probability", .single)
      guard (0..<1).contains(probability) else { throw failure(place, "a probability below 1", "\(probability)") }
      return .dropout(probability: probability)
    case "gaussian_noise": return .layer(.gaussianNoise(standardDeviation: try properties.required("std", .single)))
    case "relu": return .layer(.activation(.relu))
    case "softplus": return .layer(.activation(.softplus))
    case "sigmoid": return .layer(.activation(.sigmoid))
    case "tanh": return .layer(.activation(.tanh))
    case "exp": return .layer(.activation(.exp))
    case "elu": return .layer(.activation(.elu(alpha: try properties.optional("alpha", .single) ?? 1)))
    case "divisive_normalization": return .layer(.divisiveNormalization)
    case "flatten": return .layer(.flatten)
    case "maxpool2d", "avgpool2d":
      let kernel = try properties.required("kernel", .spatial)
      let pool = Pool(kernel: kernel, stride: try properties.optional("stride", .spatial))
      return .layer(type == "maxpool2d" ? .maximumPool(pool) : .averagePool(pool))
    default: throw failure(place, "a type of \(ArchitectureFile.types.joined(separator: ", "))", quoted(type))
    }
  }

  private func convolution(
    _ properties: inout JSONProperties, _ place: String, _ input: (channels: Int, height: Int, width: Int),
    _ options: ArchitectureOptions, _ draw: inout WeightDraw
  ) throws(FileError) -> Convolution {
    let outputs = try size("channels", &properties, place, options)
    let kernel = try properties.required("kernel", .spatial)
    let groups = try properties.optional("groups", .integer) ?? 1
    guard groups >= 1, input.channels % groups == 0, outputs % groups == 0 else {
      throw failure(place, "groups that divide \(input.channels) and \(outputs) channels", "\(groups)")
    }
    let hasBias = try properties.optional("bias", .truth) ?? true
    var convolution = Convolution(
      weight: draw.weights(
        try weights([outputs, input.channels / groups, kernel.vertical, kernel.horizontal], place)),
      bias: hasBias ? startingBias(outputs, options) : nil, groups: groups)
    convolution.stride = try properties.optional("stride", .spatial) ?? convolution.stride
    convolution.padding = try properties.optional("padding", .spatial) ?? convolution.padding
    convolution.dilation = try properties.optional("dilation", .spatial) ?? convolution.dilation
    return convolution
  }

  /// How many pathways a convolution keeps apart.
  private func pathways(
    _ properties: inout JSONProperties, of convolution: Convolution, behind layers: [TrainableLayer], _ place: String
  ) throws(FileError) -> Int {
    guard let pathways = try properties.optional("pathways", .integer), pathways != 1 else { return 1 }
    guard layers.contains(where: { $0.kind.isConvolution }), convolution.groups == 1 else {
      throw failure(place, "pathways behind another convolution, and without groups", "\(pathways)")
    }
    var channels = convolution.weight.shape[1]
    if case .delays(let delays)? = layers.last?.kind { channels /= delays.count }
    guard pathways > 1, channels % pathways == 0 else {
      throw failure(place, "pathways that divide \(channels) channels before", "\(pathways)")
    }
    return pathways
  }

  private func delays(
    _ properties: inout JSONProperties, _ place: String, _ channels: Int, _ options: ArchitectureOptions
  ) throws(FileError) -> [Int] {
    let delays = try properties.required("delays", .integerList)
    guard let longest = delays.max(), delays.allSatisfy({ $0 >= 0 }), zip(delays, delays.dropFirst()).allSatisfy(<),
      longest < options.history, delays.count * channels <= ArchitectureFile.largest
    else {
      throw failure(place, "delays of 0 to \(options.history - 1) frames, ascending", "\(delays)")
    }
    return delays
  }

  /// The shape of weights, which must not be too many.
  private func weights(_ extents: [Int], _ place: String) throws(FileError) -> Shape {
    guard let shape = Shape(checking: extents), shape.count <= ArchitectureFile.mostWeights else {
      throw failure(
        place, "extents of at least 1 and at most \(ArchitectureFile.mostWeights) weights",
        extents.map(String.init).joined(separator: " x "))
    }
    return shape
  }

  private func startingBias(_ units: Int, _ options: ArchitectureOptions) -> [Float] {
    units == options.cells ? options.startingBias : [Float](repeating: 0, count: units)
  }

  /// A number of channels or units; the word `cells` stands for as many as there are cells.
  private func size(
    _ name: String, _ properties: inout JSONProperties, _ place: String, _ options: ArchitectureOptions,
    standard: Int? = nil
  ) throws(FileError) -> Int {
    guard let json = try properties.optional(name, .any) else {
      if let standard { return standard }
      throw failure(place, "a number or \"cells\" as '\(name)'", "none")
    }
    if json.string == "cells" { return options.cells }
    guard let number = json.integer, (1...ArchitectureFile.largest).contains(number) else {
      throw failure(place, "1 to \(ArchitectureFile.largest) or \"cells\" as '\(name)'", json.text())
    }
    return number
  }

  private func features(
    _ shape: Shape, _ place: String
  ) throws(FileError) -> (channels: Int, height: Int, width: Int) {
    guard shape.rank == 3 else { throw failure(place, "features [channel, height, width] before it", "\(shape)") }
    return (shape[0], shape[1], shape[2])
  }

  private func failure(_ place: String, _ expected: String, _ found: String) -> FileError {
    FileError(file: file, place: place, expected: expected, found: found)
  }
}
