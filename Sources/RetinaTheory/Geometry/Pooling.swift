import RetinaModel

/// Averages or maxima over square windows of a layer, to see what pooling does to its classes.
public enum Pooling {
  /// Pools samples of shape `[channel, height, width]`; rows and columns that fill no window are left out.
  public static func pool(
    _ responses: LabelledResponses, shape: Shape, size: Int, maximum: Bool
  ) throws(TheoryError) -> LabelledResponses {
    guard shape.rank == 3, shape.count == responses.units, size >= 1, size <= min(shape[1], shape[2]) else {
      throw TheoryError("pooling", expected: "[channel, height, width] with windows inside", found: "\(shape), \(size)")
    }
    let (channels, width) = (shape[0], shape[2])
    let (rows, columns) = (shape[1] / size, shape[2] / size)
    return responses.mapping { values in
      var pooled: [Float] = []
      pooled.reserveCapacity(channels * rows * columns)
      for channel in 0..<channels {
        for row in 0..<rows {
          for column in 0..<columns {
            var (sum, largest) = (Float(0), -Float.infinity)
            for y in row * size..<(row + 1) * size {
              for x in column * size..<(column + 1) * size {
                let value = values[(channel * shape[1] + y) * width + x]
                sum += value
                largest = max(largest, value)
              }
            }
            pooled.append(maximum ? largest : sum / Float(size * size))
          }
        }
      }
      return pooled
    }
  }
}
