import RetinaFiles
import RetinaModel

/// A file of named arrays that can hold a recording in the layout of this module.
protocol RecordingArrays {
  /// The file as the user named it.
  var file: String { get }
  /// The names of the arrays.
  func arrayNames() throws(FileError) -> [String]
  /// An array as float32; nothing when there is none of that name.
  func tensor(_ name: String) throws(FileError) -> Tensor?
  /// Float64 along one axis; nothing when there is none of that name.
  func times(_ name: String) throws(FileError) -> [Double]?
  /// UTF-8 bytes; nothing when there is none of that name.
  func text(_ name: String) throws(FileError) -> [UInt8]?
}

extension NPZArchive: RecordingArrays {
  func arrayNames() -> [String] { names }

  func times(_ name: String) throws(FileError) -> [Double]? {
    guard let (shape, values) = try doubles(name) else { return nil }
    guard shape.rank == 1 else {
      throw FileError(file: file, place: name, expected: "values along one axis", found: "\(shape)")
    }
    return values
  }
}

/// An HDF5 file whose outermost data sets are the arrays; the metadata are a text.
struct HDF5Arrays: RecordingArrays {
  let content: HDF5File
  var file: String { content.file }

  func arrayNames() throws(FileError) -> [String] { try content.names() }

  func tensor(_ name: String) throws(FileError) -> Tensor? {
    content.contains(name) ? try content.tensor(name) : nil
  }

  func times(_ name: String) throws(FileError) -> [Double]? {
    content.contains(name) ? try content.column(name) : nil
  }

  func text(_ name: String) throws(FileError) -> [UInt8]? {
    content.contains(name) ? Array(try content.texts(name).joined().utf8) : nil
  }
}

extension HDF5File {
  /// Float64 along one axis, of any number.
  func column(_ name: String) throws(FileError) -> [Double] {
    let (extents, values) = try doubles(name)
    guard extents.count == 1 else {
      throw FileError(file: file, place: name, expected: "values along one axis", found: "\(extents)")
    }
    return values
  }
}
