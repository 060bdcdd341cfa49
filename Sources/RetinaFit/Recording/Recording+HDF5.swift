import RetinaFiles
import RetinaModel

extension Recording {
  /// Whether the name of a file is that of a recording.
  public static func isRecording(_ path: String) -> Bool {
    path.lowercased().hasSuffix(".npz") || isHDF5(path)
  }

  /// Whether the name of a file is one of HDF5.
  public static func isHDF5(_ path: String) -> Bool {
    [".h5", ".hdf5", ".nwb"].contains { path.lowercased().hasSuffix($0) }
  }

  /// Reads an HDF5 file of one of the layouts that are known: this module's own, that of the published salamander data,
  /// openretina's, or Neurodata Without Borders.
  static func readHDF5(_ path: String, _ choice: RecordingChoice) throws(FileError) -> Recording {
    let content = try HDF5File(path)
    if content.contains("metadata") { return try read(HDF5Arrays(content: content)) }
    if content.contains("train/stimulus") { return try SalamanderLayout(content, choice).recording() }
    if content.contains("units/spike_times") { return try NWBLayout(content, choice).recording() }
    let names = try content.names()
    if names.contains(where: { $0.hasPrefix(OpenretinaLayout.responses) }) {
      return try OpenretinaLayout(content, choice).recording()
    }
    let found = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " ..." : "")
    throw FileError(
      file: path,
      expected: "'metadata', 'train/stimulus', 'units/spike_times' or 'responses_NAME' (the layouts in the README of "
        + "RetinaFit)", found: found.isEmpty ? "nothing" : found)
  }

  /// Blocks of a stimulus: equal parts where their number is given, else the stretches between jumps of the frame times.
  static func blocks(
    frames: Int, times: [Double]?, choice: RecordingChoice, file: String
  ) throws(FileError) -> [Block] {
    var starts = [0]
    if let parts = choice.parts {
      guard (1...frames).contains(parts), frames % parts == 0 else {
        throw FileError(file: file, place: "stimulus", expected: "\(parts) equal parts", found: "\(frames) frames")
      }
      starts = Array(stride(from: 0, to: frames, by: frames / parts))
    } else if let clock = times.flatMap({ FrameClock($0) }), times?.count == frames {
      starts += clock.slips.map { $0 + 1 }
    }
    guard starts.count > 1 || choice.skippedStart > 0 else { return [] }
    return zip(starts, starts.dropFirst() + [frames]).map {
      Block(frames: $0..<$1, skippedStart: choice.skippedStart)
    }
  }

  /// Responses `[cell, time]` as `[time, cell]`.
  static func transposed(_ responses: Tensor) -> [Float] {
    let (cells, frames) = (responses.shape[0], responses.shape[1])
    return (0..<frames).flatMap { frame in (0..<cells).map { responses.values[$0 * frames + frame] } }
  }
}

extension Tensor {
  /// A movie whose frames are stored as [column, row], as [row, column].
  func transposedFrames() -> Tensor {
    let (rows, columns) = (shape[2], shape[1])
    var movie = Tensor(repeating: 0, shape: Shape(shape[0], rows, columns))
    for frame in 0..<shape[0] {
      for row in 0..<rows {
        for column in 0..<columns {
          movie.values[(frame * rows + row) * columns + column] = values[(frame * columns + column) * rows + row]
        }
      }
    }
    return movie
  }
}
