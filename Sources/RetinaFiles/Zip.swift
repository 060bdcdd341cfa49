/// A ZIP archive in memory: members stored or deflated, with ZIP64, on a single disk and not encrypted.
///
/// Names are names, not paths: nothing is ever unpacked to a folder.
struct Zip {
  /// What the directory says about a member.
  private struct Entry {
    var name: String
    var isDeflated: Bool
    var checksum: UInt32
    var packedCount: Int
    var count: Int
    var offset: Int
  }

  private let bytes: [UInt8]
  private let file: String
  private var entries: [Entry] = []
  /// Where the directory starts, which is where the members end.
  private var directory = 0

  /// The most that the members of an archive may hold together: 8 GiB.
  private static let maximumTotal = 1 << 33

  init(_ bytes: [UInt8], file: String) throws(FileError) {
    self.bytes = bytes
    self.file = file
    let end = try findEnd()
    directory = end.directory
    guard end.count <= end.size / Signature.directoryLength else {
      throw failure("end record", "members that fit the directory of \(end.size) bytes", "\(end.count)")
    }
    var position = end.directory
    for index in 0..<end.count { entries.append(try entry(index, at: &position, before: end.directory + end.size)) }
    guard position == end.directory + end.size else {
      throw failure("directory", "\(end.size) bytes", "\(position - end.directory) of \(end.count) members")
    }
    try checkNamesAndSizes()
  }

  /// The content of every member, in the order of the directory.
  func members() throws(FileError) -> [(name: String, bytes: [UInt8])] {
    let ranges = try dataRanges()
    var members: [(name: String, bytes: [UInt8])] = []
    for (entry, range) in zip(entries, ranges) { members.append((entry.name, try content(entry, range))) }
    return members
  }

  private func failure(_ place: String, _ expected: String, _ found: String) -> FileError {
    FileError(file: file, place: place, expected: expected, found: found)
  }

  // MARK: Numbers

