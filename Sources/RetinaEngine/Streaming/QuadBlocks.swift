/// Streams whose results are summed a block of frames at a time, in quads: four results at once where that is possible.
///
/// When a block begins, everything that past frames contribute to its results is added in one go, so that each kernel is read once
/// per block. When a quad begins, so is what the block's earlier frames contribute to it. Then every new frame adds its own quad's
/// part to its own result. Every result is a sum from the oldest frame to the newest whatever the block, so that the bits do not
/// depend on it.
protocol QuadBlocks {
  /// Frames that a result depends on.
  var history: Int { get }
  /// Frames whose past is added in one go.
  var block: Int { get }
}

extension QuadBlocks {
  /// Results that are summed at a time: whole quads, unless frames come one by one.
  var results: Int { block == 1 ? 1 : (block + 3) / 4 * 4 }
  /// Spectra kept: the history before a block, and the block; a whole number of blocks, so that one never wraps round.
  var slots: Int { (history - 1 + block + block - 1) / block * block }
  /// Newest frames whose kernels are read within a block.
  var recent: Int { min(results, history) }

  // MARK: - Counts per frame

  /// Frames that results take from their own quad.
  private var meanOwn: Double {
    (0..<block).reduce(0) { $0 + Double(min($1 % 4 + 1, history)) } / Double(block)
  }
  /// Kernels that a frame reads for its own block: its quad's, and at the start of a quad those of earlier ones.
  var presentTerms: Double {
    meanOwn + stride(from: 4, to: block, by: 4).reduce(0) { $0 + Double(min($1 + 3, history - 1)) } / Double(block)
  }
  /// Kernels that are read when a block begins.
  var pastTerms: Double { Double(history - 1) }
  /// Frames read for the own block.
  var presentFrames: Double {
    meanOwn + stride(from: 4, to: block, by: 4).reduce(0) { $0 + Double($1) } / Double(block)
  }
  /// Products of a kernel and a frame within the own block, zeros that are multiplied along included.
  var presentProducts: Double {
    meanOwn + stride(from: 4, to: block, by: 4).reduce(0) { $0 + 4 * Double(min($1 + 3, history - 1)) } / Double(block)
  }
}
