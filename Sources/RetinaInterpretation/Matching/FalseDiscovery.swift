/// The smallest false-discovery rate at which each of some tests counts as a discovery.
///
/// Benjamini and Yekutieli, "The control of the false discovery rate in multiple testing under dependency", Annals of Statistics 2001:
/// the rates of Benjamini and Hochberg times 1 + 1/2 + ... + 1/n, which holds however the tests hang together. Here they share a
/// stimulus and the units of a model.
func falseDiscoveryRates(_ probabilities: [Double]) -> [Double] {
  let order = probabilities.indices.sorted { probabilities[$0] < probabilities[$1] }
  let tests = Double(probabilities.count)
  let dependence = probabilities.indices.reduce(0.0) { $0 + 1 / Double($1 + 1) }
  var rates = probabilities
  var least = 1.0
  for (rank, place) in order.enumerated().reversed() {
    least = min(least, probabilities[place] * tests * dependence / Double(rank + 1))
    rates[place] = least
  }
  return rates
}
