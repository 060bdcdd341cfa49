import RetinaModel
import Testing

@testable import RetinaEngine

/// What a stream carries from frame to frame.
@Suite struct StreamStateTests {
  @Test(arguments: Example.all)
  func `rates mean something from the first complete history on`(example: Example) throws {
    let model = try example.model()
    let movie = Movie(.random, model, frames: model.inputShape[0] + 2)
    for algorithm in StreamOptions.Algorithm.allCases {
      let stream = Stream(try .of(model, algorithm))
      #expect(!stream.isWarm && stream.frames == 0)
      for index in 0..<movie.frames {
        let completes = stream.push(movie.frame(index))
        #expect(completes == (index >= model.inputShape[0] - 1), "frame \(index)")
        #expect(stream.isWarm == completes && stream.frames == index + 1, "frame \(index)")
      }
      stream.reset()
      #expect(!stream.isWarm && stream.frames == 0)
    }
  }

  @Test(arguments: Example.all)
  func `what was in the state before the first frame is never seen`(example: Example) throws {
    let model = try example.model()
    let movie = Movie(.random, model, frames: 2 * model.inputShape[0] + 20)
    for (algorithm, block) in [(StreamOptions.Algorithm.direct, 8), (.spectral, 1), (.spectral, 4), (.spectral, 16)] {
      let plan = try StreamPlan.of(model, algorithm, block: block)
      let stream = Stream(plan)
      var state = stream.saved
      for index in 2..<state.count { state[index] = .nan }
      try stream.restore(state)
      #expect(StreamRecord(stream, movie).rates == StreamRecord(plan, movie).rates, "\(algorithm.name), block \(block)")
    }
  }

  @Test(arguments: Example.all)
  func `a broken frame is forgotten after a history`(example: Example) throws {
    let model = try example.model()
    let history = model.inputShape[0]
    let movie = Movie(.random, model, frames: 3 * history + 20)
    let broken = history + 1
    for algorithm in StreamOptions.Algorithm.allCases {
      let plan = try StreamPlan.of(model, algorithm)
      let stream = Stream(plan)
      _ = StreamRecord(stream, movie, frames: 0..<broken)
      stream.push([Float](repeating: .nan, count: movie.pixels))
      _ = StreamRecord(stream, movie, frames: broken + 1..<broken + history)
      let rates = StreamRecord(stream, movie, frames: broken + history..<movie.frames).rates
      #expect(rates == StreamRecord(plan, movie).rates.suffix(rates.count), "\(algorithm.name)")
    }
  }

  @Test(arguments: Example.all)
  func `two streams of one plan do not touch`(example: Example) throws {
    let model = try example.model()
    let first = Movie(.random, model, frames: model.inputShape[0] + 12)
    let second = Movie(.natural, model, frames: first.frames)
    for algorithm in StreamOptions.Algorithm.allCases {
      let plan = try StreamPlan.of(model, algorithm)
      let (a, b) = (Stream(plan), Stream(plan))
      var rates: [[[UInt32]]] = [[], []]
      for index in 0..<first.frames {
        let completes = (a.push(first.frame(index)), b.push(second.frame(index)))
        if completes.0 { rates[0].append(a.rates.map(\.bitPattern)) }
        if completes.1 { rates[1].append(b.rates.map(\.bitPattern)) }
      }
      #expect(rates[0] == StreamRecord(plan, first).rates, "\(algorithm.name)")
      #expect(rates[1] == StreamRecord(plan, second).rates, "\(algorithm.name)")
    }
  }

  @Test(arguments: Example.all)
  func `a stream goes on in another where it was saved`(example: Example) throws {
    let model = try example.model()
    let movie = Movie(.random, model, frames: model.inputShape[0] + 20)
    for algorithm in StreamOptions.Algorithm.allCases {
      let plan = try StreamPlan.of(model, algorithm)
      let expected = StreamRecord(plan, movie).rates
      for pause in [0, 1, model.inputShape[0], model.inputShape[0] + 5, model.inputShape[0] + 11] {
        let (source, target) = (Stream(plan), Stream(plan))
        let before = StreamRecord(source, movie, frames: 0..<pause).rates
        // The target has seen other frames.
        _ = StreamRecord(target, Movie(.natural, model, frames: model.inputShape[0] + 3))
        try target.restore(source.saved)
        #expect(target.frames == pause)
        let after = StreamRecord(target, movie, frames: pause..<movie.frames).rates
        #expect(before + after == expected, "\(algorithm.name), saved at frame \(pause)")
        #expect(StreamRecord(source, movie, frames: pause..<movie.frames).rates == after, "\(algorithm.name)")
      }
    }
  }

  @Test(arguments: Example.all)
  func `a reset stream gives the same bits again`(example: Example) throws {
    let model = try example.model()
    let movie = Movie(.natural, model, frames: model.inputShape[0] + 11)
    for algorithm in StreamOptions.Algorithm.allCases {
      let stream = Stream(try .of(model, algorithm))
      let first = StreamRecord(stream, movie).rates
      stream.reset()
      #expect(StreamRecord(stream, movie).rates == first, "\(algorithm.name)")
    }
  }

  @Test(arguments: [(UInt32.max, UInt32.max), (0, 0x4000_0000), (0, 0x8000_0000)])
  func `a number of frames that cannot be is refused, and the stream goes on`(counter: (UInt32, UInt32)) throws {
    let model = try Example.all[0].model()
    let movie = Movie(.random, model, frames: model.inputShape[0] + 9)
    let plan = try StreamPlan.of(model, .automatic)
    let stream = Stream(plan)
    let before = StreamRecord(stream, movie, frames: 0..<model.inputShape[0] + 3).rates
    var state = Stream(plan).saved
    (state[0], state[1]) = (Float(bitPattern: counter.0), Float(bitPattern: counter.1))
    #expect(throws: StreamError.self) { try stream.restore(state) }
    let after = StreamRecord(stream, movie, frames: model.inputShape[0] + 3..<movie.frames).rates
    #expect(before + after == StreamRecord(plan, movie).rates)
  }

  @Test func `frames beyond 2^32 are saved`() throws {
    let plan = try StreamPlan.of(try Example.all[0].model(), .spectral)
    let stream = Stream(plan)
    var state = stream.saved
    (state[0], state[1]) = (Float(bitPattern: 7), Float(bitPattern: 3))
    try stream.restore(state)
    #expect(stream.frames == 7 + 3 << 32)
    #expect(stream.saved.prefix(2).map(\.bitPattern) == [7, 3])
  }
}

extension Stream {
  /// Everything that the future depends on.
  var saved: [Float] {
    var state = [Float](repeating: 0, count: savedFloats)
    save(&state)
    return state
  }
}
