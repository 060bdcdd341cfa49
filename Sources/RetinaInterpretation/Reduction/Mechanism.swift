extension ReductionResult {
  /// The result with a sentence for each mechanism that the numbers of the kept units support.
  ///
  /// - Parameter frameRate: frames per second; times are in frames when nothing.
  func namingMechanisms(frameRate: Double?) -> ReductionResult {
    var result = self
    let kept = units.prefix(kept)
    func time(_ frames: Double) -> String {
      frameRate.map { "\(short(frames * 1000 / $0)) ms" } ?? "\(short(frames)) frames"
    }
    func name(_ unit: ReducedUnit) -> String {
      "channel \(unit.channel)" + (unit.place.map { " at \($0)" } ?? "") + " (\(unit.polarity > 0 ? "ON" : "OFF"), "
        + (frameRate == nil ? "\(short(unit.latency)) frames" : "\(short(unit.latency)) ms") + ")"
    }
    let excitation = kept.reduce(0) { $0 + $1.excitation }
    let excitationTime =
      excitation > 0 ? kept.reduce(0) { $0 + $1.excitation * ($1.excitationTime ?? 0) } / excitation : nil
    // By filters: when a unit sees what the excitation sees, too.
    let excitationLatency =
      kept.reduce(0) { $0 + $1.excitation * $1.latency } / max(excitation, .leastNormalMagnitude)
    let halfFrame = frameRate.map { 500 / $0 } ?? 0.5
    for unit in kept {
      let inhibits = -unit.inhibition > 1.5 * unit.excitation
      let share = inhibits ? unit.inhibition / -excitation : unit.excitation / max(excitation, .leastNormalMagnitude)
      var text = "\(name(unit)) \(inhibits ? "inhibits" : "excites"): \(short(100 * share)) % of the excitation"
      if inhibits, let own = unit.inhibitionTime, let excitationTime, own - excitationTime >= 0.5 {
        text += ", late by \(time(own - excitationTime)) (centre of its inhibition after that of all excitation)"
      }
      if unit.peakShift <= -0.25 {
        text += "; with it the peak comes \(time(-unit.peakShift)) earlier"
      } else if unit.peakShift >= 0.25 {
        text += "; with it the peak comes \(time(unit.peakShift)) later"
      }
      text += "; it changes the peak by \(short(unit.peakChange))"
      result.mechanisms.append(text)
      if unit.delays.count > 1 {
        let parts = unit.delays.map { "\(short($0.conductance)) after \(time(Double($0.frames)))" }
        result.mechanisms.append("channel \(unit.channel) and its past: \(parts.joined(separator: ", "))")
      }
      if inhibits, unit.latency - excitationLatency >= halfFrame, unit.peakShift <= -0.25 {
        result.mechanisms.append(
          "late \(unit.polarity > 0 ? "ON" : "OFF") inhibition shortens the latency: channel \(unit.channel) sees "
            + "\(short(unit.latency - excitationLatency)) \(frameRate == nil ? "frames" : "ms") later than the excitation, and moves the "
            + "peak by \(time(-unit.peakShift))")
      }
    }
    let exciting = kept.filter { -$0.inhibition <= 1.5 * $0.excitation }
    if exciting.contains(where: { $0.polarity > 0 }), exciting.contains(where: { $0.polarity < 0 }) {
      result.mechanisms.append("ON and OFF channels both excite: the cell answers to both signs of contrast")
    }
    if let fast = exciting.map({ $0.latency }).min(), let slow = exciting.map({ $0.latency }).max(), slow > fast {
      let unit = frameRate == nil ? "frames" : "ms"
      result.mechanisms.append(
        "channels of different latency excite: from \(short(fast)) to \(short(slow)) \(unit)")
    }
    return result
  }
}
