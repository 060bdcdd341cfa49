import RetinaFiles
import RetinaTheory
import Testing

/// The cases of mean-field signal propagation.
enum PropagationCases {
  static func answer(_ shared: SharedCase) throws -> JSON {
    let inputs = shared.json["inputs"]
    switch (shared.words[1], shared.words.count > 2 ? shared.words[2] : "") {
    case ("cnn", _):
      return JSON(MeanField.spatialGains(tapVariances: try shared.numbers("v"), size: try shared.integer("n")))
    case ("quad", _): return try quadrature(shared)
    case ("relu", "cmap"): return try correlations(shared)
    case _ where inputs?["sigma_w2"] != nil: return try fixedPoint(shared)
    case (_, "crit"): return try critical(shared)
    default: throw UnknownCase(id: shared.id)
    }
  }

  private static func nonlinearity(_ shared: SharedCase) throws -> Nonlinearity {
    try #require(Nonlinearity(rawValue: shared.words[1]))
  }

  private static func critical(_ shared: SharedCase) throws -> JSON {
    let function = try nonlinearity(shared)
    let inputs = shared.json["inputs"]
    let found: MeanField
    if let q = inputs?["q_star"]?.number {
      found = try .critical(function, variance: q)
    } else {
      found = try .critical(function, biasVariance: inputs?["sigma_b2"]?.number ?? 0)
    }
    if case .number = shared.expected { return .number(found.weightVariance) }
    let fixed = try found.fixedVariance()
    return [
      "sigma_w2": .number(found.weightVariance), "sigma_b2": .number(found.biasVariance), "q_star": .number(fixed),
      "chi_1": .number(found.gradientGain(variance: fixed)),
    ]
  }

  private static func fixedPoint(_ shared: SharedCase) throws -> JSON {
    let field = MeanField(
      try nonlinearity(shared), weightVariance: try shared.number("sigma_w2"),
      biasVariance: try shared.number("sigma_b2"))
    if case .number = shared.expected { return .number(try field.fixedVariance()) }
    let found = try field.fixedPoint()
    return [
      "q_star": .number(found.variance), "chi_1": .number(found.gradientGain), "xi_q": .number(found.varianceDepth),
      "c_star": .number(found.correlation), "xi_c": .number(found.correlationDepth),
      "phase": .string(found.phase.rawValue), "max_trainable_depth_6xi": .number(found.trainableDepth),
    ]
  }

  private static func correlations(_ shared: SharedCase) throws -> JSON {
    let field = MeanField(.relu, weightVariance: 2, biasVariance: 0)
    return JSON(
      try shared.numbers("depths").map { depth in
        (0..<Int(depth)).reduce(try shared.number("c0")) { c, _ in field.nextCorrelation(c, variance: 1) }
      })
  }

  private static func quadrature(_ shared: SharedCase) throws -> JSON {
    let (q, function) = (try shared.number("q"), try #require(Nonlinearity(rawValue: shared.words[2])))
    func square(_ x: Double) -> Double { function.value(x) * function.value(x) }
    guard let members = shared.expected.members else {
      return .number(GaussianMean.single(variance: q, square))
    }
    return .object(
      try members.map { member in
        guard member.name.hasPrefix("gh") else {
          return JSON.Member(member.name, .number(GaussianMean.single(variance: q, square)))
        }
        let rule = GaussHermite(try #require(Int(member.name.dropFirst(2))))
        return JSON.Member(member.name, .number(rule.mean { square(q.squareRoot() * $0) }))
      })
  }
}
