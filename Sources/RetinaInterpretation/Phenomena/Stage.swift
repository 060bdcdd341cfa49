import RetinaFit
import RetinaModel
import RetinaStimuli

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a battery knows of a responder before it shows anything: where its cells look, how much they respond to white noise, and
/// the linear-nonlinear models of its cells.
public struct Stage: Sendable {
  /// The display.
  public let display: Display
  /// Frames of grey before anything happens.
  public let lead: Int
  /// Where each cell looks: column to the right and row below the centre of the image, in pixels.
  let places: [(column: Double, row: Double)]
  /// The largest rate of each cell under white noise.
  let largest: [Double]
  /// The mean rate of each cell under white noise.
  let average: [Double]
  /// The range of each cell's rates under white noise, up to the 99th percentile: one rate in a hundred is higher.
  let range: [Double]
  /// The linear-nonlinear models of the cells, with their filters.
  public let twin: LinearNonlinearResponder

  /// A change of rate below this part of the range under white noise is no response.
  static let least = 0.05
  /// Frames of white noise that are shown.
  static let noiseFrames = 6000

  /// Shows a responder binary white noise of contrast 1, and fits the linear-nonlinear models to its rates where none are given.
  public init(_ responder: any Responder, display: Display, twin: LinearNonlinearResponder? = nil, threads: Int) {
    self.display = display
    lead = max(responder.reach, display.frames(milliseconds: 300))
    var noise = WhiteNoise()
    (noise.durationFrames, noise.seed) = (Stage.noiseFrames, -7)
    (noise.boardHeight, noise.boardWidth) = (display.height, display.width)
    let movie = noise.movie(height: display.height, width: display.width)
    let rates = responder.rates(movie)
    let cells = responder.cells
    let used = responder.reach..<Stage.noiseFrames
    let columns = cells.indices.map { cell in used.map { Double(rates[$0 * cells.count + cell]) } }
    largest = columns.map { $0.max() ?? 0 }
    average = columns.map { mean($0) }
    range = columns.map { column in
      let sorted = column.sorted()
      return sorted.isEmpty ? 0 : sorted[sorted.count * 99 / 100] - sorted[0]
    }
    if let twin {
      self.twin = twin
    } else {
      let set = TrainingSet(
        stimulus: movie.values, frameCount: Stage.noiseFrames, height: display.height, width: display.width,
        responses: rates, cellCount: cells.count)
      self.twin = LinearNonlinearResponder(
        fitting: set, cells: cells, lags: 0..<responder.reach, frames: [used],
        name: "linear-nonlinear models fitted to \(responder.name) under white noise", unit: responder.unit,
        threads: threads)
    }
    places = zip(cells, self.twin.models).map { cell, model in
      let centre = cell.centre ?? model.centre
      return (centre.column + 0.5 - Double(display.width) / 2, centre.row + 0.5 - Double(display.height) / 2)
    }
  }

  /// Whether a change of a cell's rate is a response.
  func isResponse(_ change: Double, cell: Int) -> Bool { change > 0 && change >= Stage.least * range[cell] }

  /// The contrast, from 1/64 to 1 in steps of a quarter octave, that drives cells as hard as a phenomenon asks for: the median over cells
  /// of the lowest that gives a part of a cell's largest response, counted up to that under white noise.
  func contrast(_ responder: any Responder, of phenomenon: any Phenomenon) -> Double {
    let contrasts = (0...24).map { exp2(Double($0) / 4) / 64 }
    // Four cells, spread over all, stand for the others where each has a movie of its own.
    let few = Set((0..<4).map { (2 * $0 + 1) * largest.count / 8 }).sorted()
    let groups = phenomenon.isPlacedOnCells ? few.map { [$0] } : [Array(largest.indices)]
    let chosen = groups.flatMap { cells in
      let shown = contrasts.map {
        Responses(responder.rates(phenomenon.strongest(self, cell: cells[0], contrast: $0)), cells: largest.count)
      }
      return cells.compactMap { cell -> Double? in
        let changes = shown.map { responses in
          let trace = responses.trace(cell, lead - 1..<responses.frames)
          return phenomenon.drive == .mean
            ? min(average[cell], mean(trace)) - trace[0] : min(largest[cell], trace.max() ?? 0) - trace[0]
        }
        guard let most = changes.max(), phenomenon.drive == .mean ? most > 0 : isResponse(most, cell: cell) else {
          return nil
        }
        let enough =
          switch phenomenon.drive {
          case .peak: 0.9 * most
          case .mean: 0.5 * most
          case .threshold: min(most, 2 * Stage.least * range[cell])
          }
        return changes.firstIndex { $0 >= enough }.map { contrasts[$0] }
      }
    }
    return chosen.isEmpty ? 1 : median(chosen)
  }
}

extension LinearNonlinear {
  /// The pixel where the map is strongest.
  var centre: (column: Double, row: Double) {
    let peak = spatial.indices.reduce(0) { spatial[$1].magnitude > spatial[$0].magnitude ? $1 : $0 }
    let (row, column) = (peak / cutOut.columns.count, peak % cutOut.columns.count)
    return (Double(cutOut.columns.lowerBound + column), Double(cutOut.rows.lowerBound + row))
  }
}

/// Rates of all cells to one movie.
struct Responses: Sendable {
  private let values: [Float]
  let cells: Int

  init(_ values: [Float], cells: Int) { (self.values, self.cells) = (values, cells) }

  var frames: Int { values.count / cells }

  /// The rates of a cell in some frames, as far as the movie goes.
  func trace(_ cell: Int, _ frames: Range<Int>) -> [Double] {
    frames.clamped(to: 0..<self.frames).map { Double(values[$0 * cells + cell]) }
  }
}
