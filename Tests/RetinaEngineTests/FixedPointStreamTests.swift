import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

@Suite struct FixedPointStreamTests {
  /// Checksums of all layers after every complete window.
  private func checksums(_ stream: FixedPointStream) -> [UInt32] {
    (0..<stream.program.image.layerCount).map { stream.checksum($0) }
  }

  @Test(arguments: FixedPointExample.all, QuantizationOptions.all)
  func `a stream gives the integers of whole windows, at every level`(
    _ example: FixedPointExample, _ options: QuantizationOptions
  ) throws {
    let program = try example.program(options)
    let (inputs, movie) = (try example.inputs, example.movie)
    var expected: [[UInt32]] = []
    for level in ProcessorLevel.allCases where level.isAvailable {
      let (whole, stream) = (FixedPointStream(program, level: level), FixedPointStream(program, level: level))
      var found: [[UInt32]] = []
      let frame = inputs.stride
      for index in 0..<example.frames {
        let isComplete = movie.values.withUnsafeBufferPointer { stream.push($0.baseAddress! + index * frame) }
        #expect(isComplete == (index >= 3))
        guard isComplete else { continue }
        inputs.withInput(index - 3) { whole.run($0) }
        #expect(checksums(stream) == checksums(whole), "\(level.name), frame \(index)")
        found.append(checksums(stream))
      }
      if expected.isEmpty { expected = found }
      #expect(found == expected, "\(level.name)")
      #expect(Set(found.map { $0.last }).count > 1, "the movie must move the rates")
    }
  }

  @Test(arguments: FixedPointExample.all) func `sixteen bits come near the float model`(_ example: FixedPointExample)
    throws
  {
    for (options, allowed) in zip(QuantizationOptions.all, [0.004, 0.06, 0.06]) {
      let program = try example.program(options)
      let stream = FixedPointStream(program)
      let float = Program(example.model)
      let values = Workspace(MemoryPlan(float) { _ in true })
      let inputs = try example.inputs
      var (largest, error) = (Float(0), Float(0))
      for index in 0..<inputs.count {
        inputs.withInput(index) { input in
          float.normalize(input, into: values[0])
          stream.run(input)
        }
        float.run(values)
        for (cell, rate) in stream.rates.enumerated() {
          let exact = values[float.outputBoundary][cell]
          largest = max(largest, exact.magnitude)
          error = max(error, (rate - exact).magnitude)
        }
      }
      #expect(Double(error / largest) < allowed, "\(options.precision)")
      #expect(error > 0)
    }
  }

  @Test func `a stack may be kept or composed`() throws {
    let example = try FixedPointExample(.deepRetina)
    let options = QuantizationOptions(precision: .int16)
    let (kept, composed) = (
      try example.program(options, composesStacks: false), try example.program(options)
    )
    #expect(kept.image.layerCount == composed.image.layerCount + 1)
    #expect(kept.image.multiplyAdds < composed.image.multiplyAdds)
    let streams = [FixedPointStream(kept), FixedPointStream(composed)]
    for stream in streams { try example.inputs.withInput(2) { stream.run($0) } }
    for (a, b) in zip(streams[0].rates, streams[1].rates) { #expect((a - b).magnitude < 0.01 * max(1, b)) }
  }

  @Test(arguments: FixedPointExample.all) func `a saved state goes on as if nothing had happened`(
    _ example: FixedPointExample
  ) throws {
    let program = try example.program(QuantizationOptions(precision: .int16))
    let movie = example.movie
    func push(_ stream: FixedPointStream, _ index: Int) {
      movie.values.withUnsafeBufferPointer { values in
        _ = stream.push(values.baseAddress! + index * program.image.frameCount)
      }
    }
    let (first, second) = (FixedPointStream(program), FixedPointStream(program))
    for index in 0..<6 { push(first, index) }
    let saved = first.saved
    // The other stream has seen something else.
    for index in 3..<8 { push(second, index) }
    #expect(second.restore(saved))
    for index in 6..<9 {
      push(first, index)
      push(second, index)
      #expect(checksums(first) == checksums(second))
    }
    #expect(first.frames == 9)
    first.reset()
    #expect(first.frames == 0 && first.saved != saved)
    for index in 0..<6 { push(first, index) }
    #expect(first.saved == saved)

    var foreign = saved
    foreign[0] ^= 1
    #expect(!second.restore(foreign) && !second.restore(Array(saved.dropLast())))
    #expect(second.frames == 9)
  }

  @Test func `memory of one byte less is refused`() throws {
    let image = try FixedPointExample(.deepRetina).program(QuantizationOptions(precision: .int8))
    func runner(_ arena: Int, _ state: Int, shifted: Int = 0) throws -> Bool {
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: arena + state + 192, alignment: 64)
      defer { memory.deallocate() }
      let place = (arena + 63) / 64 * 64
      do throws(ImageMemoryError) {
        _ = try FixedPointRunner(
          image.image, arena: UnsafeMutableRawBufferPointer(rebasing: memory[shifted..<(shifted + arena)]),
          state: UnsafeMutableRawBufferPointer(rebasing: memory[place..<(place + state)]))
        return true
      } catch {
        #expect(error.arenaBytes == image.image.arenaBytes && error.stateBytes == image.image.stateBytes)
        return false
      }
    }
    let (arena, state) = (image.image.arenaBytes, image.image.stateBytes)
    #expect(try runner(arena, state))
    #expect(try !runner(arena - 1, state))
    #expect(try !runner(arena, state - 1))
    #expect(try !runner(arena, state, shifted: 1))
  }

  @Test func `names lead to layers`() throws {
    let program = try FixedPointExample(.deepRetina).program(QuantizationOptions(precision: .int8))
    #expect(
      (0..<program.image.layerCount).map { program.names($0) } == [
        ["layer 3"], ["layer 5", "layer 6"], ["layer 8"], ["layer 9"],
      ])
    #expect(program.layer(named: "layer 6") == 1)
    // What was merged into the next step, and what there never was.
    #expect(program.layer(named: "layer 0") == nil && program.layer(named: "") == nil)
    #expect(program.name == "built" && program.image.lag == 1 && program.image.frameRate == 30)
    #expect(program.inputShape == Shape(4, 10, 11) && program.outputShape(3) == Shape(4))
  }
}
