import RetinaKernels

extension FixedPointImage {
  /// Looks at bytes as an image in integers; see ``ModelImage``.
  public init(_ base: UnsafeRawPointer, count: Int) throws(ImageError) {
    self.init(checked: base, count: count)
    try ImageChecker(image: self, precision: 0).check()
  }
}

extension ImageChecker<FixedPointImage> {
  func check() throws(ImageError) {
    try checkFrame()
    try checkDescription()
    try checkInput()
    try forEachLayer { layer, start throws(ImageError) in try checkLayer(layer, at: start) }
    try checkSizes()
  }

  private func checkInput() throws(ImageError) {
    typealias Place = ImageLayout.Description
    let start = image.section(.description).start
    try quantization(start + 4 * Place.inputType, start + 4 * Place.inputScale, start + 4 * Place.inputZeroPoint)
  }

  private func quantization(_ type: Int, _ scale: Int, _ zeroPoint: Int) throws(ImageError) {
    let bits = try number(type, 8...16, "values of 8 or 16 bits")
    guard let type = FixedPointType(rawValue: bits) else { throw fail(type, "values of 8 or 16 bits", bits) }
    let step = Float(bitPattern: word(scale))
    guard step.isFinite, step >= Float.leastNormalMagnitude else {
      throw fail(scale, "a scale above 0", Int(Int32(bitPattern: word(scale))))
    }
    try number(zeroPoint, Int(type.minimum)...Int(type.maximum), "a zero point within the type")
  }

  // MARK: - Layers

  private func checkLayer(_ layer: Int, at start: Int) throws(ImageError) {
    typealias Place = ImageLayout.Layer
    func place(_ index: Int) -> Int { start + 4 * index }
    let outputs = try shape(place(Place.rank), place(Place.extents))
    try quantization(place(Place.type), place(Place.scale), place(Place.zeroPoint))
    let type = image.output(layer).type
    let minimum = try number(
      place(Place.minimum), Int(type.minimum)...Int(type.maximum), "a smallest value within the type")
    try number(place(Place.maximum), minimum...Int(type.maximum), "a largest value from the smallest up")
    try text(place(Place.names), place(Place.nameBytes))
    let (inputs, input) =
      layer == 0 ? (image.inputCount, image.input) : (image.outputCount(layer - 1), image.output(layer - 1))
    let code = try number(place(Place.kind), 1...5, "a kind of layer from 1 to 5")
    switch ImageLayout.Kind(rawValue: UInt32(code)) {
    case .convolution:
      try checkConvolution(layer, start, inputs: inputs, input: input, outputs: outputs)
    case .maximumPool, .averagePool:
      try pool(start, image.window(layer), inputs: inputs, outputs: outputs)
      try sameQuantization(layer, start, input)
    case .table:
      guard outputs == inputs else { throw fail(place(Place.rank), "as many values as the input", outputs) }
      guard input.type == .int16 else {
        throw fail(place(Place.kind), "16-bit values for a table", input.type.rawValue)
      }
      try array(place(Place.table), count: FixedPointTable.count, size: 2)
    case .gather:
      try gather(start, inputs: inputs, outputs: outputs)
      try sameQuantization(layer, start, input)
    default: throw fail(place(Place.kind), "a kind of layer from 1 to 5", code)
    }
  }

  /// Pools and gathers hand integers on as they are.
  private func sameQuantization(
    _ layer: Int, _ start: Int, _ input: FixedPointQuantization
  ) throws(ImageError) {
    guard image.output(layer) == input else {
      throw fail(start + 4 * ImageLayout.Layer.scale, "the quantisation of the input", layer)
    }
  }

  private func checkConvolution(
    _ layer: Int, _ start: Int, inputs: Int, input: FixedPointQuantization, outputs: Int
  ) throws(ImageError) {
    typealias Place = ImageLayout.Layer
    func place(_ index: Int) -> Int { start + 4 * index }
    let (perOutput, results) = try convolution(start, image.window(layer), inputs: inputs, outputs: outputs)
    let bits = try number(place(Place.weightType), 8...16, "weights of 8 or 16 bits")
    guard let type = FixedPointType(rawValue: bits) else {
      throw fail(place(Place.weightType), "weights of 8 or 16 bits", bits)
    }
    let code = try number(place(Place.rounding), 0...2, "a rounding from 0 to 2")
    guard let rounding = FixedPointRounding(rawValue: code) else {
      throw fail(place(Place.rounding), "a rounding from 0 to 2", code)
    }
    try array(place(Place.weights), count: perOutput * results, size: type.bytes)
    try array(place(Place.bias), count: results, size: 8)
    try array(place(Place.multipliers), count: results, size: 8)
    let parameters = image.parameters(layer)
    let shifts = FixedPointMultiplier.shifts(rounding)
    let largestInput = Int64(input.largestMagnitude)
    let limit: Int64 = rounding == .wide ? 1 << 47 : 1 << 31
    for output in 0..<results {
      let multiplier = parameters.multipliers[output]
      guard multiplier.multiplier == 0 || multiplier.multiplier >= 1 << 30, shifts.contains(multiplier.shift) else {
        throw fail(place(Place.multipliers), "multipliers of 31 bits and shifts that the rounding allows", output)
      }
      guard let bias = parameters.bias?[output], bias > -limit, bias < limit else {
        throw fail(place(Place.bias), "biases that the sums can hold", output)
      }
      var magnitudes: Int64 = 0
      for index in output * perOutput..<(output + 1) * perOutput {
        magnitudes += Int64(parameters.weight.raw(index).magnitude)
      }
      guard magnitudes < limit, magnitudes * largestInput + Int64(bias.magnitude) < limit else {
        throw fail(place(Place.weights), "weights whose sums cannot overflow", output)
      }
    }
  }

  // MARK: - Sizes

  private func checkSizes() throws(ImageError) {
    var bytes = Int64(image.windowBytes)
    var scratch: Int64 = 0
    for layer in 0..<image.layerCount {
      bytes += Int64(ImageLayout.aligned(image.outputCount(layer) * image.output(layer).type.bytes))
      scratch = max(scratch, try scratchBytes(layer))
    }
    try sizes(arena: bytes + scratch, state: image.stateBytesNeeded)
  }

  /// The working memory of a layer; geometries whose padded input would be too large are refused before it is computed.
  private func scratchBytes(_ layer: Int) throws(ImageError) -> Int64 {
    let step = image.layer(layer)
    guard case .convolution(let geometry, _) = step.operation else { return 0 }
    let window = geometry.window
    func reach(_ input: Int, _ padding: Int, _ output: Int, _ stride: Int, _ kernel: Int, _ dilation: Int) -> Int64 {
      max(Int64(input) + Int64(padding), Int64(output - 1) * Int64(stride) + Int64(kernel - 1) * Int64(dilation) + 1)
    }
    let height = reach(
      window.inputHeight, window.paddingTop, window.outputHeight, window.strideVertical, window.kernelHeight,
      window.dilationVertical)
    let width = reach(
      window.inputWidth, window.paddingLeft, window.outputWidth, window.strideHorizontal, window.kernelWidth,
      window.dilationHorizontal)
    let most = Int64(ImageLayout.maximumValues)
    guard height <= most, width <= most, height * width <= most, height * width * Int64(geometry.inputs) <= most else {
      throw fail(
        image.section(.layers).start + 4 * (layer * ImageLayout.Layer.words + ImageLayout.Layer.window),
        "a padded input of at most 2^27 values", Int(min(height, most)))
    }
    return Int64(step.scratchBytes)
  }
}
