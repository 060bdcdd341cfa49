import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaFiles

@Suite struct SafetensorsTests {
  @Test func writesTheFormat() throws {
    let content = Safetensors(
      metadata: [("b", "2"), ("a", "1")],
      tensors: [("x", ramp(2)), ("y", Tensor(repeating: 1, shape: Shape()))])
    let bytes = content.bytes()
    let header =
      #"{"__metadata__":{"b":"2","a":"1"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""y":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}"#
    #expect(bytes[..<8].elementsEqual([184, 0, 0, 0, 0, 0, 0, 0]))
    #expect(String(decoding: bytes[8..<192], as: UTF8.self) == header + String(repeating: " ", count: 44))
    #expect(bytes[192...].elementsEqual([0, 0, 0, 0, 0, 0, 0, 0x3e, 0, 0, 0x80, 0x3f]))
    let back = try Safetensors(parsing: bytes, file: "-")
    #expect(back.metadata.map(\.name) == ["b", "a"])
    #expect(back.tensors.map(\.name) == ["x", "y"])
    #expect(back.tensors.map(\.tensor) == content.tensors.map(\.tensor))
    #expect(back.bytes() == bytes)
  }

  @Test func anEmptyFileIsAFile() throws {
    let bytes = Safetensors().bytes()
    #expect(bytes.count == 64)
    #expect(try Safetensors(parsing: bytes, file: "-").tensors.isEmpty)
    #expect(try Safetensors(parsing: container("{}"), file: "-").metadata.isEmpty)
  }

  @Test(
    arguments: [
      ("BOOL", [0, 1, 7], [0, 1, 1]), ("I8", [0x80, 0x7f], [-128, 127]), ("U8", [200], [200]),
      ("I16", [0xff, 0xff], [-1]), ("U16", [0xff, 0xff], [65535]), ("I32", [0, 0, 0, 0x80], [-0x1p31]),
      ("U32", [0, 0, 0, 0x80], [0x1p31]), ("I64", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [-1]),
      ("U64", [1, 0, 0, 0, 0, 0, 0, 0], [1]), ("F16", [0x01, 0x00, 0xff, 0x7b], [0x1p-24, 65504]),
      ("BF16", [0x80, 0x3f, 0x49, 0xc0], [1, -3.140625]), ("F32", [0xdb, 0x0f, 0x49, 0x40], [3.1415927]),
      ("F64", [0x18, 0x2d, 0x44, 0x54, 0xfb, 0x21, 0x09, 0x40], [3.1415927]),
    ] as [(String, [UInt8], [Float])])
  func readsEveryType(_ type: String, _ data: [UInt8], _ values: [Float]) throws {
    let header = #"{"t":{"dtype":"\#(type)","shape":[\#(values.count)],"data_offsets":[0,\#(data.count)]}}"#
    let content = try Safetensors(parsing: container(header, data), file: "-")
    #expect(content.tensors[0].tensor.values == values)
  }

  /// Arrays of more than one piece of what is mapped, at places that are multiples of nothing.
  @Test func readsLargeArraysOfAMappedFile() throws {
    let (count, ones) = (150_001, 3)
    let header = """
      {"a":{"dtype":"U8","shape":[\(ones)],"data_offsets":[0,\(ones)]},\
      "b":{"dtype":"F32","shape":[\(count)],"data_offsets":[\(ones),\(ones + 4 * count)]},\
      "c":{"dtype":"F64","shape":[\(count)],"data_offsets":[\(ones + 4 * count),\(ones + 12 * count)]}}
      """
    var data: [UInt8] = [1, 1, 1]
    for number in 0..<count { withUnsafeBytes(of: Float(number)) { data += $0 } }
    for number in 0..<count { withUnsafeBytes(of: Double(-number)) { data += $0 } }
    try withFolder { folder in
      try FileSystem.write(container(header, data), to: folder + "/large.safetensors")
      let file = try FileSystem.map(folder + "/large.safetensors")
      // A second reading finds what the first one gave back.
      for _ in 0..<2 {
        let tensors = try Safetensors(parsing: file, file: "-", types: ElementType.allCases).tensors
        #expect(tensors[0].tensor.values == [1, 1, 1])
        #expect(tensors[1].tensor.values == (0..<count).map { Float($0) })
        #expect(tensors[2].tensor.values == (0..<count).map { -Float($0) })
      }
    }
  }

  @Test func sortsTensorsByTheirData() throws {
    let header =
      #"{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}  "#
    let content = try Safetensors(parsing: container(header, [4, 5]), file: "-")
    #expect(content.tensors.map(\.name) == ["a", "b"])
    #expect(content.tensors.map(\.tensor.values) == [[4], [5]])
  }

