public import CRetina
internal import RetinaEngine
internal import RetinaKernels

/// The version of the interface.
@c @implementation
public func retina_version() -> UInt32 { 1 << 16 | 1 }

/// Bytes of a model.
@c @implementation
public func retina_model_bytes() -> Int { MemoryLayout<retina_model>.stride }

/// A status in words.
@c @implementation
public func retina_status_text(_ status: Int32) -> UnsafePointer<CChar>! {
  let unknown: StaticString = "no status of this library"
  return (Status(rawValue: status)?.text ?? unknown).cString
}

/// Checks an image whole and takes it up.
@c @implementation
public func retina_open(
  _ model: UnsafeMutablePointer<retina_model>!, _ image: UnsafeRawPointer!, _ bytes: Int
) -> Int32 {
  guard let model, isAligned(model) else { return Status.badArgument.rawValue }
  model.pointee = retina_model()
  guard let image, bytes >= 0 else { return report(model, .badArgument) }
  do throws(ImageError) {
    if FloatImage.describes(image, count: bytes) {
      _ = try FloatImage(image, count: bytes)
    } else {
      _ = try FixedPointImage(image, count: bytes)
    }
  } catch {
    model.pointee.error = error.expected.cString
    model.pointee.error_byte = UInt32(truncatingIfNeeded: error.byte)
    return Status.badImage.rawValue
  }
  model.pointee.image = image
  model.pointee.image_bytes = bytes
  model.pointee.mark = OpenModel.mark
  return Status.done.rawValue
}

/// What was wrong with the last call that may change the model.
@c @implementation
public func retina_error_text(_ model: UnsafePointer<retina_model>!) -> UnsafePointer<CChar>! {
  guard let model, isAligned(model), let text = model.pointee.error else { return Status.done.text.cString }
  return text
}

/// The byte at which the last `retina_open` failed.
@c @implementation
public func retina_error_byte(_ model: UnsafePointer<retina_model>!) -> UInt32 {
  guard let model, isAligned(model) else { return 0 }
  return model.pointee.error_byte
}

/// Keeps what came of a call in words, and gives it as a number.
private func report(_ model: UnsafeMutablePointer<retina_model>?, _ status: Status) -> Int32 {
  if let model, isAligned(model) {
    model.pointee.error = status == .done || status == .notReady ? nil : status.text.cString
  }
  return status.rawValue
}

// MARK: - What the image says

/// Bits of a value of the input.
@c @implementation
public func retina_precision(_ model: UnsafePointer<retina_model>!) -> Int32 {
  OpenModel(model).map { $0.precision } ?? 0
}

/// Frames that a rate depends on.
@c @implementation
public func retina_history(_ model: UnsafePointer<retina_model>!) -> Int { OpenModel(model)?.image.history ?? 0 }

/// Frames between the newest frame and the rate.
@c @implementation
public func retina_lag(_ model: UnsafePointer<retina_model>!) -> Int { OpenModel(model)?.image.lag ?? 0 }

/// Frames per second.
@c @implementation
public func retina_frame_rate(_ model: UnsafePointer<retina_model>!) -> Double {
  OpenModel(model)?.image.frameRate ?? 0
}

/// Rows of a frame.
@c @implementation
public func retina_frame_height(_ model: UnsafePointer<retina_model>!) -> Int {
  OpenModel(model).map { $0.image.inputRank == 3 ? $0.image.inputExtent(1) : 1 } ?? 0
}

/// Columns of a frame.
@c @implementation
public func retina_frame_width(_ model: UnsafePointer<retina_model>!) -> Int {
  OpenModel(model).map { $0.image.inputRank == 3 ? $0.image.inputExtent(2) : $0.image.inputCount } ?? 0
}

/// Values of a frame.
@c @implementation
public func retina_frame_size(_ model: UnsafePointer<retina_model>!) -> Int { OpenModel(model)?.image.frameCount ?? 0 }

/// Number of rates.
@c @implementation
public func retina_cells(_ model: UnsafePointer<retina_model>!) -> Int { OpenModel(model)?.cells ?? 0 }

