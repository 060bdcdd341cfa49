import RetinaEngine
import RetinaModel
import Synchronization

/// Shows movies to one responder, and counts how often its rates leave the range that white noise gave.
final class Session: Sendable {
  let responder: any Responder
  let stage: Stage
  /// Threads that ``forEachCell(_:)`` may use.
  private let threads: Int
  private let counts = Mutex((all: 0, beyond: 0))

  init(_ responder: any Responder, stage: Stage, threads: Int) {
    (self.responder, self.stage, self.threads) = (responder, stage, threads)
  }

  var display: Display { stage.display }
  var lead: Int { stage.lead }
  var cells: Range<Int> { stage.largest.indices }

  /// The responses to a movie.
  func show(_ movie: Tensor) -> Responses {
    let responses = Responses(responder.rates(movie), cells: stage.largest.count)
    var (all, beyond) = (0, 0)
    for cell in cells {
      for rate in responses.trace(cell, lead..<responses.frames) {
        all += 1
        if rate > stage.largest[cell] { beyond += 1 }
      }
    }
    counts.withLock { $0 = ($0.all + all, $0.beyond + beyond) }
    return responses
  }

  /// What is found for each cell, in the order of the cells, which are shared among threads.
  func forEachCell<Found: Sendable>(_ find: @Sendable (Int) -> Found) -> [Found] {
    Parallel.map(cells.count, threads: threads, find)
  }

  /// Part of the rates so far that were above the largest under white noise.
  var beyondRange: Double { counts.withLock { $0.all > 0 ? Double($0.beyond) / Double($0.all) : 0 } }

  /// The mean over cells of traces, each divided by the cell's range under white noise.
  func meanTrace(_ responses: Responses, _ frames: Range<Int>, cells: [Int]) -> [Double] {
    var mean = [Double](repeating: 0, count: frames.clamped(to: 0..<responses.frames).count)
    for cell in cells where stage.range[cell] > 0 {
      for (place, rate) in responses.trace(cell, frames).enumerated() {
        mean[place] += rate / stage.range[cell] / Double(cells.count)
      }
    }
    return mean
  }
}
