#if RETINA_VARIANT
  import RetinaKernels
#endif

extension Kernels {
  /// A convolution of features in groups of eight channels, without rearranging the input: four output columns at a time stay in
  /// registers while all kernel values pass.
  ///
  /// - Parameters:
  ///   - input: `[(inputs + 7) / 8, height, width, 8]`.
  ///   - weights: `[(outputs + 7) / 8, inputs, kernelHeight, kernelWidth, 8]`.
  ///   - bias: `[(outputs + 7) / 8, 8]`.
  ///   - epilogue: that of the first group of channels.
  ///   - output: `[(outputs + 7) / 8, outputHeight, outputWidth, 8]`.
  @inline(never)
  public static func convolveFeatures(
    _ geometry: ConvolutionGeometry, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, epilogue: Epilogue, output: UnsafeMutablePointer<Float>
  ) {
    convolve(geometry, LaneOrder(geometry), input, weights, bias, epilogue, output)
  }

  /// The same for a single input channel, `[height, width]`.
  @inline(never)
  public static func convolveFrame(
    _ geometry: ConvolutionGeometry, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    convolve(geometry, FrameOrder(output: LaneOrder(geometry)), input, weights, bias, .none, output)
  }

  /// The same for values in the order of the model: input `[inputs, height, width]`, output
  /// `[outputs, outputHeight, outputWidth]`.
  @inline(never)
  public static func convolvePlanes(
    _ geometry: ConvolutionGeometry, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    convolve(geometry, PlaneOrder(geometry), input, weights, bias, .none, output)
  }

  @inline(__always)
  private static func convolve<Order: ChannelOrder>(
    _ geometry: ConvolutionGeometry, _ order: Order, _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    _ bias: UnsafePointer<Float>, _ epilogue: Epilogue, _ output: UnsafeMutablePointer<Float>
  ) {
    let (outputHeight, outputWidth) = (geometry.outputHeight, geometry.outputWidth)
    let step = geometry.strideHorizontal
    // The columns whose whole window lies inside the image.
    let reach = (geometry.kernelWidth - 1) * geometry.dilationHorizontal
    let firstInside = min(outputWidth, (geometry.paddingHorizontal + step - 1) / step)
    let room = geometry.inputWidth - 1 - reach + geometry.paddingHorizontal
    let endInside = room < 0 ? firstInside : max(firstInside, min(outputWidth, room / step + 1))
    for group in 0..<(geometry.outputs + 7) / 8 {
      let kernel = weights + group * geometry.inputs * geometry.kernelHeight * geometry.kernelWidth * 8
      let constant = load(bias + 8 * group)
      let end = epilogue.group(group, positions: outputHeight * outputWidth)
      for row in 0..<outputHeight {
        var column = 0
        while column < outputWidth {
          if column >= firstInside, column + 4 <= endInside {
            fourColumns(geometry, order, input, kernel, constant, end, group, row, column, output)
            column += 4
          } else {
            oneColumn(geometry, order, input, kernel, constant, end, group, row, column, output)
            column += 1
          }
        }
      }
    }
  }

  @inline(__always)
  private static func fourColumns<Order: ChannelOrder>(
    _ geometry: ConvolutionGeometry, _ order: Order, _ input: UnsafePointer<Float>, _ kernel: UnsafePointer<Float>,
    _ constant: Lanes, _ end: Epilogue, _ group: Int, _ row: Int, _ column: Int,
    _ output: UnsafeMutablePointer<Float>
  ) {
    var (sum0, sum1, sum2, sum3) = (constant, constant, constant, constant)
    let step = geometry.strideHorizontal * order.columnStep
    let firstColumn = column * geometry.strideHorizontal - geometry.paddingHorizontal
    var weight = kernel
    for channel in 0..<geometry.inputs {
      let plane = input + order.start(channel)
      for kernelRow in 0..<geometry.kernelHeight {
        let inputRow =
          row * geometry.strideVertical + kernelRow * geometry.dilationVertical - geometry.paddingVertical
        guard inputRow >= 0, inputRow < geometry.inputHeight else {
          weight += geometry.kernelWidth * 8
          continue
        }
        var source = plane + (inputRow * geometry.inputWidth + firstColumn) * order.columnStep
        for _ in 0..<geometry.kernelWidth {
          let w = load(weight)
          sum0 = multiplyAdd(w, Lanes(repeating: source[0]), sum0)
          sum1 = multiplyAdd(w, Lanes(repeating: source[step]), sum1)
          sum2 = multiplyAdd(w, Lanes(repeating: source[2 * step]), sum2)
          sum3 = multiplyAdd(w, Lanes(repeating: source[3 * step]), sum3)
          weight += 8
          source += geometry.dilationHorizontal * order.columnStep
        }
      }
    }
    let position = row * geometry.outputWidth + column
    order.store(end.finish(sum0, at: position), group, row, column, output)
    order.store(end.finish(sum1, at: position + 1), group, row, column + 1, output)
    order.store(end.finish(sum2, at: position + 2), group, row, column + 2, output)
    order.store(end.finish(sum3, at: position + 3), group, row, column + 3, output)
  }