/// The name of the model.
@c @implementation
public func retina_name(
  _ model: UnsafePointer<retina_model>!, _ text: UnsafeMutablePointer<CChar>!, _ capacity: Int
) -> Int {
  copy(OpenModel(model)?.image.nameBytes, text, capacity)
}

/// Copies a text, cut to fit, with a 0 at its end; gives its length.
private func copy(_ bytes: UnsafeRawBufferPointer?, _ text: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int {
  let count = bytes?.count ?? 0
  guard let text, capacity > 0 else { return count }
  let kept = min(count, capacity - 1)
  if let bytes { for index in 0..<kept { text[index] = CChar(bitPattern: bytes[index]) } }
  text[kept] = 0
  return count
}

// MARK: - Memory and state

/// Bytes of working memory.
@c @implementation
public func retina_arena_bytes(_ model: UnsafePointer<retina_model>!) -> Int { OpenModel(model)?.arenaBytes ?? 0 }

/// Bytes carried from frame to frame.
@c @implementation
public func retina_state_bytes(_ model: UnsafePointer<retina_model>!) -> Int { OpenModel(model)?.image.stateBytes ?? 0 }

/// Takes up memory and forgets all frames.
@c @implementation
public func retina_start(
  _ model: UnsafeMutablePointer<retina_model>!, _ arena: UnsafeMutableRawPointer!, _ arenaBytes: Int,
  _ state: UnsafeMutableRawPointer!, _ stateBytes: Int
) -> Int32 {
  guard let open = OpenModel(model), let arena, let state, open.image.history != nil else {
    return report(model, .badArgument)
  }
  let (first, second) = (UInt(bitPattern: arena), UInt(bitPattern: state))
  guard arenaBytes >= open.arenaBytes, stateBytes >= open.image.stateBytes, first % 64 == 0, second % 64 == 0,
    first < second
      ? second - first >= UInt(open.arenaBytes) : first - second >= UInt(open.image.stateBytes)
  else { return report(model, .badMemory) }
  model.pointee.arena = arena
  model.pointee.state = state
  return retina_reset(model)
}

/// Forgets all frames.
@c @implementation
public func retina_reset(_ model: UnsafeMutablePointer<retina_model>!) -> Int32 {
  guard let open = OpenModel(model) else { return report(model, .badArgument) }
  guard let work = open.work else { return report(model, .badMemory) }
  work.reset()
  model.pointee.ready = 0
  return report(model, .done)
}

/// Runs the input inside the image and compares.
@c @implementation
public func retina_check(_ model: UnsafeMutablePointer<retina_model>!) -> Int32 {
  guard let open = OpenModel(model) else { return report(model, .badArgument) }
  guard let work = open.work else { return report(model, .badMemory) }
  model.pointee.ready = 0
  return report(model, work.isRight ? .done : .checkFailed)
}

/// Copies the state out.
@c @implementation
public func retina_save(
  _ model: UnsafePointer<retina_model>!, _ saved: UnsafeMutableRawPointer!, _ bytes: Int
) -> Int32 {
  guard let open = OpenModel(model), let saved, bytes == open.image.stateBytes else {
    return Status.badArgument.rawValue
  }
  guard let state = model.pointee.state else { return Status.badMemory.rawValue }
  saved.copyMemory(from: state, byteCount: bytes)
  return Status.done.rawValue
}

/// Copies a state of the same image in.
@c @implementation
public func retina_restore(
  _ model: UnsafeMutablePointer<retina_model>!, _ saved: UnsafeRawPointer!, _ bytes: Int
) -> Int32 {
  guard let open = OpenModel(model), let saved, bytes == open.image.stateBytes, bytes >= 4 else {
    return report(model, .badArgument)
  }
  guard let state = model.pointee.state else { return report(model, .badMemory) }
  guard saved.loadUnaligned(as: UInt32.self) == open.image.checksum else { return report(model, .badState) }
  state.copyMemory(from: saved, byteCount: bytes)
  model.pointee.ready = 0
  return report(model, .done)
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
  guard let open = OpenModel(model), let model, let frame, isAligned(frame), count == open.image.frameCount else {
    return report(model, .badArgument)
  }
  guard let work = open.work, let numbers = open.frame else { return report(model, .badMemory) }
  for index in 0..<count { numbers[index] = number(frame[index]) }
  model.pointee.ready = work.push(numbers) ? 1 : 0
  return report(model, model.pointee.ready == 1 ? .done : .notReady)
}

// MARK: - Rates

/// The image at work when it has rates, and the status otherwise.
private func reading(_ model: UnsafePointer<retina_model>, _ open: OpenModel) -> (work: ImageAtWork?, status: Status) {
  guard let work = open.work else { return (nil, .badMemory) }
  return model.pointee.ready == 1 ? (work, .done) : (nil, .notReady)
}

/// The rates after the last frame.
@c @implementation
public func retina_rates(
  _ model: UnsafePointer<retina_model>!, _ rates: UnsafeMutablePointer<Float>!, _ count: Int
) -> Int32 {
  retina_layer_values(model, retina_layers(model) - 1, rates, count)
}

/// The rates after the last frame as fixed-point numbers.
@c @implementation
public func retina_rates_q(
  _ model: UnsafePointer<retina_model>!, _ rates: UnsafeMutablePointer<Int32>!, _ count: Int, _ fractionBits: Int32
) -> Int32 {
  guard let open = OpenModel(model), let rates, isAligned(rates), count == open.cells, 0...30 ~= fractionBits else {
    return Status.badArgument.rawValue
  }
  let (work, status) = reading(model, open)
  guard let work else { return status.rawValue }
  for cell in 0..<count {
    // A float32 times a power of two is exact in float64.
    let number = Double(work.number(open.image.layerCount - 1, cell)) * Double(Int64(1) << Int64(fractionBits))
    let bounded = min(max(number.isNaN ? 0 : number, Double(Int32.min)), Double(Int32.max))
    rates[cell] = Int32(bounded < 0 ? max(bounded - 0.5, Double(Int32.min)) : min(bounded + 0.5, Double(Int32.max)))
  }
  return status.rawValue
}

/// Counts of spikes drawn from the rates.
@c @implementation
public func retina_spikes(
  _ model: UnsafePointer<retina_model>!, _ bin: Float, _ seed: UnsafeMutablePointer<UInt64>!,
  _ spikes: UnsafeMutablePointer<UInt32>!, _ count: Int
) -> Int32 {
  guard let open = OpenModel(model), let seed, let spikes, isAligned(seed), isAligned(spikes), count == open.cells,
    bin.isFinite, bin >= 0
  else { return Status.badArgument.rawValue }
  let (work, status) = reading(model, open)
  guard let work else { return status.rawValue }
  var random = SeededRandom(seed: seed.pointee)
  for cell in 0..<count {
    let mean = Double(work.number(open.image.layerCount - 1, cell)) * Double(bin)
    spikes[cell] = UInt32(clamping: random.poisson(mean: mean))
  }
  seed.pointee = random.state
  return status.rawValue
}

// MARK: - Layers

/// Number of layers.
@c @implementation
public func retina_layers(_ model: UnsafePointer<retina_model>!) -> Int32 {
  Int32(truncatingIfNeeded: OpenModel(model)?.image.layerCount ?? 0)
}

/// The place of a layer by its name.
@c @implementation
public func retina_find_layer(_ model: UnsafePointer<retina_model>!, _ name: UnsafePointer<CChar>!) -> Int32 {
  guard let image = OpenModel(model)?.image, let name, name[0] != 0 else { return Status.badArgument.rawValue }
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
  return Status.badArgument.rawValue
}

/// The names of a layer.
@c @implementation
public func retina_layer_name(
  _ model: UnsafePointer<retina_model>!, _ layer: Int32, _ text: UnsafeMutablePointer<CChar>!, _ capacity: Int
) -> Int {
  guard let open = OpenModel(model), open.has(layer) else { return copy(nil, text, capacity) }
  return copy(open.image.layerNameBytes(Int(layer)), text, capacity)
}

/// The extents of a layer.
@c @implementation
public func retina_layer_shape(
  _ model: UnsafePointer<retina_model>!, _ layer: Int32, _ extents: UnsafeMutablePointer<Int>!
) -> Int32 {
  guard let open = OpenModel(model), open.has(layer), let extents, isAligned(extents) else {
    return Status.badArgument.rawValue
  }
  let rank = open.image.outputRank(Int(layer))
  for axis in 0..<4 { extents[axis] = axis < rank ? open.image.outputExtent(Int(layer), axis) : 0 }
  return Int32(truncatingIfNeeded: rank)
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
  return open.image.channels(Int(layer))
}

/// The numbers of a layer after the last frame.
@c @implementation
public func retina_layer_values(
  _ model: UnsafePointer<retina_model>!, _ layer: Int32, _ values: UnsafeMutablePointer<Float>!, _ count: Int
) -> Int32 {
  read(model, layer, from: 0, of: 1, values, count)
}

/// The numbers of a channel after the last frame.
@c @implementation
public func retina_channel_values(
  _ model: UnsafePointer<retina_model>!, _ layer: Int32, _ channel: Int32, _ values: UnsafeMutablePointer<Float>!,
  _ count: Int
) -> Int32 {
  read(model, layer, from: channel, of: retina_layer_channels(model, layer), values, count)
}

/// Reads one of a number of equal parts of a layer.
private func read(
  _ model: UnsafePointer<retina_model>?, _ layer: Int32, from part: Int32, of parts: Int,
  _ values: UnsafeMutablePointer<Float>?, _ count: Int
) -> Int32 {
  guard let open = OpenModel(model), let model, open.has(layer), let values, isAligned(values), part >= 0,
    Int(part) < parts, count == open.image.outputCount(Int(layer)) / parts
  else { return Status.badArgument.rawValue }
  let (work, status) = reading(model, open)
  guard let work else { return status.rawValue }
  let first = Int(part) * count
  for index in 0..<count { values[index] = work.number(Int(layer), first + index) }
  return status.rawValue
}

/// A checksum of the values of a layer.
@c @implementation
public func retina_layer_checksum(_ model: UnsafePointer<retina_model>!, _ layer: Int32) -> UInt32 {
  guard let open = OpenModel(model), let model, open.has(layer) else { return 0 }
  return reading(model, open).work?.checksum(Int(layer)) ?? 0
}

// MARK: - Probe

/// The importance of each channel of a layer for a cell.
@c @implementation
public func retina_importance(
  _ model: UnsafePointer<retina_model>!, _ layer: Int32, _ cell: Int32, _ importance: UnsafeMutablePointer<Float>!,
  _ channels: Int
) -> Int32 {
  guard let open = OpenModel(model), let model, open.has(layer), open.hasCell(cell), let importance,
    isAligned(importance), channels == open.image.channels(Int(layer))
  else { return Status.badArgument.rawValue }
  let (work, status) = reading(model, open)
  guard let work else { return status.rawValue }
  work.channelImportance(layer: Int(layer), cell: Int(cell), into: importance)
  return status.rawValue
}

/// The conductance of each channel of a layer for a cell.
@c @implementation
public func retina_conductance(
  _ model: UnsafeMutablePointer<retina_model>!, _ layer: Int32, _ cell: Int32, _ steps: Int32,
  _ conductance: UnsafeMutablePointer<Float>!, _ channels: Int, _ residual: UnsafeMutablePointer<Float>!
) -> Int32 {
  guard let open = OpenModel(model), open.has(layer), open.hasCell(cell), 1...1000 ~= steps, let conductance,
    isAligned(conductance), channels == open.image.channels(Int(layer)), residual.map({ isAligned($0) }) ?? true
  else { return report(model, .badArgument) }
  let (work, status) = reading(model, open)
  guard let work else { return report(model, status) }
  let left = work.channelConductance(layer: Int(layer), cell: Int(cell), steps: Int(steps), into: conductance)
  guard let left else { return report(model, .unsupported) }
  residual?.pointee = left
  return report(model, .done)
}
