import RetinaEngine
import RetinaKernels

/// What happens to a target when units of one layer are replaced, without running the model again.
///
/// Functions of single units behind the layer are applied to the old and the new values at once. From there the model must be affine up
/// to the target, or affine, one nonlinearity of single units, and affine; a last nonlinearity before the target is allowed in both.
/// In the first form a replacement moves the target's units by `sum of g_i (r_i - y_i)`. In the second only the hidden units change that
/// the replaced ones reach, and with their readout v the target's units move by `sum over j of v_j (f(z_j + w_ji (r_i - y_i)) - f(z_j))`.
/// Both are exact.
final class UnitReplacement {
  /// The layer and the boundary of the target.
  let boundary, targetBoundary: Int
  /// The boundary behind the functions of single units that follow the layer, and the one before the last nonlinearity.
  private let start, straightEnd: Int
  private let hidden: HiddenLayer?

  /// Sets up for a layer; nothing for models of another form.
  init?(_ program: Program, boundary: Int, target: Target) {
    (self.boundary, targetBoundary) = (boundary, target.boundary)
    var (start, end) = (boundary, target.boundary)
    if end > boundary, program.steps[end - 1].isElementwise, !program.steps[end - 1].isAffine { end -= 1 }
    while start < end, program.steps[start].isElementwise { start += 1 }
    (self.start, straightEnd) = (start, end)
    let bends = (start..<end).filter { !program.steps[$0].isAffine }
    guard let bend = bends.first else {
      hidden = nil
      return
    }
    guard bends.count == 1, let layer = HiddenLayer(program, from: start, bend: bend) else { return nil }
    hidden = layer
  }

  /// Multiply-adds that the replacement of one unit takes, at most.
  var multiplyAddsPerUnit: Int { hidden?.largestReach ?? 1 }

  /// How much lower the target is when each group is replaced: `F - F(group := replacement)`.
  ///
  /// - Parameters:
  ///   - whole: the values of the run, at all boundaries up to the target.
  ///   - replacement: one value per unit of the layer.
  /// - Returns: one number per group.
  func effects(
    _ probe: Probe, whole: Workspace, target: Target, replacement: [Float], groups: UnitGroups
  ) -> [Float]? {
    let program = probe.program
    let changes = changes(probe, whole: whole, replacement: replacement)
    hidden?.load(whole)
    let last = straightEnd < target.boundary ? program.steps[straightEnd] : nil
    let units = target.units(count: probe.count(target.boundary))
    var shifts: [[Double]] = []
    var functions: [FinalNonlinearity] = []
    for unit in units {
      guard let function = FinalNonlinearity(last, unit: unit, of: program) else { return nil }
      functions.append(function)
      Target.unit(unit, boundary: straightEnd).seed(probe.gradients, count: probe.count(straightEnd))
      let near = hidden?.end ?? start
      // All steps up to here are affine, so that any values will do.
      program.pullBack(probe.gradients, at: whole, from: straightEnd, to: near)
      let slopes = probe.gradients[near]
      if let hidden {
        shifts.append(hidden.shifts(program.kernels, readout: slopes, changes: changes, groups: groups))
      } else {
        shifts.append(
          (0..<groups.count).map { group in
            groups[group].reduce(0) { $0 + Double(slopes[$1]) * Double(changes[$1]) }
          })
      }
    }
    let lines = units.map { Double(whole[straightEnd][$0]) }
    var outputs = [Double](repeating: 0, count: probe.count(target.boundary))
    func value(_ group: Int?) -> Double {
      for place in units.indices {
        outputs[units[place]] = functions[place].value(lines[place] + (group.map { shifts[place][$0] } ?? 0))
      }
      return target.value(outputs)
    }
    let complete = value(nil)
    return (0..<groups.count).map { Float(complete - value($0)) }
  }

  /// New less old values behind the functions of single units.
  private func changes(_ probe: Probe, whole: Workspace, replacement: [Float]) -> [Float] {
    let values = probe.values
    for unit in replacement.indices { values[boundary][unit] = replacement[unit] }
    probe.program.run(values, from: boundary, to: start)
    let (new, old) = (values[start], whole[start])
    return replacement.indices.map { new[$0] - old[$0] }
  }
}
