import RetinaTheory
import Testing

/// Formulas of every area, worked out a second time in NumPy and SciPy from their definitions: literal integrals, nested
/// Gauss-Hermite rules of 180 nodes, full recursions.
@Suite struct IndependentNumbersTests {
  @Test func `capacities of balls with a margin and without`() {
    #expect(near(BallCapacity.ball(radius: 0.8, dimension: 3.5, margin: 0.4), 0.36257694597630824, 1e-9))
    #expect(near(BallCapacity.ball(radius: 1.7, dimension: 2), 0.5391085259144178, 1e-9))
  }

  @Test(arguments: [
    (
      MeanField(.tanh, weightVariance: 3, biasVariance: 0.1),
      [1.50763177020933, 1.182115633536657, 0.9831026514922445, 0.4775393437605335, 8.98456667051188]
    ),
    (
      MeanField(.softplus, weightVariance: 0.6, biasVariance: 0.2),
      [0.6613247357512281, 0.16906600062227234, 0.7588055746495727, 1, 0.5625986328004148]
    ),
  ])
  func `fixed points and depths`(_ field: MeanField, _ wanted: [Double]) throws {
    let found = try field.fixedPoint()
    let numbers = [
      found.variance, found.gradientGain, found.varianceDepth, found.correlation, found.correlationDepth,
    ]
    for (number, value) in zip(numbers, wanted) { #expect(near(number, value, 1e-8), "\(numbers)") }
  }

  @Test func `the critical line of erf by its biases`() throws {
    let found = try MeanField.critical(.erf, biasVariance: 0.1)
    #expect(near(found.weightVariance, 1.5521178553336414, 1e-10))
    #expect(near(try found.fixedVariance(), 0.7263592293849598, 1e-9))
  }

  @Test func `noisy modes and the test error of two of them`() {
    let mode = NoisyMode(strength: 1.4, aspect: 0.3)
    #expect(near(mode.measured, 1.8474472183231097, 1e-12) && near(mode.overlap, 0.6986237772505216, 1e-12))
    let curve = GeneralizationCurve(strengths: [3, 1.5], hidden: 40, aspect: 0.5, start: 1e-4, tau: 2)
    for (time, error) in [(2.0, 0.967575859907154), (4.0, 0.29400332133653634), (9.0, 2.256106677749249)] {
      #expect(near(curve.error(at: time), error, 1e-6))
    }
    #expect(near(LearningCurve.deepTime(layers: 5, 2, from: 0.01, to: 1.9, tau: 3), 8.073533412625707, 1e-9))
  }

  @Test func `information of counts, of noisy units and of neighbours`() throws {
    #expect(near(try PoissonInformation.bits(counts: [0.3, 1.2, 4]), 0.6205006304830883, 1e-12))
    let found = NoisyLayerInformation([0, 0, 1, 0.5, -0.5, 2, 1, 1, 0.2, -0.3], units: 2).bounds(noiseVariance: 0.3)
    #expect(near(found.lower, 0.6048419605267872, 1e-6) && near(found.upper, 1.1029413984090797, 1e-6))
    let first = Matrix([
      [0.1, 2], [1.3, 0.4], [-0.7, 0.9], [0.5, 0.5], [2.2, -1], [-1.1, 1.7], [0.8, -0.2], [1.9, 0.3],
    ])
    let second = Matrix([[1.2], [0.9], [0.1], [0.7], [-0.5], [0.6], [0.2], [1.05]])
    #expect(near(try NeighbourInformation.nats(first, second, neighbours: 2), 0.12589285714285658, 1e-12))
  }

  @Test func `the cost of two common directions`() {
    let centres = Matrix([
      [1, 0.5, 0, 0.3], [0.9, -0.4, 0.2, -0.1], [1.1, 0.1, -0.5, 0.2], [0.8, 0.2, 0.6, -0.7], [-0.3, 0.9, 0.4, 0.5],
    ])
    let directions = Matrix([
      [-0.8512565307587485, -0.25537695922762454, -0.42562826537937426, 0.17025130615174974],
      [-0.05612066286996748, -0.7751666558914255, 0.3753069329429074, -0.505085965829707],
    ])
    #expect(near(CommonDirections.cost(centres, directions), 8.720092796488986, 1e-12))
  }

  @Test(arguments: [
    (ConvolutionalKernel.Readout.flatten, false, 0.8360169319296832), (.flatten, true, 0.1924761439779879),
    (.average, false, 0.11969927476380399), (.average, true, 0.026635354298991512),
  ])
  func `convolutional kernels of two images`(
    _ readout: ConvolutionalKernel.Readout, _ fixesEnds: Bool, _ wanted: Double
  ) throws {
    let images = ConvolutionalKernel.Images(
      channels: 1, height: 3, width: 3,
      values: [0.5, -1, 0.2, 1.1, 0.3, -0.6, -0.4, 0.8, 0.9, -0.2, 0.7, 1, 0.4, -0.9, 0.1, 0.6, 0.5, -1.2])
    let kernel = try ConvolutionalKernel(depth: 3, readout: readout, fixesEnds: fixesEnds)
    #expect(near(kernel.gram(images)[0, 1], wanted, 1e-12))
  }

  @Test func `kernels of a softplus network of three hidden layers`() {
    let found = WideNetwork(MeanField(.softplus, weightVariance: 1.8, biasVariance: 0.1), hiddenLayers: 3)
      .grams(Matrix([[1, 0, -1, 2], [0.5, -1.5, 0.25, 1]]))
    for (place, wanted) in [(0, 4.001601874090735), (1, 3.435296898660847), (3, 3.326691776069542)] {
      #expect(near(found.process.values[place], wanted, 1e-9))
    }
    for (place, wanted) in [(0, 8.144382528630292), (1, 6.055607404106439), (3, 6.210603803269088)] {
      #expect(near(found.tangent.values[place], wanted, 1e-9))
    }
  }

  @Test func `a trajectory that does not start at zero`() throws {
    let found = try KernelTrajectory(kernel: Matrix([[2, 0.5], [0.5, 1]]), targets: [1, -2], start: [0.3, 0.1])
    let trained = found.trained(at: 3, rate: 0.7)
    #expect(near(trained[0], 0.6467666542954078, 1e-12) && near(trained[1], -1.1068197334179768, 1e-12))
    #expect(near(found.tested([0.6, 0.1], at: 3, rate: 0.7, start: 0.2), 0.377944933259584, 1e-12))
  }

  @Test func `growing rates, their jump and that of the buffer`() throws {
    let first = try ExponentialRate(rate: 0.05, decay: 0.01, momentum: 0.8)
    let second = try ExponentialRate(rate: 0.02, decay: 0.01, momentum: 0.8)
    #expect(near(first.root, 0.997474421205756, 1e-14))
    #expect(near(first.jump(to: second), 0.4014158255011322, 1e-13))
    #expect(near(first.bufferJump(to: second), 0.0003871942845206297, 1e-9))
  }

  /// Whether a number is another one, relative to its size.
  private func near(_ found: Double, _ wanted: Double, _ tolerance: Double) -> Bool {
    (found - wanted).magnitude <= tolerance * wanted.magnitude
  }
}
