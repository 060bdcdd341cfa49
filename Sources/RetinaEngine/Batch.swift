#if !hasFeature(Embedded)
  import RetinaModel

  /// The values of chosen layers for many inputs: one tensor per layer, first axis = inputs.
  public struct LayerValues: Sendable {
    /// Place of each layer in the model.
    public var layers: [Int]
    /// One tensor per layer.
    public var tensors: [Tensor]
  }

  /// Something that moves on while work is done: called with the number of inputs finished since the last call.
  public typealias ProgressHandler = @Sendable (Int) -> Void

  extension Program {
    /// Runs independent inputs, `[n, input shape]` before normalisation, on several threads.
    public func run(
      _ inputs: Tensor, of model: Model, layers: [Int], threads: Int, progress: ProgressHandler? = nil
    ) -> LayerValues {
      let count = inputs.shape[0]
      let outputs = layers.map { OutputBuffer(rows: count, shape: model.shapes[$0]) }
      let plan = MemoryPlan(self) { boundary in layers.contains { self.layerBoundaries[$0] == boundary } }
      inputs.values.withUnsafeBufferPointer { source in
        let start = SendablePointer(source.baseAddress!)
        Parallel.split(count, threads: threads) { range in
          let values = Workspace(plan)
          for index in range {
            self.normalize(start.pointer + index * self.inputCount, into: values[0])
            self.run(values)
            for (place, layer) in layers.enumerated() {
              outputs[place].write(values[self.layerBoundaries[layer]], row: index)
            }
            progress?(1)
          }
        }
      }
      return LayerValues(layers: layers, tensors: outputs.map { $0.tensor })
    }
  }

  extension StreamPlan {
    /// Runs a movie, `[time, height, width]` before normalisation, and gives the layers for every complete window:
    /// window i ends with frame i + history - 1.
    ///
    /// Each thread runs a stretch of the movie in a stream of its own.
    ///
    /// - Returns: nothing when the movie is shorter than the history or its frames have another size.
    public func run(
      _ movie: Tensor, layers: [Int], threads: Int, progress: ProgressHandler? = nil
    ) -> LayerValues? {
      guard movie.shape.rank == 3, movie.shape[0] >= history,
        movie.shape.dimensions.dropFirst().elementsEqual(model.inputShape.dimensions.dropFirst())
      else { return nil }
      let windows = movie.shape[0] - history + 1
      let outputs = layers.map { OutputBuffer(rows: windows, shape: model.shapes[$0]) }
      movie.values.withUnsafeBufferPointer { source in
        let start = SendablePointer(source.baseAddress!)
        Parallel.split(windows, threads: threads) { range in
          let stream = Stream(self, taps: layers)
          for frame in range.lowerBound..<range.upperBound + self.history - 1 {
            guard stream.push(start.pointer + frame * self.frameCount) else { continue }
            for (place, layer) in layers.enumerated() {
              if let values = stream.layer(layer)?.baseAddress {
                outputs[place].write(values, row: frame - self.history + 1)
              }
            }
            progress?(1)
          }
        }
      }
      return LayerValues(layers: layers, tensors: outputs.map { $0.tensor })
    }
  }

  /// A tensor that several threads fill, each its own rows.
  final class OutputBuffer: @unchecked Sendable {
    private let memory: UnsafeMutablePointer<Float>
    private let rows: Int
    private let shape: Shape

    init(rows: Int, shape: Shape) {
      self.rows = rows
      self.shape = shape
      memory = .allocate(capacity: max(1, rows * shape.count))
      memory.initialize(repeating: 0, count: rows * shape.count)
    }

    deinit { memory.deallocate() }

    func write(_ values: UnsafePointer<Float>, row: Int) {
      (memory + row * shape.count).update(from: values, count: shape.count)
    }

    /// The rows as one tensor.
    var tensor: Tensor {
      let values = [Float](UnsafeBufferPointer(start: memory, count: rows * shape.count))
      guard let whole = Shape(checking: [rows] + shape.dimensions), let tensor = Tensor(shape: whole, values: values)
      else { fatalError("a buffer holds as many values as its shape says") }
      return tensor
    }
  }

  /// A pointer to values that nobody changes while threads read them.
  struct SendablePointer: @unchecked Sendable {
    let pointer: UnsafePointer<Float>
    init(_ pointer: UnsafePointer<Float>) { self.pointer = pointer }
  }
#endif
