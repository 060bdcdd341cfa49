import RetinaFit
import RetinaModel
import RetinaStimuli

/// The simulated retina as a responder, at the working point that white noise gives it.
///
/// A recording takes the working point from its stimulus; here it stays the same whatever is shown, as for a cell that is
/// adapted to white noise.
public struct SimulatedResponder: Responder {
  /// The retina.
  public let retina: CascadeRetina
  private let point: CascadeRetina.WorkingPoint
  /// Rows and columns of its frames.
  public let extent: (height: Int, width: Int)

  /// Creates a retina and shows it 20 s of binary white noise of contrast 1, one pixel a check.
  public init(height: Int, width: Int, options: CascadeRetina.Options = CascadeRetina.Options()) {
    retina = CascadeRetina(height: height, width: width, options: options)
    extent = (height, width)
    var noise = WhiteNoise()
    noise.durationFrames = Int((20 * options.frameRate).rounded())
    (noise.boardHeight, noise.boardWidth) = (height, width)
    point = retina.workingPoint(retina.traces(noise.movie(height: height, width: width)))
  }

  /// What it is called.
  public var name: String {
    let parts = CascadeRetina.Part.allCases.filter { retina.options.without.contains($0) }.map { $0.rawValue }
    return "simulated retina" + (parts.isEmpty ? "" : " without \(parts.joined(separator: ", "))")
  }
  /// The cells, in the order of the rates.
  public var cells: [Cell] { retina.cells }
  /// Half a second, three time constants of the slowest part, the gain control.
  public var reach: Int { Int((retina.options.frameRate / 2).rounded()) }
  /// Unit of the rates.
  public var unit: String { "spikes/s" }

  /// Rates `[frame, cell]` for a movie `[time, height, width]` of contrasts.
  public func rates(_ movie: Tensor) -> [Float] { retina.rates(retina.traces(movie), at: point) }
}
