import RetinaKernels

/// Memory that is too small, or begins at an address that is no multiple of 64.
public struct ImageMemoryError: Error, Equatable, Sendable {
  /// Bytes that are needed for the arena and the state.
  public var arenaBytes, stateBytes: Int
}

/// An image at work in memory that its owner provides: nothing is allocated here.
///
/// For a movie model the state holds the frames of the history, in a ring. What comes out is the same to the bit on every processor, at
/// every processor level, and whether a movie is streamed or its windows are run one by one.
public protocol ImageRunner {
  /// What kind of image is run.
  associatedtype Image: ModelImage

  /// What is run.
  var image: Image { get }
  /// `image.arenaBytes` bytes.
  var arena: UnsafeMutableRawPointer { get }
  /// `image.stateBytes` bytes: the image's checksum, the number of frames pushed, and the frames.
  var state: UnsafeMutableRawPointer { get }

  /// Takes up memory that is large enough and aligned to 64 bytes; a state that holds nothing yet must be ``reset()``.
  init(checked image: Image, arena: UnsafeMutableRawPointer, state: UnsafeMutableRawPointer, level: ProcessorLevel)

  /// Normalises numbers and turns them into the values of the input; whole frames, or a whole input.
  func quantize(_ numbers: UnsafePointer<Float>, count: Int, into target: UnsafeMutableRawPointer)

  /// Runs one layer; its input is the output of the layer before it, that of the first one what is given:
  /// `[history, height, width]`, oldest frame first, or whatever shape the model takes.
  ///
  /// - Parameter firstPlane: where channel 0 lies; the others follow in a ring. Only a first layer that reads the ring can begin elsewhere
  ///   than at 0.
  func run(_ layer: Int, input: UnsafeRawPointer, firstPlane: Int)

  /// Takes the next frame, `[height, width]` before normalisation; runs the layers when the history is complete.
  ///
  /// - Returns: whether it was complete, so that the outputs mean something; never for a model that does not look at movies.
  @discardableResult
  func push(_ frame: UnsafePointer<Float>) -> Bool

  /// The numbers of a layer after a run.
  func numbers(_ layer: Int, into target: UnsafeMutablePointer<Float>)

  #if !hasFeature(Embedded)
    /// Takes memory of its own for what makes a stream faster, if there is something; no bit depends on it. Boards do without.
    mutating func prepareStream(_ algorithm: StreamOptions.Algorithm, _ level: ProcessorLevel)

    /// Says that the frames of the state are others than those that were pushed.
    func stateChanged()
  #endif
}

#if !hasFeature(Embedded)
  extension ImageRunner {
    /// Does nothing: there is one form.
    public mutating func prepareStream(_ algorithm: StreamOptions.Algorithm, _ level: ProcessorLevel) {}

    /// Does nothing: everything is in the state.
    public func stateChanged() {}
  }
#endif

extension ImageRunner {
  /// Takes up memory of at least `image.arenaBytes` and `image.stateBytes` bytes, aligned to 64 bytes.
  ///
  /// The state is left as it is: one that holds nothing yet must be ``reset()``.
  public init(
    _ image: Image, arena: UnsafeMutableRawBufferPointer, state: UnsafeMutableRawBufferPointer,
    level: ProcessorLevel = .best
  ) throws(ImageMemoryError) {
    guard arena.count >= image.arenaBytes, state.count >= image.stateBytes, let start = arena.baseAddress,
      UInt(bitPattern: start) % UInt(ImageLayout.alignment) == 0,
      UInt(bitPattern: state.baseAddress) % UInt(ImageLayout.alignment) == 0
    else { throw ImageMemoryError(arenaBytes: image.arenaBytes, stateBytes: image.stateBytes) }
    // A state of no bytes is never touched.
    self.init(checked: image, arena: start, state: state.baseAddress ?? start, level: level)
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

  /// Takes the next frame into the ring; see the requirement.
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
    let bytes = image.frameCount * image.inputValueBytes
    let ring = state + ImageLayout.stateHeaderBytes
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

  /// Runs one input, see ``run(_:input:firstPlane:)``.
  public func run(_ input: UnsafeRawPointer, firstPlane: Int = 0) {
    for layer in 0..<image.layerCount { run(layer, input: input, firstPlane: firstPlane) }
  }

  /// Runs the layers after one again, whose output has been changed.
  public func run(after layer: Int) {
    for index in layer + 1..<max(layer + 1, image.layerCount) { run(index, input: arena, firstPlane: 0) }
  }

  /// The values of a layer after a run.
  public func values(_ layer: Int) -> UnsafeMutableRawPointer { arena + image.place(layer) }

  /// A checksum of the values of a layer after a run.
  public func checksum(_ layer: Int) -> UInt32 {
    let bytes = image.outputCount(layer) * image.outputValueBytes(layer)
    return ImageChecksum.of(UnsafeRawBufferPointer(start: values(layer), count: bytes))
  }

  /// Runs the input kept in the image; gives the first layer whose values are not those kept, or nothing when all are right.
  ///
  /// Leaves the state as it is.
  public func firstWrongLayer() -> Int? {
    let (input, checksums) = image.golden
    run(input)
    for layer in 0..<image.layerCount where checksum(layer) != checksums[layer] { return layer }
    return nil
  }
}
