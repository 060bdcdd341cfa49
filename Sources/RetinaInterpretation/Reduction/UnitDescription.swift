import RetinaEngine
import RetinaModel
import RetinaProbe

/// What a group of units sees, and what it does for the cell.
struct UnitDescription {
  let model: Model
  let program: Program
  let layer: Int
  let windows: Windows
  let groups: UnitGroups
  /// Conductance `[group][window]`.
  let contributions: [[Double]]
  /// Conductance `[channel]`, summed over windows.
  let channelSums: [Double]
  /// What goes into the layer, `[window, unit]`, and what does for grey; empty where that is the stimulus, or of another shape.
  let inputs: [Float]
  let greyInput: [Float]

  /// - Parameter ranking: how to run the model without the group; nothing when that is not asked for.
  func unit(_ group: Int, importance: Double, factor: Double, ranking: UnitRanking?) -> ReducedUnit {
    let own = groups.groups[group]
    let field = Filter(probe: Probe(program), model: model, layer: layer, channel: own.channels[0])
    let row = contributions[group]
    let (shift, change) = ranking.map { effect(group, $0) } ?? (0, 0)
    return ReducedUnit(
      channel: own.channels[0], place: own.place,
      delays: zip(own.channels, own.delays).map {
        DelayedChannel(channel: $0, frames: $1, conductance: channelSums[$0])
      },
      importance: importance, factor: factor,
      excitation: row.reduce(0) { $0 + max($1, 0) }, inhibition: row.reduce(0) { $0 + min($1, 0) },
      polarity: field.polarity, latency: field.latency, radius: field.radius,
      excitationTime: centre { max(row[$0], 0) }, inhibitionTime: centre { max(-row[$0], 0) }, peakShift: shift,
      peakChange: change, gain: gain(group))
  }

  /// The mean window from the start of a stimulus, weighted, over all stimuli; nothing without weight.
  private func centre(_ weight: (Int) -> Double) -> Double? {
    var (sum, moment) = (0.0, 0.0)
    for span in windows.spans {
      for window in span {
        sum += weight(window)
        moment += weight(window) * Double(window - span.lowerBound)
      }
    }
    return sum > 0 ? moment / sum : nil
  }

  /// How the peak of each stimulus moves and grows by the group, mean over stimuli to which the cell responds.
  private func effect(_ group: Int, _ ranking: UnitRanking) -> (shift: Double, change: Double) {
    let without = ranking.rates(
      Set(0..<ranking.count).subtracting([group]), windows: Array(windows.full.indices)
    ).map(Double.init)
    let full = windows.full.map(Double.init)
    let range = (full.max() ?? 0) - (full.min() ?? 0)
    var (shifts, changes) = ([Double](), [Double]())
    for span in windows.spans {
      guard let own = peak(Array(full[span])), let other = peak(Array(without[span])),
        own.value - (full[span].min() ?? 0) > 0.2 * range
      else { continue }
      changes.append(own.value - other.value)
      // A trace that hardly moves has no peak.
      if other.value - (without[span].min() ?? 0) > 0.05 * range { shifts.append(own.place - other.place) }
    }
    return (mean(shifts), mean(changes))
  }

  /// Conductance over the change of the group's summed input from grey.
  private func gain(_ group: Int) -> [[Double]] {
    let units = groups.ofUnits
    guard inputs.count == windows.full.count * units.count, greyInput.count == units.count else { return [] }
    let members = units.indices.filter { units[$0] == group }
    let changes = windows.full.indices.map { window in
      members.reduce(0.0) { $0 + Double(inputs[window * units.count + $1]) - Double(greyInput[$1]) }
    }
    let largest = changes.reduce(0) { max($0, $1.magnitude) }
    return windows.spans.map { span in
      span.map { changes[$0].magnitude > 1e-3 * largest ? contributions[group][$0] / changes[$0] : .nan }
    }
  }
}

/// The filter of a channel: the weights of its middle unit when everything before is open.
private struct Filter {
  /// ON (+1) or OFF (-1).
  let polarity: Int
  /// Milliseconds before the response; frames where the frame rate is not known.
  let latency: Double
  /// Pixels.
  let radius: Double

  init(probe: Probe, model: Model, layer: Int, channel: Int) {
    let (shape, input) = (model.shapes[layer], model.inputShape)
    let middle = (channel * shape[1] + shape[1] / 2) * shape[2] + shape[2] / 2
    let weights = probe.effectiveWeights(
      ofUnit: middle, boundary: probe.program.boundary(layer: layer, side: .output))
    let pixels = input[1] * input[2]
    let energies = (0..<input[0]).map { frame in
      weights[frame * pixels..<(frame + 1) * pixels].reduce(0.0) { $0 + Double($1) * Double($1) }
    }
    let top = energies.indices.reduce(0) { energies[$1] > energies[$0] ? $1 : $0 }
    let map = weights[top * pixels..<(top + 1) * pixels].map(Double.init)
    polarity = map.reduce(0, +) < 0 ? -1 : 1
    let frames = Double(input[0] - 1 - top + model.facts.lag)
    latency = model.facts.frameRate.map { frames * 1000 / $0 } ?? frames
    let energy = max(energies[top], .leastNormalMagnitude)
    func moment(_ value: (Int) -> Double) -> Double {
      map.indices.reduce(0) { $0 + map[$1] * map[$1] * value($1) } / energy
    }
    let (row, column) = (moment { Double($0 / input[2]) }, moment { Double($0 % input[2]) })
    let square = moment { pixel in
      let (y, x) = (Double(pixel / input[2]) - row, Double(pixel % input[2]) - column)
      return y * y + x * x
    }
    // Per axis.
    radius = (square / 2).squareRoot()
  }
}
