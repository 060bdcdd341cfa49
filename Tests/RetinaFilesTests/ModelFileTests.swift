import RetinaFiles
import RetinaKernels
import RetinaModel
import Testing

/// Every kind of layer, with an input that it accepts.
private let kinds: [(type: String, input: Shape, operation: Operation)] = [
  ("conv2d", Shape(3, 6, 6), .convolution(Convolution(weight: ramp(2, 3, 3, 2)))),
  (
    "conv2d", Shape(4, 7, 9),
    .convolution(
      Convolution(
        weight: ramp(6, 2, 3, 2), bias: ramp(6).values, stride: Spatial(2, 2), padding: Spatial(1, 2),
        dilation: Spatial(2, 1), groups: 2))
  ),
  ("conv2d_stack", Shape(3, 6, 6), .convolutionStack(ConvolutionStack(weights: [ramp(2, 3, 3, 3)]))),
  (
    "conv2d_stack", Shape(3, 6, 6),
    .convolutionStack(
      ConvolutionStack(weights: [ramp(2, 3, 3, 3), ramp(4, 2, 2, 2), ramp(1, 4, 1, 1)], bias: [0.25]))
  ),
  (
    "separable_conv", Shape(5, 4, 4),
    .separableConvolution(SeparableConvolution(temporal: ramp(2, 3, 5), spatial: ramp(2, 3, 2, 3), bias: [1, -1]))
  ),
  (
    "separable_conv", Shape(5, 4, 4),
    .separableConvolution(SeparableConvolution(temporal: ramp(1, 1, 5), spatial: ramp(1, 1, 4, 4)))
  ),
  ("dense", Shape(2, 3, 1), .dense(Dense(weight: ramp(4, 6), bias: ramp(4).values))),
  ("dense", Shape(6), .dense(Dense(weight: ramp(1, 6)))),
  (
    "batchnorm", Shape(2, 3, 3),
    .batchNormalization(
      BatchNormalization(axis: .channel, scale: [1, 2], shift: [0, -1], mean: [0.5, 0], variance: [1, 4]))
  ),
  (
    "batchnorm", Shape(2, 1, 1),
    .batchNormalization(
      BatchNormalization(
        axis: .unit, scale: [1, 2], shift: [0, -1], mean: [0.5, 0], variance: [0, 4], epsilon: 0.001))
  ),
  ("relu", Shape(4), .activation(.relu)), ("softplus", Shape(4), .activation(.softplus)),
  ("sigmoid", Shape(4), .activation(.sigmoid)), ("tanh", Shape(4), .activation(.tanh)),
  ("exp", Shape(4), .activation(.exp)), ("elu", Shape(4), .activation(.elu(alpha: 1))),
  ("elu", Shape(4), .activation(.elu(alpha: 0.1))),
  ("parametric_softplus", Shape(4), .activation(.parametricSoftplus(alpha: [0.5], beta: [1, 2, 3, 4]))),
  ("divisive_normalization", Shape(4, 2, 3), .divisiveNormalization),
  ("divisive_normalization", Shape(2), .divisiveNormalization),
  ("maxpool2d", Shape(2, 6, 6), .maximumPool(Pool(kernel: Spatial(2, 2)))),
  ("avgpool2d", Shape(2, 6, 6), .averagePool(Pool(kernel: Spatial(3, 2), stride: Spatial(1, 2)))),
  ("maxpool1d", Shape(9), .maximumPool(Pool(kernel: Spatial(1, 3)))),
  ("avgpool1d", Shape(9), .averagePool(Pool(kernel: Spatial(1, 3), stride: Spatial(1, 2)))),
  ("flatten", Shape(2, 3), .flatten), ("reshape", Shape(6), .reshape(Shape(2, 1, 3))),
  (
    "readout", Shape(2, 3, 3),
    .readout(Readout(positions: [.init(channel: 0, row: 1, column: 2), .init(channel: 1, row: 0, column: 0)]))
  ),
  ("gaussian_noise", Shape(2, 2), .gaussianNoise(standardDeviation: 0.05)),
]

