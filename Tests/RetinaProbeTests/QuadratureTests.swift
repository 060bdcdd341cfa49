import RetinaProbe
import Testing

/// Rules of integration over [0, 1].
@Suite struct QuadratureTests {
  /// Gauss-Legendre with n nodes integrates x^k exactly up to k = 2n - 1: the integral over [0, 1] is 1 / (k + 1).
  @Test(arguments: 1...24) func `gauss-legendre is exact for polynomials`(steps: Int) {
    let rule = Quadrature(.gaussLegendre, steps: steps)
    for degree in 0..<2 * steps {
      var sum = 0.0
      for (node, weight) in zip(rule.nodes, rule.weights) {
        sum += weight * (0..<degree).reduce(1.0) { power, _ in power * node }
      }
      #expect((sum - 1 / Double(degree + 1)).magnitude < 1e-14, "degree \(degree)")
    }
  }

  /// The roots of P2 are +-1/sqrt(3), so the nodes are (1 -+ 1/sqrt(3)) / 2, each of weight 1/2.
  @Test func `two nodes of gauss-legendre are known`() {
    let rule = Quadrature(.gaussLegendre, steps: 2)
    let offset = (1.0 / 3).squareRoot() / 2
    #expect((rule.nodes[0] - (0.5 - offset)).magnitude < 1e-15)
    #expect((rule.nodes[1] - (0.5 + offset)).magnitude < 1e-15)
    #expect(rule.weights.allSatisfy { ($0 - 0.5).magnitude < 1e-15 })
  }

  @Test func `equal steps lie at the ends or middles of their intervals`() {
    #expect(Quadrature(.riemannLeft, steps: 4).nodes == [0, 0.25, 0.5, 0.75])
    #expect(Quadrature(.riemannRight, steps: 4).nodes == [0.25, 0.5, 0.75, 1])
    #expect(Quadrature(.riemannMiddle, steps: 4).nodes == [0.125, 0.375, 0.625, 0.875])
    #expect(Quadrature(.trapezoid, steps: 5).nodes == [0, 0.25, 0.5, 0.75, 1])
    #expect(Quadrature(.riemannMiddle, steps: 4).weights == [0.25, 0.25, 0.25, 0.25])
  }

  /// The trapezoid of Captum divides by n in place of n - 1, so that its weights add up to (n - 1) / n.
  @Test func `the trapezoid is low by one part in n, as in captum`() {
    #expect(Quadrature(.trapezoid, steps: 5).weights == [0.1, 0.2, 0.2, 0.2, 0.1])
  }

  @Test(arguments: Quadrature.Rule.allCases, [2, 3, 17, 64, 501])
  func `nodes ascend, mirror each other or the other end, and weigh one in all`(rule: Quadrature.Rule, steps: Int) {
    let quadrature = Quadrature(rule, steps: steps)
    #expect(quadrature.nodes.count == steps && quadrature.weights.count == steps)
    #expect(zip(quadrature.nodes, quadrature.nodes.dropFirst()).allSatisfy { $0 < $1 })
    #expect(quadrature.nodes.allSatisfy { (0...1).contains($0) })
    let total = rule == .trapezoid ? Double(steps - 1) / Double(steps) : 1
    #expect((quadrature.weights.reduce(0, +) - total).magnitude < 1e-13)
    #expect(zip(quadrature.weights, quadrature.weights.reversed()).allSatisfy { ($0 - $1).magnitude < 1e-15 })
  }
}
