/// The largest correlation where a trace lies, beside those after every turn of the trace round its end.
///
/// Turns form a group, and a trace without relation to the stimulus is as likely at one as at any other: the rank of the true place among
/// *all* of them is then an exact probability (Lehmann and Romano, *Testing Statistical Hypotheses*, theorem 15.2.1; Hemerik and Goeman,
/// "Exact testing with random permutations", TEST 2018). Leaving out the turns next to the true place, which look alike, would count every
/// other peak of the null with its flanks and the true one without, and find too much: the more, the slower the trace.
struct ShiftNull {
  /// The largest correlation within the lags of the true place.
  let largest: Double
  /// The same at every turn, the true one among them, in rising order.
  let sorted: [Double]

  /// Takes the largest correlation over all units at each turn.
  init(_ atShift: [Float], lags: Int) {
    let frames = atShift.count
    func near(_ shift: Int) -> Double {
      (-lags...lags).reduce(-1) { max($0, Double(atShift[(shift + $1 + frames) % frames])) }
    }
    largest = near(0)
    sorted = atShift.indices.map(near).sorted()
  }

  /// The part of all turns at which the correlation is at least as large; at least 2 x lags + 1 of them share the largest.
  var probability: Double { Double(sorted.count { [largest] in $0 >= largest }) / Double(sorted.count) }
}
