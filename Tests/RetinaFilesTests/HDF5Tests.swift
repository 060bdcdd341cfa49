import Foundation
import RetinaFiles
import RetinaModel
import Testing

/// Whether there is an HDF5 library here.
let hasHDF5: Bool = {
  let attempt = try? withFolder { try HDF5Object(.group([])).write(to: $0 + "/empty.h5") }
  return attempt != nil
}()

@Suite(.enabled(if: hasHDF5, "no HDF5 library; apt-get install hdf5-tools"))
struct HDF5Tests {
  static let example = HDF5Object(
    .group([
      ("movie", HDF5Object(.singles([2, 1, 3], [0, 1, 2, -3, 0.5, .infinity]), attributes: [("rate", .number(30))])),
      (
        "group",
        HDF5Object(
          .group([
            ("times", HDF5Object(.doubles([3], [1e6, 1e6 + 0.125, .nan]))),
            ("ids", HDF5Object(.integers([7, -1, 1 << 40]))),
            ("names", HDF5Object(.texts(["a", "", "Müller"]))),
            ("none", HDF5Object(.doubles([0], []))),
          ]), attributes: [("kind", .text("näher")), ("list", .texts(["x", "y"]))])
      ),
      ("title", HDF5Object(.text("one text"))),
      ("scalar", HDF5Object(.doubles([], [2.5]))),
    ]))

  private func withExample<Value>(_ body: (HDF5File) throws -> Value) throws -> Value {
    try withFolder { folder in
      try HDF5Tests.example.write(to: folder + "/a.h5")
      return try body(try HDF5File(folder + "/a.h5"))
    }
  }

  @Test func `what is written is read`() throws {
    try withExample { file in
      #expect(try file.names() == ["group", "movie", "scalar", "title"])
      #expect(try file.names(in: "group") == ["ids", "names", "none", "times"])
      #expect(try file.tensor("movie") == Tensor(shape: Shape(2, 1, 3), values: [0, 1, 2, -3, 0.5, .infinity]))
      #expect(try file.extents(of: "movie") == [2, 1, 3])
      let (extents, times) = try file.doubles("group/times")
      #expect(extents == [3])
      #expect(times[0..<2] == [1e6, 1e6 + 0.125])
      #expect(times[2].isNaN)
      #expect(try file.doubles("group/ids").values == [7, -1, 0x1p40])
      #expect(try file.doubles("group/none").extents == [0])
      #expect(try file.doubles("scalar").extents == [])
      #expect(try file.texts("group/names") == ["a", "", "Müller"])
      #expect(try file.texts("title") == ["one text"])
      #expect(try file.number(attribute: "rate", of: "movie") == 30)
      #expect(try file.number(attribute: "other", of: "movie") == nil)
      #expect(try file.text(attribute: "kind", of: "group") == "näher")
      #expect(file.contains("group/times"))
      #expect(!file.contains("group/other/times"))
      #expect(file.isGroup("group"))
      #expect(!file.isGroup("movie"))
    }
  }

  @Test func `equal objects give equal files`() throws {
    try withFolder { folder in
      for name in ["a", "b"] { try HDF5Tests.example.write(to: "\(folder)/\(name).h5") }
      #expect(try FileSystem.read(folder + "/a.h5") == FileSystem.read(folder + "/b.h5"))
    }
  }

  @Test(arguments: [
    ("missing", "a data set, found nothing of that name"), ("group", "a data set, found another object"),
    ("title", "integers or floating-point numbers, found another type"),
    ("group/times/deeper", "a data set, found nothing of that name"),
  ])
  func `a wrong name is told`(_ name: String, _ text: String) throws {
    try withExample { file in
      let error = try failure { try file.tensor(name) }
      #expect(error.description.hasSuffix(text), "\(error)")
      #expect(error.place == "'\(name)'")
    }
  }

  @Test func `texts and groups are not taken for one another`() throws {
    try withExample { file in
      let text = try failure { try file.texts("scalar") }
      #expect(text.expected == "texts")
      let group = try failure { try file.names(in: "movie") }
      #expect(group.expected == "a group")
      let list = try failure { try file.number(attribute: "list", of: "group") }
      #expect(list.expected == "one value")
      let number = try failure { try file.number(attribute: "kind", of: "group") }
      #expect(number.expected == "a number")
      let empty = try failure { try file.tensor("group/none") }
      #expect(empty.expected == "at least one value")
    }
  }

  @Test func `files that are not whole are refused`() throws {
    try withFolder { folder in
      try HDF5Tests.example.write(to: folder + "/a.h5")
      let bytes = try FileSystem.read(folder + "/a.h5")
      let path = folder + "/b.h5"
      for part in [Array("no HDF5 at all".utf8), [], Array(bytes.prefix(100)), Array(bytes.dropLast(64))] {
        try FileSystem.write(part, to: path)
        let error = try failure { try HDF5File(path) }
        #expect(error.expected == "a whole HDF5 file", "\(part.count) bytes")
      }
      let missing = try failure { try HDF5File(folder + "/none.h5") }
      #expect(missing.kind == .cannotRead)
      let aFolder = try failure { try HDF5File(folder) }
      #expect(aFolder.found == "a folder")
    }
  }

