import RetinaKernels
import RetinaModel

/// Kernels of a convolution over the history as sums of products of a course in time and a kernel in space, channel by channel.
struct LowRankKernels {
  /// Products per channel: the most that any channel needs, at least 1.
  private(set) var ranks = 1
  /// The part of the kernels that is left out, as the root of the ratio of sums of squares.
  private(set) var leftOut = 0.0
  private let geometry: ConvolutionGeometry
  private var channels: [SingularValues] = []
  /// Products of each channel.
  private var counts: [Int] = []

  /// Decomposes the kernels of a convolution without groups.
  ///
  /// - Parameter tolerance: singular values below so much of a channel's largest are left out; those below the rounding of float32
  ///   always are.
  init(_ weight: Tensor, geometry: ConvolutionGeometry, tolerance: Double) {
    self.geometry = geometry
    let (history, taps) = (geometry.inputs, geometry.kernelHeight * geometry.kernelWidth)
    var (dropped, all) = (0.0, 0.0)
    for output in 0..<geometry.outputs {
      let first = output * history * taps
      let channel = SingularValues(weight.values[first..<first + history * taps].map { Double($0) }, rows: history)
      let least = max(tolerance, Double(Float.ulpOfOne)) * (channel.values.first ?? 0)
      let count = channel.values.prefix { $0 > least }.count
      channels.append(channel)
      counts.append(count)
      ranks = max(ranks, count)
      for (index, value) in channel.values.enumerated() {
        all += value * value
        if index >= count { dropped += value * value }
      }
    }
    leftOut = all > 0 ? (dropped / all).squareRoot() : 0
  }

  /// Kernels in space as the direct convolution of one frame reads them, `[rank][group][tap][8]`.
  var spatial: [Float] {
    let taps = geometry.kernelHeight * geometry.kernelWidth
    return packed(length: taps, rankStride: groups * taps, groupStride: taps, stride: 1) { $0.right[$1] }
  }

  /// Courses in time, `[frame][rank][group][8]`.
  var courses: [Float] {
    packed(length: geometry.inputs, rankStride: groups, groupStride: 1, stride: ranks * groups) { $0.left[$1] }
  }

  private var groups: Int { (geometry.outputs + 7) / 8 }

  /// Vectors of all channels and ranks in groups of eight channels; zeros where a channel has fewer ranks.
  private func packed(
    length: Int, rankStride: Int, groupStride: Int, stride: Int, _ vector: (SingularValues, Int) -> [Double]
  ) -> [Float] {
    var result = [Float](repeating: 0, count: ranks * groups * length * 8)
    for channel in 0..<geometry.outputs {
      for rank in 0..<counts[channel] {
        let first = rank * rankStride + channel / 8 * groupStride
        for (index, value) in vector(channels[channel], rank).enumerated() {
          result[(first + index * stride) * 8 + channel % 8] = Float(value)
        }
      }
    }
    return result
  }
}
