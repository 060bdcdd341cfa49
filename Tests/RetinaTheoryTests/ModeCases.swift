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
}
