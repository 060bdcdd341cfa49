/// The smallest false-discovery rate at which each of some tests counts as a discovery.
///
/// Benjamini and Hochberg, "Controlling the false discovery rate", Journal of the Royal Statistical Society B 1995; holds for
/// independent and for positively dependent tests.
func falseDiscoveryRates(_ probabilities: [Double]) -> [Double] {
  let order = probabilities.indices.sorted { probabilities[$0] < probabilities[$1] }
  var rates = probabilities
  var least = 1.0
  for (rank, place) in order.enumerated().reversed() {
    least = min(least, probabilities[place] * Double(probabilities.count) / Double(rank + 1))
    rates[place] = least
  }
  return rates
}
