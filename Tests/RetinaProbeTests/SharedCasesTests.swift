import RetinaFiles
import RetinaProbe
import Testing

/// Numbers that others found, where the folder that holds them is present.
@Suite(.enabled(if: SharedCases.isPresent, SharedCases.absence)) struct SharedCasesTests {
  /// What float32 may differ from float64, relative to the largest magnitude.
  private let roundingError = 5e-6

  @Test func `the file can be read and has cases`() throws {
    let file = try SharedCases.file.get()
    #expect(file["schema"]?.string == "attribution-cases/1")
    #expect(!SharedCases.all.isEmpty && !SharedCases.rules.isEmpty)
  }

  @Test(arguments: SharedCases.all) func `a case gives the expected numbers`(_ shared: SharedCase) throws {
    let answers = try shared.answers()
    let found = answers.flatMap(\.values)
    let expected = try #require(shared.json["expected"]?.doubles)
    let largest = largestMagnitude(expected)
    let tolerance = try #require(shared.json["tolerance"])
    switch shared.json["origin"]?.string {
    case "generated", "definition": expect(found, near: expected, within: roundingError * largest)
    default:
      let allowed = max(try #require(tolerance["abs"]?.number), roundingError * largest)
      expect(found, near: expected, within: allowed)
      if tolerance["mode"]?.string == "sum" {
        let sum = zip(found, expected).reduce(0) { $0 + (Double($1.0) - $1.1).magnitude }
        #expect(sum <= allowed)
      }
    }
    if let reference = shared.json["reference_output"]?.doubles {
      expect(found, near: reference, within: roundingError * largestMagnitude(reference), "(reference output)")
    }
    if let deltas = shared.json["reference_delta"]?.doubles {
      for (answer, delta) in zip(answers, deltas) {
        guard let residual = answer.residual else { continue }
        let scale = max(answer.values.magnitudes, Double(answer.valueAtInput.magnitude))
        #expect((Double(residual) - delta).magnitude <= roundingError * scale, "residual")
      }
    }
  }

  @Test(arguments: SharedCases.all.filter(\.hasExact))
  func `a case gives the numbers of infinitely many steps`(_ shared: SharedCase) throws {
    let answers = try shared.answers(exactly: true)
    let expected = try #require(shared.json["expected_exact"]?.doubles)
    expect(answers.flatMap(\.values), near: expected, within: roundingError * largestMagnitude(expected))
    for answer in answers {
      guard let residual = answer.residual else { continue }
      #expect(Double(residual.magnitude) <= roundingError * answer.values.magnitudes, "residual")
    }
  }

  @Test(arguments: SharedCases.rules) func `a rule has the expected nodes and weights`(_ shared: SharedRule) throws {
    let rule = Quadrature(
      try SharedCases.rule(shared.json["method"]?.string), steps: try #require(shared.json["n"]?.integer))
    for (found, name) in [(rule.nodes, "alphas"), (rule.weights, "weights")] {
      let wanted = try #require(shared.json[name]?.doubles)
      #expect(found.count == wanted.count)
      for (index, (value, number)) in zip(found, wanted).enumerated() {
        #expect((value - number).magnitude <= 1e-12, "\(name)[\(index)]")
      }
    }
  }

  private func largestMagnitude(_ values: [Double]) -> Double { values.reduce(0) { max($0, $1.magnitude) } }
}
