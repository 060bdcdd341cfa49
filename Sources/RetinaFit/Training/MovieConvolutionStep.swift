import RetinaEngine
import RetinaKernels

/// The first convolution of a network, over clips of a movie, in the frequency domain.
///
/// A frame is transformed once and serves all windows that hold it; forwards, products over the history are added per bin, and
/// backwards the same products give the gradient of the kernels.
final class MovieConvolutionStep: NetworkStep, @unchecked Sendable {
  let output: FeatureLayout
  let isInPlace = false
  private let geometry: ConvolutionGeometry
  private let weights: LayerWeights
  private let kernels: KernelTable
  private let forwardShape, backwardShape: SpectralShape
  private let rows, columns: FourierTable
  private let spectra: KernelSpectra
  private let clipLength: Int
  /// Spectra of the frames of each clip: `[clip][group of 8 bins][frame][real parts 8, imaginary parts 8]`.
  private let images: AlignedFloats
  private let kernelSpectra: AlignedFloats
  private let threadMemory: [Thread]

  /// What a thread works in.
  private struct Thread {
    let scratch, planes, sums, gradients: AlignedFloats
  }

  init(_ geometry: ConvolutionGeometry, field: SpectralShape, weights: LayerWeights, room: BatchRoom) {
    self.geometry = geometry
    self.weights = weights
    kernels = room.kernels
    forwardShape = field
    backwardShape = field.ofGradients
    rows = FourierTable(length: field.fieldWidth)
    columns = FourierTable(length: field.fieldHeight)
    spectra = KernelSpectra(geometry, field: field, inputsInMemory: geometry.inputs, kernels: room.kernels)
    clipLength = room.clipLength
    output = .lanes(channels: geometry.outputs, height: geometry.outputHeight, width: geometry.outputWidth)
    images = AlignedFloats(room.clips * (clipLength + geometry.inputs - 1) * field.paddedBins * 2)
    kernelSpectra = AlignedFloats(spectra.floats)
    let (scratch, gradients) = (max(field.imageScratch, field.featureScratch), spectra.floats)
    threadMemory = (0..<room.threads).map { _ in
      Thread(
        scratch: AlignedFloats(scratch), planes: AlignedFloats(2 * field.paddedBins + 16),
        sums: AlignedFloats(room.clipLength * field.paddedBins * 16), gradients: AlignedFloats(gradients))
    }
  }

  private var frames: Int { clipLength + geometry.inputs - 1 }

  func prepare(_ pass: Pass) {
    weights.prepare(pass)
    spectra.transform(weights.values, into: kernelSpectra.base, threads: pass.threads)
  }

  func forward(_ pass: Pass, _ values: StepValues) {
    pass.onEveryThread { thread in
      let memory = threadMemory[thread]
      for clip in pass.clips(ofThread: thread) {
        transformFrames(pass, clip: clip, memory)
        for group in 0..<(geometry.outputs + 7) / 8 {
          multiply(clip: clip, group: group, memory)
          for sample in 0..<clipLength {
            kernels.restoreFeatures(
              forwardShape, FourierLayout(rows), FourierLayout(columns),
              memory.sums.base + sample * forwardShape.paddedBins * 16, weights.bias + 8 * group, .none,
              memory.scratch.base,
              values.output + (clip * clipLength + sample) * values.outputFloats
                + group * geometry.outputHeight * geometry.outputWidth * 8)
          }
        }
      }
    }
  }

  private func images(ofClip clip: Int) -> UnsafeMutablePointer<Float> {
    images.base + clip * frames * forwardShape.paddedBins * 2
  }

  private func transformFrames(_ pass: Pass, clip: Int, _ memory: Thread) {
    let shape = forwardShape
    let pixels = geometry.inputHeight * geometry.inputWidth
    let (re, im) = (memory.planes.base, memory.planes.base + shape.paddedBins + 8)
    for frame in 0..<frames {
      kernels.transformImage(
        shape, FourierLayout(rows), FourierLayout(columns), pass.movie + (pass.firstFrames[clip] + frame) * pixels,
        memory.scratch.base, re, im)
      var target = images(ofClip: clip) + frame * 16
      for bin in stride(from: 0, to: shape.paddedBins, by: 8) {
        target.update(from: re + bin, count: 8)
        (target + 8).update(from: im + bin, count: 8)
        target += frames * 16
      }
    }
  }

  /// Sums over the history for all windows of a clip.
  private func multiply(clip: Int, group: Int, _ memory: Thread) {
    let stride = forwardShape.paddedBins * 16
    for bin in Swift.stride(from: 0, to: forwardShape.paddedBins, by: 8) {
      let kernel = kernelSpectra.base + group * spectra.groupFloats + bin * geometry.inputs * 16
      let image = images(ofClip: clip) + bin * frames * 2
      let sums = memory.sums.base + bin * 16
      var sample = 0
      while sample + 4 <= clipLength {
        kernels.multiplyAddFour(
          geometry.inputs, kernel, geometry.inputs * 16, image + sample * 16, true, sums + sample * stride, stride)
        sample += 4
      }
      while sample < clipLength {
        kernels.multiplyAddOne(
          geometry.inputs, kernel, geometry.inputs * 16, image + sample * 16, true, sums + sample * stride)
        sample += 1
      }
    }
  }

  func backward(_ pass: Pass, _ values: StepValues) {
    pass.onEveryThread { thread in
      let memory = threadMemory[thread]
      memory.gradients.clear()
      for clip in pass.clips(ofThread: thread) {
        for group in 0..<(geometry.outputs + 7) / 8 {
          for sample in 0..<clipLength {
            kernels.transformFeatures(
              backwardShape, FourierLayout(rows), FourierLayout(columns),
              values.outputGradient + (clip * clipLength + sample) * values.outputFloats
                + group * geometry.outputHeight * geometry.outputWidth * 8, memory.scratch.base,
              memory.sums.base + sample * forwardShape.paddedBins * 16)
          }
          for bin in 0..<forwardShape.bins {
            kernels.addGradientProducts(
              clipLength, geometry.inputs, memory.sums.base + bin * 16, forwardShape.paddedBins * 16,
              images(ofClip: clip) + bin / 8 * frames * 16 + bin % 8, 16, 16,
              memory.gradients.base + group * spectra.groupFloats + bin * geometry.inputs * 16)
          }
          weights.addBias(
            thread: thread, group: group, spectra: memory.sums.base, samples: clipLength,
            stride: forwardShape.paddedBins * 16)
        }
      }
    }
    let total = threadMemory[0].gradients
    total.add(threadMemory.dropFirst().map { $0.gradients }, threads: pass.threads)
    weights.addGradient(spectra.restore(total.base, threads: pass.threads), pass)
  }
}
