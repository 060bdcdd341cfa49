import RetinaModel

/// The arrays of an `.npz` file that do not all have the same use: each is read as what it is asked for.
///
/// ``NPZ`` is the simpler way where all arrays are values of a model.
public struct NPZArchive {
  /// What an array to be written holds.
  public enum Content: Sendable {
    /// Float32 of any shape.
    case tensor(Tensor)
    /// Float64 along one axis, such as times; at least one.
    case doubles([Double])
    /// UTF-8 along one axis, such as JSON; at least one byte.
    case text(String)
  }

  /// The file as the user named it.
  public let file: String
  private let members: [(name: String, bytes: [UInt8])]
  static let suffix = ".npy"

  /// Reads a file.
  ///
  /// - Throws: ``FileError`` when it is no archive of arrays or a checksum is wrong.
  public init(_ path: String) throws(FileError) {
    try self.init(parsing: try FileSystem.read(path), file: path)
  }

  /// Reads the bytes of a file.
  public init(parsing bytes: [UInt8], file: String) throws(FileError) {
    self.file = file
    var members: [(name: String, bytes: [UInt8])] = []
    for (name, bytes) in try Zip(bytes, file: file).members() {
      guard name.hasSuffix(NPZArchive.suffix) else {
        throw FileError(
          file: file, place: "member \(quoted(name))", expected: "members whose names end in .npy", found: "another")
      }
      members.append((String(name.dropLast(NPZArchive.suffix.count)), bytes))
    }
    self.members = members
  }

  /// The names of the arrays, in the order of the archive.
  public var names: [String] { members.map { $0.name } }

  /// An array as float32; nothing when there is none of that name.
  public func tensor(_ name: String) throws(FileError) -> Tensor? {
    try array(name) { bytes throws(FileError) in try NPY.parse(bytes, file: file) }
  }

  /// An array as float64; nothing when there is none of that name.
  public func doubles(_ name: String) throws(FileError) -> (shape: Shape, values: [Double])? {
    try array(name) { bytes throws(FileError) in try NPY.parseDoubles(bytes, file: file) }
  }

  /// The UTF-8 bytes that an array of numbers from 0 to 255 holds; nothing when there is none of that name.
  public func text(_ name: String) throws(FileError) -> [UInt8]? {
    guard let numbers = try doubles(name) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(numbers.values.count)
    for (index, number) in numbers.values.enumerated() {
      guard let byte = UInt8(exactly: number) else {
        throw FileError(
          file: file, place: "member \(quoted(name)), value \(index)", expected: "a byte, 0 to 255", found: "\(number)")
      }
      bytes.append(byte)
    }
    return bytes
  }

  private func array<Value>(
    _ name: String, _ parse: ([UInt8]) throws(FileError) -> Value
  ) throws(FileError) -> Value? {
    guard let member = members.first(where: { $0.name == name }) else { return nil }
    do throws(FileError) { return try parse(member.bytes) } catch { throw error.inside("member \(quoted(name))") }
  }

  /// Writes arrays to a file, stored; equal arrays give equal files.
  ///
  /// - Throws: ``FileError`` when two arrays have one name or the file would be longer than 4 GB.
  public static func write(_ arrays: [(name: String, content: Content)], to path: String) throws(FileError) {
    let members = arrays.map { array in
      let bytes =
        switch array.content {
        case .tensor(let tensor): NPY.bytes(of: tensor)
        case .doubles(let values): NPY.bytes(of: values)
        case .text(let text): NPY.bytes(of: Array(text.utf8))
        }
      return (name: array.name + suffix, bytes: bytes)
    }
    try FileSystem.write(try Zip.bytes(of: members, file: path), to: path)
  }
}
