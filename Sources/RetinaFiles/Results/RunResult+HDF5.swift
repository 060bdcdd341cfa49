import RetinaModel

extension RunResult {
  /// A group for each stimulus with a data set for each layer; attributes say what the rows and the columns are.
  static func hdf5(_ results: [RunResult]) -> HDF5Object {
    var stimuli: [(name: String, object: HDF5Object)] = []
    for result in results {
      var attributes: [(name: String, value: HDF5Object.Attribute)] = []
      if case .frames(let first, let rate) = result.rows {
        attributes.append(("first_frame", .number(Double(first))))
        if let rate { attributes.append(("frame_rate", .number(rate))) }
      }
      if let cells = result.cells, !cells.isEmpty { attributes.append(("cells", .texts(cells))) }
      let data = HDF5Object(result.data, attributes: attributes)
      let name = linkName(result.stimulus)
      let place = stimuli.firstIndex { $0.name == name } ?? stimuli.count
      if place == stimuli.count { stimuli.append((name, HDF5Object(.group([])))) }
      guard case .group(let layers) = stimuli[place].object.content else { continue }
      stimuli[place].object.content = .group(layers + [(linkName(result.layer), data)])
    }
    return HDF5Object(.group(stimuli))
  }

  /// A file of Neurodata Without Borders 2.8 whose processing module `retina` holds a time series for each result.
  ///
  /// A session has a start, which a run of a model has not: it is that of Unix time, and the description says so.
  ///
  /// - Throws: ``FileError`` for results without frames or frame rate, which are no time series.
  static func nwb(_ results: [RunResult], file: String) throws(FileError) -> HDF5Object {
    var series: [(name: String, object: HDF5Object)] = []
    for result in results {
      guard case .frames(let first, let rate?) = result.rows else {
        throw FileError(
          kind: .cannotWrite, file: file,
          expected: "a movie and a model or stimulus that states its frame rate, for a time series",
          found: "neither; .h5 holds values without times")
      }
      series.append(
        ("\(linkName(result.stimulus)) \(linkName(result.layer))", result.timeSeries(first: first, rate: rate)))
    }
    let texts = results.map { "\($0.stimulus)/\($0.layer)/\($0.values.shape)" }.joined(separator: ";")
    var fingerprint = Fingerprint(texts)
    for result in results { fingerprint.add(result.values.values) }
    let (epoch, empty) = ("1970-01-01T00:00:00+00:00", HDF5Object(.group([])))
    let module = HDF5Object(
      .group(series),
      attributes: typed("ProcessingModule", fingerprint) + [
        ("description", .text("Values of the layers of a model, made by retina run"))
      ])
    return HDF5Object(
      .group([
        ("acquisition", empty), ("analysis", empty), ("file_create_date", HDF5Object(.texts([epoch]))),
        ("general", empty), ("identifier", HDF5Object(.text(fingerprint.identifier("file")))),
        ("processing", HDF5Object(.group([("retina", module)]))),
        (
          "session_description",
          HDF5Object(.text("Output of a model. No session was held: its start is the zero of Unix time."))
        ),
        ("session_start_time", HDF5Object(.text(epoch))),
        ("stimulus", HDF5Object(.group([("presentation", empty), ("templates", empty)]))),
        ("timestamps_reference_time", HDF5Object(.text(epoch))),
      ]),
      attributes: typed("NWBFile", fingerprint) + [("nwb_version", .text("2.8.0"))])
  }

  private var data: HDF5Object.Content { .singles(values.shape.dimensions, values.values) }

  private func timeSeries(first: Int, rate: Double) -> HDF5Object {
    var fingerprint = Fingerprint("\(stimulus)/\(layer)/\(values.shape)")
    fingerprint.add(values.values)
    let columns = cells.map { "; columns: \($0.joined(separator: ", "))" } ?? ""
    return HDF5Object(
      .group([
        (
          "data",
          HDF5Object(
            data,
            attributes: [
              ("conversion", .number(1)), ("offset", .number(0)), ("resolution", .number(-1)),
              ("unit", .text(cells == nil ? "a.u." : "the response unit of the model")),
            ])
        ),
        (
          "starting_time",
          HDF5Object(
            .doubles([], [Double(first) / rate]), attributes: [("rate", .number(rate)), ("unit", .text("seconds"))])
        ),
      ]),
      attributes: RunResult.typed("TimeSeries", fingerprint) + [
        ("comments", .text("Times count from the first frame of the stimulus.")),
        ("description", .text("Layer \(layer) for stimulus \(stimulus)\(columns)")),
      ])
  }

  private static func typed(
    _ type: String, _ fingerprint: Fingerprint
  ) -> [(name: String, value: HDF5Object.Attribute)] {
    [
      ("namespace", .text("core")), ("neurodata_type", .text(type)),
      ("object_id", .text(fingerprint.identifier(type))),
    ]
  }

  /// A name that can be that of a link, which `/` and `.` alone cannot.
  private static func linkName(_ name: String) -> String {
    let text = name.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "%2F")
    return text.isEmpty || text == "." ? "%" : text
  }
}

/// What tells one set of results from another: the FNV-1a hash of 64 bits of texts and values.
private struct Fingerprint {
  private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

  init(_ text: String) { for byte in text.utf8 { add(byte) } }

  mutating func add(_ values: [Float]) {
    for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { for byte in $0 { add(byte) } } }
  }

  private mutating func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }

  /// An identifier of the form of RFC 9562, version 8: the same for the same results.
  func identifier(_ role: String) -> String {
    var own = self
    for byte in role.utf8 { own.add(byte) }
    func digits(_ number: UInt64, _ count: Int) -> String {
      let text = String(number, radix: 16)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text.suffix(count)
    }
    let (high, low) = (digits(hash, 16), digits(own.hash, 15))
    let parts = [
      high.prefix(8), high.dropFirst(8).prefix(4), "8" + high.suffix(3), "8" + low.prefix(3), low.suffix(12),
    ]
    return parts.joined(separator: "-")
  }
}
