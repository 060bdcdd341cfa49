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

  /// Reads an array from a file whose path another file states, relative to its own folder, which it may not leave.
  package static func read(_ location: String, beside path: String) throws(FileError) -> Tensor {
    let source = try FileSystem.map(location, beside: path)
    return try parse(withExtendedLifetime(source) { Array(source.buffer) }, file: location)
  }

  /// Reads an array from the bytes of a file.
  public static func parse(_ bytes: [UInt8], file: String) throws(FileError) -> Tensor {
    let (shape, values) = try parse(bytes, file: file) { $0.type.values(in: $1, bigEndian: $0.isBigEndian) }
    guard let tensor = Tensor(shape: shape, values: values) else {
      throw FileError(file: file, place: "data", expected: "\(shape.count) values", found: "\(values.count)")
    }
    return tensor
  }

  /// Reads an array from the bytes of a file without rounding float64 and long integers to float32.
  public static func parseDoubles(
    _ bytes: [UInt8], file: String
  ) throws(FileError) -> (shape: Shape, values: [Double]) {
    try parse(bytes, file: file) { $0.type.doubles(in: $1, bigEndian: $0.isBigEndian) }
  }

  private static func parse<Value>(
    _ bytes: [UInt8], file: String, _ read: (NPYHeader, UnsafeRawBufferPointer) -> [Value]
  ) throws(FileError) -> (shape: Shape, values: [Value]) {
    let header = try NPYHeader(parsing: bytes, file: file)
    let count = bytes.count - header.length
    guard header.type.byteCount(of: header.shape) == count else { throw header.sizeError(file, found: count) }
    let values = bytes.withUnsafeBytes { read(header, UnsafeRawBufferPointer(rebasing: $0[header.length...])) }
    return (header.shape, header.isFortranOrder ? rowMajor(values, header.shape) : values)
  }

  /// The bytes of a file: version 1.0, little-endian float32, C order; the same as `numpy.save` gives.
  public static func bytes(of tensor: Tensor) -> [UInt8] {
    var bytes = NPYHeader.bytes(for: tensor.shape)
    bytes.reserveCapacity(bytes.count + 4 * tensor.values.count)
    append(tensor.values, to: &bytes)
    return bytes
  }

  /// The bytes of a file of little-endian float64, one axis.
  static func bytes(of values: [Double]) -> [UInt8] {
    NPYHeader.bytes(for: Shape(values.count), type: "<f8") + values.withUnsafeBytes { Array($0) }
  }

  /// The bytes of a file of unsigned bytes, one axis.
  static func bytes(of values: [UInt8]) -> [UInt8] { NPYHeader.bytes(for: Shape(values.count), type: "|u1") + values }

  /// Writes an array to a file.
  public static func write(_ tensor: Tensor, to path: String) throws(FileError) {
    try FileSystem.write(bytes(of: tensor), to: path)
  }

  /// The same array with the last axis contiguous in place of the first.
  private static func rowMajor<Value>(_ values: [Value], _ shape: Shape) -> [Value] {
    guard let last = shape.dimensions.last, shape.rank > 1 else { return values }
    let step = shape.count / last
    var strides: [Int] = []
    var stride = 1
    for extent in shape.dimensions {
      strides.append(stride)
      stride *= extent
    }
    return [Value](unsafeUninitializedCapacity: shape.count) { output, filled in
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
