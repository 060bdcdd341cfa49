import RetinaFiles
import RetinaTheory
import Testing

/// The cases of linear networks.
enum ModeCases {
  static func answer(_ shared: SharedCase) throws -> JSON {
    let tau = shared.json["inputs"]?["tau"]?.number ?? 1
    switch shared.words[1] {
    case "time":
      return .number(
        LearningCurve.time(
          try shared.number("s"), from: try shared.number("u0"), to: try shared.number("uf"), tau: tau))
    case "half":
      return .number(LearningCurve.halfTime(try shared.number("s"), from: try shared.number("u0"), tau: tau))
    case "shallow":
      return .number(
        LearningCurve.shallowStrength(
          try shared.number("s"), from: try shared.number("u0"), time: try shared.number("t"), tau: tau))
    case "deep":
      return .number(
        LearningCurve.deepTime(
          layers: try shared.integer("Nl"), try shared.number("s"), from: try shared.number("u0"),
          to: try shared.number("uf"), tau: tau))
    case "bbp":
      let found = NoisyMode(strength: try shared.number("s_bar"), aspect: try shared.number("aspect"))
      return ["s_hat": .number(found.measured), "overlap": .number(found.overlap)]
    case "gd": return try descent(shared)
    case "gen":
      let curve = GeneralizationCurve(
        strengths: [try shared.number("s_bar")], hidden: try shared.integer("N"), aspect: try shared.number("A"),
        start: try shared.number("u0"), tau: tau)
      let best = curve.best()
      return [
        "eps_g": JSON(try shared.numbers("times").map { curve.error(at: $0) }), "t_opt": .number(best.time),
        "eps_min": .number(best.error),
      ]
    case "earlystop":
      return .number(
        LearningCurve.bestShallowTime(
          variance: try shared.number("lam"), signalToNoise: try shared.number("SNR"), tau: tau))
    default: throw UnknownCase(id: shared.id)
    }
  }

  /// Modes that are really trained, each from the same strength.
  private static func descent(_ shared: SharedCase) throws -> JSON {
    let (modes, rate) = (try shared.input(oneOf: "s", "modes").doubles, try shared.input(oneOf: "lr", "learning_rate"))
    let start = try #require(shared.input(oneOf: "u0", "start").number)
    let correlation = Matrix.diagonal(modes.sorted(by: >))
    func strengths(_ step: Double) throws -> JSON {
      var network = LinearNetwork(alignedWith: correlation, hidden: modes.count, start: start)
      network.train(on: correlation, rate: try #require(rate.number), steps: Int(step))
      return JSON(network.strengths(of: SingularValues(correlation)))
    }
    let steps = try shared.input(oneOf: "steps", "times", "t")
    if let step = steps.number { return try strengths(step) }
    return .array(try steps.doubles.map { try strengths($0) })
  }
}
