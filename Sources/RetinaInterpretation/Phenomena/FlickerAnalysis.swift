import RetinaModel
import RetinaStimuli

/// Responses to full-field Gaussian flicker of a low and a high contrast, and the linear filter at each.
struct FlickerAnalysis {
  /// Low contrast as a part of the high one.
  static let ratio = 1.0 / 3

  /// A low and a high contrast with a middle: the low one must still drive cells, and the high one their gain control.
  private static func contrasts(around middle: Double) -> [Double] {
    [middle * ratio.squareRoot(), middle / ratio.squareRoot()]
  }

  /// Contrasts of the frames, filters, smallest lag first, and rates, one for each contrast.
  private let display: Display
  private let inputs: [[Double]]
  private let responses: [Responses]
  private let frames: Range<Int>
  private let lags: Int

  /// Flicker for 60 s or, at high frame rates, 6000 frames at each contrast.
  static func frameCount(_ stage: Stage) -> Int { min(6000, stage.display.frames(milliseconds: 60_000)) }

  static func movie(_ stage: Stage, contrast: Double, frames: Int) -> ContrastStep {
    var flicker = ContrastStep()
    (flicker.durationFrames, flicker.stepFrame, flicker.contrastAfter, flicker.seed) = (frames, 0, contrast, 11)
    return flicker
  }

  init(_ session: Session, contrast: Double) {
    let stage = session.stage
    display = stage.display
    let flickers = FlickerAnalysis.contrasts(around: contrast).map {
      FlickerAnalysis.movie(stage, contrast: $0, frames: FlickerAnalysis.frameCount(stage))
    }
    inputs = flickers.map { $0.contrasts }
    responses = flickers.map { session.show($0.movie(height: stage.display.height, width: stage.display.width)) }
    frames = stage.lead..<flickers[0].durationFrames
    lags = stage.lead
  }

  /// The filter of a cell at one contrast by reverse correlation, smallest lag first: change of rate per contrast.
  func filter(_ cell: Int, level: Int) -> [Double] {
    let rates = responses[level].trace(cell, frames)
    let centre = mean(rates)
    let power = inputs[level][frames].reduce(0) { $0 + $1 * $1 }
    return (0..<lags).map { lag in
      var sum = 0.0
      for (place, frame) in frames.enumerated() { sum += (rates[place] - centre) * inputs[level][frame - lag] }
      return sum / power
    }
  }

  /// The range of a cell's rates at one contrast.
  func change(_ cell: Int, level: Int) -> Double {
    let rates = responses[level].trace(cell, frames)
    return (rates.max() ?? 0) - (rates.min() ?? 0)
  }

  /// The centre of mass of a filter's power spectrum in Hz.
  func centreFrequency(_ filter: [Double]) -> Double {
    let bins = 64
    var (moment, power) = (0.0, 0.0)
    for bin in 0...bins {
      let frequency = Double(bin) / Double(2 * bins)
      let strength = amplitude(filter, cyclesPerSample: frequency)
      power += strength * strength
      moment += frequency * display.frameRate * strength * strength
    }
    return power > 0 ? moment / power : 0
  }

  /// The flicker at one contrast through a filter.
  func filtered(_ filter: [Double], level: Int) -> [Double] {
    frames.map { frame in
      filter.indices.reduce(0) { $0 + filter[$1] * inputs[level][frame - $1] }
    }
  }

  /// What was shown.
  func summary(contrast: Double) -> String {
    "full-field Gaussian flicker of contrast "
      + FlickerAnalysis.contrasts(around: contrast).map(short).joined(separator: " and ") + ", the same for each, "
      + "\(short(Double(frames.upperBound) / display.frameRate)) s"
  }

  /// Times of the filter in ms before the response.
  var filterTimes: [Double] { (0..<lags).map { display.milliseconds(frames: -Double($0)) } }
}

extension FlickerAnalysis {
  /// The mean rates where the filtered flicker lies in equal bins from `-top` to `top`; NaN where it never does.
  func meanRates(_ cell: Int, level: Int, filter: [Double], to top: Double, bins: Int) -> [Double] {
    var (sums, counts) = ([Double](repeating: 0, count: bins), [Double](repeating: 0, count: bins))
    for (input, rate) in zip(filtered(filter, level: level), responses[level].trace(cell, frames)) {
      let place = (input / top + 1) / 2 * Double(bins)
      guard place >= 0, place < Double(bins) else { continue }
      sums[Int(place)] += rate
      counts[Int(place)] += 1
    }
    return zip(sums, counts).map { $0 / $1 }
  }
}
