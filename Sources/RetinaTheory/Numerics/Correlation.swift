/// How alike two lists of numbers are.
public enum Correlation {
  /// Pearson's correlation; nothing when either list is constant.
  public static func pearson(_ left: [Double], _ right: [Double]) -> Double? {
    func centred(_ values: [Double]) -> [Double] {
      let mean = values.reduce(0, +) / Double(max(1, values.count))
      return values.map { $0 - mean }
    }
    let (x, y) = (centred(left), centred(right))
    let size = norm(x) * norm(y)
    return size > 0 && left.count == right.count ? dot(x, y) / size : nil
  }
}
