import RetinaModel

/// An HDF5 file that is open for reading; names are paths such as `train/stimulus`.
///
/// The HDF5 C library reads it (see the README of this folder). Links to other files, data in other files and virtual data
/// are refused, and a data set cannot ask for more memory than what is stored for it can account for.
public final class HDF5File {
  /// The file as the user named it.
  public let file: String
  private let identifier: HDF5Identifier
  private let linkAccess: HDF5Identifier

  /// The most values of a data set.
  public static let maximumCount = 1 << 31
  /// The most axes of HDF5.
  private static let maximumRank = 32

  /// Opens a file.
  ///
  /// - Throws: ``FileError`` when there is no HDF5 library, no such file, or no HDF5 in it.
  public init(_ path: String) throws(FileError) {
    file = path
    // A file that is missing or is a folder gives the usual messages.
    _ = try FileSource(path)
    (identifier, linkAccess) = try HDF5Library.locked(path, kind: .cannotRead) { (library) throws(FileError) in
      let access = library.createProperties(library.linkAccessClass)
      guard access >= 0, library.setExternalLinkCallback(access, { _, _, _, _, _, _, _ in -1 }, nil) >= 0 else {
        throw FileError(kind: .cannotRead, file: path, expected: "the HDF5 library to work", found: "an error of it")
      }
      let identifier = library.openFile(path, 0, 0)
      guard identifier >= 0 else {
        _ = library.closeIdentifier(access)
        throw FileError(file: path, expected: "a whole HDF5 file", found: "bytes that the HDF5 library does not open")
      }
      return (identifier, access)
    }
  }

  deinit {
    try? HDF5Library.locked(file, kind: .cannotRead) { library in
      _ = library.closeIdentifier(identifier)
      _ = library.closeIdentifier(linkAccess)
    }
  }

  /// Whether there is a link of that name, whatever it leads to.
  public func contains(_ name: String) -> Bool {
    (try? locked { library in self.contains(name, library) }) ?? false
  }

  /// The names in a group, sorted; `/` is the outermost one.
  public func names(in group: String = "/") throws(FileError) -> [String] {
    try withObject(group, .group) { library, object throws(FileError) in
      // H5G_info_t: the sort of storage, the number of links, a creation order, whether something is mounted.
      var information = [UInt64](repeating: 0, count: 8)
      guard information.withUnsafeMutableBytes({ library.groupInformation(object, $0.baseAddress!) }) >= 0 else {
        throw self.unreadable(group)
      }
      var names: [String] = []
      for index in 0..<information[1] {
        let length = library.linkName(object, ".", 0, 0, index, nil, 0, 0)
        guard (0..<1 << 16).contains(length) else { throw self.unreadable(group) }
        var bytes = [CChar](repeating: 0, count: length + 1)
        guard library.linkName(object, ".", 0, 0, index, &bytes, length + 1, 0) == length else {
          throw self.unreadable(group)
        }
        names.append(String(decoding: bytes.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self))
      }
      return names
    }
  }

  /// Whether a name is that of a group; false for what cannot be opened.
  public func isGroup(_ name: String) -> Bool {
    (try? withObject(name, .group) { _, _ in true }) ?? false
  }

  /// The extents of a data set, which may be 0; empty for a single value.
  public func extents(of name: String) throws(FileError) -> [Int] {
    try withObject(name, .data) { library, object throws(FileError) in
      try self.extents(library.dataSpace(object), name, library)
    }
  }

  /// A data set of numbers as float32.
  public func tensor(_ name: String) throws(FileError) -> Tensor {
    let (extents, values) = try numbers(name, Float(0)) { $0.nativeFloat }
    guard let shape = Shape(checking: extents), let tensor = Tensor(shape: shape, values: values) else {
      throw failure(name, "at least one value", "\(extents)")
    }
    return tensor
  }

  /// A data set of numbers as float64; extents may be 0.
  public func doubles(_ name: String) throws(FileError) -> (extents: [Int], values: [Double]) {
    try numbers(name, 0.0) { $0.nativeDouble }
  }

  /// A data set of texts, one after another.
  public func texts(_ name: String) throws(FileError) -> [String] {
    try withObject(name, .data) { library, object throws(FileError) in
      let type = library.dataType(object)
      defer { _ = library.closeIdentifier(type) }
      let extents = try self.extents(library.dataSpace(object), name, library)
      let count = try self.count(extents, name)
      return try self.texts(count, type, stored: library.storageSize(object), name, library) {
        library.read(object, type, 0, 0, 0, $0)
      }
    }
  }

