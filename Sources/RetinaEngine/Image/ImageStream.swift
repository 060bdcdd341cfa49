import RetinaKernels
import RetinaModel

/// An image at work, with memory of its own.
public final class ImageStream<Image: ModelImage> {
  /// What is run.
  public let program: ImageProgram<Image>
  /// The image at work in the stream's memory, which lives as long as the stream: see ``withRunner(_:)``.
  private var runner: Image.Runner
  private let arena: UnsafeMutableRawPointer
  private let state: UnsafeMutableRawPointer
  private let input: UnsafeMutableRawPointer
  private let level: ProcessorLevel
  private let algorithm: StreamOptions.Algorithm
  private var isPrepared = false

  /// Creates a stream that has seen no frames.
  ///
  /// - Parameter algorithm: how the first layer of a movie model in integers is computed; all give the same bits.
  public init(
    _ program: ImageProgram<Image>, level: ProcessorLevel = .best, algorithm: StreamOptions.Algorithm = .automatic
  ) {
    self.program = program
    (self.level, self.algorithm) = (level, algorithm)
    let image = program.image
    arena = ImageStream.allocate(image.arenaBytes)
    state = ImageStream.allocate(image.stateBytes)
    input = ImageStream.allocate(image.inputCount * image.inputValueBytes)
    runner = Image.Runner(checked: image, arena: arena, state: state, level: level)
    runner.reset()
  }

  deinit {
    arena.deallocate()
    state.deallocate()
    input.deallocate()
  }

  private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(64, bytes), alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: max(64, bytes))
    return memory
  }

  /// Calls a function with the image at work in the stream's memory; the runner must not leave it.
  public func withRunner<Result>(_ body: (Image.Runner) -> Result) -> Result {
    withExtendedLifetime(self) { body(runner) }
  }

  /// Forgets all frames.
  public func reset() { withRunner { $0.reset() } }

  /// Frames pushed since the last reset.
  public var frames: UInt64 { withRunner { $0.frames } }

  /// A checksum of the values of a layer.
  public func checksum(_ layer: Int) -> UInt32 { withRunner { $0.checksum(layer) } }

  /// Runs the input kept in the image, see ``ImageRunner/firstWrongLayer()``.
  public func firstWrongLayer() -> Int? { withRunner { $0.firstWrongLayer() } }

  /// Takes the next frame, see ``ImageRunner/push(_:)``.
  @discardableResult
  public func push(_ frame: UnsafePointer<Float>) -> Bool {
    #if !hasFeature(Embedded)
      // Whoever runs whole inputs alone needs none of it.
      if !isPrepared { runner.prepareStream(algorithm, level) }
      isPrepared = true
    #endif
    return withRunner { $0.push(frame) }
  }

  /// Everything that the future depends on.
  public var saved: [UInt8] {
    withRunner { _ in [UInt8](UnsafeRawBufferPointer(start: state, count: program.image.stateBytes)) }
  }

  /// Continues from what a stream of the same image saved; gives false, and changes nothing, for anything else.
  public func restore(_ saved: [UInt8]) -> Bool {
    guard saved.count == program.image.stateBytes else { return false }
    return saved.withUnsafeBytes { source in
      guard let start = source.baseAddress else { return true }
      guard start.loadUnaligned(as: UInt32.self) == program.image.checksum else { return false }
      state.copyMemory(from: start, byteCount: source.count)
      #if !hasFeature(Embedded)
        runner.stateChanged()
      #endif
      return true
    }
  }

  /// Runs one whole input before normalisation; the frames pushed so far do not matter and are kept.
  public func run(_ numbers: UnsafePointer<Float>) {
    withRunner { runner in
      runner.quantize(numbers, count: program.image.inputCount, into: input)
      runner.run(input)
    }
  }

  /// The numbers of a layer.
  public func numbers(_ layer: Int) -> [Float] {
    let count = program.image.outputCount(layer)
    return [Float](unsafeUninitializedCapacity: count) { target, filled in
      if let start = target.baseAddress { withRunner { $0.numbers(layer, into: start) } }
      filled = count
    }
  }

  /// The rates of the last input.
  public var rates: [Float] { numbers(program.image.layerCount - 1) }
}
