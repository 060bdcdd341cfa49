#if !hasFeature(Embedded)
  import RetinaEngine
  import RetinaModel

  /// Attributions of many inputs, and for several cells.
  public struct AttributionTable: Sendable {
    /// `[inputs] + [cells, when there are several] + [shape of one attribution]`.
    public var values: Tensor
    /// The parts of ``values`` that come from units above zero and from units below, where they were asked for.
    ///
    /// Their sum is the whole.
    public var parts: (excitatory: Tensor, inhibitory: Tensor)?
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

  /// What is kept of an attribution over a layer.
  public enum Reduction: Sendable {
    /// All units.
    case none
    /// The sum over space of each channel.
    case channel
    /// The sum over space of each channel, and its excitatory and inhibitory parts.
    case splitChannel
  }

  /// An attribution as it is kept, and its parts where they are asked for.
  private struct Answer: Sendable {
    var attribution: Attribution
    var excitatory: [Float] = []
    var inhibitory: [Float] = []

    init(_ attribution: Attribution, _ request: Request, shape: Shape, _ reduction: Reduction) {
      self.attribution = attribution
      guard reduction != .none else { return }
      let groups = request.method.takesGroups ? request.groups : nil
      self.attribution.values = attribution.channelSums(shape, groups: groups)
      guard reduction == .splitChannel else { return }
      excitatory = attribution.channelSums(shape, groups: groups, counting: .excitatory)
      inhibitory = attribution.channelSums(shape, groups: groups, counting: .inhibitory)
    }
  }

  extension Probe {
    /// Answers questions for many inputs on several threads; questions about one input share what they can.
    ///
    /// - Parameters:
    ///   - reduction: what to keep of each attribution.
    ///   - count: number of inputs.
    ///   - input: gives an input, before normalisation.
    ///   - baselines: before normalisation; the first is the baseline of methods that need one.
    ///   - corrupt: gives the second stimulus of patching for an input, before normalisation.
    /// - Returns: one table per question.
    /// - Throws: ``ProbeError`` of the first input that cannot be answered.
    public static func run(
      _ program: Program, _ questions: [LayerQuestion], reduction: Reduction, count: Int,
      input: @Sendable (Int) -> [Float], baselines: [[Float]], corrupt: (@Sendable (Int) -> [Float])? = nil,
      threads: Int, progress: ProgressHandler? = nil
    ) throws(ProbeError) -> [AttributionTable] {
      let results = ResultList(count: count)
      let normalized = baselines.map { program.normalized($0) }
      Parallel.split(count, threads: threads) { range in
        let probe = Probe(program)
        for index in range {
          do throws(ProbeError) {
            let values = program.normalized(input(index))
            let second = corrupt.map { program.normalized($0(index)) }
            var row: [Answer] = []
            for question in questions {
              for var request in question.requests {
                request.corrupt = second ?? request.corrupt
                let attribution = try probe.attribute(
                  request, input: values, baseline: normalized[0], baselines: normalized)
                row.append(Answer(attribution, request, shape: question.shape, reduction))
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
        tables.append(try table(question, rows.map { Array($0[first..<end]) }, reduction))
        first = end
      }
      return tables
    }

    /// Puts the answers to one question into tensors.
    private static func table(
      _ question: LayerQuestion, _ rows: [[Answer]], _ reduction: Reduction
    ) throws(ProbeError) -> AttributionTable {
      let isSummed = reduction != .none && question.shape.rank == 3
      let shape = isSummed ? Shape(question.shape[0]) : question.shape
      let cells = question.requests.count > 1 ? [question.requests.count] : []
      let whole = Shape(checking: [rows.count] + cells + shape.dimensions)
      func tensor(_ values: (Answer) -> [Float]) throws(ProbeError) -> Tensor {
        guard let whole, let tensor = Tensor(shape: whole, values: rows.flatMap { $0.flatMap(values) }) else {
          throw .missing("fewer inputs: the result would have too many values")
        }
        return tensor
      }
      let sums = rows.map { row in
        row.map { answer in
          var sum = answer.attribution
          sum.values = []
          return sum
        }
      }
      var table = AttributionTable(values: try tensor { $0.attribution.values }, sums: sums)
      if reduction == .splitChannel {
        table.parts = (try tensor { $0.excitatory }, try tensor { $0.inhibitory })
      }
      return table
    }

    /// The surprisal of all outputs together, with mean and covariance from the rates for the inputs themselves; see
    /// ``QuadraticForm/init(surprisalOf:cells:)``.
    ///
    /// - Parameter input: gives an input, before normalisation.
    /// - Throws: ``ProbeError`` of the first input that has no rates.
    public static func surprisal(
      _ program: Program, count: Int, input: @Sendable (Int) -> [Float], threads: Int
    ) throws(ProbeError) -> Target {
      let rates = Request(.forward, target: .cell(0, of: program))
      let tables = try run(
        program, [LayerQuestion(requests: [rates], shape: Shape(program.outputCount))], reduction: .none, count: count,
        input: input, baselines: [[Float](repeating: 0, count: program.inputCount)], threads: threads)
      return .surprisal(QuadraticForm(surprisalOf: tables[0].values.values, cells: program.outputCount), of: program)
    }
  }

  /// Results that several threads fill in, each its own places.
  private final class ResultList: @unchecked Sendable {
    private let memory: UnsafeMutableBufferPointer<Result<[Answer], ProbeError>?>

    init(count: Int) {
      memory = .allocate(capacity: count)
      memory.initialize(repeating: nil)
    }

    deinit {
      memory.deinitialize()
      memory.deallocate()
    }

    func set(_ index: Int, _ result: Result<[Answer], ProbeError>) { memory[index] = result }

    /// All results, or the first failure.
    func rows() throws(ProbeError) -> [[Answer]] {
      var rows: [[Answer]] = []
      for case let result? in memory { rows.append(try result.get()) }
      return rows
    }
  }
#endif
