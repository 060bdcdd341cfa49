import FoundationEssentials
import RetinaFiles
import Testing

@Suite struct FileSystemTests {
  @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 300_000])
  func writtenBytesComeBack(count: Int) throws {
    try withFolder { folder in
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try FileSystem.write(bytes, to: folder + "/a")
      #expect(try FileSystem.read(folder + "/a") == bytes)
      #expect(try FileSystem.list(folder) == ["a"])
    }
  }

  @Test func replacesAFileAndKeepsALink() throws {
    try withFolder { folder in
      try FileSystem.write([1], to: folder + "/a")
      try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder + "/a")
      try FileSystem.write([2, 3], to: folder + "/link")
      #expect(try FileSystem.read(folder + "/a") == [2, 3])
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link") == folder + "/a")
    }
  }

  @Test func writesToADeviceDirectly() throws {
    try FileSystem.write([1, 2, 3], to: "/dev/null")
    #expect(try FileSystem.read("/dev/null") == [])
  }

  @Test func saysWhatIsWrongWithAFileToRead() throws {
    try withFolder { folder in
      let missing = try failure { try FileSystem.read(folder + "/none") }
      #expect(missing.description == "\(folder)/none: expected an existing file, found no such file")
      #expect(missing.kind == .cannotRead)
      #expect(try failure { try FileSystem.read(folder) }.found == "a folder")
      try FileSystem.write([1, 2, 3], to: folder + "/a")
      #expect(try failure { try FileSystem.read(folder + "/a", limit: 2) }.expected == "at most 2 bytes")
      #expect(try failure { try FileSystem.read("/dev/zero", limit: 100_000) }.found == "more")
      #expect(try failure { try FileSystem.read(folder + "/a/b") }.found == "not a directory")
    }
  }

  @Test func aFailedWriteLeavesNothing() throws {
    try withFolder { folder in
      let missing = try failure { try FileSystem.write([1], to: folder + "/none/a") }
      #expect(missing.kind == .cannotWrite)
      #expect(missing.expected == "an existing folder to write in")
      try FileSystem.createFolder(folder + "/b/c")
      #expect(try failure { try FileSystem.write([1], to: folder + "/b") }.found == "a folder")
      #expect(try failure { try FileSystem.write([1], to: "/proc/none") }.kind == .cannotWrite)
      #expect(try FileSystem.list(folder) == ["b"])
    }
  }

  @Test func makesFolders() throws {
    try withFolder { folder in
      try FileSystem.createFolder(folder + "/a/b//c/")
      try FileSystem.createFolder(folder + "/a")
      #expect(FileSystem.isFolder(folder + "/a/b/c"))
      #expect(!FileSystem.isFolder(folder + "/none"))
      try FileSystem.write([], to: folder + "/file")
      #expect(!FileSystem.isFolder(folder + "/file"))
      #expect(try failure { try FileSystem.createFolder(folder + "/file/x") }.kind == .cannotWrite)
      try FileSystem.write([], to: folder + "/B")
      #expect(try FileSystem.list(folder) == ["B", "a", "file"])
      #expect(try failure { try FileSystem.list(folder + "/none") }.found == "no such folder")
    }
  }

  @Test func errorsAreOneLine() {
    let error = FileError(file: "a", place: "b\nc", expected: "d\u{1b}", found: "é\u{2028}")
    #expect(error.description == "a: b\\nc: expected d\\u{1B}, found é\\u{2028}")
  }
}
