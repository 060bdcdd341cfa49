/// Neighbouring rows of one layer.
struct RowGroup {
  private(set) var rows: [ImportanceFigure.Row]

  /// The rows cut where the layer changes.
  static func groups(of rows: [ImportanceFigure.Row]) -> [RowGroup] {
    var groups: [RowGroup] = []
    for row in rows {
      if groups.last?.rows.first?.layer == row.layer {
        groups[groups.count - 1].rows.append(row)
      } else {
        groups.append(RowGroup(rows: [row]))
      }
    }
    return groups
  }
}