  @Test func `a file that cannot be made leaves nothing behind`() throws {
    try withFolder { folder in
      let error = try failure { try HDF5Tests.example.write(to: folder + "/none/a.h5") }
      #expect(error.kind == .cannotWrite)
      #expect(try FileSystem.list(folder).isEmpty)
    }
  }

  @Test(.enabled(if: PythonScript.has("h5py"), "python3 has no h5py"))
  func `h5py reads what is written`() throws {
    let script = """
      import sys, numpy as np, h5py
      with h5py.File(sys.argv[1]) as f:
        assert f['movie'].dtype == np.float32 and f['movie'].shape == (2, 1, 3)
        assert np.array_equal(f['movie'][...].ravel(), [0, 1, 2, -3, .5, np.inf])
        assert f['movie'].attrs['rate'] == 30 and f['group'].attrs['kind'] == 'näher'
        assert f['group/ids'].dtype == np.int64 and list(f['group/ids']) == [7, -1, 1 << 40]
        assert [t.decode() for t in f['group/names']] == ['a', '', 'Müller'] and f['title'][()] == b'one text'
        assert f['group/none'].shape == (0,) and f['scalar'][()] == 2.5
      """
    try withFolder { folder in
      try HDF5Tests.example.write(to: folder + "/a.h5")
      #expect(try PythonScript.run(script, folder + "/a.h5") == 0)
    }
  }

  @Test(.enabled(if: PythonScript.has("h5py"), "python3 has no h5py"))
  func `what h5py writes is read`() throws {
    let script = """
      import sys, numpy as np, h5py
      values = np.arange(60).reshape(3, 4, 5)
      with h5py.File(sys.argv[1] + '/a.h5', 'w') as f:
        for type in 'u1 i2 >i4 i8 f2 >f4 f8'.split(): f[type.strip('>')] = values.astype(type)
        f.create_dataset('packed', data=values.astype('u1'), chunks=(2, 3, 4), compression='gzip', shuffle=True)
        f.create_dataset('lzf', data=values, chunks=(1, 4, 5), compression='lzf')
        f['fixed'] = np.array([b'ab', b'c'])
        f['flags'] = np.array([True, False])
        f['table'] = np.zeros(3, dtype=[('x', 'f4')])
        f['empty'] = h5py.Empty('f4')
        f['soft'] = h5py.SoftLink('/f8')
        f['loop'] = h5py.SoftLink('/loop')
        f['far'] = h5py.ExternalLink('b.h5', '/x')
        f.create_dataset('outside', (60,), 'u1', external=[(sys.argv[1] + '/raw', 0, 60)])
        f.create_dataset('claim', (1 << 20, 1 << 20), 'f4', chunks=(64, 64))
        f.create_dataset('hungry', (1 << 14, 1 << 14), 'f4', chunks=(64, 64))
        layout = h5py.VirtualLayout((60,), 'u1'); layout[:] = h5py.VirtualSource('b.h5', 'x', (60,))
        f.create_virtual_dataset('virtual', layout)
      with h5py.File(sys.argv[1] + '/b.h5', 'w') as f: f['x'] = np.zeros(60, 'u1')
      open(sys.argv[1] + '/raw', 'wb').write(bytes(60))
      """
    let expected = Tensor(shape: Shape(3, 4, 5), values: (0..<60).map { Float($0) })
    try withFolder { folder in
      #expect(try PythonScript.run(script, folder) == 0)
      let file = try HDF5File(folder + "/a.h5")
      for name in ["u1", "i2", "i4", "i8", "f2", "f4", "f8", "packed", "soft"] {
        #expect(try file.tensor(name) == expected, "\(name)")
      }
      #expect(try file.texts("fixed") == ["ab", "c"])
      let refused = [
        ("lzf", "data that can be read"), ("flags", "integers or floating-point numbers"),
        ("table", "integers or floating-point numbers"), ("empty", "values"), ("far", "a data set in this file"),
        ("loop", "a data set in this file"), ("outside", "data in this file"), ("virtual", "data in this file"),
        ("claim", "at most 2147483648 values"), ("hungry", "data for 268435456 values"),
      ]
      for (name, text) in refused {
        let error = try failure { try file.tensor(name) }
        #expect(error.expected == text, "\(name)")
      }
    }
  }

  /// A published chirp at 64 Hz, where the recordings are beside the checkout.
  @Test(.enabled(if: HDF5Tests.chirp != nil, "the recordings are not here"))
  func `a published stimulus is read`() throws {
    let (extents, values) = try HDF5File(try #require(HDF5Tests.chirp)).doubles("stimulus")
    #expect(extents == [2048])
    // Dark for 2 s, then bright; the sum is h5py's.
    #expect(values[0...128].allSatisfy { $0 < 0.001 })
    #expect(values[129] == 1)
    #expect(abs(values.reduce(0, +) - 492.711_306_978_814_7) < 1e-9)
  }

  private static let chirp: String? = {
    var root = URL(filePath: #filePath)
    for _ in 0..<4 { root = root.deletingLastPathComponent() }
    let folder = root.appending(path: "shared/recordings/franke2017_bipolar_chirp_bcn").path
    let names = (try? FileSystem.list(folder)) ?? []
    return names.first { $0.hasSuffix(".h5") }.map { folder + "/" + $0 }
  }()
}
