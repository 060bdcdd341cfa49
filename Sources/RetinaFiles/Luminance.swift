import RetinaModel

/// Luminance of colours: 0.2126 red + 0.7152 green + 0.0722 blue (ITU-R BT.709), of the values as they are stored.
///
/// No gamma is taken back: a stimulus shows the numbers of its file, from 0 (black) to 1 (white).
enum Luminance {
  static let red: Float = 0.2126
  static let green: Float = 0.7152
  static let blue: Float = 0.0722

  static func of(red: Float, green: Float, blue: Float) -> Float {
    Luminance.red * red + Luminance.green * green + Luminance.blue * blue
  }
}

extension Tensor {
  /// The luminance of an array one of whose axes is its colours, red, green and blue; a single one is taken as grey.
  ///
  /// The axis must have an extent of 1 or 3.
  package func grey(colourAxis axis: Int) -> Tensor {
    var extents = shape.dimensions
    let colours = extents.remove(at: axis)
    precondition(colours == 1 || colours == 3, "one colour or three")
    // Values after the axis lie side by side; those before it are the outer ones.
    let inner = extents[axis...].reduce(1, *)
    var grey = Tensor(repeating: 0, shape: Shape(checking: extents) ?? Shape(1))
    for index in grey.values.indices {
      let first = index / inner * inner * colours + index % inner
      grey.values[index] =
        colours == 1
        ? values[first]
        : Luminance.of(red: values[first], green: values[first + inner], blue: values[first + 2 * inner])
    }
    return grey
  }
}
