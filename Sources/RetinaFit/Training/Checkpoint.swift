import RetinaFiles
import RetinaModel

/// The state of a run of training after an epoch, as it is kept in a file.
public struct Checkpoint: Equatable, Sendable {
  /// One record per epoch done.
  public var records: [EpochRecord]
  /// Steps done.
  public var steps: Int
  /// Parameters and statistics of the network.
  public var parameters, statistics: [Float]
  /// Moments of the optimiser.
  public var first, second: [Float]
  /// Parameters and statistics of the best validation.
  public var bestParameters, bestStatistics: [Float]

  private static let names = [
    "parameters", "statistics", "first_moment", "second_moment", "best_parameters", "best_statistics",
  ]

  /// Writes the checkpoint with a description of the run, whole or not at all.
  public func write(to path: String, run: JSON) throws(FileError) {
    let state: JSON = [
      "steps": .number(Double(steps)),
      // Validations decide which weights are the best: kept to the last bit.
      "records": .array(
        records.map { record in
          [
            "epoch": .number(Double(record.epoch)), "loss": .number(record.loss),
            "validation": .number(record.validation), "windows_per_second": .number(record.windowsPerSecond),
          ]
        }),
      "run": run,
    ]
    let arrays = [parameters, statistics, first, second, bestParameters, bestStatistics]
    var tensors: [(name: String, tensor: Tensor)] = []
    for (name, values) in zip(Checkpoint.names, arrays) where !values.isEmpty {
      if let shape = Shape(checking: [values.count]), let tensor = Tensor(shape: shape, values: values) {
        tensors.append((name, tensor))
      }
    }
    try FileSystem.write(
      Safetensors(metadata: [("retina.checkpoint", state.text())], tensors: tensors).bytes(), to: path)
  }

  /// Reads a checkpoint and the description of its run.
  public static func read(_ path: String) throws(FileError) -> (checkpoint: Checkpoint, run: JSON) {
    let file = try Safetensors(parsing: FileSystem.read(path), file: path)
    guard let text = file.metadata.first(where: { $0.name == "retina.checkpoint" })?.text else {
      throw FileError(file: path, expected: "a checkpoint of retina fit", found: "another safetensors file")
    }
    let state = try JSON(parsing: Array(text.utf8), file: path)
    func damaged(_ expected: String) -> FileError { FileError(file: path, expected: expected, found: "other values") }
    guard let steps = state["steps"]?.integer, let rows = state["records"]?.array, let run = state["run"] else {
      throw damaged("steps, records and run in the checkpoint")
    }
    var records: [EpochRecord] = []
    for row in rows {
      guard let epoch = row["epoch"]?.integer, let loss = row["loss"]?.number,
        let validation = row["validation"]?.number, let speed = row["windows_per_second"]?.number
      else { throw damaged("epoch, loss, validation and windows_per_second in every record") }
      records.append(EpochRecord(epoch: epoch, loss: loss, validation: validation, windowsPerSecond: speed))
    }
    let arrays = names.map { name in file.tensors.first { $0.name == name }?.tensor.values ?? [] }
    return (
      Checkpoint(
        records: records, steps: steps, parameters: arrays[0], statistics: arrays[1], first: arrays[2],
        second: arrays[3], bestParameters: arrays[4], bestStatistics: arrays[5]), run
    )
  }
}
