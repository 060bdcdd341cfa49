extension Zip {
  /// The bytes of an archive whose members are stored; it holds no times, so equal members give equal bytes.
  ///
  /// - Throws: ``FileError`` for what a ZIP archive without ZIP64 cannot hold, and for names that occur twice.
  static func bytes(of members: [(name: String, bytes: [UInt8])], file: String) throws(FileError) -> [UInt8] {
    func failure(_ name: String, _ expected: String, _ found: String) -> FileError {
      FileError(kind: .cannotWrite, file: file, place: "member \(quoted(name))", expected: expected, found: found)
    }
    guard members.count < 0xffff else {
      throw FileError(
        kind: .cannotWrite, file: file, expected: "at most \(0xfffe) members", found: "\(members.count)")
    }
    var archive: [UInt8] = []
    var directory: [UInt8] = []
    var names: Set<ExactName> = []
    for (name, bytes) in members {
      guard names.insert(ExactName(name)).inserted else { throw failure(name, "different names", "two of it") }
      guard name.utf8.count <= 0xffff else {
        throw failure(name, "a name of at most 65535 bytes", "\(name.utf8.count) bytes")
      }
      let offset = archive.count
      guard offset + bytes.count + name.utf8.count < 0xf000_0000 else {
        throw failure(name, "an archive of less than 4 GB", "more")
      }
      let description = fields(name, bytes)
      append(Signature.local, 4, to: &archive)
      archive += description + Array(name.utf8) + bytes
      append(Signature.directory, 4, to: &directory)
      append(20, 2, to: &directory)
      directory += description
      // No comment, first disk, no attributes.
      for (value, count) in [(0, 2), (0, 2), (0, 2), (0, 4), (offset, 4)] { append(value, count, to: &directory) }
      directory += name.utf8
    }
    let start = archive.count
    archive += directory
    for (value, count) in [
      (Signature.end, 4), (0, 2), (0, 2), (members.count, 2), (members.count, 2), (directory.count, 4), (start, 4),
      (0, 2),
    ] {
      append(value, count, to: &archive)
    }
    return archive
  }

  /// The part that is the same before the data and in the directory: version 2.0, names in UTF-8, stored, 1 January
  /// 1980 (the first day that ZIP can say), checksum, sizes, no extra fields.
  private static func fields(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    var fields: [UInt8] = []
    for (value, count) in [
      (20, 2), (0x0800, 2), (0, 2), (0, 2), (0x21, 2), (Int(CRC32.of(bytes)), 4), (bytes.count, 4), (bytes.count, 4),
      (name.utf8.count, 2), (0, 2),
    ] {
      append(value, count, to: &fields)
    }
    return fields
  }

  private static func append(_ value: Int, _ count: Int, to bytes: inout [UInt8]) {
    for place in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
  }
}