  @inline(__always)
  private static func oneColumn<Order: ChannelOrder>(
    _ geometry: ConvolutionGeometry, _ order: Order, _ input: UnsafePointer<Float>, _ kernel: UnsafePointer<Float>,
    _ constant: Lanes, _ end: Epilogue, _ group: Int, _ row: Int, _ column: Int,
    _ output: UnsafeMutablePointer<Float>
  ) {
    var sum = constant
    let firstColumn = column * geometry.strideHorizontal - geometry.paddingHorizontal
    var weight = kernel
    for channel in 0..<geometry.inputs {
      let plane = input + order.start(channel)
      for kernelRow in 0..<geometry.kernelHeight {
        let inputRow =
          row * geometry.strideVertical + kernelRow * geometry.dilationVertical - geometry.paddingVertical
        for kernelColumn in 0..<geometry.kernelWidth {
          let inputColumn = firstColumn + kernelColumn * geometry.dilationHorizontal
          if inputRow >= 0, inputRow < geometry.inputHeight, inputColumn >= 0, inputColumn < geometry.inputWidth {
            let value = plane[(inputRow * geometry.inputWidth + inputColumn) * order.columnStep]
            sum = multiplyAdd(load(weight), Lanes(repeating: value), sum)
          }
          weight += 8
        }
      }
    }
    order.store(end.finish(sum, at: row * geometry.outputWidth + column), group, row, column, output)
  }

  /// Sets what is not above zero to zero, in place; a NaN stays.
  @inline(never)
  public static func rectify(count: Int, values: UnsafeMutablePointer<Float>) {
    var index = 0
    while index &+ 8 <= count {
      let value = load(values + index)
      store(value.replacing(with: 0, where: value .<= 0), values + index)
      index &+= 8
    }
    while index < count {
      if values[index] <= 0 { values[index] = 0 }
      index &+= 1
    }
  }

  /// A matrix product with one vector: `output[r] = bias[r] + sum over c of weights[r, c] * input[c]`.
  ///
  /// Each row is summed in eight lanes, in the order of the columns; four rows share every load of the input.
  ///
  /// - Parameters:
  ///   - columns: a multiple of 8.
  ///   - weights: `[rows, columns]`.
  @inline(never)
  public static func multiplyRows(
    columns: Int, rows: Int, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    var row = 0
    while row + 4 <= rows {
      let first = weights + row * columns
      let (second, third, fourth) = (first + columns, first + 2 * columns, first + 3 * columns)
      var (sum0, sum1, sum2, sum3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
      var column = 0
      while column < columns {
        let x = load(input + column)
        sum0 = multiplyAdd(load(first + column), x, sum0)
        sum1 = multiplyAdd(load(second + column), x, sum1)
        sum2 = multiplyAdd(load(third + column), x, sum2)
        sum3 = multiplyAdd(load(fourth + column), x, sum3)
        column += 8
      }
      output[row] = bias[row] + total(sum0)
      output[row + 1] = bias[row + 1] + total(sum1)
      output[row + 2] = bias[row + 2] + total(sum2)
      output[row + 3] = bias[row + 3] + total(sum3)
      row += 4
    }
    while row < rows {
      var sum = Lanes.zero
      var column = 0
      while column < columns {
        sum = multiplyAdd(load(weights + row * columns + column), load(input + column), sum)
        column += 8
      }
      output[row] = bias[row] + total(sum)
      row += 1
    }
  }
}

/// The sum of the lanes in a fixed order: halves, quarters, eighths.
@inline(__always)
private func total(_ lanes: Lanes) -> Float {
  let four = lanes.lowHalf + lanes.highHalf
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}

/// How channels lie in memory.
private protocol ChannelOrder {
  /// Floats from one column to the next.
  var columnStep: Int { get }
  /// Place of the first value of an input channel.
  func start(_ channel: Int) -> Int
  /// Stores one position of a group of eight output channels.
  func store(_ value: Lanes, _ group: Int, _ row: Int, _ column: Int, _ output: UnsafeMutablePointer<Float>)
}

/// Groups of eight channels, position by position.
private struct LaneOrder: ChannelOrder {
  let inputPlane, outputHeight, outputWidth: Int

  @inline(__always)
  init(_ geometry: ConvolutionGeometry) {
    inputPlane = geometry.inputHeight * geometry.inputWidth
    (outputHeight, outputWidth) = (geometry.outputHeight, geometry.outputWidth)
  }

  @inline(__always)
  var columnStep: Int { 8 }

  @inline(__always)
  func start(_ channel: Int) -> Int { (channel >> 3) * inputPlane * 8 + (channel & 7) }

  @inline(__always)
  func store(_ value: Lanes, _ group: Int, _ row: Int, _ column: Int, _ output: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(output + ((group * outputHeight + row) * outputWidth + column) * 8)
      .storeBytes(of: value, as: Lanes.self)
  }
}

/// One input channel, position by position; groups of eight output channels.
private struct FrameOrder: ChannelOrder {
  let output: LaneOrder

  @inline(__always)
  var columnStep: Int { 1 }

  @inline(__always)
  func start(_ channel: Int) -> Int { 0 }

  @inline(__always)
  func store(_ value: Lanes, _ group: Int, _ row: Int, _ column: Int, _ place: UnsafeMutablePointer<Float>) {
    output.store(value, group, row, column, place)
  }
}

/// Channel by channel, as in the model.
private struct PlaneOrder: ChannelOrder {
  let inputPlane, outputs, outputPlane, outputWidth: Int

  @inline(__always)
  init(_ geometry: ConvolutionGeometry) {
    inputPlane = geometry.inputHeight * geometry.inputWidth
    (outputs, outputWidth) = (geometry.outputs, geometry.outputWidth)
    outputPlane = geometry.outputHeight * geometry.outputWidth
  }

  @inline(__always)
  var columnStep: Int { 1 }

  @inline(__always)
  func start(_ channel: Int) -> Int { channel * inputPlane }

  @inline(__always)
  func store(_ value: Lanes, _ group: Int, _ row: Int, _ column: Int, _ output: UnsafeMutablePointer<Float>) {
    let place = output + group * 8 * outputPlane + row * outputWidth + column
    for lane in 0..<min(8, outputs - group * 8) { place[lane * outputPlane] = value[lane] }
  }
}
