import RetinaEngine
import RetinaFiles
import RetinaModel

/// What `--precision` makes of a model: the model itself in float32, or an image in integers.
///
/// Integers of a `.retina` file are the same on every processor and never exchanged for something faster; a model leaves the choice open.
struct ChosenPrecision {
  /// The words of `--precision`.
  static let words = ["float32", "int16", "int8", "fastest"]
  static let help = "float32, int16, int8, or fastest: float32 or int8, whichever is counted faster on this processor"

  /// The image; nothing for float32.
  let image: FixedPointProgram?
  /// What was counted, where that was asked for.
  let time: PrecisionTime?

  /// - Parameter calibrate: what ranges of integers are taken from.
  init(_ model: Model, _ path: String, _ arguments: Arguments, calibrate: String) throws {
    let word = try arguments.choice("--precision", of: ChosenPrecision.words) ?? "float32"
    guard word != "float32" else {
      (image, time) = (nil, nil)
      return
    }
    let type = FixedPointMaking.types[word] ?? .int8
    let making = try FixedPointMaking(model, path, arguments, calibrate: calibrate, precision: type)
    guard word == "fastest" else {
      (image, time) = (making.program, nil)
      return
    }
    // A model that does not look at movies has one form of its own.
    time = PrecisionTime(model, making.program, try streamOptions(arguments))
    image = time?.prefersFloat32 == false ? making.program : nil
  }

  /// What was chosen and why, for people.
  var note: String? {
    time.map { "precision: \(image == nil ? "float32" : "int8"). A frame, \($0.counts)" }
  }

  /// The same for machines: beside what an entry of a report says; nothing where nothing was chosen.
  func adding(to entry: JSON) -> JSON {
    guard let time, case .object(let members) = entry else { return entry }
    let precision = JSON.string(image == nil ? "float32" : "int8")
    return .object(members + [JSON.Member("precision", precision), JSON.Member("counted_time", time.json)])
  }
}
