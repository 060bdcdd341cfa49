import RetinaKernels
import RetinaModel

/// An image in integers at work; the first convolution reads the frames in the ring where they lie.
public struct FixedPointRunner: ImageRunner {
  /// What is run.
  public let image: FixedPointImage
  /// Outputs of all layers, and working memory.
  public let arena: UnsafeMutableRawPointer
  /// The frames of the history.
  public let state: UnsafeMutableRawPointer
  private let kernels: FixedPointKernelTable
  private let scratch: Int
  #if !hasFeature(Embedded)
    /// The first layer of a stream, where spectra are faster.
    private var spectra: FixedPointSpectra?
  #endif

  /// Takes up memory that is large enough.
  public init(
    checked image: FixedPointImage, arena: UnsafeMutableRawPointer, state: UnsafeMutableRawPointer,
    level: ProcessorLevel
  ) {
    self.image = image
    self.arena = arena
    self.state = state
    kernels = FixedPointKernelTable(level)
    scratch = image.place(image.layerCount)
  }

  /// Runs one layer of integers.
  @inline(never)
  public func run(_ index: Int, input: UnsafeRawPointer, firstPlane: Int) {
    let layer = image.layer(index)
    #if !hasFeature(Embedded)
      if index == 0, let spectra, input == UnsafeRawPointer(state + ImageLayout.stateHeaderBytes) {
        return spectra.run(layer, kernels, frames: frames, frameRing: input, output: arena + layer.place)
      }
    #endif
    let source = index == 0 ? input : UnsafeRawPointer(arena + image.place(index - 1))
    layer.forward(
      kernels, input: source, firstPlane: index == 0 ? firstPlane : 0, output: arena + layer.place,
      scratch: arena + scratch)
  }

  #if !hasFeature(Embedded)
    /// Takes memory for spectra of frames, where the planner counts that they are faster or they are asked for.
    public mutating func prepareStream(_ algorithm: StreamOptions.Algorithm, _ level: ProcessorLevel) {
      guard FixedPointCost.standard(level).form(image, algorithm) != nil else { return }
      spectra = FixedPointSpectra(image, level: level)
    }

    /// The frames of the state are others than those that were pushed.
    public func stateChanged() { spectra?.forget() }
  #endif

  /// The numbers that the integers of a layer stand for.
  public func numbers(_ layer: Int, into target: UnsafeMutablePointer<Float>) {
    let quantization = image.output(layer)
    let values = FixedPointValues(quantization.type, values(layer))
    for index in 0..<image.outputCount(layer) { target[index] = quantization.number(values.raw(index)) }
  }

  /// Normalises numbers and turns them into integers; whole frames, or a whole input.
  public func quantize(_ numbers: UnsafePointer<Float>, count: Int, into target: UnsafeMutableRawPointer) {
    let input = image.input
    let (length, mean, deviation) = image.normalization
    guard length > 0 else {
      // Nothing is taken off, and divided by one.
      var (zero, one) = (Float(0), Float(1))
      kernels.quantize(count, numbers, &zero, &one, 0, input.scale, input.zeroPoint, input.type, target)
      return
    }
    let piece = length == 1 ? count : length
    for first in stride(from: 0, to: count, by: piece) {
      kernels.quantize(
        piece, numbers + first, mean, deviation, length == 1 ? 0 : 1, input.scale, input.zeroPoint, input.type,
        target + first * input.type.bytes)
    }
  }
}
