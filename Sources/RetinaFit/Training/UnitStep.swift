import RetinaEngine
import RetinaKernels
import RetinaModel

/// What is done to every unit by itself: batch normalisation, noise, a function, dropout, each if there is one, in this order.
final class UnitStep: NetworkStep, @unchecked Sendable {
  let output: FeatureLayout
  let isInPlace = true
  private let parts: Parts
  private let kernels: KernelTable
  private let vectors: Int
  private let memory: [Thread]
  /// What the batch says: per number of the normalisation, in lanes.
  private let mean, deviation, scale, shift: AlignedFloats
  private let meanGradient, scaleGradient: AlignedFloats

  /// What is done to the units.
  struct Parts {
    var normalization: LearntNormalization?
    var noise: Float = 0
    var activation: ActivationKind?
    var dropout: Float = 0
    /// Tells the random numbers of steps apart.
    var stream: UInt64 = 0
  }

  /// Sums of a thread: float64, so that batches of any size add up.
  private final class Thread: @unchecked Sendable {
    var first, second: [Double]

    init(_ count: Int) {
      first = [Double](repeating: 0, count: count)
      second = first
    }

    func clear() {
      for index in first.indices { (first[index], second[index]) = (0, 0) }
    }
  }

  init(_ layout: FeatureLayout, _ parts: Parts, room: BatchRoom) {
    output = layout
    self.parts = parts
    kernels = room.kernels
    vectors = layout.floats / 8
    let count = parts.normalization.map { $0.floats(layout) } ?? 0
    memory = (0..<room.threads).map { _ in Thread(count) }
    mean = AlignedFloats(count)
    deviation = AlignedFloats(count)
    scale = AlignedFloats(count)
    shift = AlignedFloats(count)
    meanGradient = AlignedFloats(count)
    scaleGradient = AlignedFloats(count)
  }

  func prepare(_ pass: Pass) {}

  // MARK: - Forwards

  func forward(_ pass: Pass, _ values: StepValues) {
    guard let input = values.input.map(SendableFloats.init) else { return }
    if let normalization = parts.normalization {
      if pass.keepsStatistics { takeRunning(pass, normalization) } else { findMoments(pass, values, normalization) }
    }
    let run = parts.normalization?.run(output) ?? 0
    pass.onEveryThread { thread in
      for sample in pass.samples(ofThread: thread) {
        let source = input.base + sample * values.inputFloats
        let target = values.output + sample * values.outputFloats
        target.update(from: source, count: output.floats)
        if run > 0 {
          PlainAffine.forwardLanes(
            count: output.floats, vectors: run, values: target, scale: scale.base, shift: shift.base)
        }
        if parts.noise > 0 { kernels.addNoise(output.floats, key(pass, sample: sample), parts.noise, target) }
        if let activation = parts.activation {
          kernels.activate(activation, output.floats, target)
        }
        if parts.dropout > 0 {
          kernels.dropOut(output.floats, key(pass, sample: sample, offset: 1), parts.dropout, target)
        }
      }
    }
  }

  /// Mean and deviation of the batch, in two passes.
  private func findMoments(_ pass: Pass, _ values: StepValues, _ normalization: LearntNormalization) {
    guard let input = values.input.map(SendableFloats.init) else { return }
    let run = normalization.run(output)
    for thread in memory { thread.clear() }
    pass.onEveryThread { thread in
      for sample in pass.samples(ofThread: thread) {
        let source = input.base + sample * values.inputFloats
        forEachRun(run) { place, range in
          var sum = SIMD8<Float>.zero
          for vector in range { sum += loaded(source, vector) }
          add(sum, to: &memory[thread].first, place)
        }
      }
    }
    let count = Double(pass.samples * normalization.positions(output))
    for index in 0..<mean.count { mean.base[index] = Float(sum(index) { $0.first } / count) }
    pass.onEveryThread { thread in
      for sample in pass.samples(ofThread: thread) {
        let source = input.base + sample * values.inputFloats
        forEachRun(run) { place, range in
          let center = loaded(mean.base, place)
          var sum = SIMD8<Float>.zero
          for vector in range {
            let difference = loaded(source, vector) - center
            sum += difference * difference
          }
          add(sum, to: &memory[thread].second, place)
        }
      }
    }
    for index in 0..<mean.count {
      guard let place = normalization.place(index, in: output) else { continue }
      let variance = sum(index) { $0.second } / count
      normalization.observe(place, mean: mean.base[index], variance: variance, count: count)
      scaleAndShift(index, place, variance: variance, pass, normalization)
    }
  }

  /// Running means and deviations in place of the batch's.
  private func takeRunning(_ pass: Pass, _ normalization: LearntNormalization) {
    for index in 0..<mean.count {
      guard let place = normalization.place(index, in: output) else { continue }
      mean.base[index] = normalization.runningMean[place]
      scaleAndShift(index, place, variance: Double(normalization.runningVariance[place]), pass, normalization)
    }
  }

  private func scaleAndShift(
    _ index: Int, _ place: Int, variance: Double, _ pass: Pass, _ normalization: LearntNormalization
  ) {
    deviation.base[index] = Float((variance + Double(normalization.epsilon)).squareRoot())
    let factor = pass.parameters[normalization.scale.lowerBound + place] / deviation.base[index]
    scale.base[index] = factor
    shift.base[index] = pass.parameters[normalization.shift.lowerBound + place] - mean.base[index] * factor
  }

  // MARK: - Backwards

