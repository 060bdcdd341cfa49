import RetinaModel

extension ModelReader {
  /// Time, normalisation, cells, where the model comes from, and the tensors that belong to them.
  mutating func facts(_ given: JSONProperties) throws(FileError) -> Facts {
    var properties = given
    var facts = Facts()
    facts.lag = try properties.optional("lag", .integer) ?? 0
    facts.frameRate = try properties.optional("frame_rate", .number)
    facts.pixelSize = try properties.optional("pixel_size_um", .number)
    facts.normalization = try normalization(try properties.object("normalisation"))
    if var response = try properties.object("response") {
      facts.responseUnit = try response.optional("unit", .text)
      try response.finish()
    }
    for (index, json) in (try properties.optional("cells", .array) ?? []).enumerated() {
      facts.cells.append(try cell(json, index))
    }
    if var provenance = try properties.object("provenance") {
      facts.provenance = try provenance.rest(.text).map { (name: $0.name, text: $0.value) }
    }
    facts.golden = try golden(try properties.object("golden"))
    try properties.finish()
    return facts
  }

  private func cell(_ json: JSON, _ index: Int) throws(FileError) -> Cell {
    var properties = try JSONProperties(json, place: "\(MetadataKey.facts), cell \(index)", file: file)
    return Cell(
      name: try properties.required("name", .text), centre: try properties.optional("centre", .centre),
      figures: try properties.rest(.number))
  }

  /// One mean and deviation for all pixels, or a tensor of each.
  private mutating func normalization(_ scalar: JSONProperties?) throws(FileError) -> Normalization {
    let mean = take(Facts.pixelMean)
    let deviation = take(Facts.pixelDeviation)
    switch (mean, deviation, scalar) {
    case (nil, nil, nil): return .none
    case (nil, nil, .some(var scalar)):
      let normalization = Normalization.scalar(
        mean: try scalar.required("mean", .single), standardDeviation: try scalar.required("std", .single))
      try scalar.finish()
      return normalization
    case (.some(let mean), .some(let deviation), nil):
      return .perPixel(mean: mean, standardDeviation: deviation)
    case (.some, .some, .some):
      throw failure(MetadataKey.facts, "one normalisation", "one in the facts and another in tensors")
    default:
      throw failure(
        MetadataKey.facts, "tensors \(Facts.pixelMean) and \(Facts.pixelDeviation)", "only one of them")
    }
  }

  private mutating func golden(_ given: JSONProperties?) throws(FileError) -> Golden? {
    let input = take(Facts.goldenInput)
    let output = take(Facts.goldenOutput)
    if given == nil, input == nil, output == nil { return nil }
    guard let input, let output else {
      throw failure(
        MetadataKey.facts, "tensors \(Facts.goldenInput) and \(Facts.goldenOutput)",
        input == nil && output == nil ? "neither" : "only one of them")
    }
    var golden = Golden(input: input, output: output)
    if var properties = given {
      if let tolerance = try properties.optional("tolerance", .single) { golden.tolerance = tolerance }
      try properties.finish()
    }
    return golden
  }
}
