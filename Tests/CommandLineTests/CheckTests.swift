import RetinaFiles
import RetinaModel
import Testing

/// `retina probe --check`.
@Suite struct CheckTests {
  private func number(_ json: JSON?, _ path: String...) -> Double? {
    path.reduce(json) { $0?[$1] }?.number
  }

  @Test func measuresStandBesideTheMap() async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "probe", "model.safetensors", "movie.npy", "--layer", "relu1", "--cell", "1", "--check", "--output", "out")
    let summary = report.array?[0]
    let check = try #require(summary?["check"])
    #expect(check["cells"] == [1] && check["replacement"] == "baseline" && check["seed"] == 1)
    // The check is about the input with the largest target, and its target is that of the map.
    let targets = summary?["f_input"]?.array?.compactMap { $0.number } ?? []
    let input = Int(try #require(number(check, "input")))
    #expect(targets.count == 6 && targets[input] == targets.max())
    let target = try #require(number(check, "target"))
    #expect((target - targets[input]).magnitude < 1e-6)
    #expect(try #require(number(check, "relative_residual")) < 1e-5)
    for (measure, member) in [
      ("unit_ablation", "pearson"), ("unit_ablation", "spearman"), ("channel_ablation", "pearson"),
      ("split_half", "pearson"),
    ] {
      #expect(try #require(number(check, measure, member), "\(measure)").magnitude <= 1, "\(measure)")
    }
    // 3 channels of 36 units.
    #expect(number(check, "unit_ablation", "count") == 108 && number(check, "channel_ablation", "count") == 3)
    #expect(check["deletion"]?["units"]?.array?.count == 21 && check["insertion"]?["target"]?.array?.count == 21)
    #expect(check["sensitivity_n"]?.array?.map { $0["n"] } == [1, 11, 32, 65])
    #expect(try #require(number(check, "infidelity", "mean_square")) >= 0)
    #expect(check["randomised_weights"]?.array?.map { $0["down_to"] } == ["dense", "conv2"])
    #expect(number(check, "needed", "part") == 0.9 && number(check, "needed", "of") == 108)
    let deletion = check["deletion"]?["target"]?.array?.compactMap { $0.number } ?? []
    #expect(deletion.first == number(check, "target") && deletion.last == number(check, "target_without_units"))
  }

  @Test func everyCellThatIsAskedAboutIsChecked() async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "probe", "model.safetensors", "movie.npy", "--cell", "all", "--check", "--output", "out")
    for place in 0..<2 {
      #expect(report.array?[place]["check"]?.array?.map { $0["cells"] } == [[0], [1], [2]])
    }
    let single = try await bench.json(
      "probe", "model.safetensors", "movie.npy", "--layer", "relu2", "--cell", "2", "--reduce", "channel", "--check",
      "--output", "single")
    #expect(single.array?[0]["check"] == report.array?[1]["check"]?.array?[2])
    let text = try await bench.run(
      "probe", "model.safetensors", "movie.npy", "--layer", "relu2", "--cell", "all", "--check", "--output", "out")
    for cell in 0..<3 { #expect(text.contains("check of cell \(cell) at input ")) }
    for word in ["ablation: units (all) r ", "area: deletion ", "90 % of the change: ", "split-half over 2 blocks"] {
      #expect(text.components(separatedBy: word).count == 4, "\(word)")
    }
  }

  @Test func unitsAreReplacedWithZero() async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "probe", "model.safetensors", "batch.npy", "--layer", "relu2", "--check", "--replace", "zero", "--baseline",
      "0.5", "--output", "out")
    let check = report.array?[0]["check"]
    #expect(check?["replacement"] == "zero")
    #expect(try #require(number(check, "target_without_units")) != number(check, "target"))
  }

  @Test func surprisalAndSumsAreChecked() async throws {
    let bench = try Bench()
    for (cell, wanted) in [("surprisal", "surprisal" as JSON), ("0+2", [0, 2])] {
      let report = try await bench.json(
        "probe", "model.safetensors", "movie.npy", "--layer", "relu1", "--cell", cell, "--check", "--output", "out")
      #expect(report.array?[0]["check"]?["cells"] == wanted)
    }
  }

  @Test func onlyUnitsOfALayerAreChecked() async throws {
    let bench = try Bench()
    let start = ["probe", "model.safetensors", "movie.npy", "--output", "out", "--check"]
    for method in ["integrated-gradients", "channel-ablation", "layer-activation"] {
      var words = start + ["--method", method]
      if method != "integrated-gradients" { words += ["--layer", "relu1"] }
      try await bench.fails(words, 64, "--check: expected a method that gives a number for every unit", method)
    }
    try await bench.fails(
      Array(start.dropLast()) + ["--layer", "relu1", "--replace", "zero"], 64, "--replace is for --check")
    try await bench.fails(start + ["--layer", "relu1", "--replace", "one"], 64, "--replace")
  }
}
