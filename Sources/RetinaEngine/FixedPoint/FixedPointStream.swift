/// A model in integers: the bytes of its image, checked.
public typealias FixedPointProgram = ImageProgram<FixedPointImage>

/// A model in integers at work, with memory of its own.
public typealias FixedPointStream = ImageStream<FixedPointImage>

extension FixedPointProgram {
  /// Writes the image of a model, as it would be for a file, and opens it.
  public convenience init(_ model: FixedPointModel) throws(ImageError) {
    try self.init(try model.image())
  }
}
