import RetinaFiles
import RetinaKernels
import RetinaModel
import Testing

/// A file of version 1.0 whose header is padded with nothing but a line end.
private func file(_ header: String, _ data: [UInt8] = [], version: UInt8 = 1) -> [UInt8] {
  let text = Array((header + "\n").utf8)
  let length = [UInt8(text.count & 0xff), UInt8(text.count >> 8)] + (version == 1 ? [] : [0, 0])
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + data
}

private func header(_ type: String, _ shape: String, fortran: String = "False") -> String {
  "{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': \(shape), }"
}

@Suite struct NPYTests {
  @Test func writesWhatNumPyWrites() {
    // numpy.save of numpy.array([[1, 2], [3, -4]], '<f4')
    let expected =
      [0x93] + Array("NUMPY".utf8) + [1, 0, 0x76, 0]
      + Array("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }".utf8)
      + [UInt8](repeating: 0x20, count: 58) + [0x0a]
      + [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0xc0]
    #expect(Tensor(shape: Shape(2, 2), values: [1, 2, 3, -4]).map(NPY.bytes) == expected)
  }

  @Test(arguments: [Shape(), Shape(1), Shape(7), Shape(3, 5), Shape(2, 3, 4), Shape(1, 2, 1, 3, 2)])
  func roundTrips(_ shape: Shape) throws {
    var tensor = Tensor(repeating: 0, shape: shape)
    for index in 0..<shape.count { tensor.values[index] = Float(index) * 0.37 - 3 }
    let bytes = NPY.bytes(of: tensor)
    #expect((bytes.count - 4 * shape.count) % 64 == 0)
    #expect(try NPY.parse(bytes, file: "-") == tensor)
    try withFolder { folder in
      try NPY.write(tensor, to: folder + "/a.npy")
      #expect(try NPY.read(folder + "/a.npy") == tensor)
    }
  }

  @Test func keepsValuesThatAreNotFinite() throws {
    let tensor = try #require(Tensor(shape: Shape(3), values: [.nan, .infinity, -.infinity]))
    let back = try NPY.parse(NPY.bytes(of: tensor), file: "-")
    #expect(back.values.map(\.bitPattern) == tensor.values.map(\.bitPattern))
  }

  @Test(
    arguments: [
      ("|b1", [0, 1, 2], [0, 1, 1]), ("|i1", [0x80, 0xff, 0x7f], [-128, -1, 127]),
      ("|u1", [0, 128, 255], [0, 128, 255]),
      ("<i1", [0xfe], [-2]), ("<i2", [0x00, 0x80, 0xff, 0x7f], [-32768, 32767]), (">i2", [0x80, 0x00], [-32768]),
      ("<u2", [0xff, 0xff], [65535]), (">u2", [0x01, 0x02], [258]), ("<i4", [0xff, 0xff, 0xff, 0xff], [-1]),
      (">i4", [0, 0, 1, 0], [256]), ("<u4", [0, 0, 0, 0x80], [2_147_483_648]),
      ("<i8", [0, 0, 0, 0, 0, 0, 0, 0x80], [-0x1p63]), (">i8", [0, 0, 0, 0, 0, 0, 0, 5], [5]),
      ("<u8", [0, 0, 0, 0, 0, 0, 0, 0x80], [0x1p63]), ("<f2", [0x00, 0x3c, 0x00, 0xc1], [1, -2.5]),
      (">f2", [0x3c, 0x00], [1]), ("<f4", [0, 0, 0x80, 0x3f], [1]), (">f4", [0x3f, 0x80, 0, 0], [1]),
      ("<f8", [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], [1.5]), (">f8", [0x3f, 0xf8, 0, 0, 0, 0, 0, 0], [1.5]),
    ] as [(String, [UInt8], [Float])])
  func readsEveryType(_ type: String, _ data: [UInt8], _ values: [Float]) throws {
    let tensor = try NPY.parse(file(header(type, "(\(values.count),)"), data), file: "-")
    #expect(tensor.values == values)
    #expect(tensor.shape == Shape(values.count))
  }

  @Test func readsFortranOrder() throws {
    let shape = Shape(2, 3, 4)
    var data: [UInt8] = []
    for column in 0..<4 {
      for row in 0..<3 { for plane in 0..<2 { data.append(UInt8(100 * plane + 10 * row + column)) } }
    }
    let tensor = try NPY.parse(file(header("|u1", "(2, 3, 4)", fortran: "True"), data), file: "-")
    #expect(tensor.shape == shape)
    let expected = (0..<2).flatMap { plane in (0..<3).flatMap { row in (0..<4).map { 100 * plane + 10 * row + $0 } } }
    #expect(tensor.values == expected.map(Float.init))
    let vector = try NPY.parse(file(header("|u1", "(3,)", fortran: "True"), [1, 2, 3]), file: "-")
    #expect(vector.values == [1, 2, 3])
  }

