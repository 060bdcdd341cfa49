/// What is to be written to an HDF5 file: a group or a data set, with attributes.
public struct HDF5Object: Sendable {
  /// What an object holds.
  public indirect enum Content: Sendable {
    /// Objects by name.
    case group([(name: String, object: HDF5Object)])
    /// Float32 of any extents, row-major.
    case singles([Int], [Float])
    /// Float64 of any extents, row-major.
    case doubles([Int], [Double])
    /// Integers along one axis.
    case integers([Int])
    /// A single text.
    case text(String)
    /// Texts along one axis; at least one.
    case texts([String])
  }

  /// The value of an attribute.
  public enum Attribute: Sendable {
    /// A text.
    case text(String)
    /// A number.
    case number(Double)
    /// Texts along one axis; at least one.
    case texts([String])
  }

  /// What it holds.
  public var content: Content
  /// Attributes by name.
  public var attributes: [(name: String, value: Attribute)]

  /// Creates an object.
  public init(_ content: Content, attributes: [(name: String, value: Attribute)] = []) {
    self.content = content
    self.attributes = attributes
  }

  /// Writes a file whose outermost group is this object, whole or not at all; equal objects give equal files.
  ///
  /// - Throws: ``FileError`` when there is no HDF5 library or the file cannot be written.
  public func write(to path: String) throws(FileError) {
    let bytes = try HDF5Library.locked(path, kind: .cannotWrite) { (library) throws(FileError) in
      var writer = HDF5Writer(library: library)
      defer { writer.close() }
      guard let bytes = writer.bytes(of: self) else {
        throw FileError(
          kind: .cannotWrite, file: path, expected: "the HDF5 library to write", found: "an error of it")
      }
      return bytes
    }
    try FileSystem.write(bytes, to: path)
  }
}

/// Makes a file in the memory of the HDF5 library; every identifier is kept until ``close()``.
private struct HDF5Writer {
  let library: HDF5Library
  private var open: [HDF5Identifier] = []

  init(library: HDF5Library) { self.library = library }

