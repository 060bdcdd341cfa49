import RetinaEngine
import RetinaKernels
import RetinaModel

/// How near integers come to the float model on some inputs.
public struct FixedPointComparison: Sendable {
  /// One layer that exists in both.
  public struct Layer: Sendable {
    /// Its name in the float model.
    public var name: String
    /// The mean square of the float values, and of the difference.
    public var signal, noise: Double
    /// The part of the integers that lie at an end of their range, a relu at rest not counted.
    public var clamped: Double
    /// For each cell the mean over inputs of Spearman's correlation of the importance of channels in both models; nothing where
    /// importance never varies, no cells for layers without channels.
    public var importance: [Double?] = []

    /// The mean of ``importance`` over cells.
    public var meanImportance: Double? { Layer.mean(importance.compactMap { $0 }) }

    fileprivate static func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
  }

  /// The layers, in order.
  public private(set) var layers: [Layer] = []
  /// For each cell the correlation coefficient of the rates of both models; nothing where either is constant.
  public private(set) var correlations: [Double?] = []

  /// Runs both models on inputs.
  ///
  /// - Parameter probed: how many of the inputs, evenly spread, the importance of channels is compared for.
  public init(_ model: Model, _ program: FixedPointProgram, _ inputs: InputSequence, probed: Int = 8) {
    let float = Program(model)
    let values = Workspace(MemoryPlan(float) { _ in true })
    let stream = FixedPointStream(program)
    var pairs: [(layer: Int, boundary: Int)] = []
    for layer in 0..<program.image.layerCount {
      guard let name = program.names(layer).first, let place = model.index(of: name) else { continue }
      pairs.append((layer, float.layerBoundaries[place]))
      layers.append(Layer(name: name, signal: 0, noise: 0, clamped: 0))
    }
    var rates: (float: [[Double]], fixed: [[Double]]) = ([], [])
    for index in 0..<inputs.count {
      inputs.withInput(index) { input in
        float.normalize(input, into: values[0])
        stream.run(input)
      }
      float.run(values)
      for (place, pair) in pairs.enumerated() {
        let numbers = stream.numbers(pair.layer)
        let output = program.image.output(pair.layer)
        let (low, high) = (output.number(output.type.minimum), output.number(output.type.maximum))
        var (signal, noise, clamped) = (0.0, 0.0, 0)
        for unit in numbers.indices {
          let exact = Double(values[pair.boundary][unit])
          signal += exact * exact
          noise += (Double(numbers[unit]) - exact) * (Double(numbers[unit]) - exact)
          if numbers[unit] == high || (numbers[unit] == low && low != 0) { clamped += 1 }
        }
        let share = 1 / Double(numbers.count) / Double(inputs.count)
        layers[place].signal += signal * share
        layers[place].noise += noise * share
        layers[place].clamped += Double(clamped) * share
      }
      rates.float.append((0..<float.outputCount).map { Double(values[float.outputBoundary][$0]) })
      rates.fixed.append(stream.rates.map { Double($0) })
    }
    correlations = (0..<float.outputCount).map { cell in
      Agreement.pearson(rates.float.map { $0[cell] }, rates.fixed.map { $0[cell] })
    }
    compareImportance(float, pairs, stream, inputs, probed: min(probed, inputs.count))
  }

  /// Compares the importance of channels of every hidden layer for every cell.
  private mutating func compareImportance(
    _ float: Program, _ pairs: [(layer: Int, boundary: Int)], _ stream: FixedPointStream, _ inputs: InputSequence,
    probed: Int
  ) {
    let image = stream.program.image
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: FixedPointProbe.floats(image))
    defer { memory.deallocate() }
    let probe = Probe(float)
    for (place, pair) in pairs.enumerated() where image.outputRank(pair.layer) == 3 && pair.layer + 1 < image.layerCount
    {
      let channels = image.channels(pair.layer)
      let plane = image.outputCount(pair.layer) / channels
      var found = [Float](repeating: 0, count: channels)
      var correlations = [[Double]](repeating: [], count: float.outputCount)
      for part in 0..<probed {
        let input = inputs.withInput(part * inputs.count / probed) { start in
          stream.run(start)
          return float.normalized([Float](UnsafeBufferPointer(start: start, count: float.inputCount)))
        }
        for cell in 0..<float.outputCount {
          stream.withRunner { runner in
            FixedPointProbe(runner, memory: memory).channelImportance(layer: pair.layer, cell: cell, into: &found)
          }
          let exact = probe.gradientTimesActivation(
            input, boundary: pair.boundary, target: .cell(cell, of: float))
          let sums = (0..<channels).map { channel in
            (channel * plane..<(channel + 1) * plane).reduce(0.0) { $0 + Double(exact.values[$1]) }
          }
          if let correlation = Agreement.spearman(sums, found.map { Double($0) }) {
            correlations[cell].append(correlation)
          }
        }
      }
      layers[place].importance = correlations.map(Layer.mean)
    }
  }
}
