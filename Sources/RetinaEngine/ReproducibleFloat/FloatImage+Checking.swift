import RetinaKernels

extension FloatImage {
  /// Looks at bytes as an image in float32; see ``ModelImage``.
  public init(_ base: UnsafeRawPointer, count: Int) throws(ImageError) {
    self.init(checked: base, count: count)
    try ImageChecker(image: self, precision: FloatImage.precision).check()
  }
}

extension ImageChecker<FloatImage> {
  func check() throws(ImageError) {
    try checkFrame()
    try checkDescription()
    let type = image.section(.description).start + 4 * ImageLayout.Description.inputType
    try number(type, precision...precision, "values of 32 bits")
    try forEachLayer { layer, start throws(ImageError) in try checkLayer(layer, at: start) }
    let straight = image.straightLayers
    if straight > 0 { try numbers(4 * ImageLayout.Header.rest, count: image.outputCount(straight - 1)) }
    try checkSizes()
  }

  /// An array of finite floats in the payload.
  private func numbers(_ place: Int, count: Int) throws(ImageError) {
    try array(place, count: count, size: 4)
    let values = image.payload(word(place)).assumingMemoryBound(to: Float.self)
    for index in 0..<count where !values[index].isFinite { throw fail(place, "an array of finite numbers", index) }
  }

  private func checkLayer(_ layer: Int, at start: Int) throws(ImageError) {
    typealias Place = ImageLayout.Layer
    func place(_ index: Int) -> Int { start + 4 * index }
    let outputs = try shape(place(Place.rank), place(Place.extents))
    try number(place(Place.type), precision...precision, "values of 32 bits")
    try text(place(Place.names), place(Place.nameBytes))
    let inputs = image.layerInputCount(layer)
    let code = try number(place(Place.kind), 1...10, "a kind of layer from 1 to 10")
    switch ImageLayout.Kind(rawValue: UInt32(code)) {
    case .convolution:
      let (perOutput, results) = try convolution(start, image.window(layer), inputs: inputs, outputs: outputs)
      try reaches(start, image.window(layer))
      try numbers(place(Place.weights), count: perOutput * results)
      try numbers(place(Place.bias), count: results)
    case .maximumPool, .averagePool:
      try pool(start, image.window(layer), inputs: inputs, outputs: outputs)
      for index in [8, 9] { try number(place(Place.window + index), 0...0, "a pool without padding") }
      for index in [10, 11] { try number(place(Place.window + index), 1...1, "a pool without dilation") }
      try reaches(start, image.window(layer))
    case .dense:
      try number(place(Place.inputs), inputs...inputs, "as many inputs as the layer before has values")
      try number(place(Place.outputs), outputs...outputs, "as many outputs as the shape has values")
      guard Int64(inputs) * Int64(outputs) <= Int64(ImageLayout.maximumValues) else {
        throw fail(place(Place.weights), "at most 2^27 weights", outputs)
      }
      try numbers(place(Place.weights), count: inputs * outputs)
      try numbers(place(Place.bias), count: outputs)
    case .affine:
      try same(start, inputs, outputs)
      let factors = try number(place(Place.inputs), 1...outputs, "at least one factor")
      guard outputs % factors == 0 else { throw fail(place(Place.inputs), "factors that divide the values", factors) }
      try numbers(place(Place.weights), count: factors)
      try numbers(place(Place.bias), count: factors)
    case .function:
      try same(start, inputs, outputs)
      try number(place(Place.function), 0...5, "a function from 0 to 5")
      guard Float(bitPattern: word(place(Place.scale))).isFinite else {
        throw fail(place(Place.scale), "a finite number", Int(Int32(bitPattern: word(place(Place.scale)))))
      }
    case .parametricSoftplus:
      try same(start, inputs, outputs)
      for (count, array) in [(Place.inputs, Place.weights), (Place.outputs, Place.bias)] {
        let found = try number(place(count), 1...outputs, "one number, or one per unit")
        guard found == 1 || found == outputs else { throw fail(place(count), "one number, or one per unit", found) }
        try numbers(place(array), count: found)
      }
    case .divisiveNormalization:
      guard inputs == 2 * outputs else { throw fail(place(Place.rank), "half as many values as the input", outputs) }
    case .gather: try gather(start, inputs: inputs, outputs: outputs)
    case .table, nil: throw fail(place(Place.kind), "a kind of layer for float32", code)
    }
  }

  /// A step that changes single values.
  private func same(_ start: Int, _ inputs: Int, _ outputs: Int) throws(ImageError) {
    guard outputs == inputs else {
      throw fail(start + 4 * ImageLayout.Layer.rank, "as many values as the input", outputs)
    }
  }

  /// The size of the output follows from that of the input, with the same padding on both sides.
  private func reaches(_ start: Int, _ window: FixedPointWindow) throws(ImageError) {
    func extent(_ input: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> Int64 {
      let room = Int64(input) + 2 * Int64(padding) - Int64(dilation) * Int64(kernel - 1) - 1
      return room < 0 ? 0 : room / Int64(stride) + 1
    }
    let (height, width) = (
      extent(
        window.inputHeight, window.kernelHeight, window.strideVertical, window.paddingTop, window.dilationVertical),
      extent(
        window.inputWidth, window.kernelWidth, window.strideHorizontal, window.paddingLeft, window.dilationHorizontal)
    )
    guard height == Int64(window.outputHeight), width == Int64(window.outputWidth) else {
      throw fail(
        start + 4 * (ImageLayout.Layer.window + 2), "the output size that window and padding give",
        window.outputHeight)
    }
  }

  private func checkSizes() throws(ImageError) {
    var bytes = Int64(image.windowBytes)
    for layer in 0..<image.layerCount { bytes += Int64(ImageLayout.aligned(image.outputCount(layer) * 4)) }
    try sizes(arena: bytes, state: image.stateBytesNeeded)
  }
}
