import Foundation
import RetinaEngine
import RetinaFiles
import RetinaModel
import Testing

/// What a run of the tool left behind.
struct Outcome {
  var code: Int32
  /// What ended it, when it did not end itself.
  var signal: Int32?
  var output: String
  var errors: String
}

/// The tool, which is built beside the tests.
enum Tool {
  static let path: String = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folders = [
      Bundle.main.bundleURL, URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent(),
      root.appending(path: ".build/debug"),
    ]
    let places = folders.map { $0.appending(path: "retina").path }
    return places.first { FileManager.default.isExecutableFile(atPath: $0) } ?? places[places.count - 1]
  }()

  /// Runs the tool in a folder; what it prints goes to `output` when that is given.
  static func run(
    _ words: [String], in folder: String, output: String? = nil, executable: String = path,
    environment: [String: String] = [:]
  ) async throws -> Outcome {
    let tool = try start(words, in: folder, output: output, executable: executable, environment: environment)
    let outcome = try await tool.outcome()
    #expect(outcome.signal == nil, "\(words) ended by a signal")
    return outcome
  }

  /// Starts the tool in a folder; one at a time.
  static func start(
    _ words: [String], in folder: String, output: String? = nil, executable: String = path,
    environment: [String: String] = [:]
  ) throws -> RunningTool {
    let (errors, own) = (folder + "/.errors", folder + "/.output")
    for file in [errors, own] { try FileSystem.write([], to: file) }
    let process = Process()
    process.executableURL = URL(filePath: executable)
    process.arguments = words
    // A calibration of this machine is none of a test's business.
    process.environment = ProcessInfo.processInfo.environment.merging(["XDG_CACHE_HOME": folder]) { $1 }
      .merging(environment) { $1 }
    process.currentDirectoryURL = URL(filePath: folder)
    process.standardOutput = FileHandle(forWritingAtPath: output ?? own)
    process.standardError = FileHandle(forWritingAtPath: errors)
    process.standardInput = FileHandle.nullDevice
    return try RunningTool(process, output: own, errors: errors)
  }
}

/// The tool while it runs.
final class RunningTool: @unchecked Sendable {
  private let process: Process
  private let output, errors: String
  private let ended = DispatchSemaphore(value: 0)

  fileprivate init(_ process: Process, output: String, errors: String) throws {
    (self.process, self.output, self.errors) = (process, output, errors)
    process.terminationHandler = { [ended] _ in ended.signal() }
    try process.run()
  }

  var isRunning: Bool { process.isRunning }
  var processIdentifier: Int32 { process.processIdentifier }

  /// Waits for the end.
  func outcome() async throws -> Outcome {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { [ended] in
        ended.wait()
        continuation.resume()
      }
    }
    defer {
      for file in [errors, output] { try? FileManager.default.removeItem(atPath: file) }
    }
    let isExit = process.terminationReason == .exit
    return Outcome(
      code: isExit ? process.terminationStatus : -1, signal: isExit ? nil : process.terminationStatus,
      output: String(decoding: try FileSystem.read(output), as: UTF8.self),
      errors: String(decoding: try FileSystem.read(errors), as: UTF8.self))
  }
}

/// A folder of its own for a test, removed when the test is over, with a small model and stimuli for it.
final class Bench {
  let folder: String
  let model = Bench.model