  @Test(
    arguments: [
      // Overlap, gap, outside, not covered (class 6).
      (entry("U8", "[4]", 0, 4) + entry("U8", "[4]", 3, 7), "data that start at 4, where those before end"),
      (entry("U8", "[4]", 0, 4) + entry("U8", "[4]", 0, 4), "data that start at 4, where those before end"),
      (entry("U8", "[2]", 0, 2) + entry("U8", "[4]", 4, 8), "data that start at 2, where those before end"),
      (entry("U8", "[7]", 1, 8), "data that start at 0, where those before end"),
      (entry("U8", "[9]", 0, 9), "data inside the 8 bytes after the header"),
      (entry("U8", "[7]", 0, 7), "7 bytes after the header, as the tensors say"),
      ([], "0 bytes after the header, as the tensors say"),
      (entry("U8", "[8]", 8, 0), "data_offsets [begin, end]"), (entry("U8", "[8]", -8, 0), "data_offsets [begin, end]"),
      ([#"{"dtype":"U8","shape":[8],"data_offsets":[0]}"#], "data_offsets [begin, end]"),
      ([#"{"dtype":"U8","shape":[8],"data_offsets":[0,8.5]}"#], "data_offsets [begin, end]"),
      ([#"{"dtype":"U8","shape":[8],"data_offsets":[0,1e300]}"#], "data_offsets [begin, end]"),
      ([#"{"dtype":"U8","shape":[8]}"#], "data_offsets [begin, end]"),
      // Products that overflow, extents below 1 (classes 1 and 7).
      (entry("U8", "[4294967296,4294967296]", 0, 8), "a shape of 1 to 2^40 values"),
      (entry("U8", "[4398046511105]", 0, 8), "a shape of 1 to 2^40 values"),
      (entry("U8", "[18446744073709551616]", 0, 8), "a shape of 1 to 2^40 values"),
      (entry("U8", "[-8]", 0, 8), "a shape of 1 to 2^40 values"),
      (entry("U8", "[-2,-4]", 0, 8), "a shape of 1 to 2^40 values"),
      (entry("U8", "[0]", 0, 0), "a shape of 1 to 2^40 values"),
      (entry("U8", "[1.5]", 0, 8), "a shape of 1 to 2^40 values"),
      // Too many axes (class 4), more bytes than the type has (class 5), a huge count (class 3).
      (entry("U8", "[" + String(repeating: "1,", count: 64) + "8]", 0, 8), "a shape of at most 64 axes"),
      (entry("F64", "[8]", 0, 8), "64 bytes for F64 [8]"), (entry("F32", "[1]", 0, 8), "4 bytes for F32 [1]"),
      (entry("F64", "[1099511627776]", 0, 8), "8796093022208 bytes for F64 [1099511627776]"),
      (entry("F8_E4M3", "[8]", 0, 8), "a dtype of BF16, BOOL, F16, F32, F64, I16, I32, I64, I8, U16, U32, U64, U8"),
      ([#"{"shape":[8],"data_offsets":[0,8]}"#], "a dtype"), (["8"], "an object"),
      ([#"{"dtype":"U8","shape":[8],"data_offsets":[0,8],"x":1}"#], "dtype, shape and data_offsets"),
    ] as [([String], String)])
  func saysWhatIsWrongWithATensor(_ entries: [String], _ expected: String) throws {
    let members = entries.enumerated().map { "\"t\($0.offset)\":\($0.element)" }
    let bytes = container("{" + members.joined(separator: ",") + "}", [UInt8](repeating: 0, count: 8))
    let error = try failure { try Safetensors(parsing: bytes, file: "f") }
    #expect(error.expected == expected, "\(error)")
  }

  @Test(
    arguments: [
      ([], "8 bytes with the length of the header"), ([1, 0, 0], "8 bytes with the length of the header"),
      ([3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d], "a header inside the file"),
      ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7b, 0x7d], "a header of at most 100000000 bytes"),
      ([1, 0xe1, 0xf5, 5, 0, 0, 0, 0], "a header of at most 100000000 bytes"),
      (container(""), "a header that starts with '{'"), (container(" {}"), "a header that starts with '{'"),
      (container("[]"), "a header that starts with '{'"), (container("{}x"), "the end of the text"),
      (container("{\"a\":1,\"a\":1}"), "a name not seen before in its object"),
      (container("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}"), "a name not seen before in its object"),
      (container("{\"__metadata__\":{\"a\":1}}"), "a string"),
      (container("{\"__metadata__\":[]}"), "an object of strings"),
      ([5, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xff, 0x22, 0x7d], "UTF-8"),
      (container("{\"a\":" + String(repeating: "[", count: 100)), "at most 64 nested arrays and objects"),
    ] as [([UInt8], String)])
  func saysWhatIsWrongWithAHeader(_ bytes: [UInt8], _ expected: String) throws {
    let error = try failure { try Safetensors(parsing: bytes, file: "f") }
    #expect(error.expected == expected, "\(error)")
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = Safetensors(metadata: [("a", "b")], tensors: [("x", ramp(2, 2)), ("y", ramp(1))]).bytes()
    for count in 0..<bytes.count {
      #expect(throws: FileError.self) { try Safetensors(parsing: Array(bytes[..<count]), file: "-") }
    }
    #expect(throws: FileError.self) { try Safetensors(parsing: bytes + [0], file: "-") }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func damagedFilesNeverCrash(seed: UInt64) {
    var generator = SeededRandom(seed: seed)
    let bytes = Safetensors(metadata: [("a", "b")], tensors: [("x", ramp(2, 2)), ("y", ramp(1))]).bytes()
    for _ in 0..<500 {
      if let content = try? Safetensors(parsing: bytes.damaged(by: &generator), file: "-") {
        #expect(content.tensors.allSatisfy { $0.tensor.values.count == $0.tensor.shape.count })
      }
    }
  }
}

private func entry(_ type: String, _ shape: String, _ begin: Int, _ end: Int) -> [String] {
  [#"{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(begin),\#(end)]}"#]
}
