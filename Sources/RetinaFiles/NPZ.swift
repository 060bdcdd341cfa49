import RetinaModel

/// NumPy's `.npz` files: ZIP archives of `.npy` files, stored or deflated.
///
/// Checksums are verified, and an archive cannot ask for more memory than its length can account for.
public enum NPZ {
  /// Reads all arrays of a file, in the order of the archive, under their names without `.npy`.
  public static func read(_ path: String) throws(FileError) -> [(name: String, tensor: Tensor)] {
    try parse(try FileSystem.read(path), file: path)
  }

  /// Reads all arrays from the bytes of a file.
  public static func parse(_ bytes: [UInt8], file: String) throws(FileError) -> [(name: String, tensor: Tensor)] {
    let archive = try NPZArchive(parsing: bytes, file: file)
    var arrays: [(name: String, tensor: Tensor)] = []
    for name in archive.names {
      if let tensor = try archive.tensor(name) { arrays.append((name, tensor)) }
    }
    return arrays
  }

  /// Writes arrays to a file, stored; equal arrays give equal files.
  ///
  /// - Throws: ``FileError`` when two arrays have one name or the file would be longer than 4 GB.
  public static func write(_ arrays: [(name: String, tensor: Tensor)], to path: String) throws(FileError) {
    try FileSystem.write(try bytes(of: arrays, file: path), to: path)
  }

  /// The bytes of a file; `file` is what errors call it.
  static func bytes(of arrays: [(name: String, tensor: Tensor)], file: String) throws(FileError) -> [UInt8] {
    try Zip.bytes(of: arrays.map { ($0.name + NPZArchive.suffix, NPY.bytes(of: $0.tensor)) }, file: file)
  }
}
