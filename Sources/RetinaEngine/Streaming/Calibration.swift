import RetinaKernels

extension PlannerCost {
  /// Measures this machine: each kind of work for some hundredths of a second, and reading from working sets of 1 to 64 MB.
  ///
  /// - Parameters:
  ///   - name: of the machine, for people.
  ///   - clock: seconds of a clock that never goes back.
  public init(measuring level: ProcessorLevel, name: String, clock: () -> Double) {
    let kernels = KernelTable(level)
    let memory = MemoryMeasurement(kernels, clock)
    self.init(
      name: name, direct: PlannerCost.direct(kernels, clock), matrix: 1 / memory.secondsPerOperation,
      product: PlannerCost.product(kernels, clock), transform: PlannerCost.transform(kernels, clock),
      elementwise: PlannerCost.elementwise(kernels, clock), memory: memory.costs)
  }

  /// Seconds of the fastest of many runs: a busy machine only ever takes longer.
  fileprivate static func fastest(_ runs: Int, _ clock: () -> Double, _ work: () -> Void) -> Double {
    var best = Double.infinity
    for _ in 0..<runs {
      let start = clock()
      work()
      best = min(best, clock() - start)
    }
    return max(best, 1e-9)
  }

  private static func direct(_ kernels: KernelTable, _ clock: () -> Double) -> Double {
    let geometry = ConvolutionGeometry(
      inputs: 8, outputs: 8, inputHeight: 36, inputWidth: 36, kernelHeight: 5, kernelWidth: 5)
    let work = StageWork.direct(geometry)
    let values = alignedFloats(geometry.inputCount + geometry.weightCount + geometry.outputCount + 8)
    defer { values.deallocate() }
    let weights = values + geometry.inputCount
    let bias = weights + geometry.weightCount
    return work.direct
      / fastest(300, clock) { kernels.convolveFeatures(geometry, values, weights, bias, .none, bias + 8) }
  }

  /// Products of a block of spectra with their past: kernels are read from near, as in a stream from step to step.
  private static func product(_ kernels: KernelTable, _ clock: () -> Double) -> Double {
    let (terms, groups) = (40, 8)
    let (stride, resultStride) = (terms * 16, groups * 128)
    let kernelFloats = groups * 8 * stride
    let values = alignedFloats(kernelFloats + (terms + 4) * 16 + 4 * resultStride)
    defer { values.deallocate() }
    let images = values + kernelFloats
    let results = images + (terms + 4) * 16
    let seconds = fastest(1000, clock) {
      for group in 0..<groups {
        kernels.multiplyAddFour(
          terms, values + group * 8 * stride, stride, images, true, results + group * 128, resultStride)
      }
    }
    return 4 * 64 * Double(groups * 8 * terms) / seconds
  }

  /// Transforms of eight channels there and back.
  private static func transform(_ kernels: KernelTable, _ clock: () -> Double) -> Double {
    let shape = SpectralShape(
      imageHeight: 36, imageWidth: 36, top: 0, left: 0, fieldHeight: 36, fieldWidth: 36, resultHeight: 26,
      resultWidth: 26, strideVertical: 1, strideHorizontal: 1)
    let table = FourierTable(length: 36)
    let layout = FourierLayout(table)
    let (imageFloats, spectrumFloats) = (36 * 36 * 8, shape.bins * 16)
    let values = alignedFloats(2 * imageFloats + spectrumFloats + shape.featureScratch + 8)
    defer { values.deallocate() }
    let spectrum = values + imageFloats
    let result = spectrum + spectrumFloats
    let scratch = result + imageFloats
    let seconds = fastest(1000, clock) {
      kernels.transformFeatures(shape, layout, layout, values, scratch, spectrum)
      kernels.restoreFeatures(
        shape, layout, layout, spectrum, scratch + shape.featureScratch, .none, scratch, result)
    }
    return 16 * StageWork.transform(shape) / seconds
  }

  private static func elementwise(_ kernels: KernelTable, _ clock: () -> Double) -> Double {
    let values = alignedFloats(10_240)
    defer { values.deallocate() }
    return 10_240 / fastest(1000, clock) { kernels.rectify(10_240, values) }
  }
}

/// Reading weights from further and further away.
private struct MemoryMeasurement {
  var secondsPerOperation: Double
  var costs: [PlannerCost.MemoryCost] = []

  init(_ kernels: KernelTable, _ clock: () -> Double) {
    // Not a power of two, so that four rows do not meet in one set of a cache.
    let (columns, bytesPerRow) = (1032, 1032 * 4)
    let largest = 1 << 26
    let weights = alignedFloats(largest / 4)
    let input = alignedFloats(columns)
    let output = alignedFloats(2 * (largest / bytesPerRow))
    defer { for block in [weights, input, output] { block.deallocate() } }
    let bias = output + largest / bytesPerRow
    let sizes = [1 << 17, 1 << 20, 1 << 22, 1 << 24, 1 << 26]
    var secondsPerByte = [Double](repeating: .infinity, count: sizes.count)
    // In turn, so that a neighbour who takes a shared cache for a while does not decide about one size.
    for _ in 0..<4 {
      for (index, bytes) in sizes.enumerated() {
        let rows = bytes / bytesPerRow
        // A first run brings the working set where it stays.
        let seconds = PlannerCost.fastest(max(4, (1 << 24) / bytes), clock) {
          kernels.multiplyRows(columns, rows, weights, bias, input, output)
        }
        secondsPerByte[index] = min(secondsPerByte[index], seconds / Double(rows * bytesPerRow))
      }
    }
    let near = secondsPerByte[0]
    secondsPerOperation = near * 2
    var further = 0.0
    for (index, bytes) in sizes.enumerated() {
      // Further away is never nearer.
      further = max(further, secondsPerByte[index] - near)
      costs.append(PlannerCost.MemoryCost(workingSet: Double(bytes), secondsPerByte: further))
    }
  }
}
