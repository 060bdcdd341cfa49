import Foundation
import RetinaFiles
import RetinaKernels
import RetinaModel
import Testing

/// A file of version 1.0 for three frames of two values.
private func file(_ type: String, _ data: [UInt8], shape: String = "(3, 2)", fortran: String = "False") -> [UInt8] {
  let text = Array("{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': \(shape), }\n".utf8)
  return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count & 0xff), UInt8(text.count >> 8)] + text + data
}

/// All frames of a file.
private func frames(_ path: String) throws -> (shape: Shape, frames: [[Float]]) {
  let reader = try NPYFrameReader(path)
  var frames: [[Float]] = []
  while let frame = try reader.next() { frames.append(frame) }
  #expect(reader.framesRead == frames.count)
  return (reader.shape, frames)
}

/// Changes the bytes of a file in its place, where ``FileSystem/write(_:to:)`` would put another file.
private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
  let handle = try #require(FileHandle(forWritingAtPath: path))
  try handle.write(contentsOf: Data(bytes))
  try handle.truncate(atOffset: UInt64(bytes.count))
  try handle.close()
}

@Suite struct NPYPiecesTests {
  @Test(arguments: [Shape(1), Shape(7), Shape(3, 5), Shape(4, 3, 2), Shape(2, 1, 3, 2)])
  func framesAreSlicesOfTheArray(_ shape: Shape) throws {
    try withFolder { folder in
      var tensor = Tensor(repeating: 0, shape: shape)
      for index in 0..<shape.count { tensor.values[index] = Float(index) * 0.37 - 3 }
      try NPY.write(tensor, to: folder + "/a.npy")
      let read = try frames(folder + "/a.npy")
      #expect(read.shape == shape)
      #expect(read.frames.count == shape[0])
      #expect(read.frames.flatMap { $0 } == tensor.values)
    }
  }

  @Test(arguments: [
    "|b1", "|i1", "|u1", "<i2", ">i2", "<u2", "<i4", ">u4", "<i8", ">u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8",
  ])
  func everyTypeIsReadAsAWhole(_ type: String) throws {
    try withFolder { folder in
      let size = type.last?.wholeNumberValue ?? 0
      let bytes = file(type, (0..<6 * size).map { UInt8(truncatingIfNeeded: 37 &* $0 &+ 3) })
      try FileSystem.write(bytes, to: folder + "/a.npy")
      let whole = try NPY.read(folder + "/a.npy").values
      #expect(try frames(folder + "/a.npy").frames.flatMap { $0 }.map(\.bitPattern) == whole.map(\.bitPattern))
    }
  }

  @Test func rowsAreWhatIsWrittenAsAWhole() throws {
    try withFolder { folder in
      // Rows of 80 kB, larger than what is kept before it is written, and a file of many short rows.
      for tensor in [ramp(3, 100, 200), ramp(30_000, 3), ramp(5)] {
        let path = folder + "/a.npy"
        let writer = try NPYRowWriter(path, shape: tensor.shape)
        let count = tensor.shape.count / tensor.shape[0]
        try tensor.values.withUnsafeBufferPointer { values in
          for row in 0..<tensor.shape[0] {
            try writer.append(UnsafeBufferPointer(rebasing: values[row * count..<(row + 1) * count]))
          }
        }
        try writer.finish()
        #expect(try FileSystem.read(path) == NPY.bytes(of: tensor))
        #expect(try FileSystem.list(folder) == ["a.npy"])
      }
    }
  }

  @Test func aWriterThatIsDroppedLeavesNothing() throws {
    try withFolder { folder in
      try FileSystem.write([1, 2], to: folder + "/a.npy")
      do {
        let writer = try NPYRowWriter(folder + "/a.npy", shape: Shape(2, 2))
        try [1, 2].withUnsafeBufferPointer { try writer.append($0) }
        #expect(try FileSystem.list(folder).count == 2)
      }
      #expect(try FileSystem.list(folder) == ["a.npy"])
      #expect(try FileSystem.read(folder + "/a.npy") == [1, 2])
    }
  }

  @Test func saysWhenAPlaceCannotBeWritten() throws {
    let full = try failure {
      let writer = try NPYRowWriter("/dev/full", shape: Shape(1, 2))
      try [1, 2].withUnsafeBufferPointer { try writer.append($0) }
      try writer.finish()
    }
    #expect(full.description == "/dev/full: expected a place that can be written, found no space left on device")
    #expect(full.kind == .cannotWrite)
    try withFolder { folder throws in
      #expect(try failure { try NPYRowWriter(folder, shape: Shape(1)) }.found == "a folder")
      #expect(try failure { try NPYRowWriter(folder + "/none/a", shape: Shape(1)) }.found == "no such folder")
    }
  }

  @Test func everyTruncationIsRefused() throws {
    try withFolder { folder in
      let (bytes, path) = (NPY.bytes(of: ramp(2, 2)), folder + "/a.npy")
      for count in 0..<bytes.count {
        try FileSystem.write(Array(bytes[..<count]), to: path)
        // The same words as for a file that is read as a whole.
        let whole = try failure { try NPY.read(path) }
        #expect(try failure { try frames(path) } == whole)
      }
      try FileSystem.write(bytes + [0], to: path)
      #expect(try failure { try frames(path) }.description.hasSuffix("for the shape [2, 2], found 17 bytes"))
    }
  }

  @Test func aFileThatChangesWhileItIsReadIsRefused() throws {
    try withFolder { folder in
      let (bytes, path) = (NPY.bytes(of: ramp(3, 2)), folder + "/a.npy")
      for (change, place) in [(Array(bytes.dropLast(4)), "frame 2"), (bytes + [0], "data")] {
        try FileSystem.write(bytes, to: path)
        let reader = try NPYFrameReader(path)
        #expect(try reader.next() != nil)
        try overwrite(path, change)
        #expect(try failure { while try reader.next() != nil {} }.place == place)
      }
    }
  }

  @Test func saysWhatCannotBeReadInFrames() throws {
    try withFolder { folder in
      let path = folder + "/a.npy"
      #expect(try failure { try NPYFrameReader(path) }.kind == .cannotRead)
      #expect(try failure { try NPYFrameReader(folder) }.found == "a folder")
      #expect(try failure { try NPYFrameReader("/dev/null") }.place == "byte 0")
      try FileSystem.write(file("|u1", [1, 2, 3, 4, 5, 6], fortran: "True"), to: path)
      #expect(try failure { try NPYFrameReader(path) }.found == "Fortran order")
      try FileSystem.write(file("|u1", [1], shape: "()"), to: path)
      #expect(try failure { try NPYFrameReader(path) }.expected == "an array with frames")
      try FileSystem.write(file("|u1", [1, 2, 3], shape: "(3,)", fortran: "True"), to: path)
      #expect(try frames(path).frames == [[1], [2], [3]])
    }
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func damagedFilesNeverCrash(seed: UInt64) throws {
    var generator = SeededRandom(seed: seed)
    let bytes = NPY.bytes(of: ramp(2, 3))
    try withFolder { folder in
      for _ in 0..<200 {
        let damaged = bytes.damaged(by: &generator)
        try FileSystem.write(damaged, to: folder + "/a.npy")
        let (pieces, whole) = (try? frames(folder + "/a.npy"), try? NPY.parse(damaged, file: "-"))
        if let pieces { #expect(pieces.frames.flatMap { $0 }.map(\.bitPattern) == whole?.values.map(\.bitPattern)) }
      }
    }
  }
}
