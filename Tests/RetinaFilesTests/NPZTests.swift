import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaFiles

/// A member of an archive made by hand.
private struct Member {
  var name: String
  var data: [UInt8]
  var method = 0
  var packed: [UInt8]?
  var flags = 0
  var checksum: UInt32?
  var count: Int?
  var offset: Int?
}

private func number(_ value: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// An archive with ZIP64 records or without; what a member does not say is as it should be.
private func archive(_ members: [Member], zip64: Bool = false, comment: String = "") -> [UInt8] {
  var bytes: [UInt8] = []
  var directory: [UInt8] = []
  for member in members {
    let packed = member.packed ?? member.data
    let checksum = Int(member.checksum ?? CRC32.of(member.data))
    let count = member.count ?? member.data.count
    let offset = member.offset ?? bytes.count
    let name = Array(member.name.utf8)
    let head = number(member.flags, 2) + number(member.method, 2) + number(0, 4) + number(checksum, 4)
    bytes += number(0x0403_4b50, 4) + number(20, 2) + head + number(packed.count, 4) + number(count, 4)
    bytes += number(name.count, 2) + number(0, 2) + name + packed
    let extra = number(0x7875, 2) + number(1, 2) + [9] + number(1, 2) + number(24, 2)
    let sizes = number(count, 8) + number(packed.count, 8) + number(offset, 8)
    directory += number(0x0201_4b50, 4) + number(45, 2) + number(45, 2) + head
    directory += zip64 ? number(-1, 8) : number(packed.count, 4) + number(count, 4)
    directory += number(name.count, 2) + number(zip64 ? 33 : 0, 2) + number(2, 2) + number(0, 8)
    directory += (zip64 ? number(-1, 4) : number(offset, 4)) + name + (zip64 ? extra + sizes : []) + [1, 2]
  }
  let start = bytes.count
  bytes += directory
  if zip64 {
    let end = bytes.count
    bytes += number(0x0606_4b50, 4) + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8)
    bytes += number(members.count, 8) + number(members.count, 8) + number(directory.count, 8) + number(start, 8)
    bytes += number(0x0706_4b50, 4) + number(0, 4) + number(end, 8) + number(1, 4)
    bytes += number(0x0605_4b50, 4) + number(0, 4) + number(-1, 4) + number(-1, 8)
  } else {
    bytes += number(0x0605_4b50, 4) + number(0, 4) + number(members.count, 2) + number(members.count, 2)
    bytes += number(directory.count, 4) + number(start, 4)
  }
  return bytes + number(comment.utf8.count, 2) + Array(comment.utf8)
}

private let vector = NPY.bytes(of: ramp(3))

@Suite struct NPZTests {
  @Test func roundTrips() throws {
    let arrays: [(name: String, tensor: Tensor)] = [
      ("stimulus", ramp(5, 4, 3)), ("cell é/0", ramp(7)), ("", Tensor(repeating: .nan, shape: Shape())),
    ]
    try withFolder { folder in
      try NPZ.write(arrays, to: folder + "/a.npz")
      let back = try NPZ.read(folder + "/a.npz")
      #expect(back.map(\.name) == arrays.map(\.name))
      #expect(back.map(\.tensor.shape) == arrays.map(\.tensor.shape))
      #expect(back[0].tensor == arrays[0].tensor)
      #expect(back[2].tensor.values[0].isNaN)
      try NPZ.write(back, to: folder + "/b.npz")
      #expect(try FileSystem.read(folder + "/a.npz") == FileSystem.read(folder + "/b.npz"))
      try NPZ.write([], to: folder + "/none.npz")
      #expect(try NPZ.read(folder + "/none.npz").isEmpty)
    }
  }

  @Test func refusesToWriteANameTwice() throws {
    let error = try failure { try NPZ.write([("a", ramp(1)), ("a", ramp(2))], to: "/none/a.npz") }
    #expect(error.kind == .cannotWrite)
    #expect(error.expected == "different names")
  }

  @Test func readsWhatNumPyDeflates() throws {
    let arrays = try NPZ.parse(NPZTests.deflated, file: "-")
    #expect(arrays.map(\.name) == ["a", "b"])
    #expect(arrays[0].tensor.shape == Shape(20, 30))
    #expect(arrays[0].tensor.values == (0..<600).map { Float($0 % 7) })
    #expect(arrays[1].tensor == Tensor(shape: Shape(3), values: [1, 2, 3]))
  }