private func same(_ a: Operation, _ b: Operation) -> Bool {
  switch (a, b) {
  case (.convolution(let a), .convolution(let b)): a == b
  case (.convolutionStack(let a), .convolutionStack(let b)): a == b
  case (.separableConvolution(let a), .separableConvolution(let b)): a == b
  case (.dense(let a), .dense(let b)): a == b
  case (.batchNormalization(let a), .batchNormalization(let b)): a == b
  case (.activation(let a), .activation(let b)): a == b
  case (.maximumPool(let a), .maximumPool(let b)), (.averagePool(let a), .averagePool(let b)): a == b
  case (.divisiveNormalization, .divisiveNormalization), (.flatten, .flatten): true
  case (.reshape(let a), .reshape(let b)): a == b
  case (.readout(let a), .readout(let b)): a == b
  case (.gaussianNoise(let a), .gaussianNoise(let b)): a == b
  default: false
  }
}

/// A small model with all facts.
private func everything() throws -> Model {
  let facts = Facts(
    lag: 1, frameRate: 30, pixelSize: 27.5, normalization: .perPixel(mean: ramp(4, 5), standardDeviation: ones(4, 5)),
    responseUnit: "spikes/bin",
    cells: [
      Cell(name: "cell 0", centre: (12.5, 30), figures: [("held_out_r", 0.45), ("held_out_r_ln", 0.4)]),
      Cell(name: "cell \"é\""),
    ],
    provenance: [("command", "train --seed 1\n"), ("source", "a paper")],
    golden: Golden(input: ramp(2, 3, 4, 5), output: ramp(2, 2), tolerance: 2e-5))
  return try Model(
    name: "everything", inputShape: Shape(3, 4, 5),
    layers: [
      Layer("conv1", .convolution(Convolution(weight: ramp(2, 3, 2, 2)))), Layer("flatten", .flatten),
      Layer("dense", .dense(Dense(weight: ramp(2, 24), bias: [1, 2]))), Layer("rate", .activation(.softplus)),
    ],
    facts: facts)
}

private func ones(_ height: Int, _ width: Int) -> Tensor {
  Tensor(repeating: 1, shape: Shape(height, width))
}

/// A model file from JSON texts and tensors.
private func modelFile(
  _ architecture: String, facts: String? = nil, tensors: [(name: String, tensor: Tensor)] = []
) -> [UInt8] {
  var metadata = [("retina.format", "1"), ("retina.name", "m"), ("retina.architecture", architecture)]
  if let facts { metadata.append(("retina.facts", facts)) }
  return Safetensors(metadata: metadata.map { (name: $0.0, text: $0.1) }, tensors: tensors).bytes()
}

@Suite struct ModelFileTests {
  @Test(arguments: kinds.indices)
  func everyKindOfLayerRoundTrips(_ index: Int) throws {
    let (type, input, operation) = kinds[index]
    let model = try Model(name: type, inputShape: input, layers: [Layer("layer.é 1", operation)])
    let bytes = ModelFile.bytes(of: model)
    #expect(String(decoding: bytes, as: UTF8.self).contains(#"\"type\":\"\#(type)\""#))
    let back = try ModelFile.parse(bytes, file: "-")
    #expect(back.name == model.name)
    #expect(back.inputShape == input)
    #expect(back.shapes == model.shapes)
    #expect(back.layers.map(\.name) == ["layer.é 1"])
    #expect(same(back.layers[0].operation, operation))
    #expect(ModelFile.bytes(of: back) == bytes)
  }

  @Test func everyTypeInTheDocumentIsTested() {
    let types = [
      "conv2d", "conv2d_stack", "separable_conv", "dense", "batchnorm", "relu", "softplus", "sigmoid", "tanh", "exp",
      "elu", "parametric_softplus", "divisive_normalization", "maxpool2d", "avgpool2d", "maxpool1d", "avgpool1d",
      "flatten",
      "reshape", "readout", "gaussian_noise",
    ]
    #expect(Set(kinds.map(\.type)) == Set(types))
  }