  /// Gives nothing when the library says that something failed.
  mutating func bytes(of root: HDF5Object) -> [UInt8]? {
    let (overwrite, block): (CUnsignedInt, Int) = (2, 1 << 16)
    guard let access = keep(library.createProperties(library.fileAccessClass)),
      library.keepInMemory(access, block, 0) >= 0,
      let file = keep(library.createFile("retina", overwrite, 0, access)),
      let top = keep(library.openObject(file, "/", 0)), fill(top, with: root), library.flush(file, 0) >= 0
    else { return nil }
    let count = library.fileImage(file, nil, 0)
    guard count > 0 else { return nil }
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = max(0, library.fileImage(file, buffer.baseAddress, count))
    }
    return bytes.count == count ? bytes : nil
  }

  /// Closes what was opened, the newest first.
  mutating func close() {
    for identifier in open.reversed() { _ = library.closeIdentifier(identifier) }
    open = []
  }

  private mutating func keep(_ identifier: HDF5Identifier) -> HDF5Identifier? {
    guard identifier >= 0 else { return nil }
    open.append(identifier)
    return identifier
  }

  /// Writes the attributes of an object, and what is in a group.
  private mutating func fill(_ identifier: HDF5Identifier, with object: HDF5Object) -> Bool {
    for (name, value) in object.attributes where !writeAttribute(name, value, to: identifier) { return false }
    guard case .group(let members) = object.content else { return true }
    for (name, member) in members where !write(member, name, in: identifier) { return false }
    return true
  }

  private mutating func write(_ object: HDF5Object, _ name: String, in group: HDF5Identifier) -> Bool {
    switch object.content {
    case .group:
      guard let properties = keep(library.createProperties(library.groupCreationClass)),
        library.trackTimes(properties, false) >= 0,
        let made = keep(library.createGroup(group, name, 0, properties, 0))
      else { return false }
      return fill(made, with: object)
    case .singles(let extents, let values):
      return values.withUnsafeBytes {
        write($0.baseAddress, extents, library.littleFloat, library.nativeFloat, object, name, group)
      }
    case .doubles(let extents, let values):
      return values.withUnsafeBytes {
        write($0.baseAddress, extents, library.littleDouble, library.nativeDouble, object, name, group)
      }
    case .integers(let values):
      // Integers up to 2^53, which a double holds exactly.
      return values.map { Double($0) }.withUnsafeBytes {
        write($0.baseAddress, [values.count], library.littleInteger, library.nativeDouble, object, name, group)
      }
    case .text(let text): return write([text], isScalar: true, object, name, group)
    case .texts(let texts): return write(texts, isScalar: false, object, name, group)
    }
  }

  private mutating func write(
    _ values: UnsafeRawPointer?, _ extents: [Int], _ stored: HDF5Identifier, _ memory: HDF5Identifier,
    _ object: HDF5Object, _ name: String, _ group: HDF5Identifier
  ) -> Bool {
    guard let space = space(extents), let made = data(name, in: group, stored, space) else { return false }
    guard let values, extents.allSatisfy({ $0 > 0 }) else { return fill(made, with: object) }
    return library.write(made, memory, 0, 0, 0, values) >= 0 && fill(made, with: object)
  }

  private mutating func write(
    _ texts: [String], isScalar: Bool, _ object: HDF5Object, _ name: String, _ group: HDF5Identifier
  ) -> Bool {
    guard let type = textType(), let space = isScalar ? scalar() : space([texts.count]),
      let made = data(name, in: group, type, space)
    else { return false }
    return withPointers(texts) { library.write(made, type, 0, 0, 0, $0) >= 0 } && fill(made, with: object)
  }

  private mutating func writeAttribute(
    _ name: String, _ value: HDF5Object.Attribute, to object: HDF5Identifier
  ) -> Bool {
    switch value {
    case .number(let number):
      guard let space = scalar(),
        let made = keep(library.createAttribute(object, name, library.littleDouble, space, 0, 0))
      else { return false }
      return withUnsafeBytes(of: number) { library.writeAttribute(made, library.nativeDouble, $0.baseAddress!) >= 0 }
    case .text(let text): return writeAttribute(name, [text], isScalar: true, to: object)
    case .texts(let texts): return writeAttribute(name, texts, isScalar: false, to: object)
    }
  }

  private mutating func writeAttribute(
    _ name: String, _ texts: [String], isScalar: Bool, to object: HDF5Identifier
  ) -> Bool {
    guard let type = textType(), let space = isScalar ? scalar() : space([texts.count]),
      let made = keep(library.createAttribute(object, name, type, space, 0, 0))
    else { return false }
    return withPointers(texts) { library.writeAttribute(made, type, $0) >= 0 }
  }

  private mutating func data(
    _ name: String, in group: HDF5Identifier, _ type: HDF5Identifier, _ space: HDF5Identifier
  ) -> HDF5Identifier? {
    // The time of writing would make equal files differ.
    guard let properties = keep(library.createProperties(library.dataCreationClass)),
      library.trackTimes(properties, false) >= 0
    else { return nil }
    return keep(library.createData(group, name, type, space, 0, properties, 0))
  }

  private mutating func scalar() -> HDF5Identifier? { keep(library.createSpace(0)) }

  private mutating func space(_ extents: [Int]) -> HDF5Identifier? {
    keep(library.createSimpleSpace(CInt(extents.count), extents.map { UInt64($0) }, nil))
  }

  /// UTF-8 of variable length.
  private mutating func textType() -> HDF5Identifier? {
    let (variable, unicode) = (-1, CInt(1))
    guard let type = keep(library.copyType(library.text)), library.setTypeSize(type, variable) >= 0,
      library.setCharacterSet(type, unicode) >= 0
    else { return nil }
    return type
  }

  /// Calls a body with an array of pointers to texts that end in 0.
  private func withPointers(_ texts: [String], _ body: (UnsafeRawPointer) -> Bool) -> Bool {
    var bytes: [UInt8] = []
    for text in texts { bytes += Array(text.utf8) + [0] }
    return bytes.withUnsafeBytes { start in
      var pointers: [UnsafeRawPointer] = []
      var place = start.baseAddress!
      for text in texts {
        pointers.append(place)
        place += text.utf8.count + 1
      }
      return pointers.withUnsafeBytes { body($0.baseAddress!) }
    }
  }
}
