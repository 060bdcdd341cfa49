import RetinaKernels

/// A model compiled for a board: a view of the bytes of a `.retina` file, used where they lie.
///
/// The bytes are checked when the view is made (``init(_:count:)``): whatever they hold, nothing that is read later lies outside them and
/// every number is in its range. The bytes must outlive the view and never change.
public protocol ModelImage: ImageWords {
  /// The image at work.
  associatedtype Runner: ImageRunner where Runner.Image == Self

  /// Bytes of a value of the input.
  var inputValueBytes: Int { get }

  /// Takes bytes that ``init(_:count:)`` has found to be right, and that have not changed since.
  init(checked base: UnsafeRawPointer, count: Int)

  /// Looks at bytes as an image.
  ///
  /// Everything is checked: the frame, every checksum, every number. Costs a few operations per byte, once.
  ///
  /// - Parameter base: the first byte, aligned to 64 bytes, on a little-endian processor.
  /// - Throws: ``ImageError`` at the first thing that is wrong.
  init(_ base: UnsafeRawPointer, count: Int) throws(ImageError)

  /// Bytes of a value of a layer's output.
  func outputValueBytes(_ layer: Int) -> Int
}

/// Memory.
extension ModelImage {
  /// Place of a layer's output in the arena, in bytes; of the working memory for the layer after the last.
  ///
  /// The outputs of all layers have places of their own, so that any of them can be read after a run.
  func place(_ layer: Int) -> Int {
    var place = windowBytes
    for earlier in 0..<layer {
      place += ImageLayout.aligned(outputCount(earlier) * outputValueBytes(earlier))
    }
    return place
  }

  /// Bytes for the frames of a window in order, at the start of the arena; 0 when the first layer can read them out of order,
  /// because it is a convolution with a channel per frame.
  var windowBytes: Int {
    guard let history else { return 0 }
    let readsRing =
      layerNumber(0, ImageLayout.Layer.kind) == Int(ImageLayout.Kind.convolution.rawValue)
      && layerNumber(0, ImageLayout.Layer.inputs) == history
    return readsRing ? 0 : ImageLayout.aligned(inputCount * inputValueBytes)
  }

  /// Bytes of a stream's state: a header and the frames of the history; 0 for a model that does not look at movies.
  var stateBytesNeeded: Int {
    guard let history else { return 0 }
    return ImageLayout.stateHeaderBytes + ImageLayout.aligned(history * frameCount * inputValueBytes)
  }
}
