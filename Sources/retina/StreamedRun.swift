import RetinaEngine
import RetinaFiles
import RetinaModel

/// `retina run --stream` for an `.npy` file: one frame, or one independent input, is in memory at a time.
struct StreamedRun {
  /// Name of the stimulus.
  let name: String
  /// Shapes of what is written, one per layer.
  let shapes: [Shape]
  private let file: String
  private let reader: NPYFrameReader
  private let runner: Runner
  private let layers: [Int]
  /// A stream when the file holds a movie.
  private let stream: Stream?
  private let inputs: Int

  /// Opens a file and checks that a model can see it.
  init(_ path: String, _ model: Model, _ arguments: Arguments, layers: [Int]) throws {
    let (reader, name) = (try NPYFrameReader(path), StimulusSource.name(of: path))
    let runner = try Runner(model, arguments)
    let isMovie = try StimulusSource.isMovie(reader.shape, name: name, file: path, inputShape: model.inputShape)
    let inputs = reader.shape[0] - (isMovie ? model.inputShape[0] - 1 : 0)
    shapes = try layers.map { layer in
      guard let shape = Shape(checking: [inputs] + model.shapes[layer].dimensions) else {
        throw FileError(file: path, place: "'\(name)'", expected: "a shorter stimulus", found: "\(inputs) inputs")
      }
      return shape
    }
    stream = isMovie ? runner.plan.map { Stream($0, taps: layers) } : nil
    (file, self.reader, self.runner, self.layers, self.name, self.inputs) = (path, reader, runner, layers, name, inputs)
  }

  /// Runs the file from its first frame to its last and writes the layers, each to a path of its own.
  func run(to paths: [String]) throws {
    let writers = try zip(paths, shapes).map { path, shape in try NPYRowWriter(path, shape: shape) }
    let progress = Progress("running", total: inputs)
    while let frame = try reader.next() {
      if let index = frame.firstIndex(where: { !$0.isFinite }) {
        let place = "\(stream == nil ? "input" : "frame") \(reader.framesRead - 1)"
        throw StimulusSource.notFinite(frame[index], at: index, file: file, place: place)
      }
      if let stream {
        let isWarm = frame.withUnsafeBufferPointer { $0.baseAddress.map { stream.push($0) } ?? false }
        guard isWarm else { continue }
        for (layer, writer) in zip(layers, writers) {
          if let values = stream.layer(layer) { try write(values, to: writer) }
        }
      } else {
        let values = runner.program.run(input(frame), of: runner.model, layers: layers, threads: 1)
        for (tensor, writer) in zip(values.tensors, writers) {
          try tensor.values.withUnsafeBufferPointer { try write($0, to: writer) }
        }
      }
      progress.advance(1)
    }
    for writer in writers { try writer.finish() }
    progress.end()
  }

  /// One independent input, with an axis that counts it.
  private func input(_ values: [Float]) -> Tensor {
    guard let shape = Shape(checking: [1] + runner.model.inputShape.dimensions),
      let tensor = Tensor(shape: shape, values: values)
    else { fatalError("the file was checked against the model when it was opened") }
    return tensor
  }

  private func write(_ values: UnsafeBufferPointer<Float>, to writer: NPYRowWriter) throws {
    guard values.allSatisfy({ $0.isFinite }) else { throw StimulusSource.tooLarge(name, file: file) }
    try writer.append(values)
  }
}