  func backward(_ pass: Pass, _ values: StepValues) {
    guard let inputGradient = values.inputGradient.map(SendableFloats.init) else { return }
    for thread in memory { thread.clear() }
    pass.onEveryThread { thread in
      for sample in pass.samples(ofThread: thread) {
        throughFunction(
          values.output + sample * values.outputFloats, inputGradient.base + sample * values.inputFloats, sample, pass)
        if let normalization = parts.normalization, let input = values.input {
          addSums(
            input + sample * values.inputFloats, inputGradient.base + sample * values.inputFloats,
            normalization.run(output), memory[thread])
        }
      }
    }
    if let normalization = parts.normalization { throughNormalization(pass, values, normalization) }
  }

  /// The gradient before the function, in place, from the results.
  private func throughFunction(
    _ result: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>, _ sample: Int, _ pass: Pass
  ) {
    if parts.dropout > 0 {
      kernels.dropOut(output.floats, key(pass, sample: sample, offset: 1), parts.dropout, gradient)
      // What was left out has no gradient; the rest is brought back to the value before dropout.
      let keep = 1 - parts.dropout
      for index in 0..<output.floats { result[index] *= keep }
    }
    guard let activation = parts.activation else { return }
    for vector in 0..<vectors {
      let product = loaded(gradient, vector) * activation.slope(ofResult: loaded(result, vector))
      UnsafeMutableRawPointer(gradient).storeBytes(of: product, toByteOffset: 32 * vector, as: SIMD8<Float>.self)
    }
  }

  /// Adds the sums that batch normalisation needs: of gradients, and of gradients times normalised values.
  private func addSums(
    _ input: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, _ run: Int, _ thread: Thread
  ) {
    forEachRun(run) { place, range in
      let (center, inverse) = (loaded(mean.base, place), 1 / loaded(deviation.base, place))
      var (sum, product) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
      for vector in range {
        let slope = loaded(gradient, vector)
        sum += slope
        product += slope * (loaded(input, vector) - center)
      }
      add(sum, to: &thread.first, place)
      add(product * inverse, to: &thread.second, place)
    }
  }

  private func throughNormalization(_ pass: Pass, _ values: StepValues, _ normalization: LearntNormalization) {
    guard let inputGradient = values.inputGradient.map(SendableFloats.init),
      let input = values.input.map(SendableFloats.init)
    else { return }
    let count = Double(pass.samples * normalization.positions(output))
    for index in 0..<mean.count {
      guard let place = normalization.place(index, in: output) else { continue }
      let (shiftSum, scaleSum) = (sum(index) { $0.first }, sum(index) { $0.second })
      pass.gradient[normalization.shift.lowerBound + place] += Float(shiftSum)
      pass.gradient[normalization.scale.lowerBound + place] += Float(scaleSum)
      // Constants do not follow the inputs.
      meanGradient.base[index] = pass.keepsStatistics ? 0 : Float(shiftSum / count)
      scaleGradient.base[index] = pass.keepsStatistics ? 0 : Float(scaleSum / count) / deviation.base[index]
    }
    let run = normalization.run(output)
    pass.onEveryThread { thread in
      for sample in pass.samples(ofThread: thread) {
        let source = input.base + sample * values.inputFloats
        let gradient = inputGradient.base + sample * values.inputFloats
        forEachRun(run) { place, range in
          let (center, factor) = (loaded(mean.base, place), loaded(scale.base, place))
          let (constant, slope) = (loaded(meanGradient.base, place), loaded(scaleGradient.base, place))
          for vector in range {
            let value = (loaded(gradient, vector) - constant - (loaded(source, vector) - center) * slope) * factor
            UnsafeMutableRawPointer(gradient).storeBytes(of: value, toByteOffset: 32 * vector, as: SIMD8<Float>.self)
          }
        }
      }
    }
  }

  // MARK: - Runs of units that share a number

  @inline(__always)
  private func forEachRun(_ run: Int, _ body: (_ place: Int, _ vectors: Range<Int>) -> Void) {
    var (place, first) = (0, 0)
    while first < vectors {
      body(place, first..<first + run)
      place += 1
      first += run
    }
  }

  @inline(__always)
  private func loaded(_ base: UnsafePointer<Float>, _ vector: Int) -> SIMD8<Float> {
    UnsafeRawPointer(base).loadUnaligned(fromByteOffset: 32 * vector, as: SIMD8<Float>.self)
  }

  @inline(__always)
  private func add(_ values: SIMD8<Float>, to sums: inout [Double], _ place: Int) {
    for lane in 0..<8 { sums[8 * place + lane] += Double(values[lane]) }
  }

  private func sum(_ index: Int, _ part: (Thread) -> [Double]) -> Double {
    memory.reduce(0) { $0 + part($1)[index] }
  }

  /// What the random numbers of a sample depend on: noise and dropout of a step have streams of their own.
  private func key(_ pass: Pass, sample: Int, offset: UInt64 = 0) -> UInt64 {
    let stream = (parts.stream &+ offset) &* 0x9E37_79B9_7F4A_7C15
    return pass.seed &+ stream &+ UInt64(bitPattern: Int64(sample)) &* 0xD1B5_4A32_D192_ED03
  }
}

extension ActivationKind {
  /// The derivative, from the value of the function.
  @inline(__always)
  func slope(ofResult y: SIMD8<Float>) -> SIMD8<Float> {
    let one = SIMD8<Float>(repeating: 1)
    switch self {
    case .relu: return SIMD8<Float>.zero.replacing(with: 1, where: y .> 0)
    case .softplus:
      // 1 - e^-y, by its series where the difference would lose digits.
      var series = y * (-1 / 24) + 1 / 6
      series = series * y - 0.5
      series = (series * y + 1) * y
      return (one - Elementary.exp(-y)).replacing(with: series, where: y .< 0.05)
    case .sigmoid: return y * (one - y)
    case .tanh: return (one - y) * (one + y)
    case .elu(let alpha): return (y + alpha).replacing(with: 1, where: y .> 0)
    case .exponential: return y
    }
  }
}
