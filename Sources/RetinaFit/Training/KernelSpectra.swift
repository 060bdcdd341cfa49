import RetinaEngine
import RetinaKernels

/// Brings a bank of kernels into the frequency domain and gradients of its spectra back.
///
/// Kernels are `[out, in, height, width]`. Spectra are `[group of 8 outputs][bin][in, filled up][real parts 8, imaginary parts 8]`
/// as the product kernels read them: conjugated, since the convolution is a cross-correlation, and divided by the number of bins
/// of the field.
struct KernelSpectra: Sendable {
  let outputs, inputs, height, width: Int
  /// Inputs in memory, of which those beyond `inputs` are zero.
  let inputsInMemory: Int
  private let field: SampledField
  private let shape: SpectralShape
  private let scale: Float
  private let kernels: KernelTable
  private let rows, columns: FourierTable

  /// - Parameter inputPositions: how many positions each number of an image stands for.
  init(
    _ geometry: ConvolutionGeometry, field: SampledField, inputsInMemory: Int, inputPositions: Int,
    kernels: KernelTable
  ) {
    (outputs, inputs) = (geometry.outputs, geometry.inputs)
    (height, width) = (geometry.kernelHeight, geometry.kernelWidth)
    let (fieldHeight, fieldWidth) = (field.whole.fieldHeight, field.whole.fieldWidth)
    shape = SpectralShape(
      imageHeight: height, imageWidth: width, fieldHeight: fieldHeight, fieldWidth: fieldWidth, resultHeight: height,
      resultWidth: width)
    scale = Float(inputPositions) / Float(fieldHeight * fieldWidth)
    self.field = field
    self.inputsInMemory = inputsInMemory
    self.kernels = kernels
    rows = FourierTable(length: fieldWidth)
    columns = FourierTable(length: fieldHeight)
  }

  private var outputGroups: Int { (outputs + 7) / 8 }

  /// Floats of the spectra.
  var floats: Int { outputGroups * groupFloats }

  /// Floats from one group of outputs to the next.
  var groupFloats: Int { field.sampled.paddedBins * inputsInMemory * 16 }

  /// The spectra of kernels.
  func transform(_ weight: [Float], into spectra: UnsafeMutablePointer<Float>, threads: Int) {
    transform(into: SendableFloats(spectra), threads: threads, conjugated: true) { output, input, position in
      weight[(output * inputs + input) * height * width + position]
    }
  }

  /// The spectra with which gradients go back, of the same kernels seen as `[in, out, height, width]`.
  ///
  /// Called on the spectra of the bank with inputs and outputs exchanged.
  func transformAdjoint(_ weight: [Float], into spectra: UnsafeMutablePointer<Float>, threads: Int) {
    transform(into: SendableFloats(spectra), threads: threads, conjugated: false) { output, input, position in
      weight[(input * outputs + output) * height * width + position]
    }
  }

  private func transform(
    into spectra: SendableFloats, threads: Int, conjugated: Bool, _ weight: @Sendable (Int, Int, Int) -> Float
  ) {
    let positions = height * width
    Parallel.split(outputGroups * inputs, threads: threads) { items in
      let memory = AlignedFloats(shape.featureScratch + shape.bins * 16 + positions * 8)
      let packs = memory.base + shape.featureScratch
      let image = packs + shape.bins * 16
      for item in items {
        let (group, input) = (item / inputs, item % inputs)
        for lane in 0..<min(8, outputs - 8 * group) {
          for position in 0..<positions {
            image[position * 8 + lane] = weight(8 * group + lane, input, position) * scale
          }
        }
        kernels.transformFeatures(shape, FourierLayout(rows), FourierLayout(columns), image, memory.base, packs)
        var target = spectra.base + group * groupFloats + input * 16
        for bin in field.wholeBins {
          // What is left out stays zero.
          if let bin {
            for lane in 0..<8 {
              target[lane] = packs[bin * 16 + lane]
              target[lane + 8] = conjugated ? -packs[bin * 16 + lane + 8] : packs[bin * 16 + lane + 8]
            }
          }
          target += inputsInMemory * 16
        }
      }
    }
  }

  /// The gradient of the kernels from the sums of products of spectra.
  func restore(_ spectra: UnsafeMutablePointer<Float>, threads: Int) -> [Float] {
    let positions = height * width
    var gradient = [Float](repeating: 0, count: outputs * inputs * positions)
    gradient.withUnsafeMutableBufferPointer { buffer in
      let (gradient, spectra) = (SendableFloats(buffer.baseAddress!), SendableFloats(spectra))
      Parallel.split(outputGroups * inputs, threads: threads) { items in
        let memory = AlignedFloats(shape.featureScratch + shape.bins * 16 + positions * 8 + 8)
        let packs = memory.base + shape.featureScratch
        let image = packs + shape.bins * 16
        let zeros = image + positions * 8
        for item in items {
          let (group, input) = (item / inputs, item % inputs)
          var source = spectra.base + group * groupFloats + input * 16
          if field.spacing > 1 { packs.update(repeating: 0, count: shape.bins * 16) }
          for bin in field.wholeBins {
            if let bin { (packs + bin * 16).update(from: source, count: 16) }
            source += inputsInMemory * 16
          }
          kernels.restoreFeatures(
            shape, FourierLayout(rows), FourierLayout(columns), packs, zeros, .none, memory.base, image)
          for lane in 0..<min(8, outputs - 8 * group) {
            for position in 0..<positions {
              gradient.base[((8 * group + lane) * inputs + input) * positions + position] =
                image[position * 8 + lane] * scale
            }
          }
        }
      }
    }
    return gradient
  }
}

/// A pointer that threads share, each touching its own part.
struct SendableFloats: @unchecked Sendable {
  var base: UnsafeMutablePointer<Float>

  init(_ base: UnsafeMutablePointer<Float>) { self.base = base }
}
