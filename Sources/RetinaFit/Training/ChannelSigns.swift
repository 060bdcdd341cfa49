/// Dale's law as a constraint: all weights that leave a hidden channel have the sign that their sum had at first.
struct ChannelSigns {
  private let range: Range<Int>
  private let inputs, positions: Int
  private let signs: [Float]

  /// The constraints of all layers that read hidden channels: all banks of kernels and channel weights of read-outs but the first.
  static func all(_ groups: [ParameterGroup], _ parameters: [Float]) -> [ChannelSigns] {
    groups.filter { $0.role == .weight && $0.shape.count == 4 || $0.role == .feature }.dropFirst().map {
      ChannelSigns($0, parameters)
    }
  }

  private init(_ group: ParameterGroup, _ parameters: [Float]) {
    range = group.range
    (inputs, positions) = (group.shape[1], group.shape.dropFirst(2).reduce(1, *))
    var sums = [Float](repeating: 0, count: inputs)
    for (place, index) in range.enumerated() { sums[place / positions % inputs] += parameters[index] }
    signs = sums.map { $0 < 0 ? -1 : 1 }
  }

  /// Sets weights of the wrong sign to zero.
  func apply(_ parameters: inout [Float]) {
    for (place, index) in range.enumerated() where parameters[index] * signs[place / positions % inputs] < 0 {
      parameters[index] = 0
    }
  }
}
