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
  private let field: SampledField
  private let forwardShape, backwardShape: SpectralShape
  private let frameRows, frameColumns, rows, columns: FourierTable
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

  init(_ geometry: ConvolutionGeometry, field: SampledField, weights: LayerWeights, room: BatchRoom) {
    self.geometry = geometry
    self.weights = weights
    self.field = field
    kernels = room.kernels
    forwardShape = field.sampled
    backwardShape = field.sampled.ofGradients
    rows = FourierTable(length: forwardShape.fieldWidth)
    columns = FourierTable(length: forwardShape.fieldHeight)
    frameRows = FourierTable(length: field.whole.fieldWidth)
    frameColumns = FourierTable(length: field.whole.fieldHeight)
    spectra = KernelSpectra(
      geometry, field: field, inputsInMemory: geometry.inputs, inputPositions: 1, kernels: room.kernels)
    clipLength = room.clipLength
    output = .lanes(
      channels: geometry.outputs, height: forwardShape.resultHeight, width: forwardShape.resultWidth)
    let bins = forwardShape.paddedBins
    images = AlignedFloats(room.clips * (clipLength + geometry.inputs - 1) * bins * 2)
    kernelSpectra = AlignedFloats(spectra.floats)
    let (scratch, gradients) = (max(field.whole.imageScratch, forwardShape.featureScratch), spectra.floats)
    threadMemory = (0..<room.threads).map { _ in
      Thread(
        scratch: AlignedFloats(scratch), planes: AlignedFloats(2 * field.whole.paddedBins + 16),
        sums: AlignedFloats(room.clipLength * bins * 16), gradients: AlignedFloats(gradients))
    }
  }

  /// Floats of eight channels of a window's results.
  private var outputPlane: Int { forwardShape.resultHeight * forwardShape.resultWidth * 8 }

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
                + group * outputPlane)
          }
        }
      }
    }
  }

  private func images(ofClip clip: Int) -> UnsafeMutablePointer<Float> {
    images.base + clip * frames * forwardShape.paddedBins * 2
  }

  private func transformFrames(_ pass: Pass, clip: Int, _ memory: Thread) {
    let pixels = geometry.inputHeight * geometry.inputWidth
    let (re, im) = (memory.planes.base, memory.planes.base + field.whole.paddedBins + 8)
    for frame in 0..<frames {
      kernels.transformImage(
        field.whole, FourierLayout(frameRows), FourierLayout(frameColumns),
        pass.movie + (pass.firstFrames[clip] + frame) * pixels, memory.scratch.base, re, im)
      var target = images(ofClip: clip) + frame * 16
      guard field.spacing == 1 else {
        for (bin, wholeBin) in field.wholeBins.enumerated() {
          guard let wholeBin else { continue }
          let place = target + bin / 8 * frames * 16 + bin % 8
          (place[0], place[8]) = (re[wholeBin], im[wholeBin])
        }
        continue
      }
      for bin in stride(from: 0, to: forwardShape.paddedBins, by: 8) {
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
                + group * outputPlane, memory.scratch.base,
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
