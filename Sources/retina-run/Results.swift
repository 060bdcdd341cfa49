import CBoard
import CRetina

/// What is written for every frame, and the memory for it.
struct Results {
  private let output: Options.Output
  private let isBinary: Bool
  private let layer: Int32
  private let cell: Int32
  private let steps: Int32
  private let bin: Float
  private var seed: UInt64
  private let count: Int
  private let numbers: UnsafeMutablePointer<Float>
  private let spikes: UnsafeMutablePointer<UInt32>

  /// Nothing for a layer or a cell that does not exist, which has been said.
  init?(_ options: Options, _ model: UnsafePointer<retina_model>) {
    (output, isBinary, cell, steps) = (options.output, options.isBinary, options.cell, options.steps)
    (bin, seed) = (options.bin, options.seed)
    layer = options.layer.map { retina_find_layer(model, $0) } ?? 0
    guard layer >= 0 else {
      say("retina-run: expected a layer of the image (see --info), found ", options.layer)
      return nil
    }
    let cells = retina_cells(model)
    guard Int(cell) < cells else {
      say("retina-run: --cell: expected a number below ", Double(cells), "\n")
      return nil
    }
    count = options.layer == nil ? cells : retina_layer_channels(model, layer)
    // One number more for a residual.
    guard let memory = board_memory(4 * (count + 1)) else { return nil }
    numbers = memory.assumingMemoryBound(to: Float.self)
    spikes = memory.assumingMemoryBound(to: UInt32.self)
  }

  /// Reads a model after a frame and writes; false when that fails.
  mutating func write(_ model: UnsafeMutablePointer<retina_model>) -> Bool {
    switch output {
    case .rates: return retina_rates(model, numbers, count) == 0 && writeNumbers(count)
    case .spikes:
      guard retina_spikes(model, bin, &seed, spikes, count) == 0 else { return false }
      if isBinary { return board_write(spikes, 4 * count) != 0 }
      return writeLine(count) { Double(spikes[$0]) }
    case .importance: return retina_importance(model, layer, cell, numbers, count) == 0 && writeNumbers(count)
    case .conductance:
      let status = retina_conductance(model, layer, cell, steps, numbers, count, numbers + count)
      if status != 0 { say("retina-run: --conductance: ", retina_status_text(status)) }
      return status == 0 && writeNumbers(count + 1)
    case .nothing: return true
    }
  }

  private func writeNumbers(_ count: Int) -> Bool {
    if isBinary { return board_write(numbers, 4 * count) != 0 }
    return writeLine(count) { Double(numbers[$0]) }
  }

  /// Numbers with tabs between them, at once so that a reader sees a frame when it is there.
  private func writeLine(_ count: Int, _ number: (Int) -> Double) -> Bool {
    for index in 0..<count where board_write_number(number(index), index == count - 1 ? 0x0A : 0x09) == 0 {
      return false
    }
    return board_flush() != 0
  }
}
