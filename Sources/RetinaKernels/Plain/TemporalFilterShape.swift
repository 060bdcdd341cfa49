/// How maps of past frames lie in memory for filters in time.
///
/// A ring of `slots` frames in blocks, `[block][group of eight channels][pair of positions][frame of the block][rank][2][8]`: what a
/// filter reads lies in few pieces, and a new frame is not strewn over all of the ring. A result,
/// `[group][pair of positions][2][8]`, is a sum over frames and ranks.
public struct TemporalFilterShape: Equatable, Sendable {
  /// Frames in the ring, a multiple of those in a block.
  public var slots: Int
  /// Frames in a block.
  public var block: Int
  /// Maps per channel that are summed.
  public var ranks: Int
  /// Groups of eight channels.
  public var groups: Int
  /// Positions of a channel.
  public var positions: Int

  /// Creates a shape.
  public init(slots: Int, block: Int, ranks: Int, groups: Int, positions: Int) {
    self.slots = slots
    self.block = block
    self.ranks = ranks
    self.groups = groups
    self.positions = positions
  }

  /// Pairs of neighbouring positions; the last may have one only.
  public var pairs: Int { (positions + 1) / 2 }
  /// Floats from one frame of a block to the next.
  public var frameStride: Int { ranks * 16 }
  /// Floats from one pair of positions to the next, or from a group to the next.
  public var pairStride: Int { block * frameStride }
  /// Floats from one block to the next.
  public var blockStride: Int { groups * pairs * pairStride }
  /// Floats of the ring.
  public var ringFloats: Int { slots * ranks * resultFloats }
  /// Floats of one result.
  public var resultFloats: Int { groups * pairs * 16 }
  /// Floats from one place of a filter, `[place][rank][group][8]`, to the next.
  public var filterStride: Int { ranks * groups * 8 }
}
