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
  /// For each stage, how many of the next it does along with its own work.
  private let joined: [Int]

  /// Creates a stream.
  ///
  /// - Parameter taps: places of the layers that ``layer(_:)`` shall give.
  public init(_ plan: StreamPlan, taps: [Int] = []) {
    self.plan = plan
    self.taps = taps
    arena = alignedFloats(plan.arenaFloats)
    state = alignedFloats(plan.stateFloats)
    tapMemory = taps.map { alignedFloats(plan.model.shapes[$0].count) }
    joined = plan.stages.enumerated().map { index, stage in
      let hidden = index..<index + stage.following.count
      return taps.contains { hidden.contains(plan.stageOfLayer[$0]) } ? 0 : stage.following.count
    }
  }

  deinit {
    arena.deallocate()
    state.deallocate()
    for memory in tapMemory { memory.deallocate() }
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
  ///
  /// - Throws: ``StreamError`` when the number of frames cannot be one; the stream is left as it was.
  public func restore(_ source: UnsafePointer<Float>) throws(StreamError) {
    let count = UInt64(source[0].bitPattern) | UInt64(source[1].bitPattern) << 32
    // Frames are still to be counted from there.
    guard count < UInt64(Int.max / 2) else {
      throw StreamError("saved stream", expected: "fewer than \(Int.max / 2) frames", found: "\(count)")
    }
    frames = Int(count)
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
    var index = 0
    while index < plan.stages.count {
      observe(index, false)
      run(plan.stages[index], isJoined: joined[index] > 0, frame: frame, isLast: completes)
      observe(index, true)
      if !completes { break }
      let last = index + joined[index]
      for (tap, layer) in taps.enumerated() where plan.stageOfLayer[layer] == last {
        plan.stages[last].layout.unpack(arena + plan.stages[last].output, into: tapMemory[tap])
      }
      index = last + 1
    }
    frames += 1
    return completes
  }

  // MARK: - Stages

  private func run(_ stage: Stage, isJoined: Bool, frame: UnsafePointer<Float>, isLast completes: Bool) {
    let parameters = plan.parameters
    let (input, output) = (arena + stage.input, arena + stage.output)
    let epilogue = isJoined ? epilogue(stage.following) : .none
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
      advance(convolution, frame: input, epilogue, output: output, completes: completes)
    case .temporalLowRank(let convolution):
      plan.program.normalization.apply(frame, count: plan.frameCount, output: input)
      advance(convolution, frame: input, epilogue, output: output, completes: completes)
    case .spectral(let convolution): convolve(convolution, input: input, epilogue, output: output)
    case .features(let geometry, let weights, let bias):
      plan.kernels.convolveFeatures(geometry, input, parameters + weights, parameters + bias, epilogue, output)
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

  private func epilogue(_ following: Stage.Following) -> Epilogue {
    guard let affine = following.affine else { return Epilogue(rectifies: following.rectifies) }
    return Epilogue(
      scale: parameters(affine.scale), shift: parameters(affine.shift), step: affine.vectors == 1 ? 8 : 0,
      rectifies: following.rectifies)
  }

  // MARK: - Convolutions over the history in the frequency domain

  /// Adds a frame to a convolution over the history, and gives the result for that frame.
  private func advance(
    _ convolution: TemporalSpectral, frame: UnsafePointer<Float>, _ epilogue: Epilogue,
    output: UnsafeMutablePointer<Float>, completes: Bool
  ) {
    let shape = convolution.shape
    let (rows, columns) = (
      FourierLayout(plan.tables[convolution.rowTable]), FourierLayout(plan.tables[convolution.columnTable])
    )
    let scratch = arena + convolution.scratch
    let re = scratch + convolution.transformScratch
    let im = re + convolution.planeFloats
    plan.kernels.transformImage(shape, rows, columns, frame, scratch, re, im)
    let slot = frames % convolution.slots
    for bin in stride(from: 0, to: shape.paddedBins, by: 8) {
      let kept = spectra(convolution, bin: bin, slot: slot)
      kept.update(from: re + bin, count: 8)
      (kept + 8).update(from: im + bin, count: 8)
    }
    let position = frames % convolution.block
    if position == 0 { beginBlock(convolution) }
    if position > 0, position % 4 == 0 { beginQuad(convolution, position: position) }
    addOwn(convolution, position: position)
    guard completes else { return }
    let positions = shape.outputHeight * shape.outputWidth
    for group in 0..<convolution.groups {
      plan.kernels.restoreFeatures(
        shape, rows, columns, sums(convolution, position, group), parameters(convolution.bias + 8 * group),
        epilogue.group(group, positions: positions), scratch, output + group * positions * 8)
    }
  }

  /// Sets the sums of a block of results to what frames before the block contribute.
  private func beginBlock(_ convolution: TemporalSpectral) {
    let past = convolution.history - 1
    let images = images(convolution)
    // Frames of the block itself count as zeros here.
    (images + past * 16).update(repeating: 0, count: convolution.gatherFloats - past * 16)
    let kernelStride = convolution.history * 16
    let resultStride = convolution.groups * convolution.shape.paddedBins * 16
    let slot = (frames - past % convolution.slots + convolution.slots) % convolution.slots
    let untilEnd = min(past, convolution.slots - slot)
    for bin in stride(from: 0, to: convolution.shape.paddedBins, by: 8) {
      images.update(from: spectra(convolution, bin: bin, slot: slot), count: untilEnd * 16)
      (images + untilEnd * 16).update(
        from: spectra(convolution, bin: bin, slot: 0), count: (past - untilEnd) * 16)
      for group in 0..<convolution.groups {
        let kernels = parameters(convolution.kernels + (group * convolution.shape.paddedBins + bin) * kernelStride)
        if convolution.results == 1 {
          plan.kernels.multiplyAddOne(
            past, kernels, kernelStride, images, true, sums(convolution, 0, group) + bin * 16)
        } else {
          for first in stride(from: 0, to: convolution.results, by: 4) {
            // The frames that the first of the four needs; what the others need less are zeros.
            plan.kernels.multiplyAddFour(
              max(0, past - first), kernels, kernelStride, images + first * 16, true,
              sums(convolution, first, group) + bin * 16, resultStride)
          }
        }
      }
    }
  }

  /// Adds to four results, the first at a position of the block, what earlier frames of the block contribute.
  private func beginQuad(_ convolution: TemporalSpectral, position: Int) {
    // From the oldest frame that the last of the four needs to the newest that the first needs.
    let terms = min(position + 3, convolution.history - 1)
    guard terms > 0 else { return }
    let images = images(convolution)
    images.update(repeating: 0, count: (position + 6) * 16)
    let slot = frames % convolution.slots - position
    let kernelStride = convolution.recent * 16
    let resultStride = convolution.groups * convolution.shape.paddedBins * 16
    for bin in stride(from: 0, to: convolution.shape.paddedBins, by: 8) {
      (images + 3 * 16).update(from: spectra(convolution, bin: bin, slot: slot), count: position * 16)
      for group in 0..<convolution.groups {
        let kernels = parameters(
          convolution.recentKernels + (group * convolution.shape.paddedBins + bin) * kernelStride
            + (convolution.recent - 1 - terms) * 16)
        plan.kernels.multiplyAddFour(
          terms, kernels, kernelStride, images + (position + 3 - terms) * 16, false,
          sums(convolution, position, group) + bin * 16, resultStride)
      }
    }
  }

  /// Adds to the result at a position of the block what the frames of its own quad contribute.
  private func addOwn(_ convolution: TemporalSpectral, position: Int) {
    let terms = min(position % 4 + 1, convolution.history)
    let slot = frames % convolution.slots + 1 - terms
    let kernelStride = convolution.recent * 16
    for bin in stride(from: 0, to: convolution.shape.paddedBins, by: 8) {
      for group in 0..<convolution.groups {
        let kernels = parameters(
          convolution.recentKernels + (group * convolution.shape.paddedBins + bin) * kernelStride
            + (convolution.recent - terms) * 16)
        plan.kernels.multiplyAddOne(
          terms, kernels, kernelStride, spectra(convolution, bin: bin, slot: slot), false,
          sums(convolution, position, group) + bin * 16)
      }
    }
  }

  /// Eight bins of the spectrum kept at a place of the ring: eight real parts, eight imaginary parts; the next place follows.
  ///
  /// Frames before the start have never been written; their place holds zeros.
  private func spectra(_ convolution: TemporalSpectral, bin: Int, slot: Int) -> UnsafeMutablePointer<Float> {
    state + convolution.ring + (bin / 8 * convolution.slots + slot) * 16
  }

  private func images(_ convolution: TemporalSpectral) -> UnsafeMutablePointer<Float> {
    arena + convolution.scratch + convolution.transformScratch + 2 * convolution.planeFloats
  }

  private func sums(_ convolution: TemporalSpectral, _ position: Int, _ group: Int) -> UnsafeMutablePointer<Float> {
    state + convolution.sums + (position * convolution.groups + group) * convolution.shape.paddedBins * 16
  }

  // MARK: - Convolutions over the history in low-rank form

  /// Adds a frame to a convolution over the history, and gives the result for that frame.
  private func advance(
    _ convolution: TemporalLowRank, frame: UnsafePointer<Float>, _ epilogue: Epilogue,
    output: UnsafeMutablePointer<Float>, completes: Bool
  ) {
    let shape = convolution.filters
    let (ring, maps) = (state + convolution.ring, arena + convolution.maps)
    let slot = frames % convolution.slots
    plan.kernels.convolveFrame(
      convolution.spatial, frame, parameters(convolution.kernels), parameters(convolution.zeros), maps)
    plan.kernels.keepMaps(shape, maps, slot, ring)
    let (position, past) = (frames % convolution.block, convolution.history - 1)
    let courses = parameters(convolution.courses)
    let sums = state + convolution.sums
    if position == 0, convolution.results == 1 {
      sums.update(repeating: 0, count: shape.resultFloats)
    } else if position == 0 {
      plan.kernels.filterFour(
        shape, ring, (slot - past + convolution.slots) % convolution.slots, past, courses, 0, convolution.results / 4,
        true, sums)
    } else if position % 4 == 0 {
      plan.kernels.filterFour(
        shape, ring, slot - position, position, courses, past - position, 1, false, sums + position * shape.resultFloats
      )
    }
    guard completes else { return }
    // Frames that come one by one have all of their past here.
    let terms = convolution.results == 1 ? convolution.history : min(position % 4 + 1, convolution.history)
    plan.kernels.filterNewest(
      shape, ring, (slot + 1 - terms + convolution.slots) % convolution.slots, terms,
      courses + (convolution.history - terms) * shape.filterStride, sums + position * shape.resultFloats,
      parameters(convolution.bias), epilogue, output)
  }

  private func parameters(_ place: Int) -> UnsafeMutablePointer<Float> { plan.parameters + place }

  /// A convolution of features in the frequency domain.
  private func convolve(
    _ convolution: SpectralConvolution, input: UnsafePointer<Float>, _ epilogue: Epilogue,
    output: UnsafeMutablePointer<Float>
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
    let positions = shape.outputHeight * shape.outputWidth
    for group in 0..<convolution.outputGroups {
      plan.kernels.multiplyFeatures(
        shape.bins, convolution.inputs,
        parameters(convolution.kernels + group * shape.paddedBins * convolution.inputGroups * 8 * 16), images,
        convolution.spectrumFloats, products)
      plan.kernels.restoreFeatures(
        shape, rows, columns, products, parameters(convolution.bias + 8 * group),
        epilogue.group(group, positions: positions), scratch, output + group * positions * 8)
    }
  }
}
