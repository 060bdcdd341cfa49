import RetinaFiles
import RetinaReport
import RetinaTheory

/// `retina theory schedule`: weight decay as a growing learning rate.
enum ScheduleCommand: Command {
  static let name = "theory schedule"
  static let summary = "Converts weight decay into an exponentially growing learning rate, and trains a net with both."
  static let operands: [String] = []
  static let options = [
    CommandOption("--rate", "R", "learning rate (default: 0.1)"),
    CommandOption("--decay", "D", "weight decay (default: 0.0005)"),
    CommandOption("--momentum", "G", "momentum (default: 0.9)"),
    CommandOption("--steps", "N", "steps of the schedule (default: 1000)"),
    CommandOption("--drop", "R", "a learning rate to which the constant one drops after half of the steps"),
    CommandOption("--check", nil, "train a small batch-normalised network with both, and compare"),
    CommandOption("--output", "DIR", "folder for schedule.csv, summary.json, schedule.svg (needed)"),
    CommandOption("--seed", "N", "seed of the network (default: 1)"), .json,
  ]
  static let example = "retina theory schedule --rate 0.1 --decay 0.0005 --momentum 0.9 --check --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let (rate, decay, momentum) = (
      try arguments.number("--rate", in: 1e-12...1e6) ?? 0.1, try arguments.number("--decay", in: 0...1e6) ?? 5e-4,
      try arguments.number("--momentum", in: 0...0.999999) ?? 0.9
    )
    let steps = try arguments.integer("--steps", in: 1...1_000_000) ?? 1000
    let first = try ExponentialRate(rate: rate, decay: decay, momentum: momentum)
    let second = try arguments.number("--drop", in: 1e-12...1e6).map {
      try ExponentialRate(rate: $0, decay: decay, momentum: momentum)
    }
    let seed = try arguments.seed()
    var output = try TheoryOutput(arguments)
    // After a drop the rate goes on from where it is, with a jump, and grows as the other's.
    let half = second == nil ? steps : steps / 2
    var rates = (0..<half).map { first.rate(at: $0) }
    if let second {
      let jumped = first.rate(at: half) * first.jump(to: second)
      rates += (half..<steps).map { jumped * second.rate(at: $0 - half) / second.rate(at: 0) }
    }
    if let place = rates.firstIndex(where: { $0 > Double(Float.greatestFiniteMagnitude) }) {
      throw TheoryError(
        "schedule", expected: "rates that float32 can hold; scale weights and rate back by c and c^2 before",
        found: "an overflow at step \(place)")
    }
    var table = Table(["step", "rate"])
    for (step, rate) in rates.enumerated() { table.append([.number(Double(step)), .number(rate)]) }
    output.add("root", .number(first.root))
    output.add("growth_per_step", .number(first.growth))
    output.add("start_buffer_factor", .number(first.startBuffer))
    output.add("steps_to_overflow", first.stepsToOverflow.isFinite ? .number(first.stepsToOverflow) : .null)
    if let second {
      output.add("jump", .number(first.jump(to: second)))
      output.add("buffer_jump_factor", .number(first.bufferJump(to: second)))
    }
    var check: (difference: Double, losses: (Double, Double))?
    if arguments.has("--check") {
      let network = NormalizedNetwork(inputs: 10, hidden: 8, samples: 50, seed: seed)
      let found = first.measureEquivalence(of: network, steps: min(steps, 2000))
      output.add("check_steps", .number(Double(min(steps, 2000))))
      output.add("check_largest_difference", .number(found.difference))
      output.add("check_losses", [.number(found.losses.0), .number(found.losses.1)])
      check = found
    }
    try output.add("schedule", table)
    try output.draw(
      "schedule",
      LineFigure(
        title: "A growing rate in place of weight decay",
        subtitle: "rate \(decimal(rate)), decay \(decimal(decay)), momentum \(decimal(momentum))",
        horizontalLabel: "step", verticalLabel: "learning rate",
        series: [LineFigure.Series(name: "", x: rates.indices.map(Double.init), y: rates)]))
    try output.finish(arguments) {
      print("rate(t) = \(decimal(rate)) x \(first.root)^(-2 t - 1), a factor of \(first.growth) per step")
      print("start the momentum's buffer at \(first.startBuffer) times the weights")
      if let check {
        print(
          "trained both ways: directions of weights differ by at most \(Float(check.difference)), losses"
            + " \(fixed(check.losses.0, 8)) and \(fixed(check.losses.1, 8))")
      }
    }
    return ExitCode.done
  }
}
