#if !hasFeature(Embedded)
  /// Which values of a model get 8 bits in place of 16, so that arena and state fit a budget.
  ///
  /// Each place is given 8 bits alone, and the rates are compared with those of float32: that is the table of sensitivities. Places are then
  /// taken from the smallest loss per byte on until the budget holds.
  public struct PrecisionSearch: Sendable {
    /// A place where values may have 8 bits.
    public struct Place: Sendable {
      /// The layers whose values lie there.
      public var names: [String]
      /// The mean squared error of the rates over their variance, when this place alone has 8 bits.
      public var loss: Double
      /// Bytes of arena and state that 8 bits save here.
      public var saved: Int
      /// Whether it was given 8 bits.
      public var isNarrow: Bool
    }

    /// The places, in order of the layers.
    public private(set) var table: [Place] = []
    /// The loss with 16 bits everywhere, and with the types that were chosen.
    public private(set) var lossWide = 0.0, loss = 0.0
    /// Bytes of arena and state with the types that were chosen.
    public private(set) var bytes = 0
    /// The options that lead there.
    public private(set) var options: QuantizationOptions

    /// Searches.
    ///
    /// - Parameters:
    ///   - inputs: what rates are compared on; the first is the golden input.
    ///   - budget: bytes of arena and state.
    /// - Throws: ``QuantizationError`` when 8 bits everywhere need more than the budget; ``ImageError`` for numbers that fit no
    ///   image.
    public init(
      _ folded: FoldedModel, _ calibration: Calibration, _ options: QuantizationOptions, _ inputs: InputSequence,
      budget: Int
    ) throws {
      self.options = options
      let expected = PrecisionSearch.rates(of: folded, inputs)
      func measure(_ narrow: Set<Int>) throws -> (loss: Double, bytes: Int) {
        var trial = options
        trial.narrow = narrow
        let quantizer = FixedPointQuantizer(folded, calibration, trial)
        let model = try inputs.withInput(0) { golden in
          Result { () throws(QuantizationError) in try quantizer.model(golden: golden) }
        }.get()
        let program = try FixedPointProgram(model)
        let last = program.image.layerCount - 1
        let found = program.run(inputs, layers: [last], threads: 1)[0].values
        return (PrecisionSearch.loss(found, expected), program.image.arenaBytes + program.image.stateBytes)
      }
      let quantizer = FixedPointQuantizer(folded, calibration, options)
      let places = quantizer.places
      let wide = try measure([])
      (lossWide, loss, bytes) = (wide.loss, wide.loss, wide.bytes)
      for place in places {
        let alone = try measure([place])
        table.append(
          Place(names: quantizer.names(at: place), loss: alone.loss, saved: wide.bytes - alone.bytes, isNarrow: false))
      }
      // The least loss per byte first; what saves nothing is never given up.
      let order = table.indices.filter { table[$0].saved > 0 }.sorted {
        table[$0].loss * Double(table[$1].saved) < table[$1].loss * Double(table[$0].saved)
      }
      for index in order where bytes > budget {
        table[index].isNarrow = true
        self.options.narrow.insert(places[index])
        (loss, bytes) = try measure(self.options.narrow)
      }
      guard bytes <= budget else {
        throw QuantizationError(
          layer: folded.model.name, expected: "a budget of at least \(bytes) bytes for arena and state",
          found: "\(budget)")
      }
    }

    private static func rates(of folded: FoldedModel, _ inputs: InputSequence) -> [Float] {
      let program = Program(folded.model)
      let values = Workspace(MemoryPlan(program) { $0 == program.outputBoundary })
      var rates: [Float] = []
      for index in 0..<inputs.count {
        inputs.withInput(index) { program.normalize($0, into: values[0]) }
        program.run(values)
        for cell in 0..<program.outputCount { rates.append(values[program.outputBoundary][cell]) }
      }
      return rates
    }

    private static func loss(_ found: [Float], _ expected: [Float]) -> Double {
      let mean = expected.reduce(0.0) { $0 + Double($1) } / Double(expected.count)
      var (error, variance) = (0.0, 0.0)
      for (a, b) in zip(found, expected) {
        error += (Double(a) - Double(b)) * (Double(a) - Double(b))
        variance += (Double(b) - mean) * (Double(b) - mean)
      }
      return variance > 0 ? error / variance : error
    }
  }
#endif
