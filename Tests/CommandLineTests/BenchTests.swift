import RetinaFiles
import Testing

@Suite struct BenchTests {
  @Test func timesAStream() async throws {
    let bench = try Bench()
    let report = try await bench.json("bench", "model.safetensors", "--frames", "50", "--clock", "cpu")
    #expect(report["frames"] == 50)
    #expect(try #require(report["seconds_per_frame"]?.number) > 0)
  }

  @Test func timesAWholeMovieOnThreads() async throws {
    let bench = try Bench()
    let report = try await bench.json("bench", "model.safetensors", "--threads", "2", "--frames", "100")
    #expect(report["frames"] == 100)
    #expect(report["threads"] == 2)
    let (one, all) = (report["seconds_one_thread"]?.array, report["seconds_all_threads"]?.array)
    #expect(one?.count == all?.count)
    let speedup = try #require(one?.compactMap { $0.number }.min()) / #require(all?.compactMap { $0.number }.min())
    #expect(report["speedup"]?.number == speedup)
    let text = try await bench.run("bench", "model.safetensors", "--threads", "2", "--stimulus", "movie.npy")
    #expect(text.contains("tiny, a movie of 400 frames"))
  }

  @Test func timesAnExactExplanation() async throws {
    let bench = try Bench()
    let report = try await bench.json("bench", "model.safetensors", "--probe", "--cell", "1", "--windows", "5")
    #expect(report["layers"] == ["relu1", "relu2"])
    #expect(report["cell"] == 1)
    #expect(report["windows"] == 5)
    for name in ["seconds", "seconds_per_further_cell"] { #expect(try #require(report[name]?.number) > 0) }
    #expect(try #require(report["relative_residual"]?.number) < 1e-5)
    let text = try await bench.run("bench", "model.safetensors", "--probe", "--stimulus", "movie.npy")
    #expect(text.contains("integrated gradients and conductance of relu1, relu2, exact, "))
    #expect(text.contains("; each further cell "))
  }

  @Test func timesTheAblationOfChannelsAndUnits() async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "bench", "model.safetensors", "--ablate", "--cell", "2", "--windows", "3", "--frames", "10")
    #expect(report["cell"] == 2 && report["windows"] == 3)
    // Layers of 3 and 2 channels, the first of 6 x 6 units each.
    #expect(report["channels"] == 5 && report["units"] == 108)
    for name in ["seconds_direct_forward", "seconds_all_channels", "seconds_all_units"] {
      #expect(try #require(report[name]?.number) > 0)
    }
    let text = try await bench.run("bench", "model.safetensors", "--ablate", "--windows", "1", "--frames", "10")
    #expect(text.contains("5 channels ") && text.contains("108 units of relu1 "))
    try await bench.fails(["bench", "model.safetensors", "--ablate", "--threads", "2"], 64, "--threads")
    try await bench.fails(["bench", "model.safetensors", "--ablate", "--cell", "3"], 64, "--cell", "'3'")
  }
}
