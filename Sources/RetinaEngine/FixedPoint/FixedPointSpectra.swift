import RetinaKernels
import RetinaModel

/// The first convolution of a stream of integers by spectra of its frames in float64: the integers of the definition, without multiplying
/// a frame anew for every lag.
///
/// A frame is transformed once. Sums run over the history in the frequency domain, a block of frames at a time as in ``QuadBlocks``: when a
/// block begins, past frames are added to all of its results, so that every kernel is read once per block. Results are rounded to the
/// nearest integers, which are the sums themselves as long as ``errorBound(_:_:_:shape:)`` is below one half.
final class FixedPointSpectra {
  /// Frames whose past is added in one go.
  static let block = StreamOptions.usualBlock

  private let shape: SpectralShape
  private let rows, columns: FourierMatrices
  private let kernelTable: ExactKernelTable
  private let history, groups, slots: Int
  /// `[groups, paddedBins, history]` packs of eight output channels, oldest frame first.
  private let kernels: UnsafeMutablePointer<Double>
  /// `[paddedBins / 8, 2 slots]` packs of eight bins: the ring of spectra, twice.
  private let ring: UnsafeMutablePointer<Double>
  /// `[block, groups, paddedBins]` packs of eight output channels.
  private let results: UnsafeMutablePointer<Double>
  private let scratch: UnsafeMutablePointer<Double>
  private let sums: UnsafeMutablePointer<Int64>
  private let narrowSums: UnsafeMutablePointer<Int32>

  /// Frames of the stream that are in the ring; none when 0.
  private var frames: UInt64 = 0
  /// Where the block began in the ring, and how many of its frames have come.
  private var (blockStart, inBlock) = (0, 0)

  /// Transforms the kernels of a movie model's first layer; nothing when it has no such form.
  init?(_ image: FixedPointImage, level: ProcessorLevel) {
    guard let form = FixedPointSpectra.form(image) else { return nil }
    let (geometry, parameters) = form.convolution
    (shape, history) = (form.shape, geometry.inputs)
    (rows, columns) = (FourierMatrices(length: shape.fieldWidth), FourierMatrices(length: shape.fieldHeight))
    kernelTable = ExactKernelTable(level)
    groups = (geometry.outputs + 7) / 8
    let block = FixedPointSpectra.block
    // A whole number of blocks, so that one never wraps round.
    slots = (history - 1 + block + block - 1) / block * block
    let transforms = SpectralKernels(
      Tensor(geometry, parameters.weight), geometry: ConvolutionGeometry(geometry.window), shape: shape)
    kernels = .zeros(groups * shape.paddedBins * history * 16)
    for output in 0..<geometry.outputs {
      for lag in 0..<history {
        let source = (output * history + lag) * shape.bins
        for bin in 0..<shape.bins {
          let place = ((output / 8 * shape.paddedBins + bin) * history + lag) * 16 + output % 8
          kernels[place] = transforms.re[source + bin]
          kernels[place + 8] = transforms.im[source + bin]
        }
      }
    }
    ring = .zeros(shape.paddedBins / 8 * 2 * slots * 16)
    results = .zeros(block * groups * shape.paddedBins * 16)
    scratch = .zeros(shape.exactScratch)
    let plane = geometry.window.outputPlane
    sums = .allocate(capacity: 8 * plane)
    narrowSums = .allocate(capacity: plane)
  }

  deinit {
    kernels.deallocate()
    ring.deallocate()
    results.deallocate()
    scratch.deallocate()
    sums.deallocate()
    narrowSums.deallocate()
  }

  /// Forgets the frames: the stream goes on from others.
  func forget() { frames = 0 }

  /// Computes the first layer for the newest of so many frames.
  ///
  /// - Parameters:
  ///   - frames: frames of the stream, at least the history.
  ///   - frameRing: the frames of the history, each in its place by number.
  func run(
    _ layer: FixedPointLayer, _ fixed: FixedPointKernelTable, frames: UInt64, frameRing: UnsafeRawPointer,
    output target: UnsafeMutableRawPointer
  ) {
    guard case .convolution(let geometry, let parameters) = layer.operation else { return }
    func values(_ frame: UInt64) -> FixedPointValues {
      let place = Int(frame % UInt64(history)) * geometry.window.inputPlane * layer.input.type.bytes
      return FixedPointValues(layer.input.type, frameRing + place, offset: 0 &- layer.input.zeroPoint)
    }
    if self.frames == 0 || frames != self.frames + 1 {
      (blockStart, inBlock) = (0, 0)
      ring.update(repeating: 0, count: shape.paddedBins / 8 * 2 * slots * 16)
      for frame in frames - UInt64(history)..<frames { take(values(frame)) }
    } else {
      take(values(frames - 1))
    }
    self.frames = frames
    restore(geometry, parameters, fixed, layer.result(target))
  }

