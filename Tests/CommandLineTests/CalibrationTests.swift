import RetinaEngine
import RetinaFiles
import Testing

@Suite struct CalibrationTests {
  @Test func machinesAreMeasuredOnceAndUsed() async throws {
    let bench = try Bench()
    let before = try await bench.json("info", "model.safetensors")
    #expect(before["plan"]?["speeds"]?.string == "standard")
    let report = try await bench.json("calibrate")
    #expect(report.array?.count == ProcessorLevel.allCases.filter(\.isAvailable).count)
    for entry in report.array ?? [] {
      let path = try #require(entry["file"]?.string)
      #expect(path.hasPrefix(bench["retinakit/"]) && path.hasSuffix("\(entry["level"]?.string ?? "").json"))
      #expect(try JSON(parsing: FileSystem.read(path), file: path) == entry["speeds"])
      for name in ["direct", "matrix", "product", "transform", "elementwise"] {
        #expect(entry["speeds"]?[name]?.number ?? 0 > 1e6, "\(name)")
      }
      let costs = (entry["speeds"]?["memory"]?.array ?? []).compactMap { $0["seconds_per_byte"]?.number }
      #expect(costs.count == 5 && costs.first == 0 && costs == costs.sorted())
    }
    let text = try await bench.run("info", "model.safetensors", "--plan")
    #expect(text.contains("speeds: measured on "))
    let after = try await bench.json("info", "model.safetensors")
    #expect(after["plan"]?["speeds"]?.string?.hasPrefix("measured on ") == true)
    // Whatever was measured, the rates stay what they are.
    try await bench.run("verify", "model.safetensors")
  }

  @Test func calibrationsThatAreWrongAreNamed() async throws {
    let bench = try Bench()
    let report = try await bench.json("calibrate")
    for entry in report.array ?? [] {
      let path = try #require(entry["file"]?.string)
      try FileSystem.write(Array(#"{"direct": 1e9, "matrix": -1, "memory": []}"#.utf8), to: path)
    }
    try await bench.fails(["info", "model.safetensors"], 65, "matrix", "retina calibrate")
    for entry in report.array ?? [] { try FileSystem.write(Array("{".utf8), to: entry["file"]?.string ?? "") }
    try await bench.fails(["bench", "model.safetensors"], 65, ".json")
  }

  @Test func tolerancesAreReported() async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "info", "model.safetensors", "--tolerance", "0.9", "--algorithm", "low-rank")
    let stage = try #require(report["plan"]?["stages"]?.array?.first)
    #expect(stage["algorithm"]?.string?.hasPrefix("low rank ") == true && stage["left_out"]?.number ?? 0 > 0.01)
    #expect(report["plan"]?["tolerance"]?.number == 0.9)
    for wrong in ["1", "-0.5", "nan", "much"] {
      try await bench.fails(
        ["info", "model.safetensors", "--tolerance=\(wrong)"], 64, "--tolerance: expected a number from 0 to below 1")
    }
  }
}
