import Foundation
import RetinaFiles
import RetinaModel
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Runs of `retina fit` that are cut off, and disks that are full: nothing is lost.
@Suite struct FitSafetyTests {
  private static let options = [
    "--history", "6", "--architecture", "ln-ln", "--channels", "2", "--kernels", "5", "--readout", "gaussian",
    "--batch", "32", "--threads", "1", "--noise", "0.1", "--dropout", "0.1", "--epochs", "30", "--patience", "30",
    "--coarse-epochs", "2",
  ]

  private static func words(_ output: String, log: String? = nil, _ more: String...) -> [String] {
    ["fit", "r.npz", "--output", output, "--log", log ?? "\(output).log"] + options + more
  }

  private func bench() async throws -> Bench {
    let bench = try Bench()
    try await bench.run(
      "simulate", "white-noise", "--set", "duration_frames=1300", "--set", "board_width=12", "--set",
      "board_height=12", "--height", "12", "--width", "12", "--output", "r.npz")
    return bench
  }

  /// Starts a fit and sends it a signal when so many epochs are done.
  ///
  /// The log is a pipe, where the fit waits after every epoch until somebody reads: no clock decides how far it has come.
  private func cut(_ bench: Bench, signal: Int32, after epochs: Int) async throws -> Outcome {
    let pipe = bench["pipe"]
    mkfifo(pipe, 0o600)
    let running = try Tool.start(FitSafetyTests.words("cut.safetensors", log: "pipe"), in: bench.folder)
    for _ in 0..<epochs { await readOnce(pipe, running) }
    // The state is kept after the log is written; then another epoch is done, whose log waits.
    while running.isRunning, !FileSystem.isFile(bench["cut.safetensors.checkpoint"]) {
      try await Task.sleep(for: .milliseconds(1))
    }
    kill(running.processIdentifier, signal)
    if signal != SIGKILL { await readOnce(pipe, running) }
    let outcome = try await running.outcome()
    unlink(pipe)
    return outcome
  }

  /// Lets one writer of a pipe write and close it, unless the tool ends before.
  private func readOnce(_ pipe: String, _ running: RunningTool) async {
    // On a thread of its own: tests that run beside would let the writer come back first.
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        let descriptor = open(pipe, O_RDONLY | O_NONBLOCK)
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var hasBegun = false
        while running.isRunning {
          guard poll(&watched, 1, 50) > 0 else { continue }
          if read(descriptor, &bytes, bytes.count) > 0 { hasBegun = true } else if hasBegun { break }
        }
        close(descriptor)
        continuation.resume()
      }
    }
  }

  /// The log without its times.
  private func log(_ bench: Bench, _ name: String) throws -> [[Double]] {
    try FileSystem.read(bench["\(name).log"]).split(separator: 10).map { line in
      let record = try JSON(parsing: Array(line), file: name)
      return try ["epoch", "loss", "validation_r"].map { try #require(record[$0]?.number) }
    }
  }

  @Test(arguments: [1, 4]) func aKilledFitGoesOnToTheSameBytes(after epochs: Int) async throws {
    let bench = try await bench()
    let whole = try await Tool.run(FitSafetyTests.words("whole.safetensors"), in: bench.folder)
    #expect(whole.code == 0, "\(whole.errors)")
    let killed = try await cut(bench, signal: SIGKILL, after: epochs)
    #expect(killed.signal == SIGKILL, "the fit was over before it could be killed")
    #expect(!FileSystem.isFile(bench["cut.safetensors"]))
    let resumed = try await Tool.run(FitSafetyTests.words("cut.safetensors", "--resume"), in: bench.folder)
    #expect(resumed.code == 0, "\(resumed.errors)")
    // It did go on: epochs that were kept are not done again.
    #expect(epochs == 1 || !resumed.errors.contains("epoch 1 of 30"))
    #expect(try FileSystem.read(bench["cut.safetensors"]) == FileSystem.read(bench["whole.safetensors"]))
    #expect(try log(bench, "cut.safetensors") == log(bench, "whole.safetensors"))
    #expect(!FileSystem.isFile(bench["cut.safetensors.checkpoint"]))
  }

  @Test(arguments: [SIGINT, SIGTERM]) func aFitThatIsAskedToEndLeavesItsBestModel(signal: Int32) async throws {
    let bench = try await bench()
    let asked = try await cut(bench, signal: signal, after: 2)
    #expect(asked.code == 130 && asked.signal == nil)
    #expect(asked.output.contains("interrupted: --resume goes on"))
    let model = try ModelFile.read(bench["cut.safetensors"])
    #expect(model.facts.provenance.contains { $0.name == "validation_r" })
    let resumed = try await Tool.run(FitSafetyTests.words("cut.safetensors", "--resume"), in: bench.folder)
    #expect(resumed.code == 0, "\(resumed.errors)")
    let whole = try await Tool.run(FitSafetyTests.words("whole.safetensors"), in: bench.folder)
    #expect(whole.code == 0, "\(whole.errors)")
    #expect(try FileSystem.read(bench["cut.safetensors"]) == FileSystem.read(bench["whole.safetensors"]))
  }

  @Test func resumingAnotherRunIsRefused() async throws {
    let bench = try await bench()
    _ = try await cut(bench, signal: SIGKILL, after: 1)
    let checkpoint = try FileSystem.read(bench["cut.safetensors.checkpoint"])
    try await bench.fails(
      FitSafetyTests.words("cut.safetensors", "--resume", "--rate", "0.1"), 65, "the options of this run", "--rate")
    #expect(try FileSystem.read(bench["cut.safetensors.checkpoint"]) == checkpoint)
    try FileSystem.write(Array(checkpoint.prefix(checkpoint.count / 2)), to: bench["cut.safetensors.checkpoint"])
    try await bench.fails(FitSafetyTests.words("cut.safetensors", "--resume"), 65, "cut.safetensors.checkpoint")
  }

  /// A limit on the size of files stands for a full disk: a write ends with an error in the middle.
  @Test func aFullDiskLeavesTheOldFiles() async throws {
    let bench = try await bench()
    for name in ["m.safetensors", "m.safetensors.checkpoint"] { try bench.write("old", to: name) }
    let before = try bench.files
    let words = FitSafetyTests.words("m.safetensors").map { "'\($0)'" }.joined(separator: " ")
    // Four blocks of 512 or 1024 bytes: the log fits, the checkpoint does not.
    let outcome = try await Tool.run(
      ["-c", "ulimit -f 4; exec '\(Tool.path)' \(words)"], in: bench.folder, executable: "/bin/sh")
    #expect(outcome.code == 73, "\(outcome.errors)")
    #expect(outcome.errors.contains("m.safetensors.checkpoint: expected room for the state of epoch 1"))
    #expect(outcome.errors.contains("found file too large"))
    #expect(try FileSystem.read(bench["m.safetensors"]) == Array("old".utf8))
    #expect(try FileSystem.read(bench["m.safetensors.checkpoint"]) == Array("old".utf8))
    #expect(try bench.files.filter { !$0.hasSuffix(".log") } == before)
  }
}
