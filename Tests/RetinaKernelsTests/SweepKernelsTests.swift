import RetinaKernels
import Testing

/// The kernels of the exact path integration, against the definition of a convolution.
@Suite struct SweepKernelsTests {
  /// A random convolution with a factor per output unit, in the order of the sweep.
  private struct Setup {
    var geometry: ConvolutionGeometry
    var weight, forward, backward, scale: [Double]
    var generator: SeededRandom

    init(seed: Int) {
      generator = SeededRandom(seed: UInt64(seed))
      geometry = ConvolutionGeometry.random(&generator, grouped: false)
      (geometry.inputs, geometry.outputs) = (generator.integer(1...10), generator.integer(1...10))
      weight = generator.values(geometry.weightCount).float64
      let (inputGroups, outputGroups) = ((geometry.inputs + 7) / 8, (geometry.outputs + 7) / 8)
      let taps = geometry.kernelHeight * geometry.kernelWidth
      forward = [Double](repeating: 0, count: outputGroups * geometry.inputs * taps * 8)
      backward = [Double](repeating: 0, count: geometry.outputs * inputGroups * taps * 8)
      for index in weight.indices {
        let (output, input, tap) = (index / taps / geometry.inputs, index / taps % geometry.inputs, index % taps)
        forward[((output / 8 * geometry.inputs + input) * taps + tap) * 8 + output % 8] = weight[index]
        backward[((output * inputGroups + input / 8) * taps + tap) * 8 + input % 8] = weight[index]
      }
      scale = generator.values(outputGroups * 8 * geometry.outputHeight * geometry.outputWidth).float64
    }

    var noBias: [Double] { [Double](repeating: 0, count: geometry.outputs) }

    /// Place of a number in groups of eight channels.
    func place(_ number: Int, plane: Int) -> Int {
      (number / plane / 8 * plane + number % plane) * 8 + number / plane % 8
    }

    var outputPlane: Int { geometry.outputHeight * geometry.outputWidth }
    var inputPlane: Int { geometry.inputHeight * geometry.inputWidth }

    func withShape<Result>(_ body: (SweepShape) -> Result) -> Result {
      forward.withUnsafeBufferPointer { forward in
        backward.withUnsafeBufferPointer { backward in
          scale.withUnsafeBufferPointer { scale in
            body(
              SweepShape(
                geometry: geometry, forward: forward.baseAddress!, backward: backward.baseAddress!,
                scale: scale.baseAddress!))
          }
        }
      }
    }
  }

  @Test(arguments: Level.available, 0..<60)
  func `a switch of the second layer changes what feeds it`(level: Level, seed: Int) {
    var setup = Setup(seed: seed)
    let (geometry, plane) = (setup.geometry, setup.inputPlane)
    let number = setup.generator.integer(0...geometry.outputCount - 1)
    let unit = SweepUnit(number, planeHeight: geometry.outputHeight, planeWidth: geometry.outputWidth)
    let (clock, change) = (0.75, -1.25)
    let (constants, slopes, readout) = (
      setup.generator.values(geometry.inputCount).float64, setup.generator.values(geometry.inputCount).float64,
      setup.generator.values(geometry.inputCount).float64
    )
    var units = [Double](repeating: 0, count: (geometry.inputs + 7) / 8 * 32 * plane)
    func place(_ input: Int) -> Int {
      let place = setup.place(input, plane: plane)
      return place / 8 * 32 + place % 8
    }
    for input in constants.indices {
      (units[place(input) + 16], units[place(input) + 24]) = (constants[input], slopes[input])
    }
    let carried = setup.withShape {
      level.kernels.sweepSwitch($0, unit: unit, clock: clock, changeOfGradient: change, units: &units)
    }
    func convolved(_ input: [Double]) -> Double {
      Float64Definition.convolution(geometry, input: input, weight: setup.weight, bias: setup.noBias)[number]
    }
    #expect((carried - convolved(zip(constants, slopes).map { $0 + clock * $1 })).magnitude < 1e-12, "seed \(seed)")
    let gained = constants.indices.reduce(0) { $0 + units[place($1)] * readout[$1] }
    #expect((gained - change * convolved(readout)).magnitude < 1e-12, "seed \(seed), \(geometry)")
    for input in constants.indices {
      let (gradient, moment) = (units[place(input)], units[place(input) + 8])
      #expect((moment - gradient * clock).magnitude < 1e-12, "seed \(seed)")
      #expect(units[place(input) + 16] == constants[input] && units[place(input) + 24] == slopes[input])
    }
  }

  @Test(arguments: Level.available, 0..<60)
  func `a switch of the first layer moves the lines that it reaches`(level: Level, seed: Int) {
    var setup = Setup(seed: seed)
    let (geometry, plane) = (setup.geometry, setup.outputPlane)
    let number = setup.generator.integer(0...geometry.inputCount - 1)
    let unit = SweepUnit(number, planeHeight: geometry.inputHeight, planeWidth: geometry.inputWidth)
    let (position, changeOfConstant, changeOfSlope) = (0.5, 0.25, -0.5)
    let count = setup.scale.count
    let (constants, slopes) = (setup.generator.values(count).float64, setup.generator.values(count).float64)
    let signs = constants.map { $0 > 0 ? 1.0 : -1 }
    var (newConstants, newSlopes, newSigns) = (constants, slopes, signs)
    var found = [Int](repeating: -1, count: 2 * count)
    var (roots, rates) = (found.map { _ in 0.0 }, found.map { _ in 0.0 })
    let crossings = setup.withShape {
      level.kernels.sweepCrossings(
        $0, unit: unit, at: position, changeOfConstant: changeOfConstant, changeOfSlope: changeOfSlope, tiny: 1e-14,
        constants: &newConstants, slopes: &newSlopes, signs: &newSigns, found: &found, roots: &roots, rates: &rates)
    }
    var alone = [Double](repeating: 0, count: geometry.inputCount)
    alone[number] = 1
    let reached = Float64Definition.convolution(geometry, input: alone, weight: setup.weight, bias: setup.noBias)
    var wanted: Set<Int> = []
    for output in reached.indices {
      let place = setup.place(output, plane: plane)
      let factor = reached[output] * setup.scale[place]
      #expect((newConstants[place] - constants[place] - factor * changeOfConstant).magnitude < 1e-12, "seed \(seed)")
      #expect((newSlopes[place] - slopes[place] - factor * changeOfSlope).magnitude < 1e-12, "seed \(seed)")
      let hasCrossed = reached[output] != 0 && (constants[place] + position * slopes[place]) * signs[place] < 0
      if hasCrossed { wanted.insert(place) }
      #expect(newSigns[place] == (hasCrossed ? -signs[place] : signs[place]), "seed \(seed)")
    }
    // Lanes of channels that do not exist have random lines here, and are reached with a weight of zero.
    let real = (0..<crossings).filter { index in
      found[index] / (8 * plane) * 8 + found[index] % 8 < geometry.outputs
    }
    #expect(Set(real.map { found[$0] }) == wanted && real.count == wanted.count, "seed \(seed), \(geometry)")
    for index in real {
      let place = found[index]
      #expect(roots[index] == -constants[place] / slopes[place] && rates[index] == slopes[place], "seed \(seed)")
    }
  }
}
