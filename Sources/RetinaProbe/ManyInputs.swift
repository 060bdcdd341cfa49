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

  /// The same question about one layer, for one or several cells.
  public struct LayerQuestion: Sendable {
    /// One per cell, all of one method and boundary.
    public var requests: [Request]
    /// Shape of one attribution.
    public var shape: Shape

    /// Creates a question.
    public init(requests: [Request], shape: Shape) {
      self.requests = requests
      self.shape = shape
    }
  }

  extension Probe {
    /// Answers questions for many inputs on several threads; questions about one input share what they can.
    ///
    /// - Parameters:
    ///   - sumsChannels: whether to keep the sums over space of each channel in place of all units.
    ///   - count: number of inputs.
    ///   - input: gives an input, before normalisation.
    ///   - baselines: before normalisation; the first is the baseline of methods that need one.
    /// - Returns: one table per question.
    /// - Throws: ``ProbeError`` of the first input that cannot be answered.
    public static func run(
      _ program: Program, _ questions: [LayerQuestion], sumsChannels: Bool, count: Int,
      input: @Sendable (Int) -> [Float], baselines: [[Float]], threads: Int, progress: ProgressHandler? = nil
    ) throws(ProbeError) -> [AttributionTable] {
      let results = ResultList(count: count)
      let normalized = baselines.map { program.normalized($0) }
      Parallel.split(count, threads: threads) { range in
        let probe = Probe(program)
        for index in range {
          do throws(ProbeError) {
            let values = program.normalized(input(index))
            var row: [Attribution] = []
            for question in questions {
              for request in question.requests {
                var attribution = try probe.attribute(
                  request, input: values, baseline: normalized[0], baselines: normalized)
                if sumsChannels { attribution.values = attribution.channelSums(question.shape) }
                row.append(attribution)
              }
            }
            results.set(index, .success(row))
          } catch {
            results.set(index, .failure(error))
            return
          }
          progress?(1)
        }
      }
      let rows = try results.rows()
      var tables: [AttributionTable] = []
      var first = 0
      for question in questions {
        let end = first + question.requests.count
        tables.append(try table(question, rows.map { Array($0[first..<end]) }, sumsChannels: sumsChannels))
        first = end
      }
      return tables
    }

    /// Puts the answers to one question into one tensor.
    private static func table(
      _ question: LayerQuestion, _ rows: [[Attribution]], sumsChannels: Bool
    ) throws(ProbeError) -> AttributionTable {
      let shape = sumsChannels && question.shape.rank == 3 ? Shape(question.shape[0]) : question.shape
      let cells = question.requests.count > 1 ? [question.requests.count] : []
      guard
        let whole = Shape(checking: [rows.count] + cells + shape.dimensions),
        let tensor = Tensor(shape: whole, values: rows.flatMap { $0.flatMap { $0.values } })
      else { throw .missing("fewer inputs: the result would have too many values") }
      let sums = rows.map { row in
        row.map { attribution in
          var sum = attribution
          sum.values = []
          return sum
        }
      }
      return AttributionTable(values: tensor, sums: sums)
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

    /// All results, or the first failure.
    func rows() throws(ProbeError) -> [[Attribution]] {
      var rows: [[Attribution]] = []
      for case let result? in memory { rows.append(try result.get()) }
      return rows
    }
  }
#endif
