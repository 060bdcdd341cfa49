import Foundation
import RetinaModel
import Testing

@testable import RetinaFiles

@Suite struct ResultTests {
  static let rates = RunResult(
    stimulus: "flash", layer: "rates",
    values: Tensor(repeating: 0.1, shape: Shape(2, 2)).with([0.1, 2, -3, 1e-8]), rows: .frames(first: 4, rate: 10),
    cells: ["a", "b, \"left\""])
  static let hidden = RunResult(
    stimulus: "on/off", layer: "conv1",
    values: Tensor(repeating: 0, shape: Shape(1, 2, 1, 2)).with([1, 2, 3, 4]), rows: .frames(first: 0, rate: nil))

  @Test(arguments: [
    ("a.npy", ResultFormat.npy), ("a/b.CSV", .csv), ("a.json", .json), ("a.h5", .hdf5), ("a.b.hdf5", .hdf5),
    ("a.nwb", .nwb), ("a.txt", nil), ("npy", nil), ("a.csv/b", nil),
  ])
  func `the ending of a path is a format`(_ path: String, _ format: ResultFormat?) {
    #expect(ResultFormat(path: path) == format)
  }

  @Test func `a table has frames, seconds and a column for each cell`() {
    #expect(ResultTests.rates.csv == "frame,seconds,a,\"b, \"\"left\"\"\"\n4,0.4,0.1,2.0\n5,0.5,-3.0,1e-08\n")
    var result = ResultTests.hidden
    #expect(result.csv == "frame,\"[0, 0, 0]\",\"[0, 0, 1]\",\"[1, 0, 0]\",\"[1, 0, 1]\"\n0,1.0,2.0,3.0,4.0\n")
    result.rows = .inputs
    #expect(result.csv.hasPrefix("input,"))
  }

  @Test func `JSON holds every result with its axes`() throws {
    let json = RunResult.json([ResultTests.rates, ResultTests.hidden])
    let results = try #require(json["results"]?.array)
    #expect(results[0]["first_frame"]?.integer == 4)
    #expect(results[0]["cells"]?.array?.count == 2)
    #expect(results[0]["data"] == [[0.1, 2], [-3, 1e-8]])
    #expect(results[1]["frame_rate"] == nil)
    #expect(results[1]["data"] == [[[[1, 2]], [[3, 4]]]])
  }

  @Test func `one array per table, and times for a time series`() throws {
    try withFolder { folder in
      let two = [ResultTests.rates, ResultTests.hidden]
      let table = try failure { try ResultFormat.csv.write(two, to: folder + "/a.csv") }
      #expect(table.kind == .cannotWrite)
      let error = try failure { try ResultFormat.nwb.write([ResultTests.hidden], to: folder + "/a.nwb") }
      #expect(error.description.contains(".h5 holds values without times"))
      #expect(try FileSystem.list(folder).isEmpty)
    }
  }

  @Test(.enabled(if: hasHDF5, "no HDF5 library; apt-get install hdf5-tools"))
  func `HDF5 holds a group for each stimulus`() throws {
    try withFolder { folder in
      let path = folder + "/a.h5"
      try ResultFormat.hdf5.write([ResultTests.rates, ResultTests.hidden], to: path)
      let file = try HDF5File(path)
      #expect(try file.names() == ["flash", "on%2Foff"])
      #expect(try file.tensor("flash/rates") == ResultTests.rates.values)
      #expect(try file.tensor("on%2Foff/conv1") == ResultTests.hidden.values)
      #expect(try file.number(attribute: "first_frame", of: "flash/rates") == 4)
      #expect(try file.number(attribute: "frame_rate", of: "flash/rates") == 10)
    }
  }

  @Test(.enabled(if: hasHDF5 && PythonScript.has("pynwb"), "no HDF5 library, or python3 has no pynwb"))
  func `pynwb reads and accepts the time series`() throws {
    let script = """
      import sys, numpy as np, pynwb
      assert not pynwb.validate(path=sys.argv[1]), pynwb.validate(path=sys.argv[1])
      with pynwb.NWBHDF5IO(sys.argv[1], 'r') as io:
        series = io.read().processing['retina']['flash rates']
        assert np.array_equal(series.data[:], np.float32([[.1, 2], [-3, 1e-8]])), series.data[:]
        assert series.rate == 10 and series.starting_time == .4 and 'a, b' in series.description
      """
    try withFolder { folder in
      try ResultFormat.nwb.write([ResultTests.rates], to: folder + "/a.nwb")
      try ResultFormat.nwb.write([ResultTests.rates], to: folder + "/b.nwb")
      #expect(try FileSystem.read(folder + "/a.nwb") == FileSystem.read(folder + "/b.nwb"))
      #expect(try PythonScript.run(script, folder + "/a.nwb") == 0)
    }
  }
}

extension Tensor {
  fileprivate func with(_ values: [Float]) -> Tensor {
    var tensor = self
    for (index, value) in values.enumerated() { tensor.values[index] = value }
    return tensor
  }
}
