import RetinaKernels

/// One step of an image, with pointers into it.
public struct FixedPointLayer {
  /// What the step computes.
  public enum Operation {
    /// A convolution.
    case convolution(FixedPointConvolutionGeometry, FixedPointConvolutionParameters)
    /// The maximum over windows.
    case maximumPool(FixedPointWindow, channels: Int)
    /// The mean over windows.
    case averagePool(FixedPointWindow, channels: Int)
    /// A function of every value, see ``FixedPointTable``.
    case table(UnsafePointer<Int16>)
    /// Values picked by place.
    case gather(UnsafePointer<Int32>)
  }

  /// What is computed.
  public var operation: Operation
  /// Values in and out.
  public var inputCount, outputCount: Int
  /// What the integers of input and output stand for.
  public var input, output: FixedPointQuantization
  /// What the output is clamped to.
  public var minimum, maximum: Int32
  /// Place of the output in the arena, in bytes.
  public var place: Int

  /// Multiply-adds of one input.
  public var multiplyAdds: Int {
    guard case .convolution(let geometry, _) = operation else { return 0 }
    return geometry.multiplyAdds
  }

  /// Multiply-adds that are carried out, those of positions and channels that are left away included.
  var countedProducts: Int { convolver?.products ?? 0 }

  /// Whether values and weights have 8 bits.
  var isNarrow: Bool {
    guard case .convolution(_, let parameters) = operation else { return false }
    return input.type == .int8 && parameters.weight.type == .int8 && parameters.rounding != .wide
  }

  /// How it is computed, in words.
  public var form: StaticString {
    switch operation {
    case .convolution:
      switch convolver?.form {
      case .whole: return "dot products"
      case .blocks: return "blocks"
      case .plain, nil: return "by definition"
      }
    case .maximumPool, .averagePool: return "by definition"
    case .table: return "table"
    case .gather: return "gather"
    }
  }

  /// Bytes of working memory besides the output.
  var scratchBytes: Int { convolver?.scratchBytes ?? 0 }

  var convolver: FixedPointConvolver? {
    guard case .convolution(let geometry, let parameters) = operation else { return nil }
    return FixedPointConvolver(geometry, input: input, weight: parameters.weight.type)
  }

  /// Computes the output.
  ///
  /// - Parameters:
  ///   - firstPlane: where channel 0 of the input lies; only a convolution can begin elsewhere than at 0.
  ///   - scratch: ``scratchBytes`` bytes.
  func forward(
    _ kernels: FixedPointKernelTable, input start: UnsafeRawPointer, firstPlane: Int,
    output target: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    switch operation {
    case .convolution(_, let parameters):
      convolver?.forward(
        kernels, input: FixedPointValues(input.type, start, offset: 0 &- input.zeroPoint), firstPlane: firstPlane,
        parameters: parameters, output: result(target), scratch: scratch)
    case .maximumPool(let window, let channels):
      PlainFixedPointPool.maximum(
        window, channels: channels, input: FixedPointValues(input.type, start), output: result(target, offset: 0))
    case .averagePool(let window, let channels):
      PlainFixedPointPool.average(
        window, channels: channels, input: FixedPointValues(input.type, start), output: result(target, offset: 0))
    case .table(let table):
      FixedPointTable.forward(
        table, count: outputCount, input: start.assumingMemoryBound(to: Int16.self), output: result(target, offset: 0))
    case .gather(let indices):
      let (values, output) = (FixedPointValues(input.type, start), result(target, offset: 0))
      for index in 0..<outputCount { output.store(values.raw(Int(indices[index])), at: index) }
    }
  }

  /// Where results go: the offset of a convolution is the zero point, other steps hand on values that have it in them.
  func result(_ target: UnsafeMutableRawPointer, offset: Int32) -> FixedPointOutput {
    FixedPointOutput(output.type, target, offset: offset, minimum: minimum, maximum: maximum)
  }

  /// Where the results of a convolution go.
  func result(_ target: UnsafeMutableRawPointer) -> FixedPointOutput { result(target, offset: output.zeroPoint) }
}
