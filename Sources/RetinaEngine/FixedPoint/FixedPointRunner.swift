import RetinaKernels
import RetinaModel

/// Memory that is too small, or begins at an address that is no multiple of 64.
public struct FixedPointMemoryError: Error, Equatable, Sendable {
  /// Bytes that are needed for the arena and the state.
  public var arenaBytes, stateBytes: Int
}

/// An image at work in memory that its owner provides: nothing is allocated here.
///
/// For a movie model the state holds the frames of the history as integers, in a ring; the first convolution reads them where they lie. The
/// integers are the same on every processor, at every processor level, and whether a movie is streamed or its windows are run one by one.
public struct FixedPointRunner {
  /// What is run.
  public let image: FixedPointImage
  private let arena: UnsafeMutableRawPointer
  private let state: UnsafeMutableRawPointer
  private let kernels: FixedPointKernelTable
  private let scratch: Int

  /// Bytes before the frames in the state: the image's checksum, then the number of frames pushed.
  static let stateHeaderBytes = 64

  /// Takes up memory of at least `image.arenaBytes` and `image.stateBytes` bytes, aligned to 64 bytes.
  ///
  /// The state is left as it is: one that holds nothing yet must be ``reset()``.
  public init(
    _ image: FixedPointImage, arena: UnsafeMutableRawBufferPointer, state: UnsafeMutableRawBufferPointer,
    level: ProcessorLevel = .best
  ) throws(FixedPointMemoryError) {
    guard arena.count >= image.arenaBytes, state.count >= image.stateBytes, let start = arena.baseAddress,
      UInt(bitPattern: start) % UInt(ImageLayout.alignment) == 0,
      UInt(bitPattern: state.baseAddress) % UInt(ImageLayout.alignment) == 0
    else { throw FixedPointMemoryError(arenaBytes: image.arenaBytes, stateBytes: image.stateBytes) }
    // A state of no bytes is never touched.
    self.init(checked: image, arena: start, state: state.baseAddress ?? start, level: level)
  }

  /// Takes up memory that is large enough.
  init(
    checked image: FixedPointImage, arena: UnsafeMutableRawPointer, state: UnsafeMutableRawPointer,
    level: ProcessorLevel
  ) {
    self.image = image
    self.arena = arena
    self.state = state
    kernels = FixedPointKernelTable(level)
    scratch = image.place(image.layerCount)
  }

  /// Forgets all frames.
  public func reset() {
    guard image.stateBytes > 0 else { return }
    state.initializeMemory(as: UInt8.self, repeating: 0, count: image.stateBytes)
    state.storeBytes(of: image.checksum, as: UInt32.self)
  }

  /// Whether the state is one of this image: one that was saved by another is refused.
  public var isStateValid: Bool { image.stateBytes == 0 || state.load(as: UInt32.self) == image.checksum }

  /// Frames pushed since the last reset.
  public var frames: UInt64 {
    image.stateBytes == 0 ? 0 : state.load(fromByteOffset: 8, as: UInt64.self)
  }

  // MARK: - Running

  /// Takes the next frame, `[height, width]` before normalisation; runs the layers when the history is complete.
  ///
  /// - Returns: whether it was complete, so that the outputs mean something; never for a model that does not look at movies.
  @discardableResult
  public func push(_ frame: UnsafePointer<Float>) -> Bool {
    guard let window = take(frame) else { return false }
    run(window.start, firstPlane: window.firstPlane)
    return true
  }

  /// Takes the next frame; gives the window that it completes, and the place of its oldest frame.
  func take(_ frame: UnsafePointer<Float>) -> (start: UnsafeRawPointer, firstPlane: Int)? {
    guard let history = image.history else { return nil }
    let frames = self.frames
    let slot = Int(frames % UInt64(history))
    let bytes = image.frameCount * image.input.type.bytes
    let ring = state + FixedPointRunner.stateHeaderBytes
    quantize(frame, count: image.frameCount, into: ring + slot * bytes)
    state.storeBytes(of: frames &+ 1, toByteOffset: 8, as: UInt64.self)
    guard frames + 1 >= UInt64(history) else { return nil }
    let oldest = (slot + 1) % history
    guard image.windowBytes > 0 else { return (UnsafeRawPointer(ring), oldest) }
    let older = (history - oldest) * bytes
    arena.copyMemory(from: ring + oldest * bytes, byteCount: older)
    (arena + older).copyMemory(from: ring, byteCount: oldest * bytes)
    return (UnsafeRawPointer(arena), 0)
  }

  /// Runs one input that is in integers already: `[history, height, width]`, oldest frame first, or whatever shape the model takes.
  public func run(_ input: UnsafeRawPointer) { run(input, firstPlane: 0) }

  private func run(_ input: UnsafeRawPointer, firstPlane: Int) {
    for index in 0..<image.layerCount { run(index, input: input, firstPlane: firstPlane) }
  }

  /// Runs one layer; its input is the output of the layer before it, that of the first one what is given.
  func run(_ index: Int, input: UnsafeRawPointer, firstPlane: Int) {
    let layer = image.layer(index)
    let source = index == 0 ? input : UnsafeRawPointer(arena + image.place(index - 1))
    layer.forward(
      kernels, input: source, firstPlane: index == 0 ? firstPlane : 0, output: arena + layer.place,
      scratch: arena + scratch)
  }

  /// Runs the layers after one again, whose output has been changed.
  public func run(after layer: Int) {
    for index in layer + 1..<max(layer + 1, image.layerCount) { run(index, input: arena, firstPlane: 0) }
  }

  /// The integers of a layer after a run.
  public func values(_ layer: Int) -> UnsafeMutableRawPointer { arena + image.place(layer) }

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

  /// Runs the input kept in the image; gives the first layer whose integers are not those kept, or nothing when all are right.
  ///
  /// Leaves the state as it is.
  public func firstWrongLayer() -> Int? {
    let (input, checksums) = image.golden
    run(input)
    for layer in 0..<image.layerCount where checksum(layer) != checksums[layer] { return layer }
    return nil
  }

  /// A checksum of the integers of a layer after a run.
  public func checksum(_ layer: Int) -> UInt32 {
    let bytes = image.outputCount(layer) * image.output(layer).type.bytes
    return ImageChecksum.of(UnsafeRawBufferPointer(start: values(layer), count: bytes))
  }
}