  /// Writes `model.safetensors`, `movie.npy` (9 frames), `batch.npy` (3 inputs) and `set.json` (two stimuli).
  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "retina-tool-\(UUID().uuidString)").path
    try FileSystem.createFolder(folder)
    try ModelFile.write(model, to: self["model.safetensors"])
    try NPY.write(Bench.movie, to: self["movie.npy"])
    try NPY.write(Bench.batch, to: self["batch.npy"])
    try write(
      """
      {"frame_rate": 30, "height": 8, "width": 8, "stimuli": [
        {"name": "flash", "generator": "flash",
         "parameters": {"pre_frames": 3, "on_frames": 2, "off_frames": 2, "flashes": 1}},
        {"name": "on/off", "generator": "step", "parameters": {"pre_frames": 2, "duration_frames": 4}}]}
      """, to: "set.json")
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The path of a file in the folder.
  subscript(name: String) -> String { folder + "/" + name }

  func write(_ text: String, to name: String) throws { try FileSystem.write(Array(text.utf8), to: self[name]) }

  /// Regular files in the folder, below it, too.
  var files: [String] { get throws { try files(below: "").sorted() } }

  private func files(below place: String) throws -> [String] {
    try FileSystem.list(self[place]).flatMap { name in
      FileSystem.isFolder(self[place + name]) ? try files(below: place + name + "/") : [place + name]
    }
  }

  /// Runs the tool, which must succeed in silence on standard error; gives what it printed.
  @discardableResult
  func run(_ words: String...) async throws -> String {
    let outcome = try await Tool.run(words, in: folder)
    #expect(outcome.code == 0, "\(words): \(outcome.errors)")
    #expect(outcome.errors.isEmpty)
    return outcome.output
  }

  /// Runs the tool with `--json`; gives the value it printed.
  func json(_ words: String...) async throws -> JSON {
    let outcome = try await Tool.run(words + ["--json"], in: folder)
    #expect(outcome.code == 0, "\(words): \(outcome.errors)")
    return try JSON(parsing: Array(outcome.output.utf8), file: "standard output")
  }

  /// Runs the tool, which must fail with a code, one line on standard error that holds all texts, and no new file.
  func fails(
    _ words: [String], _ code: Int32, _ texts: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let before = try files
    let outcome = try await Tool.run(words, in: folder)
    #expect(outcome.code == code, "\(words): \(outcome.errors)", sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
    #expect(outcome.errors.hasPrefix("retina: "), sourceLocation: sourceLocation)
    #expect(outcome.errors.filter { $0 == "\n" }.count == 1, "\(outcome.errors)", sourceLocation: sourceLocation)
    #expect(outcome.errors.hasSuffix("\n"), sourceLocation: sourceLocation)
    for text in texts {
      #expect(outcome.errors.contains(text), "\(outcome.errors)", sourceLocation: sourceLocation)
    }
    #expect(try files == before, "a file was left behind", sourceLocation: sourceLocation)
  }
}

// MARK: - A small model and its stimuli

extension Bench {
  /// Movies of 8 x 8 pixels with a history of 4, two convolutions, three cells, a golden pair.
  static let model: Model = {
    let layers = [
      Layer("conv1", .convolution(Convolution(weight: values(3, 4, 3, 3, scale: 0.3), bias: [0.1, -0.1, 0.05]))),
      Layer("relu1", .activation(.relu)),
      Layer("conv2", .convolution(Convolution(weight: values(2, 3, 3, 3, scale: 0.3)))),
      Layer("relu2", .activation(.relu)), Layer("flatten", .flatten),
      Layer("dense", .dense(Dense(weight: values(3, 32, scale: 0.3), bias: [0.2, 0, -0.2]))),
      Layer("rate", .activation(.softplus)),
    ]
    var facts = Facts(
      lag: 1, frameRate: 30, pixelSize: 50, normalization: .scalar(mean: 0.1, standardDeviation: 2),
      responseUnit: "spikes/s",
      cells: ["ganglion-7", "ganglion-8", "ganglion-9"].map {
        Cell(name: $0, centre: (column: 3.5, row: 4), figures: [("held_out_r", 0.5)])
      },
      provenance: [("source", "a test")])
    do {
      let plain = try Model(name: "tiny", inputShape: Shape(4, 8, 8), layers: layers, facts: facts)
      let rates = Program(plain).run(batch, of: plain, layers: [6], threads: 1).tensors[0]
      facts.golden = Golden(input: batch, output: rates)
      return try Model(name: "tiny", inputShape: Shape(4, 8, 8), layers: layers, facts: facts)
    } catch {
      fatalError("\(error)")
    }
  }()

  static let movie = values(9, 8, 8, scale: 2)
  static let batch = values(3, 4, 8, 8, scale: 2)

  /// The windows of a movie as independent inputs.
  static func windows(_ movie: Tensor) throws -> Tensor {
    let (history, plane) = (model.inputShape[0], movie.shape[1] * movie.shape[2])
    let count = movie.shape[0] - history + 1
    let values = (0..<count).flatMap { movie.values[$0 * plane..<($0 + history) * plane] }
    return try #require(Tensor(shape: Shape(count, history, movie.shape[1], movie.shape[2]), values: values))
  }

  /// Numbers from -scale/2 to scale/2 that look like chance and are always the same.
  static func values(_ dimensions: Int..., scale: Float) -> Tensor {
    guard let shape = Shape(checking: dimensions) else { fatalError("invalid shape") }
    var state = UInt64(shape.count)
    var tensor = Tensor(repeating: 0, shape: shape)
    for index in tensor.values.indices {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      tensor.values[index] = (Float(state >> 40) / Float(1 << 24) - 0.5) * scale
    }
    return tensor
  }
}

/// The largest difference of two tensors of one shape, relative to the largest value of the second.
func relativeError(_ found: Tensor, _ expected: Tensor) throws -> Float {
  try #require(found.shape == expected.shape)
  let scale = expected.values.reduce(1e-30) { max($0, $1.magnitude) }
  return zip(found.values, expected.values).reduce(0) { max($0, ($1.0 - $1.1).magnitude) } / scale
}
