import RetinaEngine
import RetinaKernels

/// The one hidden layer between replaced units and a target: an affine map, and a function of single units behind it.
final class HiddenLayer {
  /// The boundary behind the function.
  var end: Int { bend + 1 }
  /// The most units of the layer that one unit before it reaches.
  var largestReach: Int { shape.largestReach }
  private let bend: Int
  private let kind: ActivationKind
  private let shape: ReachShape
  private let weights, scale: UnsafeMutablePointer<Float>
  /// The layer before and behind the function, what its units are worth, and the layer when a group is replaced.
  private let values, outcomes, readout, changed: UnsafeMutablePointer<Float>
  /// What one unit reaches, see ``Kernels``.
  private let reached: UnsafeMutablePointer<Float>

  /// Sets up for units at `start` and a function that is step `bend`; nothing where the map between is no convolution with factors.
  init?(_ program: Program, from start: Int, bend: Int) {
    guard case .activation(let kind, _) = program.steps[bend].kind,
      let map = program.scaledConvolution(from: start, to: bend)
    else { return nil }
    (self.bend, self.kind) = (bend, kind)
    let geometry = map.geometry
    let taps = geometry.kernelHeight * geometry.kernelWidth
    weights = HiddenLayer.block((geometry.outputs + 7) / 8 * geometry.inputs * taps * 8)
    for output in 0..<geometry.outputs {
      for input in 0..<geometry.inputs {
        for tap in 0..<taps {
          weights[(((output / 8) * geometry.inputs + input) * taps + tap) * 8 + output % 8] =
            map.weight[(output * geometry.inputs + input) * taps + tap]
        }
      }
    }
    let numbers = (geometry.outputs + 7) / 8 * 8 * geometry.outputHeight * geometry.outputWidth
    scale = HiddenLayer.block(numbers)
    shape = ReachShape(geometry: geometry, weights: UnsafePointer(weights), scale: UnsafePointer(scale))
    values = HiddenLayer.block(numbers)
    outcomes = HiddenLayer.block(numbers)
    readout = HiddenLayer.block(numbers)
    changed = HiddenLayer.block(numbers)
    reached = HiddenLayer.block(3 * shape.largestReach)
    map.scale.withUnsafeBufferPointer { if let factors = $0.baseAddress { arrange(factors, into: scale) } }
  }

  deinit {
    for block in [weights, scale, values, outcomes, readout, changed, reached] { block.deallocate() }
  }

  private static func block(_ count: Int) -> UnsafeMutablePointer<Float> {
    let block = UnsafeMutablePointer<Float>.allocate(capacity: max(8, count))
    block.initialize(repeating: 0, count: max(8, count))
    return block
  }

  /// Puts the layer's units into groups of eight channels.
  private func arrange(_ source: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>) {
    let plane = shape.geometry.outputHeight * shape.geometry.outputWidth
    for channel in 0..<shape.geometry.outputs {
      let (from, to) = (source + channel * plane, result + (channel >> 3) * plane * 8 + (channel & 7))
      for position in 0..<plane { to[position * 8] = from[position] }
    }
  }

  /// Takes over the layer's units from a run.
  func load(_ whole: Workspace) {
    arrange(whole[bend], into: values)
    arrange(whole[end], into: outcomes)
  }

  /// How far a unit behind the layer moves when each group changes.
  ///
  /// - Parameters:
  ///   - readout: the weight of each unit of this layer, in the order of the model.
  ///   - changes: of the units before the layer.
  func shifts(
    _ kernels: KernelTable, readout: UnsafePointer<Float>, changes: [Float], groups: UnitGroups
  ) -> [Double] {
    arrange(readout, into: self.readout)
    return (0..<groups.count).map { group in
      let units = groups[group]
      if units.count == 1, let unit = units.first {
        return changes[unit] == 0 ? 0 : shift(kernels, unit: unit, change: changes[unit])
      }
      let count = shape.outputNumbers
      changed.update(from: values, count: count)
      for unit in units where changes[unit] != 0 {
        kernels.spreadChange(shape, place(unit), changes[unit], changed)
      }
      kernels.activate(kind, count, changed)
      return Double(kernels.weightedChange(count, self.readout, outcomes, changed))
    }
  }

  private func shift(_ kernels: KernelTable, unit: Int, change: Float) -> Double {
    let count = kernels.reachedUnits(shape, place(unit), change, values, outcomes, readout, reached)
    kernels.activate(kind, count, reached)
    let room = shape.largestReach
    return Double(kernels.weightedChange(count, reached + room, reached + 2 * room, reached))
  }

  private func place(_ unit: Int) -> SweepUnit {
    SweepUnit(unit, planeHeight: shape.geometry.inputHeight, planeWidth: shape.geometry.inputWidth)
  }
}