  @Test func readsWhatNumPyStores() throws {
    let arrays = try NPZ.parse(NPZTests.stored, file: "-")
    #expect(arrays.map(\.name) == ["a", "b"])
    #expect(arrays[0].tensor == Tensor(shape: Shape(2, 3), values: [0, 1, 2, 3, 4, 5]))
    #expect(arrays[1].tensor == Tensor(shape: Shape(), values: [5]))
  }

  @Test(arguments: [false, true], ["", "a comment", "PK\u{5}\u{6}"])
  func readsArchivesMadeByHand(zip64: Bool, comment: String) throws {
    let members = [Member(name: "a.npy", data: vector), Member(name: "b.npy", data: NPY.bytes(of: ramp(2, 2)))]
    let arrays = try NPZ.parse(archive(members, zip64: zip64, comment: comment), file: "-")
    #expect(arrays.map(\.name) == ["a", "b"])
    #expect(arrays.map(\.tensor) == [ramp(3), ramp(2, 2)])
  }

  @Test(arguments: [
    ([Member(name: "a.npy", data: vector), Member(name: "a.npy", data: vector)], "different names"),
    ([Member(name: "a.npy", data: vector, flags: 1)], "no encryption"),
    ([Member(name: "a.npy", data: vector, method: 12)], "a member stored or deflated"),
    ([Member(name: "a.npy", data: vector, checksum: 1)], "the checksum 1"),
    ([Member(name: "a.npy", data: vector, count: 5)], "140 bytes"),
    ([Member(name: "a.npy", data: vector, method: 8, packed: [3, 0])], "140 bytes"),
    ([Member(name: "a.npy", data: vector, method: 8, packed: [3, 0, 0])], "140 bytes"),
    ([Member(name: "a.npy", data: [], method: 8, packed: [3, 0, 0])], "2 bytes of compressed data"),
    ([Member(name: "a.npy", data: vector, method: 8, packed: [3, 0], count: 1 << 30)], "at most 3096 bytes"),
    ([Member(name: "a.npy", data: vector, method: 8, packed: [7])], "a type of block from 0 to 2"),
    (
      [Member(name: "a.npy", data: vector), Member(name: "b.npy", data: vector, offset: 0)],
      "the name of the directory before the data"
    ),
    ([Member(name: "a.npy", data: vector, offset: 1)], "the signature of a record at 1"),
    ([Member(name: "a.npy", data: vector, offset: 1 << 30)], "a member before the directory at 175"),
    ([Member(name: "a.txt", data: vector)], "members whose names end in .npy"),
    ([Member(name: "a.npy", data: [1, 2, 3])], "\\x93NUMPY"),
  ])
  private func saysWhatIsWrongWithAMember(_ members: [Member], _ expected: String) throws {
    for zip64 in [false, true] {
      let error = try failure { try NPZ.parse(archive(members, zip64: zip64), file: "a.npz") }
      #expect(error.expected == expected, "\(error)")
      #expect(error.place?.hasPrefix("member ") == true)
    }
  }

  /// Sizes and places that only 64 bits hold, in sums of which an overflow would hide.
  @Test(arguments: [Int.max, Int.max - 30, 1 << 62, -1])
  func refusesSizesOf64Bits(_ size: Int) throws {
    for member in [
      Member(name: "a.npy", data: vector, count: size), Member(name: "a.npy", data: vector, offset: size),
    ] {
      let error = try failure { try NPZ.parse(archive([member], zip64: true), file: "-") }
      #expect(error.place?.hasPrefix("member ") == true, "\(error)")
    }
  }

  /// Two entries of the directory that lie over one another: the way to make a bomb of a small file.
  @Test func refusesMembersThatOverlap() throws {
    let inner = archive([Member(name: "b.npy", data: vector)])
    let local = Array(inner[..<175])
    let outer = Member(name: "a.npy", data: local + vector)
    let members = [outer, Member(name: "b.npy", data: vector, offset: 35)]
    #expect(try failure { try NPZ.parse(archive(members), file: "-") }.found == "an overlap with another member")
  }

