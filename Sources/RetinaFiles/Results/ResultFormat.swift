/// The forms in which the results of a run are written, by the ending of the file.
public enum ResultFormat: String, CaseIterable, Sendable {
  /// NumPy: one array per file.
  case npy
  /// A table with a line per row: one array per file.
  case csv
  /// Everything in one file.
  case json
  /// HDF5: a group per stimulus, a data set per layer.
  case hdf5 = "h5"
  /// Neurodata Without Borders: a time series per stimulus and layer.
  case nwb

  /// The format that the ending of a path asks for; nothing for another ending.
  public init?(path: String) {
    let ending = path.split(separator: "/").last?.split(separator: ".").dropFirst().last?.lowercased() ?? ""
    self.init(rawValue: ending == "hdf5" ? "h5" : ending)
  }

  /// Whether a file holds as many results as there are.
  public var holdsSeveral: Bool { self != .npy && self != .csv }

  /// Writes results to a file, whole or not at all.
  ///
  /// - Throws: ``FileError`` when the file cannot be written, when it cannot hold several results, or when the format
  ///   needs what is not known.
  public func write(_ results: [RunResult], to path: String) throws(FileError) {
    guard let first = results.first, holdsSeveral || results.count == 1 else {
      throw FileError(kind: .cannotWrite, file: path, expected: "one array", found: "\(results.count)")
    }
    switch self {
    case .npy: try NPY.write(first.values, to: path)
    case .csv: try FileSystem.write(Array(first.csv.utf8), to: path)
    case .json: try FileSystem.write(Array((RunResult.json(results).text(indented: true) + "\n").utf8), to: path)
    case .hdf5: try RunResult.hdf5(results).write(to: path)
    case .nwb: try RunResult.nwb(results, file: path).write(to: path)
    }
  }
}
