import RetinaKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The linear-nonlinear-kinetic model of one cell: a filter, a sigmoid, a ``KineticBlock``, and a soft threshold.
///
/// Ozuysal and Baccus 2012, Neuron, here with a map of space and Poisson likelihood. The map is that of the spike-triggered average;
/// the time course starts there and is fitted with all the rest. The model carries its state through the whole recording, so
/// that it is no function of a window and no layered model: it is fitted and scored as a baseline.
public struct LinearNonlinearKinetic: Sendable {
  /// Where the filter lies.
  public let cutOut: CutOut
  /// Lags of the time course.
  public let lags: Range<Int>
  /// The map `[row, column]`, of length 1.
  public let spatial: [Float]
  /// The time course, smallest lag first, and the numbers of ``Chain``.
  let parameters: [Double]
  /// Multiplies the map's sums, so that their deviation is 1.
  private let scale: Double

  /// Fits one cell on some frames.
  public init(_ set: TrainingSet, cell: Int, cutOut: CutOut, lags: Range<Int>, frames: [Range<Int>]) {
    let linear = LinearNonlinear(set, cell: cell, cutOut: cutOut, lags: lags, frames: frames)
    (self.cutOut, self.lags, spatial) = (cutOut, lags, linear.spatial)
    let course = project(set.stimulus, set.height, set.width, cutOut, linear.spatial).map(Double.init)
    let energy = course.reduce(0) { $0 + $1 * $1 } / Double(max(1, course.count))
    scale = energy > 0 ? 1 / energy.squareRoot() : 1
    var weights = [Float](repeating: 0, count: set.frameCount)
    for frame in frames.joined() where !set.responses[frame * set.cellCount + cell].isNaN { weights[frame] = 1 }
    let responses = (0..<set.frameCount).map { frame in
      weights[frame] > 0 ? Double(set.responses[frame * set.cellCount + cell]) : .nan
    }
    let chain = Chain(course: course.map { [scale] in $0 * scale }, lags: lags)
    let length = linear.temporal.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    let start = linear.temporal.map { length > 0 ? Double($0) / length : 0 } + Chain.start(responses)
    parameters = QuasiNewton(iterations: 120).minimize(start) { chain.loss($0, responses, gradient: &$1) }.point
  }

  /// Rates `[frame]` in spikes per bin for a stimulus `[frame, height, width]` normalised as that of the set.
  public func rates(_ stimulus: [Float], of set: TrainingSet) -> [Float] {
    let course = project(stimulus, set.height, set.width, cutOut, spatial).map { Double($0) * scale }
    return Chain(course: course, lags: lags).rates(parameters).map { Float($0) }
  }

  /// From the map's sums to rates, with the gradient of the likelihood.
  ///
  /// The numbers are the time course, then slope and offset of the sigmoid, the logarithms of the five rates, and gain and offset
  /// of the soft threshold.
  struct Chain {
    var course: [Double]
    var lags: Range<Int>

    /// Rates of a synapse that empties in about two frames and recovers in ten, and a threshold at the mean response.
    static func start(_ responses: [Double]) -> [Double] {
      let known = responses.filter { !$0.isNaN }
      let mean = max(1e-3, known.reduce(0, +) / Double(max(1, known.count)))
      let rates = [1.0, 0.5, 0.3, 0.02, 0.02].map { log($0) }
      return [1.5, -1] + rates + [10, log(expm1(mean)) - 1]
    }

    private func drive(_ parameters: [Double], _ frame: Int) -> Double {
      var sum = 0.0
      for (index, lag) in lags.enumerated() where frame - lag >= 0 && frame - lag < course.count {
        sum += parameters[index] * course[frame - lag]
      }
      return sum
    }

    /// Spikes per bin in every frame.
    func rates(_ parameters: [Double]) -> [Double] {
      let own = parameters[lags.count...]
      let (first, block) = (own.startIndex, KineticBlock(logarithms: own.dropFirst(2).prefix(KineticBlock.rates)))
      var states = block.steady(input: ElementaryDouble.sigmoid(own[first + 1]))
      return course.indices.map { frame in
        states = block.step(
          states, input: ElementaryDouble.sigmoid(own[first] * drive(parameters, frame) + own[first + 1]))
        return ElementaryDouble.softplus(own[first + 7] * states[1] + own[first + 8])
      }
    }

    /// Mean negative Poisson log-likelihood per bin, without the term that no parameter changes; NaN masks a bin.
    func loss(_ parameters: [Double], _ responses: [Double], gradient: inout [Double]) -> Double {
      let count = lags.count
      let own = Array(parameters[count...])
      let block = KineticBlock(logarithms: own[2..<2 + KineticBlock.rates])
      var states = block.steady(input: ElementaryDouble.sigmoid(own[1]))
      let before = states
      var history: [(drive: Double, input: Double, states: KineticBlock.States)] = []
      history.reserveCapacity(course.count)
      for frame in course.indices {
        let drive = drive(parameters, frame)
        let input = ElementaryDouble.sigmoid(own[0] * drive + own[1])
        states = block.step(states, input: input)
        history.append((drive, input, states))
      }
      gradient = [Double](repeating: 0, count: parameters.count)
      var (value, bins, logarithms) = (0.0, 0.0, [Double](repeating: 0, count: KineticBlock.rates))
      var back = KineticBlock.States.zero
      for frame in course.indices.reversed() {
        let (drive, input, states) = history[frame]
        if frame < responses.count, !responses[frame].isNaN {
          let point = own[7] * states[1] + own[8]
          let rate = max(ElementaryDouble.softplus(point), 1e-12)
          value += rate - responses[frame] * log(rate)
          bins += 1
          let slope = (1 - responses[frame] / rate) * ElementaryDouble.sigmoid(point)
          gradient[count + 7] += slope * states[1]
          gradient[count + 8] += slope
          back[1] += slope * own[7]
        }
        let step = block.backward(back, after: states, input: input, logarithms: &logarithms)
        back = step.states
        let slope = step.input * input * (1 - input)
        gradient[count] += slope * drive
        gradient[count + 1] += slope
        for (index, lag) in lags.enumerated() where frame - lag >= 0 && frame - lag < course.count {
          gradient[index] += slope * own[0] * course[frame - lag]
        }
      }
      addStart(back, before, block, own[1], &logarithms, &gradient[count + 1])
      for index in logarithms.indices { gradient[count + 2 + index] += logarithms[index] }
      for index in gradient.indices { gradient[index] /= max(1, bins) }
      return value / max(1, bins)
    }

    /// What the steady states before the first frame depend on.
    private func addStart(
      _ back: KineticBlock.States, _ states: KineticBlock.States, _ block: KineticBlock, _ offset: Double,
      _ logarithms: inout [Double], _ offsetGradient: inout Double
    ) {
      let total = (back * states).sum()
      // Of the logarithm of each occupancy before they are made to have the sum 1.
      let inner = states * (back - total)
      logarithms[0] -= inner[0]
      logarithms[1] -= inner[1]
      logarithms[2] -= inner[2] + inner[3]
      logarithms[3] += inner[3]
      logarithms[4] -= inner[3]
      let input = ElementaryDouble.sigmoid(offset)
      offsetGradient -= (inner[0] + inner[3]) * (1 - input)
    }
  }
}