  @Test func allFactsRoundTrip() throws {
    let model = try everything()
    let bytes = ModelFile.bytes(of: model)
    let back = try ModelFile.parse(bytes, file: "-")
    #expect(back.facts.lag == 1)
    #expect(back.facts.frameRate == 30)
    #expect(back.facts.pixelSize == 27.5)
    #expect(back.facts.normalization == model.facts.normalization)
    #expect(back.facts.responseUnit == "spikes/bin")
    #expect(back.facts.cells == model.facts.cells)
    #expect(back.facts.provenance.map(\.name) == ["command", "source"])
    #expect(back.facts.provenance.map(\.text) == ["train --seed 1\n", "a paper"])
    #expect(back.facts.golden == model.facts.golden)
    #expect(ModelFile.bytes(of: back) == bytes)
    try withFolder { folder in
      try ModelFile.write(model, to: folder + "/m.safetensors")
      #expect(try FileSystem.read(folder + "/m.safetensors") == bytes)
      #expect(ModelFile.bytes(of: try ModelFile.read(folder + "/m.safetensors")) == bytes)
    }
  }

  @Test func scalarNormalizationAndSortedFactsRoundTrip() throws {
    let facts = Facts(
      normalization: .scalar(mean: 0.1, standardDeviation: 1e-5),
      cells: [Cell(name: "a", figures: [("z", 1), ("b", .nan), ("a", 2)])], provenance: [("z", "1"), ("a", "2")])
    let model = try Model(name: "", inputShape: Shape(1), layers: [Layer("r", .activation(.relu))], facts: facts)
    let bytes = ModelFile.bytes(of: model)
    let back = try ModelFile.parse(bytes, file: "-")
    #expect(back.facts.normalization == facts.normalization)
    #expect(back.facts.cells == [Cell(name: "a", figures: [("a", 2), ("z", 1)])])
    #expect(back.facts.provenance.map(\.name) == ["a", "z"])
    #expect(ModelFile.bytes(of: back) == bytes)
  }

  @Test func readsTheDefaultsOfTheDocument() throws {
    let architecture = """
      {"input": [20, 6, 6], "layers": [
        {"name": "c", "type": "conv2d", "stride": [2, 1]}, {"name": "b", "type": "batchnorm"},
        {"name": "p", "type": "maxpool2d", "kernel": [1, 2]}, {"name": "e", "type": "elu"}]}
      """
    let tensors: [(name: String, tensor: Tensor)] = [
      ("c.weight", ramp(2, 20, 2, 2)), ("b.running_var", Tensor(repeating: 1, shape: Shape(2))),
      ("b.running_mean", ramp(2)),
    ]
    let model = try ModelFile.parse(modelFile(architecture, tensors: tensors), file: "-")
    #expect(model.shapes == [Shape(2, 3, 5), Shape(2, 3, 5), Shape(2, 3, 2), Shape(2, 3, 2)])
    #expect(model.facts.lag == 0)
    #expect(model.facts.normalization == .none)
    let normalization = BatchNormalization(
      axis: .channel, scale: [1, 1], shift: [0, 0], mean: ramp(2).values, variance: [1, 1])
    #expect(same(model.layers[1].operation, .batchNormalization(normalization)))
    #expect(same(model.layers[2].operation, .maximumPool(Pool(kernel: Spatial(1, 2)))))
    #expect(same(model.layers[3].operation, .activation(.elu(alpha: 1))))
  }

