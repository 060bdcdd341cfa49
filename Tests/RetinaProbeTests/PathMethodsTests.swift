import Foundation
import RetinaEngine
import RetinaModel
import RetinaProbe
import Testing

/// Integrals along a path that have a closed form.
@Suite struct PathMethodsTests {
  /// A function of one unit in float64.
  struct Curve: Sendable, CustomTestStringConvertible {
    var activation: Activation
    var value: @Sendable (Double) -> Double

    var testDescription: String { "\(activation)" }
  }

  static let curves = [
    Curve(activation: .softplus) { log1p(exp($0)) }, Curve(activation: .sigmoid) { 1 / (1 + exp(-$0)) },
    Curve(activation: .tanh) { tanh($0) }, Curve(activation: .exp) { exp($0) },
  ]

  /// F = f(w x + c): along the path F depends on w x alone, so that input i has the share w_i D_i / (w D) of the change.
  @Test(arguments: curves) func `one nonlinear unit shares its change in proportion`(_ curve: Curve) throws {
    let (weights, constant) = ([0.5, -1.25, 0.75], 0.25)
    let (input, baseline) = ([1.5, -0.5, 2], [-1, 0.5, 0.25])
    let network = try Network(
      3, layers: [.dense([weights.map { Float($0) }], [Float(constant)]), .activation(curve.activation)])
    func unit(_ x: [Double]) -> Double { zip(weights, x).reduce(constant) { $0 + $1.0 * $1.1 } }
    let change = curve.value(unit(input)) - curve.value(unit(baseline))
    let shares = weights.indices.map { weights[$0] * (input[$0] - baseline[$0]) / (unit(input) - unit(baseline)) }
    for steps in [Request.Steps.count(32), .automatic] {
      let (start, end) = (baseline.map { Float($0) }, input.map { Float($0) })
      let gradients = try network.answer(
        Request(.integratedGradients, target: network.cell, steps: steps), end, from: start)
      expect(gradients.values, near: shares.map { $0 * change }, within: 2e-6)
      let influence = try network.answer(
        Request(.internalInfluence, boundary: 1, target: network.cell, steps: steps), end, from: start)
      expect(influence.values, near: [change / (unit(input) - unit(baseline))], within: 2e-6)
      for boundary in 1...2 {
        let conductance = try network.answer(
          Request(.conductance, boundary: boundary, target: network.cell, steps: steps), end, from: start)
        expect(conductance.values, near: [change], within: 2e-6)
      }
    }
  }

  /// y = (exp(x0), exp(2 x1)) and F = exp(y0 - y1): the conductance of y0 is the integral of F dy0, that of y1 of -F dy1; here by
  /// Simpson's rule on a fine grid in float64.
  @Test func `conductance of two stacked nonlinear layers`() throws {
    let network = try Network(
      2, layers: [.dense([[1, 0], [0, 2]]), .activation(.exp), .dense([[1, -1]]), .activation(.exp)])
    let (input, intervals) = ([0.75, 0.5], 2000)
    var wanted = [0.0, 0.0]
    for node in 0...intervals {
      let a = Double(node) / Double(intervals)
      let factor = node == 0 || node == intervals ? 1.0 : node % 2 == 1 ? 4.0 : 2.0
      let weight = factor / Double(3 * intervals)
      let (y0, y1) = (exp(input[0] * a), exp(2 * input[1] * a))
      wanted[0] += weight * exp(y0 - y1) * y0 * input[0]
      wanted[1] -= weight * exp(y0 - y1) * y1 * 2 * input[1]
    }
    let request = Request(.conductance, boundary: 2, target: network.cell, steps: .count(24))
    expect(try network.answer(request, input.map { Float($0) }).values, near: wanted, within: 2e-6)
  }

  /// F = x0 + 2 x1 + 3 x2 from 0 to 1: Captum's trapezoid finds 6 (n - 1) / n.
  @Test(arguments: [2, 5, 10, 50]) func `the trapezoid of captum is low by one part in n`(steps: Int) throws {
    let network = try Network(3, layers: [.dense([[1, 2, 3]])])
    let request = Request(.integratedGradients, target: network.cell, steps: .count(steps), rule: .trapezoid)
    let found = try network.answer(request, [1, 1, 1])
    #expect((Double(found.values.total) - 6 * Double(steps - 1) / Double(steps)).magnitude < 1e-5)
    #expect((Double(try #require(found.residual)) + 6 / Double(steps)).magnitude < 1e-5)
  }

  /// The recipe of the field follows a linear read-out exactly, and so does Captum's when its nodes reach both ends; with
  /// Gauss-Legendre it loses the stretches before the first and after the last node.
  @Test func `finite differences telescope before a linear read-out when the nodes reach both ends`() throws {
    let network = try Network(
      2, layers: [.dense([[1, -1], [0.5, 2]]), .activation(.softplus), .dense([[1, -2]])])
    func residual(_ method: RetinaProbe.Method, _ rule: Quadrature.Rule, steps: Int) throws -> Float {
      let request = Request(method, boundary: 2, target: network.cell, steps: .count(steps), rule: rule)
      return try #require(try network.answer(request, [1, 0.5]).relativeResidual)
    }
    #expect(try residual(.conductanceRight, .gaussLegendre, steps: 5) < 1e-6)
    #expect(try residual(.layerConductance, .trapezoid, steps: 5) < 1e-6)
    #expect(try residual(.layerConductance, .gaussLegendre, steps: 5) > 0.01)
  }

  /// The affine steps before the first nonlinearity are run for the ends only; the recipes that need values there must get
  /// them from the line: with F = relu(z), z = 2x - 1, nodes 0, 1/2, 1 (z = -1, 0, 1) and gradients on the right, z moves by 1.
  @Test func `differences at a boundary inside the affine steps follow the line`() throws {
    let network = try Network(1, layers: [.dense([[1]]), .dense([[2]], [-1]), .activation(.relu)])
    for (boundary, wanted) in [(0, 1.0), (1, 1), (2, 1), (3, 1)] {
      let request = Request(.conductanceRight, boundary: boundary, target: network.cell, steps: .count(3))
      expect(try network.answer(request, [1]).values, near: [wanted], within: 1e-6, "boundary \(boundary)")
    }
  }
}
