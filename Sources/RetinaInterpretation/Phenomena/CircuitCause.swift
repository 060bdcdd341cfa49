import RetinaFit

/// Which parts of the simulated retina make a phenomenon, and why: what a circuit must do before anything is shown to it.
///
/// Most reasons rest on this. Without gain control and adaptation every step from light to drive is homogeneous: a stimulus of c times the
/// contrast gives c times the drive, at every moment. The rate is an increasing function of the drive. Without rectification, too, the drive
/// is linear in the light, and the linear-nonlinear model of a cell is the cell. Adaptation adds a change of gain in proportion to the
/// mean light of a fifth of a second, which is of second order in contrast.
struct CircuitCause: Sendable {
  /// The phenomenon's name.
  var phenomenon: String
  /// Sets of parts, each of which suffices where all of it is there; none for what no part makes.
  var parts: [Set<CascadeRetina.Part>]
  /// Why.
  var reason: String

  /// Whether a circuit has the phenomenon.
  func isPresent(without: Set<CascadeRetina.Part>) -> Bool { parts.contains { $0.isDisjoint(with: without) } }

  /// One cause for each phenomenon of the battery.
  static let all = [
    CircuitCause(
      phenomenon: "omitted-stimulus", parts: [], reason: "Nothing keeps the period of flashes: no part oscillates."),
    CircuitCause(
      phenomenon: "latency-coding", parts: [[.gain]],
      reason: "A homogeneous drive peaks at the same time at every contrast; gain control cuts a strong rise short."),
    CircuitCause(
      phenomenon: "motion-anticipation", parts: [[.gain]],
      reason:
        "Inhibition and surround are linear while a bar comes nearer, since bipolar cells of one polarity are active then, and a "
        + "linear-nonlinear model has them; gain control lets the response to a strong bar sink before it arrives."),
    CircuitCause(
      phenomenon: "motion-reversal", parts: [],
      reason: "Nothing knows where a bar came from: the response follows its place."),
    CircuitCause(
      phenomenon: "polarity-reversal", parts: [],
      reason:
        "More of what excites a cell never leads to less drive, and gain control turns round only where it divides by many times."
    ),
    CircuitCause(
      phenomenon: "contrast-adaptation", parts: [[.gain]],
      reason:
        "Filters of a homogeneous drive have one shape; gain control takes more of the slow part of a stronger drive."),
    CircuitCause(
      phenomenon: "contrast-gain", parts: [[.gain], [.amacrine, .rectification]],
      reason:
        "Gain control divides more at high contrast. Rectified inhibition has a mean that grows with contrast and keeps the same "
        + "input further below threshold."),
    CircuitCause(
      phenomenon: "contrast-step", parts: [], reason: "The slowest memory, of adaptation, lasts a fifth of a second."),
    CircuitCause(
      phenomenon: "frequency-doubling", parts: [[.rectification], [.adaptation]],
      reason:
        "What is nonlinear before the sum over the receptive field answers every reversal of stripes that the sum cancels: rectified "
        + "subunits, and the division in each photoreceptor. The mean light, low-passed with 200 ms, swings by tanh(5/8) = 0.55 of the "
        + "contrast c, so a reversal raises the mean over bright and dark stripes by 2 x 2/3 x 0.55 x c^2 = 0.74 c^2: at c = 1/4 a fifth "
        + "of what a flash of c does. A threshold after the sum gives one pulse a cycle, with less second harmonic than first."
    ),
    CircuitCause(
      phenomenon: "object-motion", parts: [[.wideField, .rectification]],
      reason:
        "Motion of the background must inhibit at once, and without a sign. Other amacrine cells come 85 ms late; without "
        + "rectification ON and OFF cancel."),
    CircuitCause(phenomenon: "direction-selectivity", parts: [], reason: "All pooling is symmetric."),
    CircuitCause(
      phenomenon: "paired-flash", parts: [[.gain], [.amacrine, .rectification]],
      reason:
        "Gain stays low for 170 ms. Rectified inhibition after a flash is wholly open, and half open under the white noise in which a "
        + "linear-nonlinear model has learned it."),
    CircuitCause(phenomenon: "chirp", parts: [[]], reason: "Every drive grows with contrast."),
  ]
}
