import RetinaEngine
import RetinaModel

/// What the channels of some layers of an image contribute to a cell, for many inputs.
public struct ImageContributions: Sendable {
  /// For each layer `[inputs, channels]`.
  public var layers: [Tensor]
  /// The rate of each input.
  public var rates: [Float]
  /// For conductance: for each input the residual of the layer that adds up worst.
  public var residuals: [Float]

  /// Runs inputs one after another and probes each.
  ///
  /// - Parameter steps: of the path of the conductance; nothing for value times derivative.
  /// - Returns: nothing when a layer has no conductance, see ``ImageProbe``.
  public init?<Probe: ImageProbe>(
    by probe: Probe.Type, _ program: ImageProgram<Probe.Image>, _ inputs: InputSequence, layers: [Int], cell: Int,
    steps: Int?, level: ProcessorLevel = .best, progress: (Int) -> Void = { _ in }
  ) {
    let image = program.image
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: max(1, Probe.floats(image)))
    defer { memory.deallocate() }
    let stream = ImageStream(program, level: level)
    var found = layers.map { _ in [Float]() }
    (rates, residuals) = ([], [])
    for index in 0..<inputs.count {
      inputs.withInput(index) { stream.run($0) }
      rates.append(stream.rates[cell])
      var worst: Float = 0
      for (place, layer) in layers.enumerated() {
        var channels = [Float](repeating: 0, count: image.channels(layer))
        let residual: Float? = stream.withRunner { runner in
          let probe = Probe(runner, memory: memory)
          if let steps { return probe.channelConductance(layer: layer, cell: cell, steps: steps, into: &channels) }
          probe.channelImportance(layer: layer, cell: cell, into: &channels)
          return 0
        }
        guard let residual else { return nil }
        if residual.magnitude > worst.magnitude { worst = residual }
        found[place] += channels
      }
      if steps != nil { residuals.append(worst) }
      progress(1)
    }
    self.layers = zip(layers, found).map { layer, values in
      var tensor = Tensor(repeating: 0, shape: Shape(inputs.count, image.channels(layer)))
      tensor.values = values
      return tensor
    }
  }
}
