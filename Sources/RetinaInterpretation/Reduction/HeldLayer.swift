import RetinaEngine
import RetinaModel

/// The rates of a cell when what each group of units of a layer changes from grey is multiplied by a factor: 1 as they do, 0 as for grey.
///
/// The layers before are run once; each choice costs the layers after.
struct HeldLayer {
  /// The program of the model.
  let program: Program
  /// Where the layer ends.
  let boundary: Int
  /// The group of every unit.
  let groups: [Int]
  /// Units for grey.
  let grey: [Float]
  private let cell: Int
  /// Units of every window, `[window, unit]`.
  private let units: [Float]

  init(_ program: Program, boundary: Int, groups: [Int], units: [Float], grey: [Float], cell: Int) {
    (self.program, self.boundary, self.groups) = (program, boundary, groups)
    (self.units, self.grey, self.cell) = (units, grey, cell)
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
          target[unit] = factor == 1 ? value : grey[unit] + factor * (value - grey[unit])
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