  // MARK: - Frequencies

  private var kernelStride: Int { history * 16 }

  /// Transforms the next frame, and adds what the newest frames contribute to its result.
  private func take(_ frame: FixedPointValues) {
    if inBlock == FixedPointSpectra.block {
      blockStart = (blockStart + inBlock) % slots
      inBlock = 0
    }
    if inBlock == 0 { beginBlock() }
    kernelTable.transform(
      shape, FourierMatrixLayout(rows), FourierMatrixLayout(columns), frame, blockStart + inBlock, slots, scratch, ring)
    // The frames of the block up to this one, for the lags from theirs to 0.
    let terms = min(inBlock + 1, history)
    let first = blockStart + inBlock + 1 - terms
    for group in 0..<groups {
      for bins in 0..<shape.paddedBins / 8 {
        let packs = (group * shape.paddedBins + 8 * bins) * 16
        kernelTable.addOne(
          terms, kernels + packs * history + (history - terms) * 16, kernelStride,
          ring + (bins * 2 * slots + first) * 16, results + inBlock * groups * shape.paddedBins * 16 + packs)
      }
    }
    inBlock += 1
  }

  /// Adds what past frames contribute to all results of a block that begins.
  private func beginBlock() {
    let block = FixedPointSpectra.block
    // The places of the block hold frames that have passed out of the history: zeros let four results share a sum.
    for bins in 0..<shape.paddedBins / 8 {
      let first = ring + (bins * 2 * slots + blockStart) * 16
      first.update(repeating: 0, count: block * 16)
      (first + slots * 16).update(repeating: 0, count: block * 16)
    }
    let oldest = (blockStart + slots - (history - 1)) % slots
    for group in 0..<groups {
      for bins in 0..<shape.paddedBins / 8 {
        let packs = (group * shape.paddedBins + 8 * bins) * 16
        for result in stride(from: 0, to: block, by: 4) {
          kernelTable.multiplyFour(
            max(0, history - 1 - result), kernels + packs * history, kernelStride,
            ring + (bins * 2 * slots + oldest + result) * 16, results + result * groups * shape.paddedBins * 16 + packs,
            groups * shape.paddedBins * 16)
        }
      }
    }
  }

  /// Transforms the newest result back, brings its sums to the scale of the output and stores them.
  private func restore(
    _ geometry: FixedPointConvolutionGeometry, _ parameters: FixedPointConvolutionParameters,
    _ fixed: FixedPointKernelTable, _ output: FixedPointOutput
  ) {
    let plane = geometry.window.outputPlane
    for group in 0..<groups {
      kernelTable.restore(
        shape, FourierMatrixLayout(rows), FourierMatrixLayout(columns),
        results + ((inBlock - 1) * groups + group) * shape.paddedBins * 16, scratch, sums)
      for channel in 8 * group..<min(geometry.outputs, 8 * group + 8) {
        let (bias, multiplier) = (parameters.bias?[channel] ?? 0, parameters.multipliers[channel])
        let channelSums = sums + (channel - 8 * group) * plane
        if parameters.rounding == .wide {
          fixed.roundWide(plane, bias, multiplier, channelSums, narrowSums)
        } else {
          for index in 0..<plane { narrowSums[index] = Int32(truncatingIfNeeded: channelSums[index]) }
          fixed.round(plane, bias, multiplier, parameters.rounding, narrowSums)
        }
        fixed.store(plane, narrowSums, output, channel * plane)
      }
    }
  }
}

// MARK: - Which layers

extension FixedPointSpectra {
  /// The first layer of a movie model in this form.
  struct Form {
    var convolution: (geometry: FixedPointConvolutionGeometry, parameters: FixedPointConvolutionParameters)
    var shape: SpectralShape

    /// Bytes of the kernels' spectra, nearly all of the memory.
    var bytes: Int {
      let geometry = convolution.geometry
      return (geometry.outputs + 7) / 8 * shape.paddedBins * geometry.inputs * 128
    }

    /// Multiply-adds in float64 of a frame: products over the history and the block, and transforms.
    var multiplyAdds: Double {
      let geometry = convolution.geometry
      let outputs = Double((geometry.outputs + 7) / 8 * 8)
      let products = outputs * (Double(geometry.inputs) + Double(FixedPointSpectra.block) / 2)
      let radices = Double(
        FourierMatrices(length: shape.fieldWidth).radixSum + FourierMatrices(length: shape.fieldHeight).radixSum)
      return 4 * Double(shape.bins) * (products + (outputs + 8) * radices)
    }
  }

