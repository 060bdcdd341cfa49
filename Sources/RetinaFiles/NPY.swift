import RetinaModel

/// NumPy's `.npy` files, versions 1.0, 2.0 and 3.0.
///
/// Booleans, integers and floats of either byte order and of C or Fortran order become float32, rounded to nearest.
/// Values that are not finite are let through. An array without elements has no ``Shape`` and is refused.
public enum NPY {
  /// Reads an array from a file.
  public static func read(_ path: String) throws(FileError) -> Tensor {
    try parse(try FileSystem.read(path), file: path)
  }

  /// Reads an array from the bytes of a file.
  public static func parse(_ bytes: [UInt8], file: String) throws(FileError) -> Tensor {
    let header = try NPYHeader(parsing: bytes, file: file)
    let count = bytes.count - header.length
    guard header.type.byteCount(of: header.shape) == count else { throw header.sizeError(file, found: count) }
    var values = bytes.withUnsafeBytes {
      header.type.values(in: UnsafeRawBufferPointer(rebasing: $0[header.length...]), bigEndian: header.isBigEndian)
    }
    if header.isFortranOrder { values = rowMajor(values, header.shape) }
    guard let tensor = Tensor(shape: header.shape, values: values) else {
      throw FileError(
        file: file, place: "data", expected: "\(header.shape.count) values", found: "\(values.count)")
    }
    return tensor
  }

  /// The bytes of a file: version 1.0, little-endian float32, C order; the same as `numpy.save` gives.
  public static func bytes(of tensor: Tensor) -> [UInt8] {
    var bytes = NPYHeader.bytes(for: tensor.shape)
    bytes.reserveCapacity(bytes.count + 4 * tensor.values.count)
    append(tensor.values, to: &bytes)
    return bytes
  }

  /// Writes an array to a file.
  public static func write(_ tensor: Tensor, to path: String) throws(FileError) {
    try FileSystem.write(bytes(of: tensor), to: path)
  }

  /// The same array with the last axis contiguous in place of the first.
  private static func rowMajor(_ values: [Float], _ shape: Shape) -> [Float] {
    guard let last = shape.dimensions.last, shape.rank > 1 else { return values }
    let step = shape.count / last
    var strides: [Int] = []
    var stride = 1
    for extent in shape.dimensions {
      strides.append(stride)
      stride *= extent
    }
    return [Float](unsafeUninitializedCapacity: shape.count) { output, filled in
      values.withUnsafeBufferPointer { input in
        var indices = [Int](repeating: 0, count: shape.rank - 1)
        var start = 0
        var place = 0
        while place < shape.count {
          for index in 0..<last {
            output.initializeElement(at: place, to: input[start + index * step])
            place += 1
          }
          // The next row: count up like an odometer, the last but one axis first.
          var axis = indices.count - 1
          while axis >= 0 {
            indices[axis] += 1
            start += strides[axis]
            if indices[axis] < shape[axis] { break }
            start -= indices[axis] * strides[axis]
            indices[axis] = 0
            axis -= 1
          }
        }
      }
      filled = shape.count
    }
  }
}
