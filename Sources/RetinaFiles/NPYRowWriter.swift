import RetinaModel

/// Writes an `.npy` file of little-endian float32 row by row; a row is a step along the first axis.
///
/// The file has its place only after ``finish()``; a writer that is dropped before leaves nothing behind.
public final class NPYRowWriter {
  /// The extents of the whole array; the first counts rows.
  public let shape: Shape
  private let sink: FileSink
  private let rowCount: Int
  private var rows = 0
  /// Bytes that have not been handed to the operating system.
  private var pending: [UInt8]

  /// Begins a file with its head.
  ///
  /// - Parameter shape: at least one axis.
  public init(_ path: String, shape: Shape) throws(FileError) {
    precondition(shape.rank > 0, "an array with rows has an axis")
    self.shape = shape
    rowCount = shape.count / shape[0]
    sink = try FileSink(path)
    pending = NPYHeader.bytes(for: shape)
  }

  /// Appends a row, which must be as long as the shape says.
  public func append(_ row: UnsafeBufferPointer<Float>) throws(FileError) {
    precondition(row.count == rowCount && rows < shape[0], "a row of another shape")
    pending.append(contentsOf: UnsafeRawBufferPointer(row))
    rows += 1
    if pending.count >= 1 << 16 { try flush() }
  }

  /// Moves the file to its place; all rows must have been written.
  public func finish() throws(FileError) {
    precondition(rows == shape[0], "\(rows) of \(shape[0]) rows")
    try flush()
    try sink.finish()
  }

  private func flush() throws(FileError) {
    try sink.write(pending)
    pending.removeAll(keepingCapacity: true)
  }
}
