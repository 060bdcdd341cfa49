/// A function of one 16-bit value as a table of 513 values with straight lines between them, as in LiteRT.
///
/// Entry i is the function at the input `128 (i - 256)`; the last one, at 32,768, only ends the last line.
public enum FixedPointTable {
  /// Entries of a table.
  public static let count = 513

  /// The value of the function at an input, rounded once, ties upwards:
  /// `t[i] + floor(((t[i + 1] - t[i]) * f + 64) / 128)` with `i = floor(input / 128) + 256` and `f` the rest.
  ///
  /// Between two entries the error is at most that of a straight line, `128^2 / 8` times the largest second derivative, plus 1: half for the
  /// rounding of the entries and half for that of the result.
  @inline(__always)
  public static func value(_ table: UnsafePointer<Int16>, at input: Int16) -> Int32 {
    let index = Int(input >> 7) + 256
    let (base, next) = (Int32(table[index]), Int32(table[index + 1]))
    return base + (((next - base) * Int32(input & 0x7f) + 64) >> 7)
  }

  /// Applies a table to values of 16 bits.
  public static func forward(
    _ table: UnsafePointer<Int16>, count: Int, input: UnsafePointer<Int16>, output: FixedPointOutput
  ) {
    for index in 0..<count { output.store(value(table, at: input[index]), at: index) }
  }
}
