import RetinaEngine
import RetinaModel
import RetinaProbe
import Testing

/// The rescale rule where it is easy to get wrong.
@Suite struct DeepLIFTTests {
  private func deepLIFT(_ network: Network, _ input: [Float], _ baseline: [Float], multiplies: Bool = true) throws
    -> Attribution
  {
    try network.answer(Request(.deepLIFT, target: network.cell, multipliesByInputs: multiplies), input, from: baseline)
  }

  /// The larger of two values.
  ///
  /// Up to the larger of both maxima the change belongs to what is largest now, the rest to what was largest for the baseline: 2 to 3 is all x0 in the first line, 5 to 1 all x1 in the second, 4 to 3 is x1 in the third. In
  /// the last lines the same value is largest for both.
  @Test(
    arguments: [
      ([3, 1], [0, 2], [1, 0]), ([1, 0], [0, 5], [0, -4]), ([3, 2], [1, 4], [0, -1]), ([3, 1], [2, 0], [1, 0]),
      ([0, 1], [1, 5], [0, -4]),
    ] as [([Float], [Float], [Float])])
  func `a maximum pool shares the change between the largest values`(
    input: [Float], baseline: [Float], wanted: [Float]
  ) throws {
    let network = try Network(2, layers: [.maximumPool(Pool(kernel: Spatial(1, 2)))])
    let found = try deepLIFT(network, input, baseline)
    #expect(found.values == wanted && found.residual == 0)
  }

  /// The pool sees x0 - x1 = 1 both times and the constant 0: nothing changes and the slope is 1, so x0 gets 1 and x1 gets -1.
  @Test func `a largest value that does not change passes its slope once`() throws {
    let network = try Network(2, layers: [.dense([[1, -1], [0, 0]]), .maximumPool(Pool(kernel: Spatial(1, 2)))])
    #expect(try deepLIFT(network, [2, 1], [1, 0]).values == [1, -1])
    #expect(try deepLIFT(network, [2, 1], [1, 0], multiplies: false).values == [1, -1])
  }

  /// max(relu(-x), relu(x - 1)) from x = -2 to x = 4: the relus go from (2, 0) to (0, 3), their inputs from (2, -3) to (-4, 3).
  ///
  /// The whole change of the maximum, 3 - 2, lies above the old one and belongs to the second relu: 1/3 of its change, which is
  /// 3/6 of the change of x, which is 6.
  @Test func `a relu directly before a maximum pool adds up`() throws {
    let network = try Network(
      1, layers: [.dense([[-1], [1]], [0, -1]), .activation(.relu), .maximumPool(Pool(kernel: Spatial(1, 2)))])
    let found = try deepLIFT(network, [4], [-2])
    #expect(found.valueAtInput == 3 && found.valueAtBaseline == 2)
    expect(found.values, near: [1], within: 1e-6)
  }

  /// F = f(x0 - x1) where x0 - x1 hardly changes.
  ///
  /// Both inputs move by almost 1, in opposite directions for F, so each gets the slope of f there. The quotient of two such small changes would be rounding noise.
  @Test(arguments: [Float(1e-3), 1e-4, 1e-5, 1e-6, 1e-7])
  func `a small change of a smooth unit does not spoil the slope`(change: Float) throws {
    for (activation, slope) in [
      (Activation.softplus, 0.5), (.sigmoid, 0.25), (.tanh, 1), (.exp, 1), (.elu(alpha: 1), 1),
      (.parametricSoftplus(alpha: [2], beta: [0.5]), 0.5),
    ] {
      let network = try Network(2, layers: [.dense([[1, -1]]), .activation(activation)])
      let found = try deepLIFT(network, [1, 1 - change], [0, 0])
      let tolerance = 2e-5 + Double(change) / 2
      expect(found.values, near: [slope, -slope * Double(1 - change)], within: tolerance, "\(activation)")
    }
  }
}
