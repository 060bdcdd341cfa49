import FoundationEssentials
import RetinaEngine
import RetinaFiles
import RetinaModel
import Testing

@testable import RetinaFit

@Suite struct ArchitectureFileTests {
  private static func architecture(_ text: String, cells: Int = 3, size: Int = 12) throws -> Architecture {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).json").path
    try FileSystem.write(Array(text.utf8), to: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    var options = ArchitectureOptions(history: 6, height: size, width: size, cells: cells)
    options.centres = (0..<cells).map { (Double(4 + $0), 6) }
    return try ArchitectureFile(path).architecture(options)
  }

  @Test func `every type of layer is made with its sizes`() throws {
    let made = try ArchitectureFileTests.architecture(
      """
      {"name": "mine", "layers": [
        {"name": "a", "type": "conv2d", "channels": 4, "kernel": [3, 1], "groups": 2, "padding": 1, "bias": false},
        {"name": "b", "type": "batchnorm", "axis": "unit", "eps": 0.01}, {"name": "c", "type": "gaussian_noise", "std": 0.1},
        {"name": "d", "type": "elu", "alpha": 0.5}, {"name": "e", "type": "dropout", "probability": 0.25},
        {"name": "f", "type": "conv2d_stack", "channels": 5, "kernel": 4},
        {"name": "g", "type": "maxpool2d", "kernel": 2, "stride": 1}, {"name": "h", "type": "avgpool2d", "kernel": 2},
        {"name": "i", "type": "separable_conv", "channels": 2, "kernel": 2}, {"name": "j", "type": "tanh"},
        {"name": "k", "type": "flatten"}, {"name": "l", "type": "dense", "units": 7}, {"name": "m", "type": "relu"},
        {"name": "n", "type": "dense"}, {"name": "o", "type": "softplus"}]}
      """)
    let model = try made.model()
    #expect(model.name == "mine" && made.layers.count == 15)
    let shapes: [Shape] = [
      Shape(4, 12, 14), Shape(4, 12, 14), Shape(4, 12, 14), Shape(4, 12, 14), Shape(5, 9, 11), Shape(5, 8, 10),
      Shape(5, 4, 5), Shape(2, 3, 4), Shape(2, 3, 4), Shape(24), Shape(7), Shape(7), Shape(3), Shape(3),
    ]
    #expect(model.shapes == shapes)
    guard case .convolution(let first) = model.layers[0].operation, case .dense(let last) = model.layers[12].operation,
      case .batchNormalization(let normalization) = model.layers[1].operation
    else { return #expect(Bool(false), "other layers") }
    #expect(first.weight.shape == Shape(4, 3, 3, 1) && first.bias == nil && first.groups == 2)
    #expect(normalization.epsilon == 0.01 && normalization.scale.count == 4 * 12 * 14)
    // softplus(bias) is the mean response, 1/10 when it is not known.
    #expect(last.bias?.count == 3 && abs((last.bias?[0] ?? 0) - -2.2521685) < 1e-5)
  }

  @Test func `kernels at several delays see earlier frames`() throws {
    let made = try ArchitectureFileTests.architecture(
      """
      {"layers": [{"name": "a", "type": "conv2d", "channels": 2, "kernel": 3}, {"name": "b", "type": "relu"},
        {"name": "past", "type": "delays", "delays": [0, 1, 3]}, {"name": "c", "type": "gaussian_readout"},
        {"name": "d", "type": "softplus"}]}
      """)
    guard case .layer(.convolution(let learnt)) = made.layers[0].kind,
      case .convolution(let convolution) = try made.model().layers[0].operation
    else { return #expect(Bool(false), "other layers") }
    // Six frames, of which three are the longest delay.
    #expect(learnt.weight.shape == Shape(2, 3, 3, 3) && convolution.weight.shape == Shape(6, 6, 3, 3))
    for (output, first) in [3, 3, 2, 2, 0, 0].enumerated() {
      let channel = output % 2
      var expected = [Float](repeating: 0, count: 54)
      expected.replaceSubrange(
        first * 9..<first * 9 + 27, with: learnt.weight.values[channel * 27..<channel * 27 + 27])
      #expect(Array(convolution.weight.values[output * 54..<output * 54 + 54]) == expected, "output \(output)")
    }
  }

  /// Layers that cannot stand behind delays, and one that cannot stand before them.
  @Test(arguments: [
    (
      #"{"name": "b", "type": "delays", "delays": [0, 1]}, {"name": "c", "type": "delays", "delays": [0, 1]}"#,
      "behind delays"
    ),
    (#"{"name": "b", "type": "delays", "delays": [0, 1]}, {"name": "c", "type": "relu"}"#, "behind delays"),
    (
      #"{"name": "c", "type": "batchnorm", "axis": "unit"}, {"name": "b", "type": "delays", "delays": [0, 1]}"#,
      "before delays"
    ),
  ]) func `layers beside delays are named`(layers: String, message: String) throws {
    let made = try ArchitectureFileTests.architecture(
      """
      {"layers": [{"name": "a", "type": "conv2d", "channels": 2, "kernel": 3}, \(layers),
        {"name": "d", "type": "gaussian_readout"}]}
      """)
    let error = #expect(throws: ModelError.self) { try made.model() }
    #expect(error?.problems.first?.place == "layer 'c'" && error?.problems.first?.expected.contains(message) == true)
  }

  @Test func `a division halves the channels`() throws {
    let made = try ArchitectureFileTests.architecture(
      """
      {"layers": [{"name": "a", "type": "conv2d", "channels": 8, "kernel": 3}, {"name": "b", "type": "divisive_normalization"},
        {"name": "c", "type": "gaussian_readout"}, {"name": "d", "type": "softplus"}]}
      """)
    #expect(try made.model().shapes[1] == Shape(4, 10, 10))
  }

  /// Two channels, their past, three channels of each pathway, and quotients: what one channel does is seen in every other quotient alone.
  @Test(arguments: [0, 1]) func `pathways stay apart through delays and divisions`(changed: Int) throws {
    let made = try ArchitectureFileTests.architecture(
      """
      {"layers": [{"name": "a", "type": "conv2d", "channels": 2, "kernel": 3}, {"name": "b", "type": "relu"},
        {"name": "past", "type": "delays", "delays": [0, 1, 3]},
        {"name": "c", "type": "conv2d", "channels": 6, "kernel": 3, "pathways": 2}, {"name": "d", "type": "relu"},
        {"name": "later", "type": "delays", "delays": [0, 1]},
        {"name": "e", "type": "conv2d", "channels": 8, "kernel": 1, "pathways": 2},
        {"name": "f", "type": "divisive_normalization"}, {"name": "g", "type": "gaussian_readout"}]}
      """)
    #expect(made.layers.map(\.pathways) == [1, 1, 1, 2, 1, 1, 2, 1, 1])
    let network = try Network(made, clips: 1, clipLength: 2)
    let movie = Tensor(shape: Shape(1, 6, 12, 12), values: (0..<6 * 144).map { Float($0 * $0 % 17) / 8 - 1 })!
    func quotients() throws -> [[Float]] {
      let model = try network.model()
      let found = Program(model).run(movie, of: model, layers: [5], threads: 1).tensors[0]
      #expect(found.shape == Shape(1, 4, 8, 8))
      return (0..<4).map { Array(found.values[$0 * 64..<($0 + 1) * 64]) }
    }
    let before = try quotients()
    let first = try #require(network.groups.first { $0.name == "a.weight" })
    let half = first.range.count / 2
    for index in 0..<half { network.parameters[first.range.lowerBound + changed * half + index] *= -1 }
    let after = try quotients()
    for channel in 0..<4 {
      #expect((before[channel] != after[channel]) == (channel % 2 == changed), "channel \(channel)")
    }
  }

  @Test func `cells read their own channels at their centres`() throws {
    let model = try ArchitectureFileTests.architecture(
      """
      {"layers": [{"name": "a", "type": "conv2d", "channels": "cells", "kernel": 5},
        {"name": "b", "type": "readout"}, {"name": "c", "type": "softplus"}]}
      """
    ).model()
    guard case .readout(let readout) = model.layers[1].operation else { return #expect(Bool(false), "another layer") }
    // The map begins two pixels inside the frame.
    #expect(readout.positions == (0..<3).map { Readout.Position(channel: $0, row: 4, column: 2 + $0) })
  }

  @Test func `delays of the movie itself are refused`() throws {
    let made = try ArchitectureFileTests.architecture(
      """
      {"layers": [{"name": "past", "type": "delays", "delays": [0, 1]}, {"name": "a", "type": "conv2d", "channels": 2, "kernel": 3},
        {"name": "d", "type": "gaussian_readout"}]}
      """)
    #expect(throws: ModelError.self) { try made.model() }
    var alone = made
    alone.layers[0].kind = .delays([0])
    #expect(throws: ModelError.self) { try Network(alone, clips: 1, clipLength: 1) }
  }

  /// A stride of 2, then every third unit: they lie at pixels 1 and 7.
  @Test func `read-outs start at the centres of coarse maps, two pixels wide`() throws {
    let made = try ArchitectureFileTests.architecture(
      """
      {"layers": [{"name": "a", "type": "conv2d", "channels": 2, "kernel": 3, "stride": 2},
        {"name": "every", "type": "avgpool2d", "kernel": 1, "stride": 3},
        {"name": "b", "type": "gaussian_readout"}]}
      """, size: 13)
    guard case .gaussianReadout(let readout) = made.layers[2].kind else { return #expect(Bool(false), "another layer") }
    #expect(readout.height == 2 && readout.width == 2)
    // Cells at columns 4, 5 and 6, all in row 6.
    for (found, wanted) in zip(readout.centres, [3.0 / 6, 5.0 / 6, 4.0 / 6, 5.0 / 6, 5.0 / 6, 5.0 / 6]) {
      #expect(abs(Double(found) - wanted) < 1e-6, "\(readout.centres)")
    }
    #expect(readout.logSigmas.count == 6 && readout.logSigmas.allSatisfy { abs($0 - -1.0986123) < 1e-5 })
  }

  @Test(arguments: [
    (#"{"layers": []}"#, "at least one layer"), (#"{"layer": []}"#, "'layers'"),
    (#"{"layers": [{"type": "relu"}]}"#, "as 'name'"),
    (#"{"layers": [{"name": "a", "type": "lstm"}]}"#, "layer 'a': expected a type of conv2d"),
    (
      #"{"layers": [{"name": "a", "type": "relu", "slope": 1}]}"#,
      "layer 'a': expected known properties only, found 'slope'"
    ),
    (#"{"layers": [{"name": "a", "type": "relu"}, {"name": "a", "type": "relu"}]}"#, "a name of its own"),
    (
      #"{"layers": [{"name": "a", "type": "conv2d", "channels": 0, "kernel": 3}]}"#,
      "1 to 4096 or \"cells\" as 'channels'"
    ),
    (#"{"layers": [{"name": "a", "type": "conv2d", "channels": 2, "kernel": 13}]}"#, "layer 'a'"),
    (#"{"layers": [{"name": "a", "type": "conv2d", "channels": 2, "kernel": 0}]}"#, "extents of at least 1"),
    (#"{"layers": [{"name": "a", "type": "conv2d", "channels": 4096, "kernel": 4096}]}"#, "at most 67108864 weights"),
    (
      #"{"layers": [{"name": "a", "type": "conv2d", "channels": 4, "kernel": 3, "groups": 4}]}"#,
      "groups that divide 6 and 4"
    ),
    (
      #"{"layers": [{"name": "a", "type": "flatten"}, {"name": "b", "type": "gaussian_readout"}]}"#,
      "layer 'b': expected features"
    ),
    (
      #"{"layers": [{"name": "c", "type": "conv2d", "channels": 1, "kernel": 3}, {"name": "a", "type": "delays", "delays": [0, 6]}]}"#,
      "delays that together reach back less than the 6 frames of a window, found 6"
    ),
    (
      #"{"layers": [{"name": "c", "type": "conv2d", "channels": 1, "kernel": 3}, {"name": "a", "type": "delays", "delays": [0, 4]}, {"name": "b", "type": "delays", "delays": [0, 2]}]}"#,
      "less than the 6 frames of a window, found 6"
    ),
    (
      #"{"layers": [{"name": "c", "type": "conv2d", "channels": 1, "kernel": 3}, {"name": "a", "type": "delays", "delays": [-1, 2]}]}"#,
      "layer 'a': expected delays of 0 to 5 frames, ascending, found [-1, 2]"
    ),
    (
      #"{"layers": [{"name": "c", "type": "conv2d", "channels": 1, "kernel": 3}, {"name": "a", "type": "delays", "delays": [1, 1]}]}"#,
      "[1, 1]"
    ),
    (
      #"{"layers": [{"name": "f", "type": "flatten"}, {"name": "a", "type": "delays", "delays": [0]}]}"#,
      "layer 'a': expected features"
    ),
    (
      #"{"layers": [{"name": "a", "type": "conv2d", "channels": 3, "kernel": 3}, {"name": "b", "type": "divisive_normalization"}]}"#,
      "layer 'b': expected an even number of channels"
    ),
    (
      #"{"layers": [{"name": "a", "type": "conv2d", "channels": 4, "kernel": 3, "pathways": 2}]}"#,
      "layer 'a': expected pathways behind another convolution, and without groups, found 2"
    ),
    (
      #"{"layers": [{"name": "c", "type": "conv2d", "channels": 4, "kernel": 3}, {"name": "a", "type": "conv2d", "channels": 4, "kernel": 3, "groups": 2, "pathways": 2}]}"#,
      "layer 'a': expected pathways behind another convolution, and without groups, found 2"
    ),
    (
      #"{"layers": [{"name": "c", "type": "conv2d", "channels": 3, "kernel": 3}, {"name": "d", "type": "delays", "delays": [0, 1]}, {"name": "a", "type": "conv2d", "channels": 4, "kernel": 3, "pathways": 2}]}"#,
      "layer 'a': expected pathways that divide 3 channels before, found 2"
    ),
    (
      #"{"layers": [{"name": "c", "type": "conv2d", "channels": 4, "kernel": 3}, {"name": "a", "type": "conv2d", "channels": 4, "kernel": 3, "pathways": 0}]}"#,
      "found 0"
    ),
    (
      #"{"layers": [{"name": "c", "type": "conv2d", "channels": 4, "kernel": 3}, {"name": "a", "type": "conv2d", "channels": 6, "kernel": 3, "pathways": 2}, {"name": "b", "type": "divisive_normalization"}, {"name": "r", "type": "gaussian_readout"}]}"#,
      "layer 'a': expected pathways that divide 6 channels in 2 parts"
    ),
    (
      #"{"layers": [{"name": "c", "type": "conv2d", "channels": 4, "kernel": 3}, {"name": "a", "type": "relu", "pathways": 2}]}"#,
      "pathways"
    ),
    (#"{"layers": [{"name": "a", "type": "dropout", "probability": 1}]}"#, "a probability below 1"),
    (#"{"layers": [{"name": "a", "type": "dense", "units": 4}]}"#, "one unit for each of 3 cells, found [4]"),
  ]) func `what is wrong is named`(text: String, message: String) throws {
    let error = #expect(throws: FileError.self) { try ArchitectureFileTests.architecture(text) }
    #expect("\(error as Any)".contains(message))
  }
}