  @Test(arguments: [
    ("{}", "retina.architecture: expected a shape of 1 to 64 axes and at most 2^40 values as 'input', found none"),
    ("[]", "retina.architecture: expected an object, found an array"),
    ("{", "retina.architecture, line 1, column 2: expected a name in quotes, found the end"),
    (#"{"input":[],"layers":[]}"#, "as 'input', found an array"), (#"{"input":[0],"layers":[]}"#, "as 'input'"),
    (#"{"input":[-1,-1],"layers":[]}"#, "as 'input'"), (#"{"input":[1e9,1e9],"layers":[]}"#, "as 'input'"),
    (#"{"input":[4]}"#, "expected an array as 'layers', found none"),
    (#"{"input":[4],"layers":[],"x":1}"#, "expected known properties only, found 'x'"),
    (#"{"input":[4],"layers":[]}"#, "architecture: expected at least one layer, found none"),
    (layers(#"{"name":"a","type":"lstm"}"#), "layer 'a': expected a type of conv2d, conv2d_stack, separable_conv,"),
    (layers(#"{"name":"a"}"#), "layer 'a': expected a string as 'type', found none"),
    (layers(#"{"type":"relu"}"#), "layer 0: expected a string as 'name', found none"),
    (layers(#"{"name":1,"type":"relu"}"#), "layer 0: expected a string as 'name', found '1'"),
    (layers(#"{"name":"","type":"relu"}"#), "layer 0: expected a name, found an empty one"),
    (layers("1"), "layer 0: expected an object, found a number"),
    (layers(#"{"name":"a","type":"relu","alpha":1}"#), "layer 'a': expected known properties only, found 'alpha'"),
    (layers(#"{"name":"a","type":"elu","alpha":"1"}"#), "as 'alpha', found '\"1\"'"),
    (layers(#"{"name":"a","type":"elu","alpha":1e39}"#), "a number in the range of float32 as 'alpha'"),
    (layers(#"{"name":"a","type":"dense"}"#), "layer 'a': expected a tensor 'a.weight', found none"),
    (layers(#"{"name":"a","type":"conv2d_stack"}"#), "layer 'a': expected a tensor 'a.0.weight', found none"),
    (
      layers(#"{"name":"a","type":"maxpool2d"}"#),
      "layer 'a': expected an integer or [vertical, horizontal] as 'kernel'"
    ),
    (layers(#"{"name":"a","type":"maxpool1d","kernel":0}"#), "layer 'a': expected kernel and stride of at least 1"),
    (layers(#"{"name":"a","type":"avgpool1d","kernel":1,"stride":0}"#), "kernel and stride of at least 1"),
    (layers(#"{"name":"a","type":"maxpool1d","kernel":-3}"#), "kernel and stride of at least 1"),
    (layers(#"{"name":"a","type":"maxpool1d","kernel":[2,2]}"#), "expected an integer as 'kernel', found an array"),
    (layers(#"{"name":"a","type":"reshape","shape":[]}"#), "as 'shape', found an array"),
    (layers(#"{"name":"a","type":"reshape","shape":[3]}"#), "layer 'a': expected 3 units for the shape [3], found [4]"),
    (layers(#"{"name":"a","type":"readout","positions":[[0,0]]}"#), "expected an array of [channel, row, column]"),
    (layers(#"{"name":"a","type":"readout","positions":[[0,0,-1]]}"#), "layer 'a': expected features"),
    (
      layers(#"{"name":"a","type":"gaussian_noise"}"#), "expected a number in the range of float32 as 'std', found none"
    ),
    (layers(#"{"name":"a","type":"batchnorm","axis":"row"}"#), "layer 'a': expected a tensor 'a.running_mean'"),
    (
      layers(#"{"name":"a","type":"relu"},{"name":"a","type":"reshape","shape":[5]}"#),
      "layer 'a': expected a unique name, found two layers of it; layer 'a': expected 5 units for the shape [5], found [4]"
    ),
  ])
  func saysWhatIsWrongWithAnArchitecture(_ architecture: String, _ message: String) throws {
    let error = try failure { try ModelFile.parse(modelFile(architecture), file: "m.safetensors") }
    #expect(error.description.contains(message), "\(error)")
    #expect(error.description.hasPrefix("m.safetensors: "))
    #expect(error.kind == .badData)
  }

  @Test(
    arguments: [
      (#"{"name":"a","type":"dense"}"#, ["a.weight": ramp(2, 5)], "layer 'a': expected 5 units for weight [2, 5]"),
      (
        #"{"name":"a","type":"dense"}"#, ["a.weight": ramp(2, 2, 2)],
        "layer 'a': expected weight [out, in], found weight"
      ),
      (
        #"{"name":"a","type":"dense"}"#, ["a.weight": ramp(2, 4), "a.bias": ramp(3)],
        "layer 'a': expected 2 values of bias, found 3"
      ),
      (
        #"{"name":"a","type":"dense"}"#, ["a.weight": ramp(2, 4), "a.bias": ramp(2, 1)],
        "layer 'a': expected bias [out], found bias [2, 1]"
      ),
      (
        #"{"name":"a","type":"relu"}"#, ["a.weight": ramp(1)],
        "tensor 'a.weight': expected tensors that the architecture"
      ),
      (
        #"{"name":"a","type":"dense"}"#, ["a.weight": Tensor(repeating: .nan, shape: Shape(2, 4))],
        "layer 'a': expected finite weight, found nan at 0"
      ),
      (
        #"{"name":"a","type":"batchnorm","axis":"unit"}"#,
        ["a.running_mean": ramp(4), "a.running_var": Tensor(repeating: -1, shape: Shape(4))],
        "layer 'a': expected running_var + eps above 0"
      ),
      (
        #"{"name":"a","type":"reshape","shape":[1,2,2]},{"name":"c","type":"conv2d","groups":0}"#,
        ["c.weight": ramp(1, 1, 1, 1)], "layer 'c': expected groups that divide 1 output channels, found 0 groups"
      ),
      (
        #"{"name":"a","type":"reshape","shape":[1,2,2]},{"name":"c","type":"conv2d","stride":0}"#,
        ["c.weight": ramp(1, 1, 1, 1)], "layer 'c': expected stride from 1 to 65536, found 0"
      ),
      (
        #"{"name":"a","type":"reshape","shape":[1,2,2]},{"name":"c","type":"conv2d","padding":9e15}"#,
        ["c.weight": ramp(1, 1, 1, 1)], "layer 'c': expected padding from 0 to 65536"
      ),
      (
        #"{"name":"a","type":"reshape","shape":[1,2,2]},{"name":"c","type":"conv2d"}"#,
        ["c.weight": ramp(1, 1, 3, 3)], "layer 'c': expected an image at least as large as the kernel 3 x 3"
      ),
    ] as [(String, [String: Tensor], String)])
  func saysWhichTensorIsWrong(_ list: String, _ tensors: [String: Tensor], _ message: String) throws {
    let sorted = tensors.sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }
    let error = try failure { try ModelFile.parse(modelFile(layers(list), tensors: sorted), file: "m") }
    #expect(error.description.contains(message), "\(error)")
  }

  @Test(arguments: [
    (#"{"lag":-1}"#, "facts: expected a lag of at least 0 frames, found -1"), (#"{"lag":0.5}"#, "an integer as 'lag'"),
    (#"{"lga":1}"#, "retina.facts: expected known properties only, found 'lga'"),
    (#"{"frame_rate":0}"#, "expected a frame rate above 0"),
    (#"{"frame_rate":null}"#, "expected a number as 'frame_rate'"),
    (
      #"{"normalisation":{"mean":0}}"#,
      "retina.facts, normalisation: expected a number in the range of float32 as 'std'"
    ),
    (#"{"normalisation":{"mean":0,"std":0}}"#, "a deviation above 0"),
    (#"{"normalisation":{"mean":0,"std":1,"x":1}}"#, "expected known properties only, found 'x'"),
    (#"{"response":{"units":"Hz"}}"#, "retina.facts, response: expected known properties only, found 'units'"),
    (#"{"cells":[{"name":"a"}]}"#, "cells: expected 4 cells, found 1"),
    (#"{"cells":[{}]}"#, "retina.facts, cell 0: expected a string as 'name'"),
    (#"{"cells":[{"name":"a","centre":[1]}]}"#, "expected [column, row] as 'centre'"),
    (#"{"cells":[{"name":"a","r":"high"}]}"#, "expected a number as 'r'"),
    (#"{"provenance":{"a":1}}"#, "retina.facts, provenance: expected a string as 'a'"),
    (#"{"golden":{}}"#, "expected tensors golden.input and golden.output, found neither"),
    ("[]", "retina.facts: expected an object"), (#"{"lag":1,"lag":1}"#, "retina.facts, line 1, column 10"),
  ])
  func saysWhatIsWrongWithFacts(_ facts: String, _ message: String) throws {
    let bytes = modelFile(layers(#"{"name":"a","type":"relu"}"#), facts: facts)
    let error = try failure { try ModelFile.parse(bytes, file: "m") }
    #expect(error.description.contains(message), "\(error)")
  }

  @Test(
    arguments: [
      (["golden.input": ramp(1, 4)], "expected tensors golden.input and golden.output, found only one of them"),
      (["golden.input": ramp(1, 4), "golden.output": ramp(2, 4)], "golden.output: expected 1 outputs of shape [4]"),
      (["golden.input": ramp(4), "golden.output": ramp(1, 4)], "golden.input: expected"),
      (["golden.input": Tensor(repeating: 1, shape: Shape()), "golden.output": ramp(1, 4)], "golden.input: expected"),
      (["normalisation.mean": ramp(4)], "expected tensors normalisation.mean and normalisation.std"),
      (["normalisation.mean": ramp(4), "normalisation.std": ramp(4)], "expected finite means and deviations above 0"),
      (["normalisation.mean": ramp(3), "normalisation.std": ramp(3)], "normalisation: expected values of shape [4]"),
    ] as [([String: Tensor], String)])
  func saysWhichTensorOfTheFactsIsWrong(_ tensors: [String: Tensor], _ message: String) throws {
    let sorted = tensors.sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }
    let bytes = modelFile(layers(#"{"name":"a","type":"relu"}"#), tensors: sorted)
    let error = try failure { try ModelFile.parse(bytes, file: "m") }
    #expect(error.description.contains(message), "\(error)")
  }

  @Test func saysThatAFileIsNoModel() throws {
    #expect(try failure { try ModelFile.read("a.h5") }.found == "another ending")
    #expect(try failure { try ModelFile.read("/none.safetensors") }.kind == .cannotRead)
    let plain = Safetensors(tensors: [("x", ramp(1))]).bytes()
    #expect(
      try failure { try ModelFile.parse(plain, file: "m") }.expected == "a model file with the key retina.format")
    let future = Safetensors(metadata: [("retina.format", "2")]).bytes()
    #expect(try failure { try ModelFile.parse(future, file: "m") }.found == "'2'")
  }

  @Test func ignoresMetadataOfOthers() throws {
    var content = try Safetensors(parsing: ModelFile.bytes(of: try everything()), file: "-")
    content.metadata.append(("format", "pt"))
    #expect(try ModelFile.parse(content.bytes(), file: "-").name == "everything")
  }

  @Test func refusesToWriteAModelThatWouldNotComeBack() throws {
    let one = ConvolutionStack(weights: [ramp(1, 1, 1, 1)])
    let model = try Model(
      name: "m", inputShape: Shape(1, 2, 2),
      layers: [
        Layer("a", .convolutionStack(one)), Layer("a.0", .convolution(Convolution(weight: ramp(1, 1, 1, 1)))),
      ])
    let next = try Model(
      name: "m", inputShape: Shape(1, 2, 2),
      layers: [
        Layer("a", .convolutionStack(one)), Layer("a.1", .convolution(Convolution(weight: ramp(1, 1, 1, 1)))),
      ])
    try withFolder { (folder: String) throws in
      #expect(try failure { try ModelFile.write(model, to: folder + "/m.safetensors") }.kind == .cannotWrite)
      #expect(try failure { try ModelFile.write(next, to: folder + "/m.safetensors") }.kind == .cannotWrite)
      #expect(try FileSystem.list(folder).isEmpty)
    }
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = ModelFile.bytes(of: try everything())
    for count in 0..<bytes.count {
      #expect(throws: FileError.self) { try ModelFile.parse(Array(bytes[..<count]), file: "-") }
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func damagedFilesNeverCrash(seed: UInt64) throws {
    var generator = SeededRandom(seed: seed)
    let bytes = ModelFile.bytes(of: try everything())
    for _ in 0..<200 {
      if let model = try? ModelFile.parse(bytes.damaged(by: &generator), file: "-") {
        let again = ModelFile.bytes(of: model)
        #expect(try ModelFile.bytes(of: ModelFile.parse(again, file: "-")) == again)
      }
    }
  }

  /// Damage to the texts, which are most likely to reach the model itself.
  @Test(arguments: 0..<8 as Range<UInt64>)
  func damagedTextsNeverCrash(seed: UInt64) throws {
    var generator = SeededRandom(seed: seed)
    let content = try Safetensors(parsing: ModelFile.bytes(of: try everything()), file: "-")
    for _ in 0..<200 {
      var changed = content
      for index in 2...3 {
        var text = Array(content.metadata[index].text.utf8)
        let place = Int.random(in: 0..<text.count, using: &generator)
        text[place] = Array("0123456789-[]{},\"e".utf8).randomElement(using: &generator) ?? 0
        changed.metadata[index].text = String(decoding: text, as: UTF8.self)
      }
      _ = try? ModelFile.parse(changed.bytes(), file: "-")
    }
  }
}

/// An architecture with four inputs.
private func layers(_ list: String) -> String {
  #"{"input":[4],"layers":[\#(list)]}"#
}
