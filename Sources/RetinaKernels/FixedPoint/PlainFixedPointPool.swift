/// The plain definition of pooling in fixed point; input and output have the same scale and zero point.
public enum PlainFixedPointPool {
  /// The maximum of every window over the cells inside the input, then clamped.
  public static func maximum(
    _ window: FixedPointWindow, channels: Int, input: FixedPointValues, output: FixedPointOutput
  ) {
    window.forEachPosition(channels: channels) { plane, row, column, place in
      var largest = Int32.min
      window.forEachTap(row: row, column: column) { _, cell in largest = max(largest, input.raw(plane + cell)) }
      output.store(largest, at: place)
    }
  }

  /// The mean of every window over the cells inside the input, ties away from zero, then clamped.
  ///
  /// A window without any cell inside gives 0.
  public static func average(
    _ window: FixedPointWindow, channels: Int, input: FixedPointValues, output: FixedPointOutput
  ) {
    window.forEachPosition(channels: channels) { plane, row, column, place in
      var (sum, count) = (Int64(0), Int64(0))
      window.forEachTap(row: row, column: column) { _, cell in
        sum += Int64(input.raw(plane + cell))
        count += 1
      }
      let rounded = count == 0 ? 0 : (sum > 0 ? sum + count / 2 : sum - count / 2) / count
      output.store(Int32(truncatingIfNeeded: rounded), at: place)
    }
  }
}
