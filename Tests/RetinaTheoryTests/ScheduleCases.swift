import RetinaFiles
import RetinaTheory
import Testing

/// The cases of exponential learning rates.
enum ScheduleCases {
  static func answer(_ shared: SharedCase) throws -> JSON {
    switch shared.words[1] {
    case "root":
      let found = try schedule(shared, "eta")
      return [
        "alpha": .number(found.root), "growth_per_step": .number(found.growth),
        "growth_391_steps": .number(found.rate(at: 391) / found.rate(at: 0)),
      ]
    case "condition": return .number(ExponentialRate.largestProduct(momentum: try shared.number("momentum")))
    case "texp": return .number(try schedule(shared, "eta1").jump(to: schedule(shared, "eta2")))
    default: throw UnknownCase(id: shared.id)
    }
  }

  private static func schedule(_ shared: SharedCase, _ rate: String) throws -> ExponentialRate {
    try ExponentialRate(
      rate: shared.number(rate), decay: shared.number("weight_decay"), momentum: shared.number("momentum"))
  }
}
