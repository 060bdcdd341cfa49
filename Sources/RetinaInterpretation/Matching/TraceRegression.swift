import RetinaFit
import RetinaTheory

/// A linear-nonlinear model of a recorded trace: a filter that is a time course times a map, then a curve.
///
/// Traces are no spikes, and chirps are not white, so that the filter is found by least squares with a ridge, of the time course
/// and of the map in turn; the curve is the mean response in bins that hold equally many frames. The ridge is the one that
/// predicts the last fifth of the fitted frames best.
struct TraceRegression {
  /// Frames of the stimulus that the model sees.
  let history: Int
  private let pixels: [Int]
  private var temporal: [Double]
  private var map: [Double]
  private var edges: [Float] = []
  private var values: [Double] = []

  /// Pixels around the strongest one, in both directions.
  static let radius = 5
  /// Bins of the curve.
  static let bins = 20
  /// Ridges relative to the mean of the diagonal.
  static let ridges = [1e-3, 1e-1, 10]
  private static let rounds = 3

  /// A movie with its size; values `[frame, pixel]`.
  struct Movie {
    var values: [Float]
    var height, width: Int

    var pixels: Int { height * width }
  }

  /// Fits a trace on some frames, each with `history` frames up to it.
  init(_ movie: Movie, _ trace: [Float], frames: Range<Int>, history: Int) {
    let check = frames.upperBound - frames.count / 5
    let strongest = TraceRegression.strongest(movie, trace, frames, history)
    let candidates = TraceRegression.ridges.map { ridge in
      TraceRegression(movie, trace, frames.lowerBound..<check - history, history, strongest, ridge)
    }
    let scores = candidates.map { $0.correlation(movie, trace, frames: check..<frames.upperBound) }
    let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
    self.init(movie, trace, frames, history, strongest, TraceRegression.ridges[best])
  }

  private init(
    _ movie: Movie, _ trace: [Float], _ frames: Range<Int>, _ history: Int, _ strongest: (pixel: Int, course: [Double]),
    _ ridge: Double
  ) {
    self.history = history
    let cutOut = CutOut(
      row: strongest.pixel / movie.width, column: strongest.pixel % movie.width, radius: TraceRegression.radius,
      height: movie.height, width: movie.width)
    pixels = cutOut.rows.flatMap { row in cutOut.columns.map { row * movie.width + $0 } }
    temporal = strongest.course
    map = []
    let mean = trace[frames].reduce(0.0) { $0 + Double($1) } / Double(frames.count)
    let target = frames.map { Double(trace[$0]) - mean }
    for _ in 0..<TraceRegression.rounds {
      map = TraceRegression.solve(frames.map { spatial(movie, $0) }, target, ridge)
      let length = map.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 0 else { break }
      for index in map.indices { map[index] /= length }
      let course = projected(movie, frames.lowerBound - history + 1..<frames.upperBound)
      temporal = TraceRegression.solve(
        frames.indices.map { index in
          let newest = index - frames.lowerBound + history - 1
          return (0..<history).map { course[newest - $0] }
        }, target, ridge)
    }
    let drive = self.drive(movie, frames)
    let sorted = drive.sorted()
    edges = (1..<TraceRegression.bins).map { Float(sorted[$0 * sorted.count / TraceRegression.bins]) }
    var sums = [Double](repeating: 0, count: TraceRegression.bins)
    var counts = sums
    for (value, frame) in zip(drive, frames) {
      let bin = edges.count { Double($0) <= value }
      sums[bin] += Double(trace[frame])
      counts[bin] += 1
    }
    values = zip(sums, counts).map { $1 > 0 ? $0 / $1 : mean }
  }

  /// The correlation of prediction and trace in some frames.
  func correlation(_ movie: Movie, _ trace: [Float], frames: Range<Int>) -> Double {
    let predicted = drive(movie, frames).map { value in Float(values[edges.count { Double($0) <= value }]) }
    return zip(standardized(predicted), standardized(Array(trace[frames]))).reduce(0.0) { $0 + Double($1.0 * $1.1) }
  }

  /// The pixel whose past goes best with the trace, and the time course there, newest frame first.
  private static func strongest(
    _ movie: Movie, _ trace: [Float], _ frames: Range<Int>, _ history: Int
  ) -> (pixel: Int, course: [Double]) {
    let trace = standardized(Array(trace[frames]))
    var sums = [Float](repeating: 0, count: history * movie.pixels)
    for (place, frame) in frames.enumerated() {
      for lag in 0..<history {
        let source = (frame - lag) * movie.pixels
        for pixel in 0..<movie.pixels {
          sums[lag * movie.pixels + pixel] += trace[place] * movie.values[source + pixel]
        }
      }
    }
    let energies = (0..<movie.pixels).map { pixel in
      (0..<history).reduce(Float(0)) { $0 + sums[$1 * movie.pixels + pixel] * sums[$1 * movie.pixels + pixel] }
    }
    let pixel = energies.indices.max { energies[$0] < energies[$1] } ?? 0
    return (pixel, (0..<history).map { Double(sums[$0 * movie.pixels + pixel]) })
  }

  /// Each pixel's past, weighted by the time course.
  private func spatial(_ movie: Movie, _ frame: Int) -> [Double] {
    pixels.map { pixel in
      (0..<history).reduce(0) { $0 + temporal[$1] * Double(movie.values[(frame - $1) * movie.pixels + pixel]) }
    }
  }

  /// The map's sum in each frame.
  private func projected(_ movie: Movie, _ frames: Range<Int>) -> [Double] {
    frames.map { frame in
      zip(pixels, map).reduce(0) { $0 + $1.1 * Double(movie.values[frame * movie.pixels + $1.0]) }
    }
  }

  private func drive(_ movie: Movie, _ frames: Range<Int>) -> [Double] {
    let course = projected(movie, frames.lowerBound - history + 1..<frames.upperBound)
    return frames.indices.map { index in
      let newest = index - frames.lowerBound + history - 1
      return (0..<history).reduce(0) { $0 + temporal[$1] * course[newest - $1] }
    }
  }

  /// Least squares with a ridge; the rows are made free of their mean first.
  private static func solve(_ rows: [[Double]], _ target: [Double], _ ridge: Double) -> [Double] {
    var columns = Matrix(rows).transposed
    for row in 0..<columns.rows {
      let mean = columns.row(row).reduce(0, +) / Double(columns.columns)
      for column in 0..<columns.columns { columns[row, column] -= mean }
    }
    var gram = columns.gram
    let diagonal = gram.diagonal.reduce(0, +) / Double(gram.rows)
    guard diagonal > 0 else { return [Double](repeating: 0, count: gram.rows) }
    for index in 0..<gram.rows { gram[index, index] += ridge * diagonal }
    return Cholesky(gram)?.solve(columns * target) ?? [Double](repeating: 0, count: gram.rows)
  }
}
