import Foundation
import RetinaFiles
import RetinaModel
import Testing

/// Results and recordings in the formats of other programs, as commands.
@Suite struct FormatTests {
  let bench: Bench

  init() throws { bench = try Bench() }

  private static let hasHDF5: Bool = {
    let path = FileManager.default.temporaryDirectory.appending(path: "retina-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    return (try? HDF5Object(.group([])).write(to: path)) != nil
  }()

  @Test func `a table holds the rates of run with their frames`() async throws {
    try await bench.run("run", "model.safetensors", "movie.npy", "--output", "rates.npy")
    try await bench.run("run", "model.safetensors", "movie.npy", "--output", "rates.csv")
    let rates = try NPY.read(bench["rates.npy"])
    let lines = String(decoding: try FileSystem.read(bench["rates.csv"]), as: UTF8.self).split(separator: "\n")
    #expect(lines[0] == "frame,seconds,ganglion-7,ganglion-8,ganglion-9")
    // A history of 4 and a lag of 1: the first response is that in frame 4.
    #expect(lines[1].hasPrefix("4,0.1333"))
    #expect(lines.count == 7)
    let values = lines.dropFirst().flatMap { $0.split(separator: ",").dropFirst(2).compactMap { Float($0) } }
    #expect(values == rates.values)
  }

  @Test func `JSON holds layers of several stimuli`() async throws {
    try await bench.run(
      "run", "model.safetensors", "set.json", "--layer", "relu1", "--layer", "rate", "--output", "all.json")
    let json = try JSON(parsing: try FileSystem.read(bench["all.json"]), file: "-")
    let results = try #require(json["results"]?.array)
    #expect(results.map { $0["stimulus"]?.string } == ["flash", "flash", "on/off", "on/off"])
    #expect(results.map { $0["values"]?.string } == ["relu1", "rate", "relu1", "rate"])
    #expect(results[1]["data"]?.array?.count == 4)
  }

  @Test func `a table of several layers is refused before the work`() async throws {
    try await bench.fails(
      ["run", "model.safetensors", "set.json", "--output", "a.csv"], 64, "one layer for one stimulus")
  }

  @Test func `a movie is resampled`() async throws {
    let json = try await bench.json(
      "stimulus", "movie.npy", "--height", "4", "--width", "2", "--from-rate", "30", "--frame-rate", "10", "--output",
      "small.npy")
    #expect(json["shape"] == [3, 4, 2])
    let (movie, small) = (try NPY.read(bench["movie.npy"]), try NPY.read(bench["small.npy"]))
    var sum: Float = 0
    for frame in 0..<3 {
      for row in 0..<2 { for column in 0..<4 { sum += movie.values[frame * 64 + row * 8 + column] } }
    }
    #expect(abs(small.values[0] - sum / 24) < 1e-6)
    try await bench.fails(
      ["stimulus", "movie.npy", "--frame-rate", "10", "--output", "b.npy"], 65, "--from-rate X")
    try await bench.fails(["stimulus", "flash", "--frame-rate", "10", "--output", "b.npy"], 64, "is for movies")
  }

  @Test func `a missing HDF5 library is told with the way to get it`() async throws {
    try FileSystem.write([1, 2, 3], to: bench["a.h5"])
    let outcome = try await Tool.run(
      ["info", "a.h5"], in: bench.folder, environment: ["RETINA_HDF5": "/none/libhdf5.so"])
    #expect(outcome.code == 66)
    #expect(outcome.errors.contains("apt-get install hdf5-tools"), "\(outcome.errors)")
    #expect(outcome.errors.filter { $0 == "\n" }.count == 1)
  }

  @Test(.enabled(if: hasHDF5, "no HDF5 library; apt-get install hdf5-tools"))
  func `a salamander recording is described, fitted and evaluated`() async throws {
    try salamander().write(to: bench["ganglion.h5"])
    let info = try await bench.json("info", "ganglion.h5", "--history", "4")
    #expect(info["cells"]?.array?.count == 2)
    #expect(info["lag"]?.integer == 1)
    #expect(info["repeats"]?.integer == 1)
    let fit = try await Tool.run(
      [
        "fit", "ganglion.h5", "--response", "binned", "--architecture", "ln", "--history", "4", "--epochs", "1",
        "--batch", "32", "--output", "fit.safetensors",
      ], in: bench.folder)
    #expect(fit.code == 0, "\(fit.errors)")
    let scores = try await Tool.run(
      ["evaluate", "fit.safetensors", "ganglion.h5", "--response", "binned", "--baselines", "none", "--json"],
      in: bench.folder)
    #expect(scores.code == 0, "\(scores.errors)")
    try await bench.fails(["info", "ganglion.h5", "--response", "spikes"], 65, "binned, firing_rate_10ms")
  }

  /// Whatever a damaged HDF5 file holds, it is an error or a recording, and no crash of the tool.
  @Test(.enabled(if: hasHDF5, "no HDF5 library; apt-get install hdf5-tools"), arguments: 0..<4)
  func `damaged HDF5 files end in an error or in a recording`(_ seed: Int) async throws {
    let path = bench["whole.h5"]
    try salamander().write(to: path)
    let whole = try FileSystem.read(path)
    var state = UInt64(seed + 1)
    func next(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    for trial in 0..<6 {
      var bytes = whole
      // Most of what the library looks at lies in the first kilobytes.
      for _ in 0..<3 { bytes[next(trial % 2 == 0 ? 4096 : bytes.count)] = UInt8(next(256)) }
      try FileSystem.write(bytes, to: bench["damaged.h5"])
      let outcome = try await Tool.run(["info", "damaged.h5"], in: bench.folder)
      #expect([0, 65, 66].contains(outcome.code), "seed \(seed), trial \(trial): \(outcome.errors)")
    }
  }

  /// 400 frames of 8 x 8 pixels and two cells that follow a pixel each.
  private func salamander() -> HDF5Object {
    let (frames, plane) = (400, 64)
    var state: UInt64 = 7
    let movie = (0..<frames * plane).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 63)
    }
    var counts: [Float] = []
    for pixel in [27, 36] {
      for frame in 0..<frames { counts.append(frame < 3 ? 0 : 2 * movie[(frame - 2) * plane + pixel]) }
    }
    func responses(_ frames: Int, _ values: [Float]) -> HDF5Object {
      HDF5Object(
        .group([
          ("binned", HDF5Object(.singles([2, frames], values))),
          ("firing_rate_10ms", HDF5Object(.singles([2, frames], values.map { $0 * 100 }))),
        ]))
    }
    let test = 50
    return HDF5Object(
      .group([
        (
          "train",
          HDF5Object(
            .group([
              ("stimulus", HDF5Object(.singles([frames, 8, 8], movie))),
              ("time", HDF5Object(.doubles([frames], (0..<frames).map { Double($0) * 0.01 }))),
              ("response", responses(frames, counts)),
            ]))
        ),
        (
          "test",
          HDF5Object(
            .group([
              ("stimulus", HDF5Object(.singles([test, 8, 8], Array(movie[..<(test * plane)])))),
              ("response", responses(test, Array(counts[..<test] + counts[frames..<frames + test]))),
            ]))
        ),
      ]))
  }
}
