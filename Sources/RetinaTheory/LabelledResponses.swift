/// What a layer gave for stimuli of several classes: the input of geometry and information.
public struct LabelledResponses: Sendable {
  /// Names of the classes.
  public let classes: [String]
  /// Values of the samples of each class, `[sample, unit]`.
  public let samples: [[Float]]
  /// Units of the layer.
  public let units: Int

  /// Sorts rows by class, in the order in which classes first appear.
  ///
  /// - Parameters:
  ///   - values: `[row, unit]`.
  ///   - labels: the class of each row.
  /// - Throws: ``TheoryError`` when there are fewer than two classes, or values that are not finite.
  public init(_ values: [Float], units: Int, labels: [String]) throws(TheoryError) {
    guard units > 0, values.count == units * labels.count else {
      throw TheoryError(
        "responses", expected: "\(units) values for each of \(labels.count) stimuli", found: "\(values.count) values")
    }
    if let place = values.firstIndex(where: { !$0.isFinite }) {
      throw TheoryError("responses", expected: "finite values", found: "\(values[place]) for stimulus \(place / units)")
    }
    var names: [String] = []
    var places: [String: Int] = [:]
    var samples: [[Float]] = []
    for (row, label) in labels.enumerated() {
      let place = places[label] ?? names.count
      if place == names.count {
        places[label] = place
        names.append(label)
        samples.append([])
      }
      samples[place] += values[row * units..<(row + 1) * units]
    }
    guard names.count >= 2 else {
      throw TheoryError("classes", expected: "at least 2", found: "\(names.count)")
    }
    classes = names
    self.samples = samples
    self.units = units
  }

  private init(classes: [String], samples: [[Float]], units: Int) {
    self.classes = classes
    self.samples = samples
    self.units = units
  }

  /// Samples of a class.
  public func count(_ place: Int) -> Int { samples[place].count / units }

  /// Samples of all classes.
  public var total: Int { samples.indices.reduce(0) { $0 + count($1) } }

  /// Only some units, in the order given.
  public func selecting(_ chosen: [Int]) -> LabelledResponses {
    let kept = samples.indices.map { place in
      (0..<count(place)).flatMap { row in chosen.map { samples[place][row * units + $0] } }
    }
    return LabelledResponses(classes: classes, samples: kept, units: chosen.count)
  }

  /// The same samples with values of their own: `change` maps the units of one sample to others, always as many.
  public func mapping(_ change: ([Float]) -> [Float]) -> LabelledResponses {
    let changed = samples.indices.map { place in
      (0..<count(place)).flatMap { change(Array(samples[place][$0 * units..<($0 + 1) * units])) }
    }
    return LabelledResponses(classes: classes, samples: changed, units: (changed.first?.count ?? 0) / max(1, count(0)))
  }
}
