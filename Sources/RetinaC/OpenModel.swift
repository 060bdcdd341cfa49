internal import CRetina
internal import RetinaEngine
internal import RetinaKernels
internal import RetinaProbe

/// What a call of `retina.h` works with: the image, and the memory when it has been given.
struct OpenModel {
  /// What the image says.
  let image: OpenImage
  /// Whether its numbers are float32.
  let isFloat: Bool
  private let arena: UnsafeMutableRawPointer?
  private let state: UnsafeMutableRawPointer?

  /// Marks a model whose image has been checked; memory that was never written to hardly holds it by chance.
  static let mark: UInt32 = 0x5245_5449

  /// Nothing for a null or misaligned pointer, and for a model whose image has not been found to be right.
  init?(_ model: UnsafePointer<retina_model>?) {
    guard let model, isAligned(model), model.pointee.mark == OpenModel.mark, let base = model.pointee.image else {
      return nil
    }
    image = OpenImage(base: base, count: model.pointee.image_bytes)
    isFloat = FloatImage.describes(base, count: image.count)
    (arena, state) = (model.pointee.arena, model.pointee.state)
  }

  init?(_ model: UnsafeMutablePointer<retina_model>?) { self.init(UnsafePointer(model)) }

  private var integers: FixedPointImage { FixedPointImage(checked: image.base, count: image.count) }
  private var floats: FloatImage { FloatImage(checked: image.base, count: image.count) }

  /// The arena of the runner, then a frame of numbers, then the memory of the probe, each at a multiple of 64 bytes.
  private var frameOffset: Int { (image.arenaBytes + 63) / 64 * 64 }
  private var probeOffset: Int { frameOffset + (4 * image.frameCount + 63) / 64 * 64 }
  var arenaBytes: Int {
    probeOffset + 4 * (isFloat ? FloatImageProbe.floats(floats) : FixedPointProbe.floats(integers))
  }

  /// The image at work; nothing before memory was given.
  var work: ImageAtWork? {
    guard let arena, let state else { return nil }
    let memory = (arena + probeOffset).assumingMemoryBound(to: Float.self)
    if isFloat {
      let runner = FloatRunner(checked: floats, arena: arena, state: state, level: .best)
      return .floats(FloatImageProbe(runner, memory: memory))
    }
    let runner = FixedPointRunner(checked: integers, arena: arena, state: state, level: .best)
    return .integers(FixedPointProbe(runner, memory: memory))
  }

  /// A frame of numbers.
  var frame: UnsafeMutablePointer<Float>? {
    arena.map { ($0 + frameOffset).assumingMemoryBound(to: Float.self) }
  }

  /// Bits of a value of the input.
  var precision: Int32 { isFloat ? 32 : Int32(integers.input.type.rawValue) }

  /// Number of rates.
  var cells: Int { image.outputCount(image.layerCount - 1) }

  /// Whether there is a layer of that number.
  func has(_ layer: Int32) -> Bool { layer >= 0 && Int(layer) < image.layerCount }

  /// Whether there is a cell of that number.
  func hasCell(_ cell: Int32) -> Bool { cell >= 0 && Int(cell) < cells }
}

/// The words of an open image.
struct OpenImage: ImageWords, @unchecked Sendable {
  let base: UnsafeRawPointer
  let count: Int
}

/// An image of either kind at work, with its probe.
enum ImageAtWork {
  case integers(FixedPointProbe)
  case floats(FloatImageProbe)

  func reset() {
    switch self {
    case .integers(let probe): probe.runner.reset()
    case .floats(let probe): probe.runner.reset()
    }
  }

  func push(_ frame: UnsafePointer<Float>) -> Bool {
    switch self {
    case .integers(let probe): return probe.runner.push(frame)
    case .floats(let probe): return probe.runner.push(frame)
    }
  }

  /// Whether the golden input gives what it must.
  var isRight: Bool {
    switch self {
    case .integers(let probe): return probe.runner.firstWrongLayer() == nil
    case .floats(let probe): return probe.runner.firstWrongLayer() == nil
    }
  }

  /// The number that a unit of a layer stands for.
  func number(_ layer: Int, _ unit: Int) -> Float {
    switch self {
    case .integers(let probe): return probe.number(layer, unit)
    case .floats(let probe): return probe.number(layer, unit)
    }
  }

  func checksum(_ layer: Int) -> UInt32 {
    switch self {
    case .integers(let probe): return probe.runner.checksum(layer)
    case .floats(let probe): return probe.runner.checksum(layer)
    }
  }

  /// The residual; nothing for an image or a layer without conductance.
  func channelConductance(
    layer: Int, cell: Int, steps: Int, into conductance: UnsafeMutablePointer<Float>
  ) -> Float? {
    switch self {
    case .integers(let probe):
      return probe.channelConductance(layer: layer, cell: cell, steps: steps, into: conductance)
    case .floats(let probe):
      return probe.channelConductance(layer: layer, cell: cell, steps: steps, into: conductance)
    }
  }

  func channelImportance(layer: Int, cell: Int, into importance: UnsafeMutablePointer<Float>) {
    switch self {
    case .integers(let probe): probe.channelImportance(layer: layer, cell: cell, into: importance)
    case .floats(let probe): probe.channelImportance(layer: layer, cell: cell, into: importance)
    }
  }
}

/// Whether a value can be read or written at an address.
func isAligned<Value>(_ pointer: UnsafePointer<Value>) -> Bool {
  UInt(bitPattern: pointer) % UInt(MemoryLayout<Value>.alignment) == 0
}

func isAligned<Value>(_ pointer: UnsafeMutablePointer<Value>) -> Bool { isAligned(UnsafePointer(pointer)) }
