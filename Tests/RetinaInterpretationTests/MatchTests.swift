import RetinaFiles
import RetinaFit
import RetinaModel
import RetinaStimuli
import Testing

@testable import RetinaInterpretation

/// Recordings whose best unit is known.
@Suite struct MatchTests {
  /// A movie of normal deviates.
  static func movie(frames: Int, size: Int = 9, seed: UInt64 = 3) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    var movie = Tensor(repeating: 0, shape: Shape(frames, size, size))
    for index in movie.values.indices { movie.values[index] = Float(generator.normal()) }
    return movie
  }

  /// Three channels of 3 x 3 kernels over four frames, and a relu; one cell.
  static func model(size: Int = 9) throws -> Model {
    var generator = SeededGenerator(seed: 11)
    func draw(_ shape: Shape) -> Tensor {
      var tensor = Tensor(repeating: 0, shape: shape)
      for index in tensor.values.indices { tensor.values[index] = Float(generator.normal() / 3) }
      return tensor
    }
    let inside = size - 2
    return try Model(
      name: "known", inputShape: Shape(4, size, size),
      layers: [
        Layer("conv1", .convolution(Convolution(weight: draw(Shape(3, 4, 3, 3)), bias: [0, 0.1, -0.1]))),
        Layer("relu1", .activation(.relu)), Layer("flatten", .flatten),
        Layer("dense", .dense(Dense(weight: draw(Shape(1, 3 * inside * inside)), bias: [0]))),
        Layer("rate", .activation(.softplus)),
      ], facts: Facts(frameRate: 30))
  }

  static func recording(_ movie: Tensor, _ traces: [(String, [Float])]) throws -> Recording {
    Recording(
      file: "known.npz", stimulus: .movie(movie), frameRate: 30, cells: [], responses: [],
      interior: try traces.map { name, values in
        (name, try #require(Tensor(shape: Shape(values.count, 1), values: values)))
      })
  }

  static func request(_ recording: Recording) throws -> MatchRequest {
    MatchRequest(model: try model(), modelName: "known", recording: recording, layers: [1])
  }

  /// relu1 of a channel at a place, by its definition; 0 before the first whole window.
  static func unit(_ channel: Int, _ row: Int, _ column: Int, _ movie: Tensor) throws -> [Float] {
    guard case .convolution(let convolution) = try model().layers[0].operation else { return [] }
    let size = movie.shape[1]
    return (0..<movie.shape[0]).map { frame in
      guard frame >= 3 else { return 0 }
      var sum = convolution.bias?[channel] ?? 0
      for (index, weight) in convolution.weight.values[channel * 36..<(channel + 1) * 36].enumerated() {
        let (lag, y, x) = (index / 9, index % 9 / 3, index % 3)
        sum += weight * movie.values[((frame - 3 + lag) * size + row + y) * size + column + x]
      }
      return max(0, sum)
    }
  }

  static func noise(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    var value = 0.0
    return (0..<count).map { _ in
      value = 0.7 * value + generator.normal()
      return Float(value)
    }
  }

  @Test func `the unit, its lag and its channel are found`() throws {
    let movie = MatchTests.movie(frames: 800)
    let (first, second) = (try MatchTests.unit(2, 4, 1, movie), try MatchTests.unit(0, 3, 3, movie))
    let jitter = MatchTests.noise(800, seed: 8)
    // The one comes two frames late and noisy; the other is the unit itself.
    let late = (0..<800).map { 5 * first[max(0, $0 - 2)] + 0.5 * jitter[$0] - 40 }
    let recording = try MatchTests.recording(
      movie, [("late", late), ("same", second), ("other", MatchTests.noise(800, seed: 5))])
    let results = try MatchTests.request(recording).run()
    #expect(results.units == 3 * 49 && results.frames == 797)
    let (a, b, c) = (results.matches[0], results.matches[1], results.matches[2])
    let still = StimulusShift(rows: 0, columns: 0)
    #expect(a.unit == InteriorUnit(layer: "relu1", channel: 2, row: 4, column: 1, lag: 2, shift: still))
    #expect(b.unit == InteriorUnit(layer: "relu1", channel: 0, row: 3, column: 3, lag: 0, shift: still))
    #expect(abs(b.correlation - 1) < 1e-5 && abs(b.heldOut - 1) < 1e-5)
    #expect(a.correlation > 0.85 && a.heldOut > 0.85)
    // Of 797 turns, those up to three frames away hold the largest correlation within their lags, too.
    #expect(a.probability == 7 / 797.0 && b.probability == 7 / 797.0)
    #expect(a.falseDiscovery < 0.05 && b.falseDiscovery < 0.05 && c.falseDiscovery > 0.05)
    #expect(results.matched == 2)
    #expect(c.heldOut < 0.2 && c.correlation > c.heldOut)
    #expect(results.groups.map { $0.assigned } == [2, 0, 1])
    // The map of the best channel holds the best value at the unit.
    #expect(b.map.count == 49 && b.map.indices.max { b.map[$0] < b.map[$1] } == 3 * 7 + 3)
    #expect(results.json["traces"]?.array?[0]["unit"]?["channel"]?.integer == 2)
  }

  @Test func `a stimulus that was shown elsewhere is found by moving it`() throws {
    let movie = MatchTests.movie(frames: 300)
    let moved = StimulusShift(rows: 2, columns: -2).moved(movie)
    #expect(moved.values[9 * 5 + 3] == movie.values[9 * 3 + 5])
    #expect(moved.values[0] == movie.values[2] && moved.values[8] == movie.values[8])
    var request = try MatchTests.request(
      try MatchTests.recording(movie, [("cell", try MatchTests.unit(1, 3, 3, moved))]))
    request.shift = 2
    let match = try request.run().matches[0]
    // Inside the frame the moved stimulus is the same as another unit; at least one of them fits wholly.
    #expect(match.correlation > 0.999)
    #expect(try request.run().shifts.count == 9)
  }

  @Test func `of traces without relation as many are found as the level says`() throws {
    let movie = MatchTests.movie(frames: 300)
    let recording = try MatchTests.recording(
      movie, (0..<300).map { ("noise-\($0)", MatchTests.noise(300, seed: $0 + 100)) })
    var request = try MatchTests.request(recording)
    (request.permutations, request.threads) = (300, 2)
    let results = try request.run()
    let found = results.matches.count { $0.probability <= 0.05 }
    // 15 of 300 are expected at most, with a deviation of 3.8; for any seed it may be 26, three deviations more.
    #expect((4...26).contains(found), "\(found) of 300")
    #expect(results.matched == 0)
    let permuted = try #require(results.permuted)
    #expect((4...26).contains(permuted.found), "\(permuted.found) of 300")
  }

  @Test func `threads change nothing`() throws {
    let movie = MatchTests.movie(frames: 200)
    let recording = try MatchTests.recording(movie, [("cell", try MatchTests.unit(1, 2, 6, movie))])
    var request = try MatchTests.request(recording)
    let one = try request.run()
    request.threads = 3
    let three = try request.run()
    #expect(one.matches == three.matches && one.subspaces == three.subspaces)
  }

  @Test func `what cannot be compared is said`() throws {
    let movie = MatchTests.movie(frames: 100)
    func message(_ recording: Recording) throws -> String {
      let request = try MatchTests.request(recording)
      return "\(#expect(throws: FileError.self) { try request.run() } as Any)"
    }
    #expect(try message(try MatchTests.recording(movie, [])).contains("arrays 'interior.NAME'"))
    let constant = [Float](repeating: 3, count: 100)
    #expect(try message(try MatchTests.recording(movie, [("flat", constant)])).contains("traces that change"))
    var hole = MatchTests.noise(100, seed: 1)
    hole[7] = .nan
    #expect(try message(try MatchTests.recording(movie, [("cell", hole)])).contains("interior.cell, frame 7, unit 0"))
    let short = MatchTests.movie(frames: 40)
    #expect(
      try message(try MatchTests.recording(short, [("cell", MatchTests.noise(40, seed: 1))])).contains(
        "at least 43 frames"))
    let small = MatchTests.movie(frames: 100, size: 8)
    #expect(
      try message(try MatchTests.recording(small, [("cell", MatchTests.noise(100, seed: 1))])).contains("found 8 x 8"))
    var fast = try MatchTests.recording(movie, [("cell", MatchTests.noise(100, seed: 1))])
    fast.frameRate = 100
    #expect(try message(fast).contains("30.0 frames/s, the rate of 'known'"))
  }
}
