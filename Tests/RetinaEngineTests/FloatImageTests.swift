import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

@Suite struct FloatImageTests {
  private func program(_ example: FixedPointExample) throws -> FloatProgram {
    try FloatProgram(try example.model.floatImage())
  }

  private func checksums(_ stream: FloatStream) -> [UInt32] {
    (0..<stream.program.image.layerCount).map { stream.checksum($0) }
  }

  @Test(arguments: FixedPointExample.inFloats) func `the same model gives the same bytes, which check themselves`(
    _ example: FixedPointExample
  ) throws {
    let bytes = try example.model.floatImage()
    #expect(try example.model.floatImage() == bytes)
    let program = try FloatProgram(bytes)
    for level in ProcessorLevel.allCases where level.isAvailable {
      #expect(FloatStream(program, level: level).firstWrongLayer() == nil)
    }
    #expect(bytes.withUnsafeBytes { FloatImage.describes($0.baseAddress!, count: $0.count) })
    #expect(program.name == "built" && program.image.lag == 1 && program.image.frameRate == 30)
    #expect(program.inputShape == example.model.inputShape)
  }

  @Test(arguments: FixedPointExample.inFloats) func `every layer is that of float64`(_ example: FixedPointExample)
    throws
  {
    let program = try program(example)
    let stream = FloatStream(program)
    let inputs = try example.inputs
    var compared = 0
    for index in 0..<inputs.count {
      inputs.withInput(index) { stream.run($0) }
      let input = inputs.withInput(index) {
        Array(UnsafeBufferPointer(start: $0, count: example.model.inputShape.count))
      }
      let normalized = Program(example.model).normalized(input).map { Double($0) }
      let exact = Float64Model(model: example.model).run(normalized)
      for (place, layer) in example.model.layers.enumerated() {
        guard let found = program.layer(named: layer.name) else { continue }
        #expect(program.outputShape(found).count == exact[place].count)
        let scale = exact[place].reduce(0) { max($0, $1.magnitude) }
        for (a, b) in zip(stream.numbers(found), exact[place]) {
          #expect((Double(a) - b).magnitude <= 1e-5 * scale, "\(layer.name)")
        }
        compared += 1
      }
    }
    #expect(compared >= inputs.count * (example.model.layers.count - 1))
  }

  @Test(arguments: FixedPointExample.inFloats) func `a stream gives the bits of whole windows`(
    _ example: FixedPointExample
  )
    throws
  {
    let program = try program(example)
    let (whole, stream, taken) = (FloatStream(program), FloatStream(program), FloatStream(program))
    let (inputs, movie) = (try example.inputs, example.movie)
    func push(_ stream: FloatStream, _ index: Int) -> Bool {
      movie.values.withUnsafeBufferPointer { stream.push($0.baseAddress! + index * inputs.stride) }
    }
    var rates: Set<UInt32> = []
    for index in 0..<example.frames {
      #expect(push(stream, index) == (index >= 3))
      // Another stream goes on from what the first saved.
      if index == 5 { #expect(taken.restore(stream.saved)) }
      if index > 5 {
        #expect(push(taken, index))
        #expect(checksums(taken) == checksums(stream))
      }
      guard index >= 3 else { continue }
      inputs.withInput(index - 3) { whole.run($0) }
      #expect(checksums(stream) == checksums(whole), "frame \(index)")
      rates.insert(stream.checksum(program.image.layerCount - 1))
    }
    #expect(rates.count == example.frames - 3, "the movie must move the rates")
  }

  @Test func `memory of one byte less is refused`() throws {
    let image = try program(try FixedPointExample(.deepRetina))
    let (arena, state) = (image.image.arenaBytes, image.image.stateBytes)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: arena + state + 128, alignment: 64)
    defer { memory.deallocate() }
    let place = (arena + 63) / 64 * 64
    func fits(_ arena: Int, _ state: Int) -> Bool {
      (try? FloatRunner(
        image.image, arena: UnsafeMutableRawBufferPointer(rebasing: memory[0..<arena]),
        state: UnsafeMutableRawBufferPointer(rebasing: memory[place..<place + state]))) != nil
    }
    #expect(fits(arena, state) && !fits(arena - 1, state) && !fits(arena, state - 1))
  }

  @Test func `what computes nothing is no image`() throws {
    let model = try Model(name: "none", inputShape: Shape(2, 3, 3), layers: [Layer("flat", .flatten)])
    #expect(throws: ImageError.self) { try model.floatImage() }
  }
}
