import RetinaKernels
import RetinaModel

/// The bytes of an image in memory of their own, checked.
///
/// Nothing in it changes, so that any number of streams on any threads can share it.
public final class FixedPointProgram: @unchecked Sendable {
  /// What the bytes say.
  public let image: FixedPointImage
  private let memory: UnsafeMutableRawPointer

  /// Copies the bytes of an image and checks them.
  public init(_ bytes: [UInt8]) throws(FixedPointImageError) {
    let memory = FixedPointProgram.aligned(bytes)
    do throws(FixedPointImageError) {
      image = try FixedPointImage(memory, count: bytes.count)
    } catch {
      memory.deallocate()
      throw error
    }
    self.memory = memory
  }

  deinit { memory.deallocate() }

  /// Quantises what was planned for and opens it; the image is made as it would be for a file.
  public convenience init(_ model: FixedPointModel) throws(FixedPointImageError) {
    try self.init(try model.image())
  }

  /// A copy of bytes at an address that is a multiple of 64.
  static func withAligned<Result>(_ bytes: [UInt8], _ body: (UnsafeRawPointer) -> Result) -> Result {
    let memory = aligned(bytes)
    defer { memory.deallocate() }
    return body(memory)
  }

  private static func aligned(_ bytes: [UInt8]) -> UnsafeMutableRawPointer {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(64, bytes.count), alignment: 64)
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { memory.copyMemory(from: start, byteCount: bytes.count) }
    }
    return memory
  }

  /// The names of the float model's layers that a layer stands for.
  public func names(_ layer: Int) -> [String] {
    let bytes = image.layerNameBytes(layer)
    var (names, first) = ([String](), 0)
    for index in 0...bytes.count where index == bytes.count || bytes[index] == 0x0A {
      if index > first {
        names.append(String(decoding: UnsafeRawBufferPointer(rebasing: bytes[first..<index]), as: UTF8.self))
      }
      first = index + 1
    }
    return names
  }

  /// The name of the model.
  public var name: String { String(decoding: image.nameBytes, as: UTF8.self) }

  /// The place of the layer that stands for a layer of the float model; nothing for one that was merged into the next.
  public func layer(named name: String) -> Int? {
    (0..<image.layerCount).first { layer in names(layer).contains { $0.utf8.elementsEqual(name.utf8) } }
  }

  /// Shape of one input.
  public var inputShape: Shape { shape(image.inputRank) { self.image.inputExtent($0) } }

  /// Shape of a layer's output.
  public func outputShape(_ layer: Int) -> Shape {
    shape(image.outputRank(layer)) { self.image.outputExtent(layer, $0) }
  }

  private func shape(_ rank: Int, _ extent: (Int) -> Int) -> Shape {
    guard let shape = Shape(checking: (0..<rank).map(extent)) else { fatalError("the image was checked") }
    return shape
  }
}

/// A model in integers, with memory of its own.
public final class FixedPointStream {
  /// What is run.
  public let program: FixedPointProgram
  /// The image at work in the stream's memory, which lives as long as the stream: see ``withRunner(_:)``.
  private let runner: FixedPointRunner
  private let arena: UnsafeMutableRawPointer
  private let state: UnsafeMutableRawPointer
  private let input: UnsafeMutableRawPointer

  /// Creates a stream that has seen no frames.
  public init(_ program: FixedPointProgram, level: ProcessorLevel = .best) {
    self.program = program
    let image = program.image
    arena = FixedPointStream.allocate(image.arenaBytes)
    state = FixedPointStream.allocate(image.stateBytes)
    input = FixedPointStream.allocate(image.inputCount * image.input.type.bytes)
    runner = FixedPointRunner(checked: image, arena: arena, state: state, level: level)
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
  public func withRunner<Result>(_ body: (FixedPointRunner) -> Result) -> Result {
    withExtendedLifetime(self) { body(runner) }
  }

  /// Forgets all frames.
  public func reset() { withRunner { $0.reset() } }

  /// Frames pushed since the last reset.
  public var frames: UInt64 { withRunner { $0.frames } }

  /// A checksum of the integers of a layer.
  public func checksum(_ layer: Int) -> UInt32 { withRunner { $0.checksum(layer) } }

  /// Runs the input kept in the image, see ``FixedPointRunner/firstWrongLayer()``.
  public func firstWrongLayer() -> Int? { withRunner { $0.firstWrongLayer() } }

  /// Takes the next frame, see ``FixedPointRunner/push(_:)``.
  @discardableResult
  public func push(_ frame: UnsafePointer<Float>) -> Bool { withRunner { $0.push(frame) } }

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

  /// The numbers that a layer's integers stand for.
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
