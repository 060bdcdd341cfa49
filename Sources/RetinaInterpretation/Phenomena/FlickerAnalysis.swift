import RetinaModel
import RetinaStimuli

/// Responses to full-field Gaussian flicker of a low and a high contrast, and the linear filter at each.
struct FlickerAnalysis {
  /// Low contrast as a part of the high one.
  static let ratio = 1.0 / 3

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
    let flickers = [FlickerAnalysis.ratio * contrast, contrast].map {
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

  /// The slope of the rate against the filtered flicker, where that lies between 0 and `limit`; and what limits the low contrast.
  func gain(_ cell: Int, level: Int, filter: [Double], limit: Double) -> Double? {
    let (drive, rates) = (filtered(filter, level: level), responses[level].trace(cell, frames))
    let kept = drive.indices.filter { drive[$0] >= 0 && drive[$0] <= limit }
    return slope(kept.map { drive[$0] }, kept.map { rates[$0] })
  }

  /// The flicker at one contrast through a filter.
  func filtered(_ filter: [Double], level: Int) -> [Double] {
    frames.map { frame in
      filter.indices.reduce(0) { $0 + filter[$1] * inputs[level][frame - $1] }
    }
  }

  /// What was shown.
  func summary(contrast: Double) -> String {
    "full-field Gaussian flicker of contrast \(short(FlickerAnalysis.ratio * contrast)) and \(short(contrast)), the same for each, "
      + "\(short(Double(frames.upperBound) / display.frameRate)) s"
  }

  /// Times of the filter in ms before the response.
  var filterTimes: [Double] { (0..<lags).map { display.milliseconds(frames: -Double($0)) } }
}

extension FlickerAnalysis {
  /// The mean rate where the filtered flicker lies in a bin; NaN where it never does.
  func meanRate(_ cell: Int, level: Int, filter: [Double], from lower: Double, width: Double) -> Double {
    let (drive, rates) = (filtered(filter, level: level), responses[level].trace(cell, frames))
    let kept = drive.indices.filter { drive[$0] >= lower && drive[$0] < lower + width }
    return kept.isEmpty ? .nan : mean(kept.map { rates[$0] })
  }
}
