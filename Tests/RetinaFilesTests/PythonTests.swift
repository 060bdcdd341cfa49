import Foundation
import RetinaFiles
import RetinaModel
import Testing

/// NumPy and the reference implementation of safetensors read what is written here, and the other way round.
@Suite struct PythonTests {
  private static let hasLibraries = (try? python("import numpy, safetensors.numpy")) == 0

  /// Runs a script and gives its exit status.
  private static func python(_ script: String, _ arguments: String...) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test(.enabled(if: hasLibraries, "python3 has no numpy or no safetensors"))
  func pythonReadsWhatIsWritten() throws {
    let tensor = ramp(2, 3, 4)
    let script = """
      import sys, io, numpy as np, safetensors.numpy as st, safetensors
      folder = sys.argv[1]
      expected = ((np.arange(24) - 8) / 8).astype('<f4').reshape(2, 3, 4)
      assert np.array_equal(np.load(folder + '/a.npy'), expected)
      stream = io.BytesIO()
      np.save(stream, expected)
      assert stream.getvalue() == open(folder + '/a.npy', 'rb').read()
      archive = np.load(folder + '/a.npz')
      assert archive.files == ['x', 'é'] and np.array_equal(archive['x'], expected) and archive['é'].shape == (2,)
      assert np.array_equal(st.load_file(folder + '/a.safetensors')['x'], expected)
      with safetensors.safe_open(folder + '/a.safetensors', 'numpy') as file: assert file.metadata() == {'é': 'n\\n'}
      """
    try withFolder { folder in
      try NPY.write(tensor, to: folder + "/a.npy")
      try NPZ.write([("x", tensor), ("é", ramp(2))], to: folder + "/a.npz")
      let content = Safetensors(metadata: [("é", "n\n")], tensors: [("x", tensor), ("y", ramp(1))])
      try FileSystem.write(content.bytes(), to: folder + "/a.safetensors")
      #expect(try PythonTests.python(script, folder) == 0)
    }
  }

  @Test(.enabled(if: hasLibraries, "python3 has no numpy or no safetensors"))
  func readsWhatPythonWrites() throws {
    let script = """
      import sys, numpy as np, safetensors.numpy as st
      folder = sys.argv[1]
      values = (np.arange(60) - 20).reshape(3, 4, 5)
      types = [o + t for o in '<>' for t in 'i1 i2 i4 i8 f2 f4 f8'.split()]
      for index, type in enumerate(types):
        np.save(f'{folder}/{index}c.npy', values.astype(type))
        np.save(f'{folder}/{index}f.npy', np.asfortranarray(values.astype(type)))
      np.savez_compressed(folder + '/all.npz', **{t: values.astype(t) for t in types})
      noise = np.random.default_rng(1).integers(0, 50, 200000).astype('<f4')
      np.savez_compressed(folder + '/noise.npz', noise=noise, sum=np.cumsum(noise.astype('<f8')))
      st.save_file({t: values.astype(t) for t in types if t[0] == '<'}, folder + '/all.safetensors', {'a': 'b'})
      """
    let expected = Tensor(shape: Shape(3, 4, 5), values: (0..<60).map { Float($0 - 20) })
    try withFolder { folder in
      #expect(try PythonTests.python(script, folder) == 0)
      for index in 0..<14 {
        #expect(try NPY.read("\(folder)/\(index)c.npy") == expected)
        #expect(try NPY.read("\(folder)/\(index)f.npy") == expected)
      }
      let archive = try NPZ.read(folder + "/all.npz")
      #expect(archive.count == 14)
      for array in archive { #expect(array.tensor == expected) }
      let noise = try NPZ.read(folder + "/noise.npz")
      #expect(noise[0].tensor.values.count == 200_000)
      var sum: Float = 0
      for value in noise[0].tensor.values { sum += value }
      #expect(noise[1].tensor.values.last == sum)
      let content = try Safetensors(parsing: FileSystem.read(folder + "/all.safetensors"), file: "-")
      #expect(content.metadata.map(\.text) == ["b"])
      #expect(content.tensors.count == 7)
      for array in content.tensors { #expect(array.tensor == expected) }
    }
  }
}
