import RetinaEngine
import RetinaFiles

/// `retina bench` of an image: how long a frame takes.
struct ImageBench<Image: DescribedImage> {
  private let program: ImageProgram<Image>
  private let timing: ImageTiming
  private let options: StreamOptions

  init(_ program: ImageProgram<Image>, _ arguments: Arguments, clock: () -> Double) throws {
    let known = ["--frames", "--stimulus", "--layers", "--clock", "--json", "--algorithm", "--precision"]
    for option in BenchCommand.options.map({ $0.name }) where arguments.has(option) && !known.contains(option) {
      throw UsageError("bench of an image does not use \(option): leave it out")
    }
    guard program.image.history != nil else {
      throw FileError(
        file: arguments.operands[0], expected: "an image of a movie model, with an input [history, height, width]",
        found: "\(program.inputShape)")
    }
    self.program = program
    options = try Image.runOptions(arguments)
    let frames = try arguments.integer("--frames", in: 1...1_000_000) ?? 400
    let movie = try BenchCommand.movie(
      arguments["--stimulus"], inputShape: program.inputShape, frames: max(64, program.image.history ?? 0))
    timing = ImageTiming(
      program, movie: movie, frames: frames, level: options.level, algorithm: options.algorithm, clock: clock)
  }

  func text(showsLayers: Bool) -> String {
    let image = program.image
    var lines = [
      "\(program.name), \(image.precision), \(options.level.name): \(fixed(timing.meanFrame * 1e3, 4)) ms per frame "
        + "(\(fixed(Double(image.multiplyAdds) / timing.meanFrame / 1e9, 1)) thousand million multiply-adds per second "
        + "of the definition), longest \(fixed(timing.longestFrame * 1e3, 4)) ms, \(timing.frames) frames"
    ]
    guard showsLayers else { return lines[0] }
    lines.append("  layer            form            million multiply-adds  microseconds")
    func line(_ name: String, _ form: String, _ multiplyAdds: Int, _ seconds: Double) {
      lines.append(
        "  \(pad(name, 16)) \(pad(form, 15)) \(right(fixed(Double(multiplyAdds) / 1e6, 3), 21)) "
          + right(fixed(seconds * 1e6, 2), 13))
    }
    line("(frame)", "taken in", 0, timing.steps[0])
    for layer in 0..<image.layerCount {
      line(
        program.names(layer).first ?? "-", image.form(layer, options), image.multiplyAdds(layer),
        timing.steps[layer + 1])
    }
    return lines.joined(separator: "\n")
  }

  var json: JSON {
    let image = program.image
    return [
      "model": .string(program.name), "precision": .string(image.precision), "level": .string(options.level.name),
      "frames": .number(Double(timing.frames)), "seconds_per_frame": .number(timing.meanFrame),
      "longest_frame_seconds": .number(timing.longestFrame),
      "multiply_adds_per_frame": .number(Double(image.multiplyAdds)),
      "seconds_to_take_a_frame": .number(timing.steps[0]),
      "layers": .array(
        (0..<image.layerCount).map { layer in
          [
            "names": .array(program.names(layer).map { .string($0) }), "form": .string(image.form(layer, options)),
            "multiply_adds": .number(Double(image.multiplyAdds(layer))), "seconds": .number(timing.steps[layer + 1]),
          ]
        }),
    ]
  }
}
