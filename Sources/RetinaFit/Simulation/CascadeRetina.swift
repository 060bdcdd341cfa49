import RetinaKernels
import RetinaModel
import RetinaStimuli

/// A simulated retina: a cascade of published parts, to have recordings whose inside is known.
///
/// It is a model, no animal, and everything it gives is called simulated. Per frame, from light to spikes:
///
/// 1. *Photoreceptors* low-pass the light in two stages and divide by its slower mean, as in the dynamical model of Clark,
///    Benichou, Meister and da Silveira, "Dynamical adaptation in photoreceptors", PLoS Computational Biology 2013.
/// 2. *Bipolar cells* on a grid, ON and OFF, subtract a wider and later surround from a Gaussian centre and are transient;
///    their output is rectified, which makes them the subunits of Schwartz et al., "The spatial structure of a nonlinear
///    receptive field", Nature Neuroscience 2012.
/// 3. *Amacrine cells* on a coarser grid pool the bipolar outputs of one polarity over a wide field, and inhibit later
///    (Real, Asari, Gollisch and Meister, "Neural circuit inference from function to structure", Current Biology 2017).
/// 4. *Wide-field amacrine cells* pool the bipolar outputs of both polarities over most of a frame, at once, and keep the terminals
///    of bipolar cells from releasing: an image that moves as a whole silences itself, an object that moves against it does not
///    (Olveczky, Baccus and Meister, "Segregation of object and background motion in the retina", Nature 2003; Baccus, Olveczky, Manu
///    and Meister, "A retinal circuit that computes object motion", Journal of Neuroscience 2008). Without rectification ON and OFF
///    cancel in their sum, and nothing is left of it.
/// 5. *Ganglion cells* pool what terminals release, less amacrine inhibition; a drive that lasts lowers their gain to
///    1 / (1 + v^4), with v the low-passed drive in deviations (Berry, Brivanlou, Jordan and Meister, "Anticipation of moving stimuli
///    by the retina", Nature 1999); a soft threshold makes the rate, and spikes are Poisson.
public struct CascadeRetina: Sendable {
  /// Parts that can be taken out, to see what they are for.
  public enum Part: String, Sendable, CaseIterable {
    /// The division by mean light in photoreceptors.
    case adaptation
    /// The surround of bipolar cells.
    case surround
    /// The rectification of bipolar cells; without it ganglion cells are nearly linear in the photoreceptors.
    case rectification
    /// The inhibition by amacrine cells.
    case amacrine
    /// The inhibition of bipolar terminals by wide-field amacrine cells.
    case wideField = "wide-field"
    /// The gain control of ganglion cells.
    case gain
  }

  /// What can be set.
  public struct Options: Sendable, Equatable {
    /// Frames per second.
    public var frameRate = 30.0
    /// Ganglion cells; ON and OFF alternate.
    public var cells = 20
    /// Parts that are taken out.
    public var without: Set<Part> = []
    /// Mean rate of each cell over the stimulus in spikes/s.
    public var meanRate = 8.0
    /// Pixels between the centres of ganglion cells and the edge; less where a frame is too small.
    public var margin = 6.0
    /// Seed of the places of cells and of all spikes.
    public var seed: UInt64 = 1

    /// Creates options.
    public init() {}
  }

  /// Time constants in seconds and lengths in pixels.
  enum Constants {
    static let photoreceptor = 0.035
    static let adaptation = 0.2
    static let adaptationStrength = 2.0
    static let bipolarSpacing = 3
    static let centre = 1.2
    static let surround = 3.6
    static let surroundWeight = 0.8
    static let surroundTime = 0.03
    static let transience = 0.12
    static let transientPart = 0.8
    static let amacrineSpacing = 8
    static let amacrineField = 6.0
    static let amacrineTime = 0.05
    static let amacrineDelay = 0.035
    static let inhibition = 0.7
    static let wideField = 16.0
    static let wideFieldTime = 0.01
    /// Of the sum over both polarities, which motion of the whole image drives alike: a half takes away what each releases.
    static let wideFieldInhibition = 0.5
    static let ganglionField = 3.0
    static let gainTime = 0.17
    /// Steepness of the soft threshold per deviation of the drive, and where it lies, in deviations above the mean.
    static let slope = 2.5
    static let threshold = 1.0
  }

