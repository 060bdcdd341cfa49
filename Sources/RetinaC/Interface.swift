public import CRetina
internal import RetinaEngine
internal import RetinaKernels
internal import RetinaProbe

/// What a call of `retina.h` works with: the image, and the memory when it has been given.
struct OpenModel {
  let image: FixedPointImage
  private let arena: UnsafeMutableRawPointer?
  private let state: UnsafeMutableRawPointer?

  /// Nothing for a null pointer, and for a model whose image has not been found to be right.
  init?(_ model: UnsafePointer<retina_model>?) {
    guard let model, let base = model.pointee.image else { return nil }
    image = FixedPointImage(checked: base, count: model.pointee.image_bytes)
    (arena, state) = (model.pointee.arena, model.pointee.state)
  }

  init?(_ model: UnsafeMutablePointer<retina_model>?) { self.init(UnsafePointer(model)) }

  /// The arena of the runner, then a frame of numbers, then the memory of the probe, each at a multiple of 64 bytes.
  private var frameOffset: Int { (image.arenaBytes + 63) / 64 * 64 }
  private var probeOffset: Int { frameOffset + (4 * image.frameCount + 63) / 64 * 64 }
  var arenaBytes: Int { probeOffset + 4 * FixedPointProbe.floats(image) }

  /// The image at work; nothing before memory was given.
  var runner: FixedPointRunner? {
    guard let arena, let state else { return nil }
    return try? FixedPointRunner(
      image, arena: UnsafeMutableRawBufferPointer(start: arena, count: image.arenaBytes),
      state: UnsafeMutableRawBufferPointer(start: state, count: image.stateBytes))
  }

  /// A frame of numbers.
  var frame: UnsafeMutablePointer<Float>? {
    arena.map { ($0 + frameOffset).assumingMemoryBound(to: Float.self) }
  }

  var probeMemory: UnsafeMutablePointer<Float>? {
    arena.map { ($0 + probeOffset).assumingMemoryBound(to: Float.self) }
  }

  /// Whether there is a layer of that number.
  func has(_ layer: Int32) -> Bool { layer >= 0 && Int(layer) < image.layerCount }
}

/// The version of the interface.
@c @implementation
public func retina_version() -> UInt32 { 1 << 16 }

/// Checks an image whole and takes it up.
@c @implementation
public func retina_open(
  _ model: UnsafeMutablePointer<retina_model>!, _ image: UnsafeRawPointer!, _ bytes: Int
) -> Int32 {
  guard let model else { return Int32(RETINA_BAD_ARGUMENT) }
  model.pointee = retina_model()
  guard let image, bytes >= 0 else { return Int32(RETINA_BAD_ARGUMENT) }
  do throws(FixedPointImageError) {
    _ = try FixedPointImage(image, count: bytes)
  } catch {
    model.pointee.error = UnsafeRawPointer(error.expected.utf8Start).assumingMemoryBound(to: CChar.self)
    model.pointee.error_byte = UInt32(truncatingIfNeeded: error.byte)
    return Int32(RETINA_BAD_IMAGE)
  }
  model.pointee.image = image
  model.pointee.image_bytes = bytes
  return Int32(RETINA_OK)
}

