#if !hasFeature(Embedded)
  import RetinaModel

  extension ImageProgram {
    /// Runs inputs one by one on several threads; gives the numbers of layers, first axis = inputs.
    public func run(
      _ inputs: InputSequence, layers: [Int], threads: Int, level: ProcessorLevel = .best,
      progress: ProgressHandler? = nil
    ) -> [Tensor] {
      let outputs = layers.map { OutputBuffer(rows: inputs.count, shape: outputShape($0)) }
      Parallel.split(inputs.count, threads: threads) { range in
        let stream = ImageStream(self, level: level)
        for index in range {
          inputs.withInput(index) { stream.run($0) }
          for (place, layer) in layers.enumerated() { outputs[place].write(stream.numbers(layer), row: index) }
          progress?(1)
        }
      }
      return outputs.map { $0.tensor }
    }

    /// Pushes the frames of a movie one after another; gives what ``run(_:layers:threads:level:progress:)`` gives for its windows.
    ///
    /// - Parameter inputs: the windows of the movie.
    public func stream(
      _ inputs: InputSequence, layers: [Int], level: ProcessorLevel = .best, progress: ProgressHandler? = nil
    ) -> [Tensor] {
      let outputs = layers.map { OutputBuffer(rows: inputs.count, shape: outputShape($0)) }
      let stream = ImageStream(self, level: level)
      var row = 0
      inputs.values.withUnsafeBufferPointer { values in
        guard let start = values.baseAddress else { return }
        for first in Swift.stride(from: 0, to: values.count, by: image.frameCount) where stream.push(start + first) {
          for (place, layer) in layers.enumerated() { outputs[place].write(stream.numbers(layer), row: row) }
          row += 1
          progress?(1)
        }
      }
      return outputs.map { $0.tensor }
    }
  }
#endif