  /// What was set.
  public let options: Options
  /// The ganglion cells, with their centres.
  public let cells: [Cell]
  /// Places of bipolar cells, the same for both polarities, row-major.
  public let bipolars: PixelGrid
  /// Places of amacrine cells, the same for both polarities and for wide-field ones, row-major.
  public let amacrines: PixelGrid
  private let height: Int
  private let width: Int
  private let isOn: [Bool]
  private let centre: GridSampling
  private let surround: GridSampling
  /// `[amacrine, bipolar]`, twice, `[bipolar, amacrine]`, `[cell, bipolar]` and `[cell, amacrine]`; each row has the sum 1.
  private let toAmacrine: [Float]
  private let toWideField: [Float]
  private let toTerminal: [Float]
  private let toGanglion: [Float]
  private let inhibition: [Float]

  /// Creates a retina for frames of a size.
  public init(height: Int, width: Int, options: Options = Options()) {
    self.options = options
    (self.height, self.width) = (height, width)
    bipolars = PixelGrid(height: height, width: width, spacing: Constants.bipolarSpacing)
    amacrines = PixelGrid(height: height, width: width, spacing: Constants.amacrineSpacing)
    centre = GridSampling(bipolars, height: height, width: width, deviation: Constants.centre)
    surround = GridSampling(bipolars, height: height, width: width, deviation: Constants.surround)
    var generator = SeededGenerator(seed: options.seed)
    func place(_ extent: Int) -> Double {
      let margin = min(options.margin, Double(extent - 1) / 2)
      return margin + generator.uniform() * (Double(extent - 1) - 2 * margin)
    }
    isOn = (0..<options.cells).map { $0 % 2 == 0 }
    cells = isOn.enumerated().map { index, isOn in
      Cell(name: "\(isOn ? "on" : "off")-\(index / 2 + 1)", centre: (place(width), place(height)))
    }
    let centres = cells.map { cell in (row: cell.centre?.row ?? 0, column: cell.centre?.column ?? 0) }
    toAmacrine = pooling(from: bipolars.places, to: amacrines.places, deviation: Constants.amacrineField)
    toWideField = pooling(from: bipolars.places, to: amacrines.places, deviation: Constants.wideField)
    toTerminal = pooling(from: amacrines.places, to: bipolars.places, deviation: Constants.amacrineField)
    toGanglion = pooling(from: bipolars.places, to: centres, deviation: Constants.ganglionField)
    inhibition = pooling(from: amacrines.places, to: centres, deviation: Constants.amacrineField)
  }

  // MARK: - Running

  /// What happens inside for a movie.
  public struct Traces: Sendable {
    /// `[frame, unit]` of ON bipolar outputs, before wide-field inhibition, row-major over the grid.
    public var onBipolars: [Float] = []
    /// The same of OFF bipolar cells.
    public var offBipolars: [Float] = []
    /// The same of ON amacrine cells.
    public var onAmacrines: [Float] = []
    /// The same of OFF amacrine cells.
    public var offAmacrines: [Float] = []
    /// `[frame, cell]`, excitation less inhibition, before gain control.
    public var drive: [Float] = []
  }

  /// The working point of ganglion cells: the mean and the deviation of each cell's drive over a stimulus, and what scales
  /// its rate to the mean that was asked for.
  ///
  /// Real cells find it by slow adaptation; taking it from the stimulus makes every stimulus one that drives the cells.
  public struct WorkingPoint: Sendable, Equatable {
    var mean: [Double]
    var deviation: [Double]
    var scale: [Double]
  }

