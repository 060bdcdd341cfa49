import RetinaKernels
import RetinaModel

/// A model running frame by frame: push a frame, read the rates.
///
/// All memory is allocated when the stream is made. Several streams of one plan do not touch one another. The rates are the same
/// bits however frames are pushed, and whether or not layers are read.
public final class Stream {
  /// What is run.
  public let plan: StreamPlan
  /// Frames pushed since the start or the last reset.
  public private(set) var frames = 0
  private let arena: UnsafeMutablePointer<Float>
  private let state: UnsafeMutablePointer<Float>
  /// Layers that are copied out after every frame, and where to.
  private let taps: [Int]
  private let tapMemory: [UnsafeMutablePointer<Float>]

  /// Creates a stream.
  ///
  /// - Parameter taps: places of the layers that ``layer(_:)`` shall give.
  public init(_ plan: StreamPlan, taps: [Int] = []) {
    self.plan = plan
    self.taps = taps
    arena = Stream.allocate(plan.arenaFloats)
    state = Stream.allocate(plan.stateFloats)
    tapMemory = taps.map { Stream.allocate(plan.model.shapes[$0].count) }
  }

  deinit {
    arena.deallocate()
    state.deallocate()
    for memory in tapMemory { memory.deallocate() }
  }

  private static func allocate(_ floats: Int) -> UnsafeMutablePointer<Float> {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(64, floats * 4), alignment: 64)
    let values = memory.bindMemory(to: Float.self, capacity: max(16, floats))
    values.initialize(repeating: 0, count: max(16, floats))
    return values
  }

  /// Whether the last frame completed a history, so that the rates mean something.
  public var isWarm: Bool { frames >= plan.history }

  /// The rates after the last frame, one per cell.
  public var rates: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: arena + plan.stages[plan.stages.count - 1].output, count: plan.cells)
  }

  /// The values of a layer that is tapped, in the order of the model.
  public func layer(_ layer: Int) -> UnsafeBufferPointer<Float>? {
    guard let index = taps.firstIndex(of: layer) else { return nil }
    return UnsafeBufferPointer(start: tapMemory[index], count: plan.model.shapes[layer].count)
  }

  /// Forgets all frames.
  public func reset() {
    frames = 0
    state.update(repeating: 0, count: plan.stateFloats)
  }

  /// Floats that ``save(_:)`` writes.
  public var savedFloats: Int { plan.stateFloats + 2 }

  /// Writes everything that the future depends on, ``savedFloats`` floats.
  ///
  /// Only a stream of an equal plan can take it up.
  public func save(_ target: UnsafeMutablePointer<Float>) {
    target[0] = Float(bitPattern: UInt32(truncatingIfNeeded: frames))
    target[1] = Float(bitPattern: UInt32(truncatingIfNeeded: frames >> 32))
    (target + 2).update(from: state, count: plan.stateFloats)
  }

  /// Continues from what ``save(_:)`` wrote.
  public func restore(_ source: UnsafePointer<Float>) {
    frames = Int(source[0].bitPattern) | Int(truncatingIfNeeded: UInt64(source[1].bitPattern) << 32)
    state.update(from: source + 2, count: plan.stateFloats)
  }

  /// Takes the next frame, `[height, width]` before normalisation.
  ///
  /// - Returns: whether the rates mean something, see ``isWarm``.
  @discardableResult
  public func push(_ frame: UnsafePointer<Float>) -> Bool {
    push(frame) { _, _ in }
  }

  /// The same, calling `observe` before and after each stage.
  @inline(__always)
  @discardableResult
  func push(_ frame: UnsafePointer<Float>, observe: (_ stage: Int, _ isEnd: Bool) -> Void) -> Bool {
    // Rates of the first frames of a history would be wrong; only what later frames need is computed.
    let completes = frames + 1 >= plan.history
    for (index, stage) in plan.stages.enumerated() {
      observe(index, false)
      run(stage, frame: frame, isLast: completes)
      observe(index, true)
      if !completes { break }
      for (tap, layer) in taps.enumerated() where plan.stageOfLayer[layer] == index {
        stage.layout.unpack(arena + stage.output, into: tapMemory[tap])
      }
    }
    frames += 1
    return completes
  }

  // MARK: - Stages

  private func run(_ stage: Stage, frame: UnsafePointer<Float>, isLast completes: Bool) {
    let parameters = plan.parameters
    let (input, output) = (arena + stage.input, arena + stage.output)
    switch stage.kind {
    case .window(let count, let history):
      // The state holds two copies of the last frames, one history apart: one of them is always whole.
      let ring = state + stage.input
      let slot = frames % history
      plan.program.normalization.apply(frame, count: count, output: ring + slot * count)
      (ring + (slot + history) * count).update(from: ring + slot * count, count: count)
      if completes { output.update(from: ring + (slot + 1) * count, count: history * count) }
    case .temporalSpectral(let convolution):
      plan.program.normalization.apply(frame, count: plan.frameCount, output: input)
      advance(convolution, frame: input, output: output, completes: completes)
    case .spectral(let convolution): convolve(convolution, input: input, output: output)
    case .features(let geometry, let weights, let bias):
      plan.kernels.convolveFeatures(geometry, input, parameters + weights, parameters + bias, output)
    case .rows(let columns, let rows, let weights, let bias):
      plan.kernels.multiplyRows(columns, rows, parameters + weights, parameters + bias, input, output)
    case .dense(let inputs, let outputs, let weights, let bias):
      PlainDense.forward(
        inputs: inputs, outputs: outputs, input: input, weight: parameters + weights, bias: parameters + bias,
        output: output)
    case .affine(let vectors, let scale, let shift):
      PlainAffine.forwardLanes(
        count: stage.layout.floats, vectors: vectors, values: output, scale: parameters + scale,
        shift: parameters + shift)
    case .activation(.relu) where stage.input == stage.output:
      plan.kernels.rectify(stage.layout.usedFloats, output)
    case .activation(let kind):
      PlainActivation.forward(kind, count: stage.layout.usedFloats, input: input, output: output)
    case .plain(let step): plan.program.run(step: step, input: input, output: output)
    case .gather(let count, let first):
      for index in 0..<count { output[index] = input[plan.indices[first + index]] }
    case .unpack(let layout): layout.unpack(input, into: output)
    case .pack(let layout): layout.pack(input, into: output)
    case .identity: break
    }
  }

  /// Adds a frame to a convolution over the history, and gives the result for that frame.
  private func advance(
    _ convolution: TemporalSpectral, frame: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, completes: Bool
  ) {
    let shape = convolution.shape
    let (rows, columns) = (
      FourierLayout(plan.tables[convolution.rowTable]), FourierLayout(plan.tables[convolution.columnTable])
    )
    let scratch = arena + convolution.scratch
    let ring = state + convolution.ring
    let slot = frames % convolution.slots
    let plane = convolution.planeFloats
    plan.kernels.transformImage(
      shape, rows, columns, frame, scratch, ring + 2 * slot * plane, ring + (2 * slot + 1) * plane)
    let position = frames % convolution.block
    if position == 0 { beginBlock(convolution) }
    addPresent(convolution, position: position)
    guard completes else { return }
    for group in 0..<convolution.groups {
      plan.kernels.restoreFeatures(
        shape, rows, columns, sums(convolution, position, group), parameters(convolution.bias + 8 * group), scratch,
        output + group * shape.outputHeight * shape.outputWidth * 8)
    }
  }

  /// Sets the sums of a block of results to what frames before the block contribute.
  private func beginBlock(_ convolution: TemporalSpectral) {
    let shape = convolution.shape
    let past = convolution.history - 1
    let images = arena + convolution.scratch + max(shape.imageScratch, shape.featureScratch)
    (state + convolution.sums).update(repeating: 0, count: convolution.sumFloats)
    guard past > 0 else { return }
    // Frames of the block itself count as zeros here.
    (images + past * 16).update(repeating: 0, count: (convolution.gatherFloats - past * 16))
    let kernelStride = convolution.history * 16
    for bin in stride(from: 0, to: shape.paddedBins, by: 8) {
      gather(convolution, from: frames - past, count: past, bin: bin, into: images)
      for group in 0..<convolution.groups {
        let kernels = parameters(convolution.kernels + (group * shape.paddedBins + bin) * kernelStride)
        let resultStride = convolution.groups * shape.paddedBins * 16
        var first = 0
        while first + 4 <= convolution.block {
          // The frames that the first of the four needs; what the others need less are zeros.
          plan.kernels.multiplyAddFour(
            max(0, past - first), kernels, kernelStride, images + first * 16,
            sums(convolution, first, group) + bin * 16, resultStride)
          first += 4
        }
        while first < convolution.block {
          plan.kernels.multiplyAddOne(
            max(0, past - first), kernels, kernelStride, images + first * 16,
            sums(convolution, first, group) + bin * 16)
          first += 1
        }
      }
    }
  }

  /// Adds to the result at a position of the block what the frames of the block contribute.
  private func addPresent(_ convolution: TemporalSpectral, position: Int) {
    let shape = convolution.shape
    let images = arena + convolution.scratch + max(shape.imageScratch, shape.featureScratch)
    let terms = min(position + 1, convolution.history)
    let kernelStride = convolution.recent * 16
    for bin in stride(from: 0, to: shape.paddedBins, by: 8) {
      gather(convolution, from: frames + 1 - terms, count: terms, bin: bin, into: images)
      for group in 0..<convolution.groups {
        let kernels = parameters(
          convolution.recentKernels + (group * shape.paddedBins + bin) * kernelStride
            + (convolution.recent - terms) * 16)
        plan.kernels.multiplyAddOne(
          terms, kernels, kernelStride, images, sums(convolution, position, group) + bin * 16)
      }
    }
  }

  /// Copies eight bins of consecutive kept spectra: eight real parts, eight imaginary parts per frame.
  private func gather(
    _ convolution: TemporalSpectral, from first: Int, count: Int, bin: Int, into images: UnsafeMutablePointer<Float>
  ) {
    let ring = UnsafeRawPointer(state + convolution.ring + bin)
    let target = UnsafeMutableRawPointer(images)
    let plane = convolution.planeFloats * 4
    // Frames before the start have never been written; their place holds zeros.
    var slot = (first + convolution.slots) % convolution.slots
    for frame in 0..<count {
      let source = ring + 2 * slot * plane
      target.storeBytes(
        of: source.loadUnaligned(as: SIMD8<Float>.self), toByteOffset: frame * 64, as: SIMD8<Float>.self)
      target.storeBytes(
        of: (source + plane).loadUnaligned(as: SIMD8<Float>.self), toByteOffset: frame * 64 + 32,
        as: SIMD8<Float>.self)
      slot = slot + 1 == convolution.slots ? 0 : slot + 1
    }
  }

  private func sums(_ convolution: TemporalSpectral, _ position: Int, _ group: Int) -> UnsafeMutablePointer<Float> {
    state + convolution.sums + (position * convolution.groups + group) * convolution.shape.paddedBins * 16
  }

  private func parameters(_ place: Int) -> UnsafeMutablePointer<Float> { plan.parameters + place }

  /// A convolution of features in the frequency domain.
  private func convolve(
    _ convolution: SpectralConvolution, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    let shape = convolution.shape
    let (rows, columns) = (
      FourierLayout(plan.tables[convolution.rowTable]), FourierLayout(plan.tables[convolution.columnTable])
    )
    let scratch = arena + convolution.scratch
    let images = scratch + shape.featureScratch
    let products = images + convolution.inputGroups * convolution.spectrumFloats
    for group in 0..<convolution.inputGroups {
      plan.kernels.transformFeatures(
        shape, rows, columns, input + group * shape.imageHeight * shape.imageWidth * 8, scratch,
        images + group * convolution.spectrumFloats)
    }
    for group in 0..<convolution.outputGroups {
      plan.kernels.multiplyFeatures(
        shape.bins, convolution.inputs,
        parameters(convolution.kernels + group * shape.paddedBins * convolution.inputGroups * 8 * 16), images,
        convolution.spectrumFloats, products)
      plan.kernels.restoreFeatures(
        shape, rows, columns, products, parameters(convolution.bias + 8 * group), scratch,
        output + group * shape.outputHeight * shape.outputWidth * 8)
    }
  }
}
