import RetinaModel
import RetinaStimuli

/// A flash soon after another is answered less.
///
/// A biphasic filter depresses, too, and a filter that was fitted under white noise is that of a cell in another state. So the null comes
/// from the cell itself. Let a lone flash of k times the contrast give the rate K(k) at the moment of its peak. For any filter and any
/// increasing nonlinearity behind it, a flash of the other sign before the flash makes it as good as a lone one of 1 + w times the contrast,
/// and one of the same sign as one of 1 - w: what the one adds, the other takes. So K(2 - k) is what a linear-nonlinear cell does
/// after a like flash, where K(k) is what the cell did after an opposite one.
struct PairedFlash: Phenomenon {
  let description = PhenomenonDescription(
    name: "paired-flash", title: "Paired flash depression",
    definition:
      "1 - second / first: peaks above grey of the response to two flashes 133 ms apart less that to the first alone, and of that to "
      + "the first",
    unit: "", criterion: 0.2, null: .opposite,
    source: "intervals as in torch-deep-retina, in ms",
    axes: ("interval (ms)", "second peak / first, median"))

  /// Steps of lone flashes to the contrast of the pairs, and the furthest step: from -1 to 3 times the contrast for cells of either sign.
  private static let (steps, most) = (20.0, 60)

  private func intervals(_ display: Display) -> [Int] {
    let on = display.frames(milliseconds: 20)
    let frames = [67.0, 100, 133, 200, 333, 667].map { max(on + 1, display.frames(milliseconds: $0)) }
    return Array(Set(frames)).sorted()
  }

  /// Two flashes so many frames apart, and half a second.
  private func flashes(_ stage: Stage, interval: Int, _ first: Double, _ second: Double) -> Tensor {
    let display = stage.display
    func flash(after delay: Int, _ contrast: Double) -> Tensor {
      var flash = Flash()
      (flash.preFrames, flash.flashes, flash.contrast) = (stage.lead + delay, 1, contrast)
      (flash.onFrames, flash.offFrames) = (display.frames(milliseconds: 20), 0)
      flash.postFrames = interval - delay + display.frames(milliseconds: 500)
      return flash.movie(height: display.height, width: display.width)
    }
    var movie = flash(after: 0, first)
    for (index, value) in flash(after: interval, second).values.enumerated() { movie.values[index] += value }
    return movie
  }

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    let interval = stage.display.frames(milliseconds: 333)
    let (dark, bright) = (
      flashes(stage, interval: interval, -contrast, 0), flashes(stage, interval: interval, contrast, 0)
    )
    var both = Tensor(repeating: 0, shape: Shape(2 * dark.shape[0], dark.shape[1], dark.shape[2]))
    both.values = dark.values + bright.values
    return both
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let intervals = intervals(display)
    let times = intervals.map { display.milliseconds(frames: Double($0)) }
    let tested = times.indices.min { (times[$0] - 133).magnitude < (times[$1] - 133).magnitude } ?? 0
    func show(_ interval: Int, _ first: Double, _ second: Double) -> Responses {
      session.show(flashes(stage, interval: interval, first * contrast, second * contrast))
    }
    // Lone flashes of either sign serve cells of both.
    let lone = (-PairedFlash.most...PairedFlash.most).map { show(0, 0, Double($0) / PairedFlash.steps) }
    let shown = [-1.0, 1].map { sign in
      FlashResponses(
        stage: stage, intervals: intervals, window: display.frames(milliseconds: 400),
        first: show(intervals[intervals.count - 1], sign, 0), like: intervals.map { show($0, sign, sign) },
        opposite: intervals.map { show($0, -sign, sign) },
        lone: Array((sign < 0 ? lone.reversed() : lone).suffix(2 * (PairedFlash.most - Int(PairedFlash.steps)) + 1)))
    }
    var seconds = [[FlashResponses.Second]](repeating: [], count: intervals.count)
    let tests = session.cells.map { cell -> FlashResponses.Second? in
      let responses = shown.max { $0.alone(cell) < $1.alone(cell) }
      guard let responses, stage.isResponse(responses.alone(cell), cell: cell) else { return nil }
      for place in intervals.indices { seconds[place].append(responses.second(cell, at: place)) }
      return responses.second(cell, at: tested)
    }
    return Measurement(
      stimulus:
        "two full-field flashes of \(short(display.milliseconds(frames: Double(display.frames(milliseconds: 20))))) ms and contrast "
        + "\(short(contrast)), dark or bright (whichever drives a cell more), \(times.map { short($0) }.joined(separator: ", ")) ms "
        + "apart; for the null the first of the other sign, and lone ones",
      scores: tests.map { $0.map { 1 - $0.own } }, ownNull: tests.map { $0.map { 1 - $0.linear } },
      curves: seconds[0].isEmpty
        ? []
        : [
          ("second / first", times, seconds.map { median($0.map { $0.own }) }),
          ("by any filter and threshold", times, seconds.map { median($0.map { $0.linear }) }),
        ])
  }
}

/// Responses to a lone flash and to pairs whose second flash has the same sign.
private struct FlashResponses {
  /// The second response as a part of the first: the cell's own, and that of a linear-nonlinear cell that does the same after an
  /// opposite flash.
  typealias Second = (own: Double, linear: Double)

  let stage: Stage
  /// Frames between the flashes of each pair.
  let intervals: [Int]
  /// Frames in which a response is looked for.
  let window: Int
  let first: Responses
  let like, opposite: [Responses]
  /// Single flashes in equal steps of contrast, in the middle that of the pairs.
  let lone: [Responses]

  /// The peak above grey of the response to the first flash.
  func alone(_ cell: Int) -> Double {
    let trace = first.trace(cell, stage.lead - 1..<stage.lead + window)
    return (trace.max() ?? 0) - trace[0]
  }

  func second(_ cell: Int, at place: Int) -> Second {
    let (lead, later, alone) = (stage.lead, stage.lead + intervals[place], alone(cell))
    let tail = first.trace(cell, later..<later + window)
    let own = zip(like[place].trace(cell, later..<later + window), tail).map { $0 - $1 }.max() ?? 0

    // At one moment, that of the peak, so that a linear filter scales with contrast.
    let response = first.trace(cell, lead..<lead + window)
    let peak = response.indices.reduce(0) { response[$1] > response[$0] ? $1 : $0 }
    let rates = lone.map { $0.trace(cell, lead + peak..<lead + peak + 1)[0] }
    let after = opposite[place].trace(cell, later + peak..<later + peak + 1)[0]
    // The next higher contrast: what the opposite flash adds is never counted as less than it is.
    let equal = rates.firstIndex { $0 > after + alone / 1000 } ?? rates.count - 1
    let linear = rates[rates.count - 1 - equal] - tail[peak]
    return (max(0, own) / alone, max(0, linear) / alone)
  }
}