  /// A little-endian number, which lies inside the file and fits an `Int`.
  private func number(_ place: String, at offset: Int, count: Int) throws(FileError) -> Int {
    guard offset >= 0, count <= bytes.count, offset <= bytes.count - count else {
      throw failure(place, "\(count) bytes at \(offset)", "the end of the file")
    }
    let value = bytes[offset..<(offset + count)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let number = Int(exactly: value) else { throw failure(place, "a number below 2^63", "\(value)") }
    return number
  }

  private func expect(_ place: String, _ signature: Int, at offset: Int) throws(FileError) {
    guard try number(place, at: offset, count: 4) == signature else {
      throw failure(place, "the signature of a record at \(offset)", "other bytes")
    }
  }

  // MARK: Directory

  /// Finds the end record and checks that the directory lies right before it.
  private func findEnd() throws(FileError) -> (directory: Int, size: Int, count: Int) {
    let place = "end record"
    guard let end = endRecord() else { throw failure(place, "the end record of a ZIP archive", "none") }
    var disks = [try number(place, at: end + 4, count: 2), try number(place, at: end + 6, count: 2)]
    var counts = [try number(place, at: end + 8, count: 2), try number(place, at: end + 10, count: 2)]
    var size = try number(place, at: end + 12, count: 4)
    var directory = try number(place, at: end + 16, count: 4)
    var limit = end
    if counts.contains(0xffff) || size == 0xffff_ffff || directory == 0xffff_ffff {
      try expect(place, Signature.locator64, at: end - 20)
      let end64 = try number(place, at: end - 12, count: 8)
      guard end64 <= end - 20 - Signature.end64Length else {
        throw failure(place, "a ZIP64 end record before its locator", "one at \(end64)")
      }
      try expect(place, Signature.end64, at: end64)
      disks = [try number(place, at: end64 + 16, count: 4), try number(place, at: end64 + 20, count: 4)]
      counts = [try number(place, at: end64 + 24, count: 8), try number(place, at: end64 + 32, count: 8)]
      size = try number(place, at: end64 + 40, count: 8)
      directory = try number(place, at: end64 + 48, count: 8)
      limit = end64
    }
    guard disks == [0, 0], counts[0] == counts[1] else {
      throw failure(place, "an archive in one part", "a part of several")
    }
    guard directory <= limit, size == limit - directory else {
      throw failure(
        place, "a directory that ends where the end record starts, at \(limit)", "\(size) bytes at \(directory)")
    }
    return (directory, size, counts[1])
  }

  /// The end record is the last thing in the file, but for a comment whose length it holds.
  private func endRecord() -> Int? {
    var place = bytes.count - Signature.endLength
    let lowest = max(0, place - 0xffff)
    while place >= lowest {
      if bytes[place...].starts(with: [0x50, 0x4b, 0x05, 0x06]),
        Int(bytes[place + 20]) | Int(bytes[place + 21]) << 8 == bytes.count - place - Signature.endLength
      {
        return place
      }
      place -= 1
    }
    return nil
  }

  /// Reads one entry of the directory and steps over it.
  private func entry(_ index: Int, at position: inout Int, before end: Int) throws(FileError) -> Entry {
    let place = "member \(index)"
    let start = position
    guard start <= end - Signature.directoryLength else {
      throw failure(place, "an entry inside the directory", "the end of the directory")
    }
    try expect(place, Signature.directory, at: start)
    let flags = try number(place, at: start + 8, count: 2)
    let method = try number(place, at: start + 10, count: 2)
    let checksum = try number(place, at: start + 16, count: 4)
    var sizes = [
      try number(place, at: start + 24, count: 4), try number(place, at: start + 20, count: 4),
      try number(place, at: start + 42, count: 4),
    ]
    let nameEnd = start + Signature.directoryLength + (try number(place, at: start + 28, count: 2))
    let extraEnd = nameEnd + (try number(place, at: start + 30, count: 2))
    position = extraEnd + (try number(place, at: start + 32, count: 2))
    guard position <= end else {
      throw failure(place, "an entry inside the directory", "one that ends at \(position)")
    }
    guard let name = String(validating: bytes[(start + Signature.directoryLength)..<nameEnd], as: UTF8.self) else {
      throw failure(place, "a name in UTF-8", "other bytes")
    }
    guard flags & 0x41 == 0 else { throw failure("member \(quoted(name))", "no encryption", "an encrypted member") }
    guard method == 0 || method == 8 else {
      throw failure("member \(quoted(name))", "a member stored or deflated", "method \(method)")
    }
    if sizes.contains(0xffff_ffff) { try read64(&sizes, place, from: nameEnd, to: extraEnd) }
    return Entry(
      name: name, isDeflated: method == 8, checksum: UInt32(truncatingIfNeeded: checksum), packedCount: sizes[1],
      count: sizes[0], offset: sizes[2])
  }

  /// Replaces the sizes that did not fit 32 bits by those of the ZIP64 extra field.
  private func read64(_ sizes: inout [Int], _ place: String, from: Int, to end: Int) throws(FileError) {
    var position = from
    while position <= end - 4 {
      let kind = try number(place, at: position, count: 2)
      let next = position + 4 + (try number(place, at: position + 2, count: 2))
      guard next <= end else { break }
      if kind == 1 {
        position += 4
        for index in sizes.indices where sizes[index] == 0xffff_ffff {
          guard position <= next - 8 else { throw failure(place, "64-bit sizes", "too few of them") }
          sizes[index] = try number(place, at: position, count: 8)
          position += 8
        }
        return
      }
      position = next
    }
    throw failure(place, "64-bit sizes", "none")
  }

  /// Refuses names that occur twice, and sizes that no honest archive of this length has.
  private func checkNamesAndSizes() throws(FileError) {
    var names: Set<ExactName> = []
    var total = 0
    for entry in entries {
      let place = "member \(quoted(entry.name))"
      guard names.insert(ExactName(entry.name)).inserted else { throw failure(place, "different names", "two of it") }
      guard entry.packedCount <= bytes.count else {
        throw failure(place, "data inside the file", "\(entry.packedCount) bytes")
      }
      let most = entry.isDeflated ? (entry.packedCount + 1) * Inflate.maximumRatio : entry.packedCount
      guard entry.isDeflated ? entry.count <= most : entry.count == most else {
        throw failure(place, "\(entry.isDeflated ? "at most " : "")\(most) bytes", "\(entry.count)")
      }
      total += entry.count
      guard total <= Zip.maximumTotal else {
        throw failure(place, "an archive of at most \(Zip.maximumTotal) bytes unpacked", "more")
      }
    }
  }

  // MARK: Data

  /// Where the data of every member lie: before the directory, none over another's.
  private func dataRanges() throws(FileError) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for entry in entries {
      let place = "member \(quoted(entry.name))"
      guard entry.offset <= directory - Signature.localLength else {
        throw failure(place, "a member before the directory at \(directory)", "one at \(entry.offset)")
      }
      try expect(place, Signature.local, at: entry.offset)
      let nameStart = entry.offset + Signature.localLength
      let nameEnd = nameStart + (try number(place, at: entry.offset + 26, count: 2))
      let start = nameEnd + (try number(place, at: entry.offset + 28, count: 2))
      guard start <= directory, entry.packedCount <= directory - start else {
        throw failure(place, "data before the directory at \(directory)", "\(entry.packedCount) bytes at \(start)")
      }
      guard bytes[nameStart..<nameEnd].elementsEqual(entry.name.utf8) else {
        throw failure(place, "the name of the directory before the data", "another")
      }
      ranges.append(start..<(start + entry.packedCount))
    }
    var end = 0
    for index in entries.indices.sorted(by: { entries[$0].offset < entries[$1].offset }) {
      guard entries[index].offset >= end else {
        throw failure("member \(quoted(entries[index].name))", "data of its own", "an overlap with another member")
      }
      end = ranges[index].upperBound
    }
    return ranges
  }

  private func content(_ entry: Entry, _ range: Range<Int>) throws(FileError) -> [UInt8] {
    let place = "member \(quoted(entry.name))"
    var content: [UInt8]
    if entry.isDeflated {
      do throws(InflateError) {
        let used: Int
        (content, used) = try bytes.withUnsafeBufferPointer { (buffer) throws(InflateError) in
          try Inflate.decompress(UnsafeBufferPointer(rebasing: buffer[range]), count: entry.count)
        }
        guard used == range.count else {
          throw InflateError(expected: "\(used) bytes of compressed data", found: "\(range.count)")
        }
      } catch {
        throw failure(place, error.expected, error.found)
      }
    } else {
      content = Array(bytes[range])
    }
    let checksum = CRC32.of(content)
    guard checksum == entry.checksum || !comparesChecksums else {
      throw failure(
        place, "the checksum \(String(entry.checksum, radix: 16))", "\(String(checksum, radix: 16)): damaged data")
    }
    return content
  }
}

extension Zip {
  /// What records start with, and the length of their fixed parts.
  enum Signature {
    static let local = 0x0403_4b50
    static let localLength = 30
    static let directory = 0x0201_4b50
    static let directoryLength = 46
    static let end = 0x0605_4b50
    static let endLength = 22
    static let end64 = 0x0606_4b50
    static let end64Length = 56
    static let locator64 = 0x0706_4b50
  }
}