  /// Runs a movie `[time, height, width]` of contrasts, from a retina adapted to grey: 0 is the mean light, -1 is dark.
  public func traces(_ movie: Tensor) -> Traces {
    precondition(movie.shape.dimensions.dropFirst().elementsEqual([height, width]), "frames of another size")
    func blend(_ seconds: Double) -> Float { Float(1 - ElementaryDouble.exp(-1 / (seconds * options.frameRate))) }
    let fast = blend(Constants.photoreceptor)
    let slow = blend(Constants.adaptation)
    let later = blend(Constants.surroundTime)
    let transience = blend(Constants.transience)
    let pooled = blend(Constants.amacrineTime)
    let atOnce = blend(Constants.wideFieldTime)
    let delay = Int((Constants.amacrineDelay * options.frameRate).rounded())
    let strength: Float = has(.adaptation) ? Float(Constants.adaptationStrength) : 0
    let weight: Float = has(.surround) ? Float(Constants.surroundWeight) : 0

    var first = [Float](repeating: 1, count: height * width)
    var second = first
    var mean = first
    var receptors = first
    var (late, lasting) = ([Float](repeating: 0, count: bipolars.count), [Float](repeating: 0, count: bipolars.count))
    var amacrines = [[Float]](repeating: [Float](repeating: 0, count: self.amacrines.count), count: 2)
    var wideField = amacrines[0]
    // What amacrine cells said, newest last.
    var said = [[[Float]]](repeating: amacrines, count: delay)
    var traces = Traces()
    for frame in 0..<movie.shape[0] {
      for pixel in receptors.indices {
        let light = max(0, 1 + movie.values[frame * receptors.count + pixel])
        first[pixel] += fast * (light - first[pixel])
        second[pixel] += fast * (first[pixel] - second[pixel])
        mean[pixel] += slow * (second[pixel] - mean[pixel])
        receptors[pixel] = second[pixel] * (1 + strength) / (1 + strength * mean[pixel]) - 1
      }
      let (near, wide) = (centre.sample(receptors), surround.sample(receptors))
      var outputs = [[Float]](repeating: [Float](repeating: 0, count: bipolars.count), count: 2)
      for unit in near.indices {
        late[unit] += later * (wide[unit] - late[unit])
        let value = near[unit] - weight * late[unit]
        lasting[unit] += transience * (value - lasting[unit])
        let transient = value - Float(Constants.transientPart) * lasting[unit]
        outputs[0][unit] = has(.rectification) ? max(0, transient) : transient
        outputs[1][unit] = has(.rectification) ? max(0, -transient) : -transient
      }
      var released = outputs
      // Nothing is left of the sum of both polarities unless they are rectified.
      if has(.wideField), has(.rectification) {
        let input = multiply(toWideField, zip(outputs[0], outputs[1]).map { $0 + $1 })
        for unit in input.indices { wideField[unit] += atOnce * (input[unit] - wideField[unit]) }
        let taken = multiply(toTerminal, wideField).map { Float(Constants.wideFieldInhibition) * $0 }
        released = outputs.map { zip($0, taken).map { max(0, $0 - $1) } }
      }
      for polarity in 0..<2 {
        let input = multiply(toAmacrine, released[polarity])
        for unit in input.indices { amacrines[polarity][unit] += pooled * (input[unit] - amacrines[polarity][unit]) }
      }
      said.append(amacrines)
      let inhibiting = said.removeFirst()
      let excitation = released.map { multiply(toGanglion, $0) }
      let inhibition = inhibiting.map { multiply(self.inhibition, $0) }
      for (cell, isOn) in isOn.enumerated() {
        let polarity = isOn ? 0 : 1
        let taken = has(.amacrine) ? Float(Constants.inhibition) * inhibition[polarity][cell] : 0
        traces.drive.append(excitation[polarity][cell] - taken)
      }
      traces.onBipolars += outputs[0]
      traces.offBipolars += outputs[1]
      traces.onAmacrines += amacrines[0]
      traces.offAmacrines += amacrines[1]
    }
    return traces
  }

  /// The working point for a stimulus that was run.
  public func workingPoint(_ traces: Traces) -> WorkingPoint {
    var point = WorkingPoint(mean: [], deviation: [], scale: [Double](repeating: 1, count: cells.count))
    let frames = traces.drive.count / cells.count
    for cell in cells.indices {
      let drive = (0..<frames).map { Double(traces.drive[$0 * cells.count + cell]) }
      let mean = drive.reduce(0, +) / Double(frames)
      let variance = drive.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(frames)
      point.mean.append(mean)
      point.deviation.append(variance > 0 ? variance.squareRoot() : 1)
    }
    let rates = rates(traces, at: point)
    for cell in cells.indices {
      let mean = (0..<frames).reduce(0) { $0 + Double(rates[$1 * cells.count + cell]) } / Double(frames)
      point.scale[cell] = mean > 0 ? options.meanRate / mean : 0
    }
    return point
  }