/// What was expected where the last `retina_open` failed.
@c @implementation
public func retina_error_text(_ model: UnsafePointer<retina_model>!) -> UnsafePointer<CChar>! {
  let none: StaticString = "no error"
  return model?.pointee.error ?? UnsafeRawPointer(none.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// The byte at which the last `retina_open` failed.
@c @implementation
public func retina_error_byte(_ model: UnsafePointer<retina_model>!) -> UInt32 { model?.pointee.error_byte ?? 0 }

// MARK: - Sizes

/// Bytes of working memory.
@c @implementation
public func retina_arena_bytes(_ model: UnsafePointer<retina_model>!) -> Int { OpenModel(model)?.arenaBytes ?? 0 }

/// Bytes carried from frame to frame.
@c @implementation
public func retina_state_bytes(_ model: UnsafePointer<retina_model>!) -> Int { OpenModel(model)?.image.stateBytes ?? 0 }

/// Values of a frame.
@c @implementation
public func retina_frame_size(_ model: UnsafePointer<retina_model>!) -> Int { OpenModel(model)?.image.frameCount ?? 0 }

/// Frames that a rate depends on.
@c @implementation
public func retina_history(_ model: UnsafePointer<retina_model>!) -> Int { OpenModel(model)?.image.history ?? 0 }

/// Number of rates.
@c @implementation
public func retina_cells(_ model: UnsafePointer<retina_model>!) -> Int {
  OpenModel(model).map { $0.image.outputCount($0.image.layerCount - 1) } ?? 0
}

// MARK: - Memory and state

/// Takes up memory and forgets all frames.
@c @implementation
public func retina_start(
  _ model: UnsafeMutablePointer<retina_model>!, _ arena: UnsafeMutableRawPointer!, _ arenaBytes: Int,
  _ state: UnsafeMutableRawPointer!, _ stateBytes: Int
) -> Int32 {
  guard let open = OpenModel(model), let arena, let state, open.image.history != nil else {
    return Int32(RETINA_BAD_ARGUMENT)
  }
  guard arenaBytes >= open.arenaBytes, stateBytes >= open.image.stateBytes, UInt(bitPattern: arena) % 64 == 0,
    UInt(bitPattern: state) % 64 == 0
  else { return Int32(RETINA_BAD_MEMORY) }
  model.pointee.arena = arena
  model.pointee.state = state
  return retina_reset(model)
}

/// Forgets all frames.
@c @implementation
public func retina_reset(_ model: UnsafeMutablePointer<retina_model>!) -> Int32 {
  guard let open = OpenModel(model) else { return Int32(RETINA_BAD_ARGUMENT) }
  guard let runner = open.runner else { return Int32(RETINA_BAD_MEMORY) }
  runner.reset()
  model.pointee.ready = 0
  return Int32(RETINA_OK)
}

/// Runs the input inside the image and compares.
@c @implementation
public func retina_check(_ model: UnsafeMutablePointer<retina_model>!) -> Int32 {
  guard let open = OpenModel(model) else { return Int32(RETINA_BAD_ARGUMENT) }
  guard let runner = open.runner else { return Int32(RETINA_BAD_MEMORY) }
  model.pointee.ready = 0
  return runner.firstWrongLayer() == nil ? Int32(RETINA_OK) : Int32(RETINA_CHECK_FAILED)
}

/// Copies the state out.
@c @implementation
public func retina_save(
  _ model: UnsafePointer<retina_model>!, _ saved: UnsafeMutableRawPointer!, _ bytes: Int
) -> Int32 {
  guard let open = OpenModel(model), let saved, bytes == open.image.stateBytes else {
    return Int32(RETINA_BAD_ARGUMENT)
  }
  guard let state = model.pointee.state else { return Int32(RETINA_BAD_MEMORY) }
  saved.copyMemory(from: state, byteCount: bytes)
  return Int32(RETINA_OK)
}

/// Copies a state of the same image in.
@c @implementation
public func retina_restore(
  _ model: UnsafeMutablePointer<retina_model>!, _ saved: UnsafeRawPointer!, _ bytes: Int
) -> Int32 {
  guard let open = OpenModel(model), let saved, bytes == open.image.stateBytes, bytes >= 4 else {
    return Int32(RETINA_BAD_ARGUMENT)
  }
  guard let state = model.pointee.state else { return Int32(RETINA_BAD_MEMORY) }
  guard saved.loadUnaligned(as: UInt32.self) == open.image.checksum else { return Int32(RETINA_BAD_STATE) }
  state.copyMemory(from: saved, byteCount: bytes)
  model.pointee.ready = 0
  return Int32(RETINA_OK)
}

// MARK: - Frames

/// Takes the next frame.
@c @implementation
public func retina_push_float(
  _ model: UnsafeMutablePointer<retina_model>!, _ frame: UnsafePointer<Float>!, _ count: Int
) -> Int32 {
  push(model, frame, count) { $0 }
}

/// Takes the next frame in bytes.
@c @implementation
public func retina_push_uint8(
  _ model: UnsafeMutablePointer<retina_model>!, _ frame: UnsafePointer<UInt8>!, _ count: Int
) -> Int32 {
  push(model, frame, count) { Float($0) }
}

/// Takes the next frame in 16-bit integers.
@c @implementation
public func retina_push_int16(
  _ model: UnsafeMutablePointer<retina_model>!, _ frame: UnsafePointer<Int16>!, _ count: Int
) -> Int32 {
  push(model, frame, count) { Float($0) }
}

private func push<Value>(
  _ model: UnsafeMutablePointer<retina_model>?, _ frame: UnsafePointer<Value>?, _ count: Int,
  _ number: (Value) -> Float
) -> Int32 {
  guard let open = OpenModel(model), let model, let frame, count == open.image.frameCount else {
    return Int32(RETINA_BAD_ARGUMENT)
  }
  guard let runner = open.runner, let numbers = open.frame else { return Int32(RETINA_BAD_MEMORY) }
  for index in 0..<count { numbers[index] = number(frame[index]) }
  model.pointee.ready = runner.push(numbers) ? 1 : 0
  return model.pointee.ready == 1 ? Int32(RETINA_OK) : Int32(RETINA_NOT_READY)
}

// MARK: - Rates and layers

/// The rates after the last frame.
@c @implementation
public func retina_rates(
  _ model: UnsafePointer<retina_model>!, _ rates: UnsafeMutablePointer<Float>!, _ count: Int
) -> Int32 {
  retina_layer_values(model, retina_layers(model) - 1, rates, count)
}

/// Number of layers.
@c @implementation
public func retina_layers(_ model: UnsafePointer<retina_model>!) -> Int32 {
  Int32(truncatingIfNeeded: OpenModel(model)?.image.layerCount ?? 0)
}

/// The place of a layer by its name.
@c @implementation
public func retina_find_layer(_ model: UnsafePointer<retina_model>!, _ name: UnsafePointer<CChar>!) -> Int32 {
  guard let image = OpenModel(model)?.image, let name, name[0] != 0 else { return Int32(RETINA_BAD_ARGUMENT) }
  for layer in 0..<image.layerCount {
    // Names of one layer have line feeds between them.
    var (matched, isMatching) = (0, true)
    let bytes = image.layerNameBytes(layer)
    for index in 0...bytes.count {
      if index == bytes.count || bytes[index] == 0x0A {
        if isMatching, name[matched] == 0 { return Int32(truncatingIfNeeded: layer) }
        (matched, isMatching) = (0, true)
      } else if isMatching, name[matched] != 0, UInt8(bitPattern: name[matched]) == bytes[index] {
        matched += 1
      } else {
        isMatching = false
      }
    }
  }
  return Int32(RETINA_BAD_ARGUMENT)
}

/// Values of a layer.
@c @implementation
public func retina_layer_size(_ model: UnsafePointer<retina_model>!, _ layer: Int32) -> Int {
  guard let open = OpenModel(model), open.has(layer) else { return 0 }
  return open.image.outputCount(Int(layer))
}

/// Channels of a layer.
@c @implementation
public func retina_layer_channels(_ model: UnsafePointer<retina_model>!, _ layer: Int32) -> Int {
  guard let open = OpenModel(model), open.has(layer) else { return 0 }
  return FixedPointProbe.channels(Int(layer), of: open.image)
}

/// The numbers of a layer after the last frame.
@c @implementation
public func retina_layer_values(
  _ model: UnsafePointer<retina_model>!, _ layer: Int32, _ values: UnsafeMutablePointer<Float>!, _ count: Int
) -> Int32 {
  guard let open = OpenModel(model), open.has(layer), let values, count == open.image.outputCount(Int(layer)) else {
    return Int32(RETINA_BAD_ARGUMENT)
  }
  guard let runner = open.runner else { return Int32(RETINA_BAD_MEMORY) }
  guard model.pointee.ready == 1 else { return Int32(RETINA_NOT_READY) }
  runner.numbers(Int(layer), into: values)
  return Int32(RETINA_OK)
}

/// A checksum of the integers of a layer.
@c @implementation
public func retina_layer_checksum(_ model: UnsafePointer<retina_model>!, _ layer: Int32) -> UInt32 {
  guard let open = OpenModel(model), open.has(layer), let runner = open.runner, model.pointee.ready == 1 else {
    return 0
  }
  return runner.checksum(Int(layer))
}

/// The importance of each channel of a layer for a cell.
@c @implementation
public func retina_importance(
  _ model: UnsafePointer<retina_model>!, _ layer: Int32, _ cell: Int32, _ importance: UnsafeMutablePointer<Float>!,
  _ count: Int
) -> Int32 {
  guard let open = OpenModel(model), open.has(layer), let importance, cell >= 0,
    Int(cell) < open.image.outputCount(open.image.layerCount - 1),
    count == FixedPointProbe.channels(Int(layer), of: open.image)
  else { return Int32(RETINA_BAD_ARGUMENT) }
  guard let runner = open.runner, let memory = open.probeMemory else { return Int32(RETINA_BAD_MEMORY) }
  guard model.pointee.ready == 1 else { return Int32(RETINA_NOT_READY) }
  FixedPointProbe(runner, memory: memory).channelImportance(layer: Int(layer), cell: Int(cell), into: importance)
  return Int32(RETINA_OK)
}
