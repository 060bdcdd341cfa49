#if !hasFeature(Embedded)
  extension AttributionTable {
    /// The input with the largest target, of one of the cells.
    public func inputOfLargestTarget(cell: Int = 0) -> Int {
      let targets = sums.map { $0[cell].valueAtInput }
      return targets.indices.reduce(0) { targets[$1] > targets[$0] ? $1 : $0 }
    }
  }
#endif