  /// Rates in spikes/s, `[frame, cell]`.
  public func rates(_ traces: Traces, at point: WorkingPoint) -> [Float] {
    let blend = 1 - ElementaryDouble.exp(-1 / (Constants.gainTime * options.frameRate))
    var rates = [Float](repeating: 0, count: traces.drive.count)
    for cell in cells.indices {
      var lasting = 0.0
      for index in stride(from: cell, to: rates.count, by: cells.count) {
        let drive = (Double(traces.drive[index]) - point.mean[cell]) / point.deviation[cell]
        lasting += blend * (max(0, drive) - lasting)
        let gain = has(.gain) ? 1 / (1 + lasting * lasting * lasting * lasting) : 1
        rates[index] = Float(
          point.scale[cell] * ElementaryDouble.softplus(Constants.slope * (drive * gain - Constants.threshold)))
      }
    }
    return rates
  }

  /// Spikes per frame, `[frame, cell]`.
  public func spikes(_ rates: [Float], _ generator: inout SeededGenerator) -> [Float] {
    rates.map { Float(generator.poisson(mean: Double($0) / options.frameRate)) }
  }

  private func has(_ part: Part) -> Bool { !options.without.contains(part) }
}

/// Places in equal steps over a frame, centred in it.
public struct PixelGrid: Sendable, Equatable {
  /// Rows of the places, from the top.
  public let rows: [Int]
  /// Columns of the places, from the left.
  public let columns: [Int]

  init(height: Int, width: Int, spacing: Int) {
    func line(_ extent: Int) -> [Int] {
      let first = (extent - 1) % spacing / 2
      return Array(stride(from: first, to: extent, by: spacing))
    }
    (rows, columns) = (line(height), line(width))
  }

  /// The number of places.
  public var count: Int { rows.count * columns.count }

  /// All places, row-major.
  var places: [(row: Double, column: Double)] {
    rows.flatMap { row in columns.map { (Double(row), Double($0)) } }
  }
}

/// Gaussian means of a frame around the places of a grid; rows first, then columns.
private struct GridSampling: Sendable {
  /// `[row of the grid, row]` and `[column of the grid, column]`; each row has the sum 1.
  private let rows: [Float]
  private let columns: [Float]
  private let height: Int
  private let width: Int

  init(_ grid: PixelGrid, height: Int, width: Int, deviation: Double) {
    func line(_ places: [Int], _ extent: Int) -> [Float] {
      pooling(
        from: (0..<extent).map { (Double($0), 0) }, to: places.map { (Double($0), 0) }, deviation: deviation)
    }
    (rows, columns) = (line(grid.rows, height), line(grid.columns, width))
    (self.height, self.width) = (height, width)
  }

  /// The means, row-major over the grid.
  func sample(_ frame: [Float]) -> [Float] {
    var means: [Float] = []
    means.reserveCapacity(rows.count / height * (columns.count / width))
    for row in 0..<rows.count / height {
      var line = [Float](repeating: 0, count: width)
      for y in 0..<height {
        let weight = rows[row * height + y]
        // Far from the place there is nothing to add.
        if weight > 1e-7 { for x in 0..<width { line[x] += weight * frame[y * width + x] } }
      }
      means += multiply(columns, line)
    }
    return means
  }
}

/// Gaussian weights `[to, from]` by distance; each row has the sum 1.
private func pooling(
  from: [(row: Double, column: Double)], to: [(row: Double, column: Double)], deviation: Double
) -> [Float] {
  to.flatMap { target in
    let weights = from.map { source in
      let (y, x) = (source.row - target.row, source.column - target.column)
      return ElementaryDouble.exp(-(y * y + x * x) / (2 * deviation * deviation))
    }
    let sum = weights.reduce(0, +)
    return weights.map { Float($0 / sum) }
  }
}

/// A matrix, row-major, times a vector.
private func multiply(_ matrix: [Float], _ vector: [Float]) -> [Float] {
  (0..<matrix.count / vector.count).map { row in
    var sum: Float = 0
    for index in vector.indices { sum += matrix[row * vector.count + index] * vector[index] }
    return sum
  }
}
