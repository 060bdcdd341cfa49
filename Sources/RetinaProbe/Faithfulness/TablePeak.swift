#if !hasFeature(Embedded)
  extension AttributionTable {
    /// The input with the largest target, of the first cell.
    public var inputOfLargestTarget: Int {
      let targets = sums.map { $0[0].valueAtInput }
      return targets.indices.reduce(0) { targets[$1] > targets[$0] ? $1 : $0 }
    }
  }
#endif