  /// The form of an image's first layer; nothing when it does not read the ring of frames, or rounding could change an integer.
  static func form(_ image: FixedPointImage) -> Form? {
    guard image.history != nil, image.windowBytes == 0, image.layerCount > 0,
      case .convolution(let geometry, let parameters) = image.layer(0).operation, geometry.groups == 1,
      let shape = SpectralShape(geometry.window),
      errorBound(geometry, parameters, image.input, shape: shape) < 0.5
    else { return nil }
    return Form(convolution: (geometry, parameters), shape: shape)
  }

  /// The most that a sum can be off before it is rounded, whatever the frames; derived in README.md.
  static func errorBound(
    _ geometry: FixedPointConvolutionGeometry, _ parameters: FixedPointConvolutionParameters,
    _ input: FixedPointQuantization, shape: SpectralShape
  ) -> Double {
    let window = geometry.window
    let frame = Double(input.largestMagnitude) * Double(window.inputPlane).squareRoot()
    let transform =
      FourierMatrices(length: shape.fieldWidth).roundings + FourierMatrices(length: shape.fieldHeight).roundings + 1
    let kernel = 1.5 * Double(window.kernelHeight + window.kernelWidth + 8)
    let sums = 3 * Double(geometry.inputs + 2)
    var largest = 0.0
    for output in 0..<geometry.outputs {
      var errors = 0.0
      for lag in 0..<geometry.inputs {
        var (magnitudes, squares) = (0.0, 0.0)
        for tap in 0..<window.taps {
          let weight = Double(parameters.weight[(output * geometry.inputs + lag) * window.taps + tap])
          magnitudes += weight.magnitude
          squares += weight * weight
        }
        errors += squares.squareRoot() * (transform + sums) + magnitudes * (kernel + transform)
      }
      largest = max(largest, errors)
    }
    // Products of the small errors are below a thousandth of them.
    return 1.001 * 0x1p-53 * frame * largest
  }
}

extension SpectralShape {
  /// The transforms for a window; nothing when the input is too large for them.
  init?(_ window: FixedPointWindow) {
    let resultHeight = (window.outputHeight - 1) * window.strideVertical + 1
    let resultWidth = (window.outputWidth - 1) * window.strideHorizontal + 1
    // A window never wraps round for the results that are wanted, so that the field need not be larger than what they see.
    guard
      let height = FourierTable.supportedLength(
        atLeast: max(
          window.paddingTop + window.inputHeight, resultHeight + (window.kernelHeight - 1) * window.dilationVertical)),
      let width = FourierTable.supportedLength(
        atLeast: max(
          window.paddingLeft + window.inputWidth, resultWidth + (window.kernelWidth - 1) * window.dilationHorizontal))
    else { return nil }
    self.init(
      imageHeight: window.inputHeight, imageWidth: window.inputWidth, top: window.paddingTop, left: window.paddingLeft,
      fieldHeight: height, fieldWidth: width, resultHeight: resultHeight, resultWidth: resultWidth,
      strideVertical: window.strideVertical, strideHorizontal: window.strideHorizontal)
  }
}

extension ConvolutionGeometry {
  /// The kernels of a window: their size and dilation are what their transforms depend on.
  fileprivate init(_ window: FixedPointWindow) {
    self.init(
      inputs: 1, outputs: 1, inputHeight: window.inputHeight, inputWidth: window.inputWidth,
      kernelHeight: window.kernelHeight, kernelWidth: window.kernelWidth, dilationVertical: window.dilationVertical,
      dilationHorizontal: window.dilationHorizontal)
  }
}

extension Tensor {
  /// The weights of a convolution, `[out, in, height, width]`.
  fileprivate init(_ geometry: FixedPointConvolutionGeometry, _ weight: FixedPointValues) {
    let window = geometry.window
    self.init(
      repeating: 0, shape: Shape(geometry.outputs, geometry.inputs, window.kernelHeight, window.kernelWidth))
    for index in values.indices { values[index] = Float(weight[index]) }
  }
}

extension UnsafeMutablePointer<Double> {
  /// Zeros that begin a cache line.
  fileprivate static func zeros(_ count: Int) -> UnsafeMutablePointer<Double> {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 8 * count, alignment: 64)
    let values = memory.bindMemory(to: Double.self, capacity: count)
    values.initialize(repeating: 0, count: count)
    return values
  }
}
