import RetinaKernels
import RetinaModel

/// A model compiled for running: a chain of steps over one block of parameters.
///
/// Boundary 0 is the input; boundary k is what step k - 1 gives. A layer is one step, or several (a stack of convolutions).
/// The values of a program never change, so that any number of runners on any threads can share it.
public final class Program: @unchecked Sendable {
  /// The steps in order.
  public let steps: [Step]
  /// Number of values at each boundary; one more than there are steps.
  public let boundaryCounts: [Int]
  /// The boundary at which each layer of the model ends.
  public let layerBoundaries: [Int]
  /// Normalisation of the input, applied by ``normalize(_:into:)``.
  let normalization: InputNormalization
  /// The fast kernels of the processor level that the program was compiled for.
  public let kernels: KernelTable
  /// The convolutions in packed form; nothing for other steps.
  let packed: [PackedConvolution?]
  let parameters: UnsafeMutablePointer<Float>
  let indices: UnsafeMutablePointer<Int32>

  /// Compiles a model.
  ///
  /// Batch normalisation becomes one multiplication and addition per value; a separable convolution
  /// becomes the convolution it stands for; a stack keeps its convolutions.
  public init(_ model: Model, level: ProcessorLevel = .best) {
    var compiler = Compiler()
    for (index, layer) in model.layers.enumerated() {
      compiler.append(
        layer.operation, layer: index, input: model.inputShape(ofLayer: index), output: model.shapes[index])
    }
    steps = compiler.steps
    boundaryCounts = [model.inputShape.count] + compiler.counts
    layerBoundaries = compiler.layerBoundaries
    normalization = InputNormalization(model.facts.normalization)
    parameters = compiler.parameters.block()
    indices = .allocate(capacity: max(1, compiler.indices.count))
    indices.initialize(from: compiler.indices, count: compiler.indices.count)
    kernels = KernelTable(level)
    let (block, table) = (parameters, kernels)
    packed = steps.map { step in
      guard case .convolution(let geometry, let weight, let bias) = step.kind else { return nil }
      return PackedConvolution(
        geometry, weight: block + weight, bias: bias.map { UnsafePointer(block + $0) }, kernels: table)
    }
  }

  deinit {
    parameters.deallocate()
    indices.deallocate()
  }

  /// The boundary after the last step.
  public var outputBoundary: Int { steps.count }

  /// Number of values that go in.
  public var inputCount: Int { boundaryCounts[0] }

  /// Number of values that come out.
  public var outputCount: Int { boundaryCounts[steps.count] }

  /// Floats of scratch that a gradient needs.
  var scratchFloats: Int { packed.reduce(0) { max($0, $1?.scratchFloats ?? 0) } }

  /// Multiply-adds of one application.
  public var multiplyAdds: Int { steps.reduce(0) { $0 + $1.multiplyAdds } }

  /// Multiply-adds of one application of a layer, by its definition.
  public func multiplyAdds(ofLayer layer: Int) -> Int {
    steps.reduce(0) { $0 + ($1.layer == layer ? $1.multiplyAdds : 0) }
  }

  /// The last boundary that affine steps alone reach from `start`, at most `limit`.
  public func endOfAffineSteps(from start: Int, limit: Int) -> Int {
    var end = start
    while end < limit, steps[end].isAffine { end += 1 }
    return end
  }

  /// The boundary at which a layer begins (`input`) or ends (`output`).
  public func boundary(layer: Int, side: LayerSide) -> Int {
    switch side {
    case .output: return layerBoundaries[layer]
    case .input: return layer == 0 ? 0 : layerBoundaries[layer - 1]
    }
  }

  /// Applies the model's normalisation to one input.
  public func normalize(_ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>) {
    normalization.apply(input, count: inputCount, output: output)
  }
}

extension Program {
  /// One input after the model's normalisation.
  public func normalized(_ input: [Float]) -> [Float] {
    [Float](unsafeUninitializedCapacity: input.count) { output, filled in
      normalize(input, into: output.baseAddress!)
      filled = input.count
    }
  }
}

/// The two sides of a layer.
public enum LayerSide: Sendable {
  /// What goes into the layer.
  case input
  /// What comes out of it.
  case output
}

/// `(x - mean) / deviation` for one input, in this order.
///
/// One multiplication and one addition would be faster, but would cost digits where the mean is large, and overflow where the
/// deviation is tiny.
struct InputNormalization: Sendable {
  /// Mean and deviation per pixel; a single one of each when all pixels share them; none when there is nothing to do.
  private var mean: [Float]
  private var deviation: [Float]

  init(_ normalization: Normalization) {
    switch normalization {
    case .none: (mean, deviation) = ([], [])
    case .scalar(let mean, let deviation): (self.mean, self.deviation) = ([mean], [deviation])
    case .perPixel(let mean, let deviation): (self.mean, self.deviation) = (mean.values, deviation.values)
    }
  }

  /// Normalises whole frames, or all of an input.
  func apply(_ input: UnsafePointer<Float>, count: Int, output: UnsafeMutablePointer<Float>) {
    switch mean.count {
    case 0: output.update(from: input, count: count)
    case 1:
      let (constant, divisor) = (mean[0], deviation[0])
      for index in 0..<count { output[index] = (input[index] - constant) / divisor }
    default:
      let pixels = mean.count
      var first = 0
      while first < count {
        for pixel in 0..<pixels { output[first + pixel] = (input[first + pixel] - mean[pixel]) / deviation[pixel] }
        first += pixels
      }
    }
  }
}
