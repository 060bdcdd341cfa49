/// How the values of a boundary lie in memory while a stream runs.
public enum FeatureLayout: Equatable, Sendable {
  /// One after another, in the order of the model, filled up to a multiple of eight.
  case plain(count: Int)
  /// Channels in groups of eight: `[(channels + 7) / 8, height, width, 8]`; the lanes of channels that do not exist hold values
  /// that nothing reads.
  case lanes(channels: Int, height: Int, width: Int)

  /// Number of values of the model.
  public var count: Int {
    switch self {
    case .plain(let count): return count
    case .lanes(let channels, let height, let width): return channels * height * width
    }
  }

  /// Number of floats in memory, a multiple of eight.
  public var floats: Int {
    switch self {
    case .plain(let count): return (count + 7) / 8 * 8
    case .lanes(let channels, let height, let width): return (channels + 7) / 8 * 8 * height * width
    }
  }

  /// Number of floats that functions of one value are applied to.
  ///
  /// What fills values in the order of the model up to a multiple of eight is written by nothing and stays 0: a function applied in
  /// place to it, frame after frame, could carry it to infinity.
  var usedFloats: Int {
    switch self {
    case .plain(let count): return count
    case .lanes: return floats
    }
  }

  /// Where a value of the model lies in memory.
  @inline(__always)
  public func place(_ index: Int) -> Int {
    switch self {
    case .plain: return index
    case .lanes(_, let height, let width):
      let plane = height * width
      let (channel, position) = (index / plane, index % plane)
      return ((channel >> 3) * plane + position) * 8 + (channel & 7)
    }
  }

  /// Copies values into the order of the model.
  public func unpack(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    switch self {
    case .plain(let count): target.update(from: source, count: count)
    case .lanes(let channels, let height, let width):
      let plane = height * width
      for channel in 0..<channels {
        let (from, to) = (source + (channel >> 3) * plane * 8 + (channel & 7), target + channel * plane)
        for position in 0..<plane { to[position] = from[position * 8] }
      }
    }
  }

  /// Copies values from the order of the model; lanes of channels that do not exist become 0.
  public func pack(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    switch self {
    case .plain(let count):
      target.update(from: source, count: count)
      (target + count).update(repeating: 0, count: floats - count)
    case .lanes(let channels, let height, let width):
      let plane = height * width
      if channels % 8 != 0 { target.update(repeating: 0, count: floats) }
      for channel in 0..<channels {
        let (from, to) = (source + channel * plane, target + (channel >> 3) * plane * 8 + (channel & 7))
        for position in 0..<plane { to[position * 8] = from[position] }
      }
    }
  }

  /// Numbers per value of the model, brought into the order of memory; `filler` where there is no value.
  func packed(_ values: [Float], filler: Float) -> [Float] {
    var result = [Float](repeating: filler, count: floats)
    for index in 0..<count { result[place(index)] = values[index] }
    return result
  }
}
