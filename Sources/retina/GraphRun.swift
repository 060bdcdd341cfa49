import RetinaFiles
import RetinaGraph
import RetinaModel

/// Runs a graph with branches on stimuli, one input after another.
struct GraphRun {
  private let program: GraphProgram
  private let file: String
  /// Shape of one input, without the batch.
  let inputShape: Shape
  /// What the arrays that are written are called, and their names in the graph.
  let names: [String]
  private let arrays: [String]

  /// - Throws: ``FileError`` when the graph does not take stimuli; ``UsageError`` when a layer is not there.
  init(_ program: GraphProgram, file: String, layers: [String]) throws {
    self.program = program
    self.file = file
    let inputs = program.graph.inputs
    let axes = inputs.first?.extents ?? []
    let extents = axes.dropFirst().compactMap { extent -> Int? in
      if case .fixed(let value) = extent { value } else { nil }
    }
    let takesOne = axes.first.map { extent in if case .fixed(let batch) = extent { batch == 1 } else { true } } ?? false
    guard inputs.count == 1, inputs[0].type == .float32, takesOne, extents.count == axes.count - 1,
      let shape = Shape(checking: extents)
    else {
      throw FileError(
        file: file, place: "graph inputs",
        expected: "one float32 [batch, ...] whose batch may be 1 and whose other extents are fixed",
        found: inputs.map { $0.summary }.joined(separator: " and "))
    }
    inputShape = shape
    let outputs = program.graph.outputs.map { $0.name }
    arrays = layers.isEmpty ? outputs : try layers.map { try GraphRun.array($0, program) }
    names = layers.isEmpty ? (outputs.count == 1 ? ["rates"] : outputs) : layers
  }

  /// The array that a node of that name gives, or that has the name itself.
  private static func array(_ name: String, _ program: GraphProgram) throws -> String {
    let nodes = program.graph.nodes
    if let output = nodes.first(where: { $0.label == name })?.outputs.first, program.has(output) { return output }
    if program.has(name) { return name }
    let known = nodes.map { $0.label }
    throw UsageError(
      "--layer: expected a node of the graph, \(known.joined(separator: ", ")), found '\(name)'"
        + suggestion(for: name, among: known))
  }

  /// Runs all inputs of a stimulus; gives `[n, ...]` per array.
  func run(_ stimulus: LoadedStimulus, progress: Progress) throws -> [Tensor] {
    let count = stimulus.inputs(of: inputShape)
    var values = [[Float]](repeating: [], count: arrays.count)
    var extents = [[Int]](repeating: [], count: arrays.count)
    for index in 0..<count {
      guard let input = TypedArray(stimulus.input(index, of: inputShape), extents: [1] + inputShape.dimensions) else {
        fatalError("a stimulus was checked against the graph when it was loaded")
      }
      do throws(GraphError) {
        for (place, result) in try program.run([input], reading: arrays).enumerated() {
          values[place] += result.floats
          extents[place] = result.extents.first == 1 ? Array(result.extents.dropFirst()) : result.extents
        }
      } catch {
        throw FileError(error, file: file)
      }
      progress.advance(1)
    }
    return try arrays.indices.map { place in
      guard let shape = Shape(checking: [count] + extents[place]), shape.count == values[place].count,
        let tensor = Tensor(shape: shape, values: values[place])
      else {
        throw FileError(
          file: file, place: "'\(names[place])'", expected: "an array with elements, as large for every input",
          found: "another")
      }
      return tensor
    }
  }
}

extension TypedArray {
  /// The numbers as float32, rounded where they are not exact.
  fileprivate var floats: [Float] {
    switch numbers {
    case .single(let values): values
    case .double(let values): values.map { Float($0) }
    case .integer(let values): values.map { Float($0) }
    }
  }
}