  /// The text of an attribute; nothing when there is none of that name.
  public func text(attribute: String, of name: String) throws(FileError) -> String? {
    try withAttribute(attribute, of: name) { library, identifier, place throws(FileError) in
      let type = library.attributeType(identifier)
      defer { _ = library.closeIdentifier(type) }
      return try self.texts(1, type, stored: 1 << 16, place, library) {
        library.readAttribute(identifier, type, $0)
      }.first
    } ?? nil
  }

  /// The number of an attribute; nothing when there is none of that name.
  public func number(attribute: String, of name: String) throws(FileError) -> Double? {
    try withAttribute(attribute, of: name) { library, identifier, place throws(FileError) in
      let type = library.attributeType(identifier)
      defer { _ = library.closeIdentifier(type) }
      var number = 0.0
      guard HDF5TypeClass(library.typeClass(type)).isNumber,
        library.readAttribute(identifier, library.nativeDouble, &number) >= 0
      else { throw self.failure(place, "a number", "another type") }
      return number
    }
  }
}

// MARK: - Objects

/// The sorts of objects, as the library numbers them.
private enum HDF5Kind: CInt {
  case group = 2
  case data = 5

  var text: String { self == .group ? "a group" : "a data set" }
}

/// The classes of types, as the library numbers them.
private struct HDF5TypeClass {
  let number: CInt

  init(_ number: CInt) { self.number = number }

  var isNumber: Bool { number == 0 || number == 1 }
  var isText: Bool { number == 3 }
}

extension HDF5File {
  private func locked<Value>(_ body: (HDF5Library) throws(FileError) -> Value) throws(FileError) -> Value {
    try HDF5Library.locked(file, kind: .cannotRead, body)
  }

  func failure(_ name: String, _ expected: String, _ found: String) -> FileError {
    FileError(file: file, place: quoted(name), expected: expected, found: found)
  }

  private func unreadable(_ name: String) -> FileError {
    failure(name, "what the HDF5 library can read", "an error of it")
  }

  /// Every group on the way is looked at: the library takes a missing one for an error.
  private func contains(_ name: String, _ library: HDF5Library) -> Bool {
    var path = ""
    for part in name.split(separator: "/") {
      path += path.isEmpty ? String(part) : "/\(part)"
      guard library.linkExists(identifier, path, linkAccess) > 0 else { return false }
    }
    return true
  }

  private func withObject<Value>(
    _ name: String, _ kind: HDF5Kind, _ body: (HDF5Library, HDF5Identifier) throws(FileError) -> Value
  ) throws(FileError) -> Value {
    try locked { library throws(FileError) in
      guard self.contains(name, library) else { throw self.failure(name, kind.text, "nothing of that name") }
      let object = library.openObject(self.identifier, name, self.linkAccess)
      guard object >= 0 else { throw self.failure(name, "\(kind.text) in this file", "a link that leads elsewhere") }
      defer { _ = library.closeIdentifier(object) }
      guard library.kind(object) == kind.rawValue else { throw self.failure(name, kind.text, "another object") }
      if kind == .data { try self.checkStorage(object, name, library) }
      return try body(library, object)
    }
  }

  /// Refuses data that lie in other files.
  private func checkStorage(_ object: HDF5Identifier, _ name: String, _ library: HDF5Library) throws(FileError) {
    let virtual: CInt = 3
    let properties = library.creationProperties(object)
    defer { _ = library.closeIdentifier(properties) }
    guard properties >= 0, library.layout(properties) != virtual, library.externalFiles(properties) <= 0 else {
      throw failure(name, "data in this file", "data in other files")
    }
  }

  /// Gives nothing when there is no such attribute; it must hold one value.
  private func withAttribute<Value>(
    _ attribute: String, of name: String,
    _ body: (HDF5Library, HDF5Identifier, String) throws(FileError) -> Value
  ) throws(FileError) -> Value? {
    try locked { library throws(FileError) in
      guard self.contains(name, library) else { return nil }
      let object = library.openObject(self.identifier, name, self.linkAccess)
      guard object >= 0 else { throw self.failure(name, "an object in this file", "a link that leads elsewhere") }
      defer { _ = library.closeIdentifier(object) }
      guard library.attributeExists(object, attribute) > 0 else { return nil }
      let opened = library.openAttribute(object, attribute, 0)
      guard opened >= 0 else { throw self.unreadable("\(name), \(attribute)") }
      defer { _ = library.closeIdentifier(opened) }
      let place = "\(name), attribute \(attribute)"
      let extents = try self.extents(library.attributeSpace(opened), place, library)
      guard extents.allSatisfy({ $0 == 1 }) else { throw self.failure(place, "one value", "\(extents)") }
      return try body(library, opened, place)
    }
  }
}

