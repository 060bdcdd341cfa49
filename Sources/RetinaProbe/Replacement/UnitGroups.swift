/// Units in groups that are replaced together.
struct UnitGroups {
  /// The units of all groups, one group after another.
  private var units: [Int]
  /// Where each group begins among the units, and where the last one ends.
  private var starts: [Int]

  /// Sorts units by the number of their group; nil makes each unit its own group.
  ///
  /// Groups without units do not exist.
  init(_ groups: [Int]?, count: Int) {
    guard let groups else {
      units = Array(0..<count)
      starts = Array(0...count)
      return
    }
    var sizes = [Int](repeating: 0, count: (groups.max() ?? -1) + 1)
    for group in groups { sizes[group] += 1 }
    starts = [0]
    var places = [Int](repeating: 0, count: sizes.count)
    for (group, size) in sizes.enumerated() where size > 0 {
      places[group] = starts[starts.count - 1]
      starts.append(places[group] + size)
    }
    units = [Int](repeating: 0, count: groups.count)
    for (unit, group) in groups.enumerated() {
      units[places[group]] = unit
      places[group] += 1
    }
  }

  /// Groups from their units, which may be in several of them.
  init(lists: [[Int]]) {
    units = lists.flatMap { $0 }
    starts = [0]
    for list in lists { starts.append(starts[starts.count - 1] + list.count) }
  }

  /// Number of groups.
  var count: Int { starts.count - 1 }

  /// The units of a group.
  subscript(group: Int) -> ArraySlice<Int> { units[starts[group]..<starts[group + 1]] }

  /// Gives every unit the number of its group.
  func spread(_ values: [Float]) -> [Float] {
    var result = [Float](repeating: 0, count: units.count)
    for group in 0..<count {
      for unit in self[group] { result[unit] = values[group] }
    }
    return result
  }
}
