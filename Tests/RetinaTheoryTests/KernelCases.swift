import RetinaFiles
import RetinaTheory
import Testing

/// The cases of kernels of wide networks and of their training.
enum KernelCases {
  static func answer(_ shared: SharedCase) throws -> JSON {
    switch (shared.words[0], shared.words[1]) {
    case ("kern", "fc"): return try wideNetwork(shared)
    case ("kern", "cntk"): return try convolutional(shared)
    case ("kern", let name):
      let function = try #require(Nonlinearity(rawValue: name), "\(shared.id)")
      let found = DualActivation(
        function, try shared.number("q11"), try shared.number("q22"), try shared.number("q12"))
      return ["K": .number(found.value), "Kdot": .number(found.slopes)]
    case ("ntk", "mse"): return try trajectory(shared)
    case ("ntk", "maxlr"):
      let kernel = try shared.matrix("theta")
      let targets = [Double](repeating: 0, count: kernel.rows)
      return .number(
        try KernelTrajectory(kernel: kernel, targets: targets).largestRate(momentum: try shared.number("momentum")))
    case ("ntk", "empirical"): return try empirical(shared)
    default: throw UnknownCase(id: shared.id)
    }
  }

  private static func wideNetwork(_ shared: SharedCase) throws -> JSON {
    let field = MeanField(
      try #require(Nonlinearity(rawValue: shared.words[2])), weightVariance: try shared.number("sigma_w2"),
      biasVariance: try shared.number("sigma_b2"))
    let found = WideNetwork(field, hiddenLayers: try shared.integer("hidden_layers")).grams(try shared.matrix("X"))
    return ["nngp": JSON(found.process), "ntk": JSON(found.tangent)]
  }

  private static func convolutional(_ shared: SharedCase) throws -> JSON {
    let (first, second) = (try shared.input("image1"), try shared.input("image2"))
    let planes = try #require(first.array)
    let lines = try #require(planes.first?.array)
    let images = ConvolutionalKernel.Images(
      channels: planes.count, height: lines.count, width: try #require(lines.first?.array).count,
      values: try (planes + #require(second.array)).flatMap { try #require($0.array).flatMap { try $0.doubles } })
    let kernel = try ConvolutionalKernel(
      depth: try shared.integer("depth"), readout: try shared.input("gap").boolean == true ? .average : .flatten,
      fixesEnds: try shared.input("fix_first_last").boolean == true)
    let gram = kernel.gram(images)
    return ["k11": .number(gram[0, 0]), "k12": .number(gram[0, 1]), "k22": .number(gram[1, 1])]
  }

  private static func trajectory(_ shared: SharedCase) throws -> JSON {
    let inputs = shared.json["inputs"]
    let found = try KernelTrajectory(
      kernel: try shared.matrix("theta"), targets: try shared.numbers("y"),
      ridge: inputs?["diag_reg"]?.number ?? 0)
    let (kernel, rate) = (try shared.numbers("theta_test"), inputs?["learning_rate"]?.number ?? 1)
    func at(_ time: Double) -> JSON {
      ["train": JSON(found.trained(at: time, rate: rate)), "test": .number(found.tested(kernel, at: time, rate: rate))]
    }
    guard let members = shared.expected.members, members.contains(where: { $0.name != "train" && $0.name != "test" })
    else {
      let last = at(.infinity)
      if case .number = shared.expected { return last["test"] ?? .null }
      return last
    }
    return .object(
      try members.map { JSON.Member($0.name, at($0.name == "inf" ? .infinity : try #require(Double($0.name)))) })
  }

  private static func empirical(_ shared: SharedCase) throws -> JSON {
    let network = DenseNetwork(
      layers: [
        .init(weight: try shared.matrix("W"), bias: try shared.numbers("b"), nonlinearity: .relu),
        .init(weight: Matrix([try shared.numbers("a")]), nonlinearity: .linear),
      ])
    let inputs = try shared.matrix("X")
    return ["f": JSON(network.run(inputs).output.column(0)), "theta": JSON(network.tangentKernel(inputs))]
  }
}
