import RetinaKernels

/// An image in float32 at work: by definition, without fused multiplications, the same bits on every processor.
public struct FloatRunner: ImageRunner {
  /// What is run.
  public let image: FloatImage
  /// Outputs of all layers.
  public let arena: UnsafeMutableRawPointer
  /// The frames of the history, normalised.
  public let state: UnsafeMutableRawPointer

  /// Takes up memory that is large enough; all levels do the same.
  public init(
    checked image: FloatImage, arena: UnsafeMutableRawPointer, state: UnsafeMutableRawPointer, level: ProcessorLevel
  ) {
    self.image = image
    self.arena = arena
    self.state = state
  }

  /// Normalises numbers; whole frames, or a whole input.
  public func quantize(_ numbers: UnsafePointer<Float>, count: Int, into target: UnsafeMutableRawPointer) {
    let values = target.assumingMemoryBound(to: Float.self)
    let (length, mean, deviation) = image.normalization
    var pixel = 0
    for index in 0..<count {
      values[index] = length == 0 ? numbers[index] : (numbers[index] - mean[pixel]) / deviation[pixel]
      pixel = pixel + 1 < length ? pixel + 1 : 0
    }
  }

  /// The values of a layer after a run.
  public func floats(_ layer: Int) -> UnsafeMutablePointer<Float> { values(layer).assumingMemoryBound(to: Float.self) }

  /// Runs one layer, the first one on a normalised input.
  @inline(never)
  public func run(_ layer: Int, input: UnsafeRawPointer, firstPlane: Int) {
    image.step(layer).forward(
      image.parameters,
      input: layer == 0 ? input.assumingMemoryBound(to: Float.self) : UnsafePointer(floats(layer - 1)),
      firstPlane: layer == 0 ? firstPlane : 0, output: floats(layer))
  }

  /// The numbers of a layer after a run.
  public func numbers(_ layer: Int, into target: UnsafeMutablePointer<Float>) {
    target.update(from: floats(layer), count: image.outputCount(layer))
  }
}

/// A model in float32: the bytes of its image, checked.
public typealias FloatProgram = ImageProgram<FloatImage>

/// A model in reproducible float32 at work, with memory of its own.
public typealias FloatStream = ImageStream<FloatImage>
