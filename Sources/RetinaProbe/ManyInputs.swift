#if !hasFeature(Embedded)
  import RetinaEngine
  import RetinaModel

  /// Attributions of many inputs, and for several cells.
  public struct AttributionTable: Sendable {
    /// `[inputs] + [cells, when there are several] + [shape of one attribution]`.
    public var values: Tensor
    /// For each input, for each cell: the attribution without its values.
    public var sums: [[Attribution]]

    /// The largest relative residual, where the method promises a sum.
    public var largestRelativeResidual: Float? {
      sums.joined().compactMap { $0.relativeResidual }.max()
    }
  }

  extension Probe {
    /// Answers requests for many inputs on several threads.
    ///
    /// - Parameters:
    ///   - requests: one per cell, all of one method and boundary.
    ///   - shape: shape of one attribution.
    ///   - sumsChannels: whether to keep the sums over space of each channel in place of all units.
    ///   - count: number of inputs.
    ///   - input: gives an input, before normalisation.
    ///   - baselines: before normalisation; the first is the baseline of methods that need one.
    /// - Throws: ``ProbeError`` of the first input that cannot be answered.
    public static func run(
      _ program: Program, _ requests: [Request], shape: Shape, sumsChannels: Bool, count: Int,
      input: @Sendable (Int) -> [Float], baselines: [[Float]], threads: Int, progress: ProgressHandler? = nil
    ) throws(ProbeError) -> AttributionTable {
      let reduced = sumsChannels && shape.rank == 3 ? Shape(shape[0]) : shape
      let results = ResultList(count: count)
      let normalized = baselines.map { program.normalized($0) }
      Parallel.split(count, threads: threads) { range in
        let probe = Probe(program)
        for index in range {
          do throws(ProbeError) {
            let values = program.normalized(input(index))
            var row: [Attribution] = []
            for request in requests {
              var attribution = try probe.attribute(
                request, input: values, baseline: normalized[0], baselines: normalized)
              if sumsChannels { attribution.values = attribution.channelSums(shape) }
              row.append(attribution)
            }
            results.set(index, .success(row))
          } catch {
            results.set(index, .failure(error))
            return
          }
          progress?(1)
        }
      }
      var rows: [[Attribution]] = []
      for result in results.results {
        switch result {
        case .success(let row): rows.append(row)
        case .failure(let error): throw error
        case nil: break
        }
      }
      let cells = requests.count > 1 ? [requests.count] : []
      guard
        let whole = Shape(checking: [count] + cells + reduced.dimensions),
        let tensor = Tensor(shape: whole, values: rows.flatMap { $0.flatMap { $0.values } })
      else { throw .missing("a smaller number of inputs: the result would have too many values") }
      for index in rows.indices {
        for cell in rows[index].indices { rows[index][cell].values = [] }
      }
      return AttributionTable(values: tensor, sums: rows)
    }
  }

  extension Program {
    /// One input after the model's normalisation.
    public func normalized(_ input: [Float]) -> [Float] {
      [Float](unsafeUninitializedCapacity: input.count) { output, filled in
        normalize(input, into: output.baseAddress!)
        filled = input.count
      }
    }
  }

  /// Results that several threads fill in, each its own places.
  private final class ResultList: @unchecked Sendable {
    private let memory: UnsafeMutableBufferPointer<Result<[Attribution], ProbeError>?>

    init(count: Int) {
      memory = .allocate(capacity: count)
      memory.initialize(repeating: nil)
    }

    deinit {
      memory.deinitialize()
      memory.deallocate()
    }

    func set(_ index: Int, _ result: Result<[Attribution], ProbeError>) { memory[index] = result }

    var results: [Result<[Attribution], ProbeError>?] { Array(memory) }
  }
#endif
