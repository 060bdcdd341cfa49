/// Numbers that will lie in one block: each array stays where it is until then, so that a large one is copied once.
struct ParameterParts {
  /// Floats so far.
  private(set) var count = 0
  private var parts: [(place: Int, values: [Float])] = []
  private let alignment: Int

  /// Parts whose places are multiples of some number of floats.
  init(alignment: Int = 1) {
    self.alignment = alignment
  }

  /// Adds numbers; gives their place in the block.
  mutating func store(_ values: [Float]) -> Int {
    let place = (count + alignment - 1) / alignment * alignment
    parts.append((place, values))
    count = place + values.count
    return place
  }

  /// The block, which the caller deallocates; zeros lie between the parts.
  func block() -> UnsafeMutablePointer<Float> {
    let block = alignedFloats(count)
    for (place, values) in parts { (block + place).update(from: values, count: values.count) }
    return block
  }
}
