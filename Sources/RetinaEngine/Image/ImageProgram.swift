import RetinaKernels
import RetinaModel

/// The bytes of an image in memory of their own, checked.
///
/// Nothing in it changes, so that any number of streams on any threads can share it.
public final class ImageProgram<Image: ModelImage>: @unchecked Sendable {
  /// What the bytes say.
  public let image: Image
  private let memory: UnsafeMutableRawPointer

  /// Copies the bytes of an image and checks them.
  public init(_ bytes: [UInt8]) throws(ImageError) {
    let memory = alignedBytes(bytes)
    do throws(ImageError) {
      image = try Image(memory, count: bytes.count)
    } catch {
      memory.deallocate()
      throw error
    }
    self.memory = memory
  }

  deinit { memory.deallocate() }

  /// The names of the float model's layers that a layer stands for.
  public func names(_ layer: Int) -> [String] {
    let bytes = image.layerNameBytes(layer)
    var (names, first) = ([String](), 0)
    for index in 0...bytes.count where index == bytes.count || bytes[index] == 0x0A {
      if index > first {
        names.append(String(decoding: UnsafeRawBufferPointer(rebasing: bytes[first..<index]), as: UTF8.self))
      }
      first = index + 1
    }
    return names
  }

  /// The name of the model.
  public var name: String { String(decoding: image.nameBytes, as: UTF8.self) }

  /// The place of the layer that stands for a layer of the float model; nothing for one that was merged into the next.
  public func layer(named name: String) -> Int? {
    (0..<image.layerCount).first { layer in names(layer).contains { $0.utf8.elementsEqual(name.utf8) } }
  }

  /// Shape of one input.
  public var inputShape: Shape { shape(image.inputRank) { self.image.inputExtent($0) } }

  /// Shape of a layer's output.
  public func outputShape(_ layer: Int) -> Shape {
    shape(image.outputRank(layer)) { self.image.outputExtent(layer, $0) }
  }

  private func shape(_ rank: Int, _ extent: (Int) -> Int) -> Shape {
    guard let shape = Shape(checking: (0..<rank).map(extent)) else { fatalError("the image was checked") }
    return shape
  }
}

/// A copy of bytes at an address that is a multiple of 64; the caller deallocates it.
func alignedBytes(_ bytes: [UInt8]) -> UnsafeMutableRawPointer {
  let memory = UnsafeMutableRawPointer.allocate(
    byteCount: max(ImageLayout.alignment, bytes.count), alignment: ImageLayout.alignment)
  bytes.withUnsafeBytes { source in
    if let start = source.baseAddress { memory.copyMemory(from: start, byteCount: bytes.count) }
  }
  return memory
}
