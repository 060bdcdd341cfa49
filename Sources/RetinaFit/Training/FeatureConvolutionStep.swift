import RetinaEngine
import RetinaKernels

/// A convolution between two feature maps, in the frequency domain, with its gradients.
final class FeatureConvolutionStep: NetworkStep, @unchecked Sendable {
  let output: FeatureLayout
  let isInPlace = false
  private let geometry: ConvolutionGeometry
  private let weights: LayerWeights
  private let kernels: KernelTable
  private let forwardShape, gradientShape: SpectralShape
  private let rows, columns: FourierTable
  private let spectra, adjointSpectra: KernelSpectra
  private let clipLength: Int
  /// Spectra of the inputs of all samples: `[sample][group of 8 inputs][bin][real parts 8, imaginary parts 8]`.
  private let images: AlignedFloats
  private let kernelSpectra, adjointKernelSpectra: AlignedFloats
  private let threadMemory: [Thread]

  /// What a thread works in.
  private struct Thread {
    let scratch, product, outputs, gradients: AlignedFloats
  }

  init(_ geometry: ConvolutionGeometry, field: SampledField, weights: LayerWeights, room: BatchRoom) {
    self.geometry = geometry
    self.weights = weights
    kernels = room.kernels
    let sampled = field.sampled
    forwardShape = sampled
    gradientShape = sampled.ofGradients
    rows = FourierTable(length: sampled.fieldWidth)
    columns = FourierTable(length: sampled.fieldHeight)
    let (inputGroups, outputGroups) = ((geometry.inputs + 7) / 8, (geometry.outputs + 7) / 8)
    let positions = field.spacing * field.spacing
    spectra = KernelSpectra(
      geometry, field: field, inputsInMemory: inputGroups * 8, inputPositions: positions, kernels: room.kernels)
    var exchanged = geometry
    (exchanged.inputs, exchanged.outputs) = (geometry.outputs, geometry.inputs)
    adjointSpectra = KernelSpectra(
      exchanged, field: field, inputsInMemory: outputGroups * 8, inputPositions: positions, kernels: room.kernels)
    clipLength = room.clipLength
    output = .lanes(channels: geometry.outputs, height: sampled.resultHeight, width: sampled.resultWidth)
    images = AlignedFloats(room.clips * clipLength * inputGroups * sampled.bins * 16)
    kernelSpectra = AlignedFloats(spectra.floats)
    adjointKernelSpectra = AlignedFloats(adjointSpectra.floats)
    let gradients = spectra.floats
    threadMemory = (0..<room.threads).map { _ in
      Thread(
        scratch: AlignedFloats(sampled.featureScratch), product: AlignedFloats(sampled.bins * 16),
        outputs: AlignedFloats(room.clipLength * outputGroups * sampled.bins * 16),
        gradients: AlignedFloats(gradients))
    }
  }

  private var inputGroups: Int { (geometry.inputs + 7) / 8 }
  private var outputGroups: Int { (geometry.outputs + 7) / 8 }
  private var inputPlane: Int { forwardShape.imageHeight * forwardShape.imageWidth * 8 }
  private var outputPlane: Int { forwardShape.resultHeight * forwardShape.resultWidth * 8 }
  private var binFloats: Int { forwardShape.bins * 16 }

  func prepare(_ pass: Pass) {
    weights.prepare(pass)
    spectra.transform(weights.values, into: kernelSpectra.base, threads: pass.threads)
    adjointSpectra.transformAdjoint(weights.values, into: adjointKernelSpectra.base, threads: pass.threads)
  }

  func forward(_ pass: Pass, _ values: StepValues) {
    guard let input = values.input.map(SendableFloats.init) else { return }
    let (rows, columns) = (FourierLayout(rows), FourierLayout(columns))
    pass.onEveryThread { thread in
      let memory = threadMemory[thread]
      for sample in pass.samples(ofThread: thread) {
        let image = images.base + sample * inputGroups * binFloats
        for group in 0..<inputGroups {
          kernels.transformFeatures(
            forwardShape, rows, columns, input.base + sample * values.inputFloats + group * inputPlane,
            memory.scratch.base, image + group * binFloats)
        }
        for group in 0..<outputGroups {
          kernels.multiplyFeatures(
            forwardShape.bins, geometry.inputs, kernelSpectra.base + group * spectra.groupFloats, image, binFloats,
            memory.product.base)
          kernels.restoreFeatures(
            forwardShape, rows, columns, memory.product.base, weights.bias + 8 * group, .none, memory.scratch.base,
            values.output + sample * values.outputFloats + group * outputPlane)
        }
      }
    }
  }

  func backward(_ pass: Pass, _ values: StepValues) {
    pass.onEveryThread { thread in
      let memory = threadMemory[thread]
      memory.gradients.clear()
      for clip in pass.clips(ofThread: thread) {
        for sample in 0..<clipLength { backward(sample, of: clip, values, memory) }
        addProducts(clip, thread: thread, memory)
      }
    }
    let total = threadMemory[0].gradients
    total.add(threadMemory.dropFirst().map { $0.gradients }, threads: pass.threads)
    weights.addGradient(spectra.restore(total.base, threads: pass.threads), pass)
  }

  /// Transforms the gradient of a sample and sends it back to the input.
  private func backward(_ sample: Int, of clip: Int, _ values: StepValues, _ memory: Thread) {
    let (rows, columns) = (FourierLayout(rows), FourierLayout(columns))
    let place = clip * clipLength + sample
    let spectrum = memory.outputs.base + sample * outputGroups * binFloats
    for group in 0..<outputGroups {
      kernels.transformFeatures(
        gradientShape, rows, columns, values.outputGradient + place * values.outputFloats + group * outputPlane,
        memory.scratch.base, spectrum + group * binFloats)
    }
    guard let inputGradient = values.inputGradient else { return }
    for group in 0..<inputGroups {
      kernels.multiplyFeatures(
        forwardShape.bins, geometry.outputs, adjointKernelSpectra.base + group * adjointSpectra.groupFloats, spectrum,
        binFloats, memory.product.base)
      kernels.restoreFeatures(
        gradientShape, rows, columns, memory.product.base, weights.zeros, .none, memory.scratch.base,
        inputGradient + place * values.inputFloats + group * inputPlane)
    }
  }

  /// Adds what the windows of a clip say about the kernels.
  private func addProducts(_ clip: Int, thread: Int, _ memory: Thread) {
    let image = images.base + clip * clipLength * inputGroups * binFloats
    for outputGroup in 0..<outputGroups {
      let gradients = memory.outputs.base + outputGroup * binFloats
      for inputGroup in 0..<inputGroups {
        for bin in 0..<forwardShape.bins {
          kernels.addGradientProducts(
            clipLength, min(8, geometry.inputs - 8 * inputGroup), gradients + bin * 16, outputGroups * binFloats,
            image + inputGroup * binFloats + bin * 16, inputGroups * binFloats, 1,
            memory.gradients.base + outputGroup * spectra.groupFloats + (bin * inputGroups + inputGroup) * 128)
        }
      }
      weights.addBias(
        thread: thread, group: outputGroup, spectra: gradients, samples: clipLength, stride: outputGroups * binFloats)
    }
  }
}

extension SpectralShape {
  /// The numbers for gradients of the results, which go back to images.
  var ofGradients: SpectralShape {
    var shape = self
    (shape.imageHeight, shape.imageWidth) = (resultHeight, resultWidth)
    (shape.resultHeight, shape.resultWidth) = (imageHeight, imageWidth)
    return shape
  }
}