  @Test(arguments: [1, 2, 3] as [UInt8])
  func readsEveryVersion(_ version: UInt8) throws {
    #expect(try NPY.parse(file(header("|u1", "(2, 1)"), [4, 5], version: version), file: "-").values == [4, 5])
  }

  @Test(arguments: [
    "{\"shape\":(2L,),'descr':'|u1','fortran_order':False}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}   ",
    "  { 'fortran_order' : False , 'shape' : ( 2 , ) , 'descr' : '|u1' , }  ",
  ])
  func readsOtherSpellings(_ header: String) throws {
    #expect(try NPY.parse(file(header, [4, 5]), file: "-").values == [4, 5])
  }

  @Test(arguments: [
    (header("|u1", "(3, 0)"), "a shape of 1 to 2^40 values"),
    (header("|u1", "(4398046511105,)"), "a shape of 1 to 2^40 values"),
    (header("|u1", "(4294967296, 4294967296)"), "a shape of 1 to 2^40 values"),
    (header("|u1", "(9223372036854775807, 2)"), "a shape of 1 to 2^40 values"),
    (header("|u1", "(99999999999999999999,)"), "an extent"), (header("|u1", "(-2,)"), "an extent"),
    (header("|u1", "(2 2)"), "')'"), (header("|u1", "2"), "'('"),
    (header("|u1", "(" + String(repeating: "1,", count: 65) + ")"), "at most 64 axes"),
    (header("<f8", "(1099511627776,)"), "1099511627776 x 8 bytes for the shape [1099511627776]"),
    (header("|u1", "(3,)"), "3 x 1 bytes for the shape [3]"), (header("|u1", "(1,)"), "1 x 1 bytes for the shape [1]"),
    (header("<U5", "(2,)"), "a boolean, integer or float type such as '<f4'"),
    (header("|O", "(2,)"), "a boolean, integer or float type such as '<f4'"),
    (header("<c8", "(2,)"), "a boolean, integer or float type such as '<f4'"),
    (header("|f4", "(2,)"), "a boolean, integer or float type such as '<f4'"),
    (header("", "(2,)"), "a boolean, integer or float type such as '<f4'"),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", "a string"),
    (header("|u1", "(2,)", fortran: "Maybe"), "True or False"),
    ("{'descr': '|u1', 'shape': (2,)}", "descr, fortran_order and shape"),
    ("{'descr': '|u1', 'descr': '|u1'}", "descr, fortran_order and shape, each once"),
    ("{'color': 1}", "descr, fortran_order and shape, each once"), ("{} {}", "the end of the header"),
    ("", "'{'"), ("{'descr", "a closing quote"), ("{'descr': '|u1' 'shape': (2,)}", "'}'"),
  ])
  func saysWhatIsWrongWithAHeader(_ header: String, _ expected: String) throws {
    let error = try failure { try NPY.parse(file(header, [1, 2]), file: "a.npy") }
    #expect(error.expected == expected, "\(error)")
    #expect(error.file == "a.npy")
  }

  @Test func saysWhatIsWrongWithTheBeginning() throws {
    #expect(try failure { try NPY.parse(Array("PK..".utf8), file: "-") }.place == "byte 0")
    #expect(try failure { try NPY.parse(file("{}", version: 4), file: "-") }.found == "4.0")
    var long = file(header("|u1", "(1,)"), [1])
    long[9] = 0xff
    #expect(try failure { try NPY.parse(long, file: "-") }.expected == "a header inside the file")
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = NPY.bytes(of: ramp(2, 2))
    for count in 0..<bytes.count {
      #expect(throws: FileError.self) { try NPY.parse(Array(bytes[..<count]), file: "-") }
    }
    #expect(throws: FileError.self) { try NPY.parse(bytes + [0], file: "-") }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func damagedFilesNeverCrash(seed: UInt64) {
    var generator = SeededRandom(seed: seed)
    let bytes = NPY.bytes(of: ramp(2, 3))
    for _ in 0..<500 {
      if let tensor = try? NPY.parse(bytes.damaged(by: &generator), file: "-") {
        #expect(tensor.values.count == tensor.shape.count)
      }
    }
  }
}
