import RetinaModel

/// Anything that turns a movie into the rates of cells: a model, a linear-nonlinear model, a simulated retina.
///
/// Movies are contrasts: 0 is the mean grey. What is seen before the first frame is grey for responders that carry a state;
/// others give NaN until their first whole window.
public protocol Responder: Sendable {
  /// What it is called.
  var name: String { get }
  /// Rows and columns of its frames.
  var extent: (height: Int, width: Int) { get }
  /// The cells, in the order of the rates.
  var cells: [Cell] { get }
  /// Frames before a response that it may depend on for sure: history and lag, or how long a state takes to settle.
  var reach: Int { get }
  /// Unit of the rates.
  var unit: String { get }

  /// Rates `[frame, cell]` for a movie `[time, height, width]`: the rate in row t is the response in frame t.
  func rates(_ movie: Tensor) -> [Float]
}