// MARK: - Values

extension HDF5File {
  /// The extents of a space, which is closed.
  private func extents(
    _ space: HDF5Identifier, _ name: String, _ library: HDF5Library
  ) throws(FileError) -> [Int] {
    let null: CInt = 2
    guard space >= 0 else { throw unreadable(name) }
    defer { _ = library.closeIdentifier(space) }
    let rank = Int(library.rank(space))
    guard library.spaceClass(space) != null else { throw failure(name, "values", "an empty data space") }
    guard (0...HDF5File.maximumRank).contains(rank) else { throw unreadable(name) }
    var extents = [UInt64](repeating: 0, count: max(1, rank))
    guard rank == 0 || library.extents(space, &extents, nil) == CInt(rank) else { throw unreadable(name) }
    return extents.prefix(rank).map { Int(clamping: $0) }
  }

  private func count(_ extents: [Int], _ name: String) throws(FileError) -> Int {
    var count = 1
    for extent in extents {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= HDF5File.maximumCount else {
        throw failure(name, "at most \(HDF5File.maximumCount) values", "\(extents)")
      }
      count = product
    }
    return count
  }

  /// What is stored, unpacked as far as deflate can, must account for all values: a file without data cannot ask for
  /// memory.
  private func checkSize(_ count: Int, _ size: Int, stored: UInt64, _ name: String) throws(FileError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    let (most, isAny) = Int(clamping: stored).multipliedReportingOverflow(by: Inflate.maximumRatio)
    guard !overflow, isAny || bytes <= most else {
      throw failure(name, "data for \(count) values", "\(stored) bytes")
    }
  }

  private func numbers<Value: BinaryFloatingPoint>(
    _ name: String, _ zero: Value, as type: (HDF5Library) -> HDF5Identifier
  ) throws(FileError) -> (extents: [Int], values: [Value]) {
    try withObject(name, .data) { library, object throws(FileError) in
      let stored = library.dataType(object)
      defer { _ = library.closeIdentifier(stored) }
      guard stored >= 0, HDF5TypeClass(library.typeClass(stored)).isNumber else {
        throw self.failure(name, "integers or floating-point numbers", "another type")
      }
      let extents = try self.extents(library.dataSpace(object), name, library)
      let count = try self.count(extents, name)
      try self.checkSize(count, library.typeSize(stored), stored: library.storageSize(object), name)
      var isRead = count == 0
      let values = [Value](unsafeUninitializedCapacity: count) { buffer, filled in
        guard let start = buffer.baseAddress, count > 0 else { return }
        isRead = library.read(object, type(library), 0, 0, 0, start) >= 0
        filled = isRead ? count : 0
      }
      guard isRead else {
        throw self.failure(name, "data that can be read", "damage, or a compression that is not installed")
      }
      return (extents, values)
    }
  }

  /// Texts of a type of fixed or variable length.
  private func texts(
    _ count: Int, _ type: HDF5Identifier, stored: UInt64, _ name: String, _ library: HDF5Library,
    read: (UnsafeMutableRawPointer) -> CInt
  ) throws(FileError) -> [String] {
    guard type >= 0, HDF5TypeClass(library.typeClass(type)).isText else {
      throw failure(name, "texts", "another type")
    }
    let size = library.typeSize(type)
    try checkSize(count, size, stored: stored, name)
    if library.isVariableText(type) > 0 {
      var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
      guard count == 0 || pointers.withUnsafeMutableBytes({ read($0.baseAddress!) }) >= 0 else {
        throw unreadable(name)
      }
      defer { for pointer in pointers { _ = library.freeMemory(pointer) } }
      return pointers.map { $0.map { String(cString: $0) } ?? "" }
    }
    var bytes = [UInt8](repeating: 0, count: count * size)
    guard bytes.isEmpty || bytes.withUnsafeMutableBytes({ read($0.baseAddress!) }) >= 0 else { throw unreadable(name) }
    return (0..<count).map { index in
      String(decoding: bytes[index * size..<(index + 1) * size].prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
