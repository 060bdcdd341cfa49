import RetinaFiles
import RetinaFit

/// What one interneuron did during a stimulus: a membrane potential, a glutamate signal, or a unit of a simulated retina.
public struct RecordedTrace: Sendable, Equatable {
  /// The array of the recording that holds it: a type of cells.
  public var group: String
  /// Its place in that array.
  public var unit: Int
  /// One value per frame of the stimulus.
  public var values: [Float]

  /// Creates a trace.
  public init(group: String, unit: Int, values: [Float]) {
    self.group = group
    self.unit = unit
    self.values = values
  }

  /// The name, such as `bipolar-on/12`.
  public var name: String { "\(group)/\(unit)" }
}

extension Recording {
  /// The interior traces, at most so many of each array, spread evenly over it.
  ///
  /// Units that never change are passed over.
  ///
  /// - Throws: ``FileError`` when there are none, and for values that are not finite.
  func traces(limit: Int) throws(FileError) -> [RecordedTrace] {
    var traces: [RecordedTrace] = []
    for (name, tensor) in interior {
      let units = tensor.shape[1]
      if let index = tensor.firstNonFinite {
        throw FileError(
          file: file, place: "interior.\(name), frame \(index / units), unit \(index % units)",
          expected: "a finite value",
          found: "\(tensor.values[index])")
      }
      let alive = (0..<units).map { unit in
        RecordedTrace(
          group: name, unit: unit,
          values: stride(from: unit, to: tensor.values.count, by: units).map { tensor.values[$0] })
      }.filter { $0.values.contains { [first = $0.values[0]] in $0 != first } }
      let count = min(limit, alive.count)
      traces += (0..<count).map { alive[(2 * $0 + 1) * alive.count / (2 * count)] }
    }
    guard !traces.isEmpty else {
      throw FileError(
        file: file, expected: "arrays 'interior.NAME' [time, unit] with traces that change", found: "none")
    }
    return traces
  }
}
