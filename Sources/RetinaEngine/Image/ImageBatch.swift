#if !hasFeature(Embedded)
  import RetinaModel

  extension ImageProgram {
    /// Runs inputs on several threads; gives the numbers of layers, first axis = inputs.
    ///
    /// The windows of a movie are streamed, a part of the movie on each thread: the bits are those of the windows one by one.
    public func run(
      _ inputs: InputSequence, layers: [Int], threads: Int, level: ProcessorLevel = .best,
      algorithm: StreamOptions.Algorithm = .automatic, progress: ProgressHandler? = nil
    ) -> [Tensor] {
      let outputs = layers.map { OutputBuffer(rows: inputs.count, shape: outputShape($0)) }
      Parallel.split(inputs.count, threads: threads) { range in
        let stream = ImageStream(self, level: level, algorithm: algorithm)
        func keep(_ row: Int) {
          for (place, layer) in layers.enumerated() { outputs[place].write(stream.numbers(layer), row: row) }
          progress?(1)
        }
        if let history = image.history, inputs.stride == image.frameCount {
          for frame in range.lowerBound..<range.upperBound + history - 1 {
            let isComplete = inputs.values.withUnsafeBufferPointer {
              stream.push($0.baseAddress! + frame * image.frameCount)
            }
            if isComplete { keep(frame - history + 1) }
          }
        } else {
          for index in range {
            inputs.withInput(index) { stream.run($0) }
            keep(index)
          }
        }
      }
      return outputs.map { $0.tensor }
    }
  }
#endif
