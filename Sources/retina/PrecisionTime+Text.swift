import RetinaEngine
import RetinaFiles

extension PrecisionTime {
  /// What was counted.
  var counts: String {
    "as counted for \(level.name): \(fixed(integers * 1e3, 3)) ms in integers, \(fixed(float32 * 1e3, 3)) ms in float32 as planned"
  }

  /// What was counted, and what to do about it.
  var text: String {
    let choice =
      prefersFloat32
      ? "float32 is faster here: run the model itself ('--precision fastest' does), and the image on boards or where integers must be equal"
      : "integers are faster here ('--precision fastest' takes them)"
    return "a frame, \(counts); \(choice)"
  }

  var json: JSON {
    [
      "level": .string(level.name), "seconds_integers": .number(integers), "seconds_float32": .number(float32),
      "faster": .string(prefersFloat32 ? "float32" : "integers"),
    ]
  }
}
