import RetinaKernels

/// Four states of a synapse - resting, active, inactivated, slowly inactivated - whose occupancies follow an input.
///
/// The kinetic block of the linear-nonlinear-kinetic model (Ozuysal and Baccus, "Linking the computational structure of variance
/// adaptation to biophysical mechanisms", Neuron 2012). With input u: resting to active at rate `activation` u, active to
/// inactivated at `inactivation`, inactivated to resting at `recovery`, inactivated to slow at `slowInactivation`, slow to
/// inactivated at `slowRecovery` u. The output is the active occupancy: it adapts fast by emptying the resting state and slowly by
/// filling the last one.
///
/// A frame is one step of the implicit Euler rule, `(1 - Q) p(t) = p(t - 1)` with rates per frame, which is stable for all
/// rates and keeps the sum of occupancies.
struct KineticBlock {
  /// Rates per frame.
  var activation, inactivation, recovery, slowInactivation, slowRecovery: Double

  /// Occupancies in the order of the type's description.
  typealias States = SIMD4<Double>

  /// Number of rates.
  static let rates = 5

  /// The rates from their logarithms, in the order of the properties.
  init(logarithms: ArraySlice<Double>) {
    let rates = logarithms.map { ElementaryDouble.exp($0) }
    (activation, inactivation, recovery) = (rates[0], rates[1], rates[2])
    (slowInactivation, slowRecovery) = (rates[3], rates[4])
  }

  /// The step's matrix, column after column.
  private func matrix(_ input: Double) -> [States] {
    let (ka, ks) = (activation * input, slowRecovery * input)
    return [
      States(1 + ka, -ka, 0, 0), States(0, 1 + inactivation, -inactivation, 0),
      States(-recovery, 0, 1 + recovery + slowInactivation, -slowInactivation), States(0, 0, -ks, 1 + ks),
    ]
  }

  /// The occupancies one frame later.
  func step(_ states: States, input: Double) -> States { KineticBlock.solve(matrix(input), states) }

  /// Occupancies that a constant input leaves as they are.
  func steady(input: Double) -> States {
    // In balance R u ka = A ki = I kr and I ks = S u kl, each in units of the flow through the cycle.
    let input = max(input, 1e-6)
    let states = States(
      1 / (activation * input), 1 / inactivation, 1 / recovery, slowInactivation / (recovery * slowRecovery * input))
    return states / states.sum()
  }

  /// Goes back over a step: from the gradient of the states after it to that of the states before it, of the input, and of
  /// the logarithms of the rates, to which it adds.
  func backward(
    _ gradient: States, after states: States, input: Double, logarithms: inout [Double]
  ) -> (states: States, input: Double) {
    let columns = matrix(input)
    // Solves the transposed system; a rate's change moves the matrix, whose effect is -(d matrix) states.
    let rows = (0..<4).map { row in States(columns[0][row], columns[1][row], columns[2][row], columns[3][row]) }
    let back = KineticBlock.solve(rows, gradient)
    let active = (back[1] - back[0]) * states[0]
    let slow = (back[2] - back[3]) * states[3]
    logarithms[0] += active * activation * input
    logarithms[1] += (back[2] - back[1]) * states[1] * inactivation
    logarithms[2] += (back[0] - back[2]) * states[2] * recovery
    logarithms[3] += (back[3] - back[2]) * states[2] * slowInactivation
    logarithms[4] += slow * slowRecovery * input
    return (back, active * activation + slow * slowRecovery)
  }

  /// Elimination without exchange of rows: the matrix, or its transpose, has a dominant diagonal.
  private static func solve(_ columns: [States], _ right: States) -> States {
    var (columns, x) = (columns, right)
    for pivot in 0..<3 {
      for row in pivot + 1..<4 {
        let factor = columns[pivot][row] / columns[pivot][pivot]
        guard factor != 0 else { continue }
        for column in pivot..<4 { columns[column][row] -= factor * columns[column][pivot] }
        x[row] -= factor * x[pivot]
      }
    }
    for pivot in stride(from: 3, through: 0, by: -1) {
      for column in stride(from: pivot + 1, to: 4, by: 1) { x[pivot] -= columns[column][pivot] * x[column] }
      x[pivot] /= columns[pivot][pivot]
    }
    return x
  }
}
