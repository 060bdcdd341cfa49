import RetinaEngine
import RetinaModel

/// The rates of a cell when the distance of each group of units of a layer from constants is multiplied by a factor: 1 as they are, 0
/// as the constants.
///
/// The layers before are run once; each choice costs the layers after.
struct HeldLayer {
  /// The program of the model.
  let program: Program
  /// Where the layer ends.
  let boundary: Int
  /// The group of every unit.
  let groups: [Int]
  /// What units are that are not kept, such as what they are for grey.
  let constants: [Float]
  private let cell: Int
  /// Units of every window, `[window, unit]`.
  private let units: [Float]

  init(_ program: Program, boundary: Int, groups: [Int], units: [Float], constants: [Float], cell: Int) {
    (self.program, self.boundary, self.groups) = (program, boundary, groups)
    (self.units, self.constants, self.cell) = (units, constants, cell)
  }

  /// The layer with the means of its channels over some windows as constants.
  func atMeans(_ windows: [Int], channels: Int) -> HeldLayer {
    let plane = groups.count / channels
    let means = (0..<channels).map { channel in
      let sum = windows.reduce(0.0) { sum, window in
        let first = window * groups.count + channel * plane
        return units[first..<first + plane].reduce(sum) { $0 + Double($1) }
      }
      return Float(sum / Double(max(1, windows.count * plane)))
    }
    return HeldLayer(
      program, boundary: boundary, groups: groups, units: units, constants: groups.indices.map { means[$0 / plane] },
      cell: cell)
  }

  var windows: Int { units.count / groups.count }

  /// The rate in some windows with a factor for each group.
  func rates(_ factors: [Float], windows: [Int], threads: Int) -> [Float] {
    let results = RateList(count: windows.count)
    Parallel.split(windows.count, threads: threads) { range in
      let values = Workspace(MemoryPlan(program) { _ in true })
      for place in range {
        let (first, target) = (windows[place] * groups.count, values[boundary])
        for unit in groups.indices {
          let (factor, value) = (factors[groups[unit]], units[first + unit])
          target[unit] = factor == 1 ? value : constants[unit] + factor * (value - constants[unit])
        }
        program.run(values, from: boundary)
        results.set(place, values[program.outputBoundary][cell])
      }
    }
    return results.values
  }
}

/// Rates that several threads fill in, each its own places.
private final class RateList: @unchecked Sendable {
  private let memory: UnsafeMutableBufferPointer<Float>

  init(count: Int) {
    memory = .allocate(capacity: count)
    memory.initialize(repeating: 0)
  }

  deinit { memory.deallocate() }

  func set(_ place: Int, _ rate: Float) { memory[place] = rate }

  var values: [Float] { Array(memory) }
}

/// The part of the variance of rates that others explain: 1 - sum (r - r^)^2 / sum (r - mean r)^2.
///
/// 1 when both are the same and do not vary; below 0 when the mean would be nearer.
func explainedVariance(_ rates: [Float], by others: [Float]) -> Double {
  let centre = mean(rates.map(Double.init))
  let spread = rates.reduce(0.0) { $0 + (Double($1) - centre) * (Double($1) - centre) }
  let error = zip(rates, others).reduce(0.0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
  guard spread > 0 else { return error > 0 ? -.infinity : 1 }
  return 1 - error / spread
}