  @Test func saysWhatIsWrongWithTheEnd() throws {
    let bytes = archive([Member(name: "a.npy", data: vector)])
    let end = bytes.count - 22
    for (offset, value, expected) in [
      (0, 0, "the end record of a ZIP archive"), (4, 1, "an archive in one part"), (8, 2, "an archive in one part"),
      (12, 1, "a directory that ends where the end record starts, at 228"),
      (16, 1, "a directory that ends where the end record starts, at 228"),
      (20, 1, "the end record of a ZIP archive"),
    ] {
      var damaged = bytes
      damaged[end + offset] = UInt8(value)
      #expect(try failure { try NPZ.parse(damaged, file: "-") }.expected == expected)
    }
    var many = bytes
    (many[end + 8], many[end + 10]) = (2, 2)
    #expect(try failure { try NPZ.parse(many, file: "-") }.found == "2")
    #expect(try failure { try NPZ.parse(bytes + [0], file: "-") }.expected == "the end record of a ZIP archive")
    #expect(try failure { try NPZ.parse([0] + bytes, file: "-") }.place == "end record")
  }

  @Test func everyTruncationIsRefused() throws {
    for bytes in [NPZTests.deflated, archive([Member(name: "a.npy", data: vector)], zip64: true)] {
      for count in 0..<bytes.count {
        #expect(throws: FileError.self) { try NPZ.parse(Array(bytes[..<count]), file: "-") }
      }
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func damagedFilesNeverCrash(seed: UInt64) {
    var generator = SeededRandom(seed: seed)
    let files = [
      NPZTests.deflated, NPZTests.stored, archive([Member(name: "a.npy", data: vector)], zip64: true, comment: "c"),
    ]
    for bytes in files {
      for _ in 0..<200 { _ = try? NPZ.parse(bytes.damaged(by: &generator), file: "-") }
    }
  }

  // Made with NumPy 2.4: savez_compressed(a = arange(600).reshape(20, 30) % 7 as <f4, b = [1, 2, 3] as >i2) and
  // savez(a = arange(6).reshape(2, 3) as <f8, b = int64(5)).
  private static let deflated = [UInt8](
    hexadecimal: """
      504b03042d0000000800000021007342a7d7ffffffffffffffff05001400612e6e707901001000e0090000000000006e0000
      00000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f54529498179f5f94920a12774bcc
      294e058a17672416a402f91a46063a0ac6069a3a0ab50a64022e063068b007120e4004c40d40bc00880f388cca8dca8dca8d
      ca8dca8dca8dca8dca8dca912e0700504b03042d000000080000002100b2ca4bcbffffffffffffffff05001400622e6e7079
      0100100086000000000000004a000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9769a4aea3a09e96
      5f54529498179f5f94920a12774bcc294e058a17672416a402f91ac63a9a3a0ab50a14002e06460626066600504b01022d03
      2d0000000800000021007342a7d76e000000e0090000050000000000000000000000800100000000612e6e7079504b01022d
      032d000000080000002100b2ca4bcb4a000000860000000500000000000000000000008001a5000000622e6e7079504b0506
      000000000200020066000000260100000000
      """)
  private static let stored = [UInt8](
    hexadecimal: """
      504b03042d000000000000002100f0cd3b46ffffffffffffffff05001400612e6e707901001000b000000000000000b00000
      0000000000934e554d5059010076007b276465736372273a20273c6638272c2027666f727472616e5f6f72646572273a2046
      616c73652c20277368617065273a2028322c2033292c207d2020202020202020202020202020202020202020202020202020
      20202020202020202020202020202020202020202020202020202020202020200a0000000000000000000000000000f03f00
      00000000000040000000000000084000000000000010400000000000001440504b03042d0000000000000021005ebfd52eff
      ffffffffffffff05001400622e6e70790100100088000000000000008800000000000000934e554d5059010076007b276465
      736372273a20273c6938272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028292c20
      7d20202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020
      202020202020202020202020200a0500000000000000504b01022d032d000000000000002100f0cd3b46b0000000b0000000
      050000000000000000000000800100000000612e6e7079504b01022d032d0000000000000021005ebfd52e88000000880000
      000500000000000000000000008001e7000000622e6e7079504b0506000000000200020066000000a60100000000
      """)
}
