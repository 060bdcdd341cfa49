import RetinaEngine
import RetinaModel
import RetinaProbe
import RetinaStimuli

/// What a cell is sensitive to from moment to moment: gradients of its rate, put into groups of the same shape.
///
/// The gradient at a window is the instantaneous receptive field (Maheswaranathan et al., Neuron 111, 2742, 2023). Shapes are compared by
/// the cosine, and put together by k-means on the sphere.
public struct InstantaneousFields: Sendable {
  /// One shape that the field takes.
  public struct Cluster: Sendable {
    /// The mean gradient `[history, height, width]` of the windows that have it.
    public var field: [Float]
    /// The part of the windows that have it, of those with any sensitivity.
    public var share: Double
    /// Mean cosine of its members with it.
    public var coherence: Double
    /// Cosine with the mean gradient of all windows: below 0 when the cell has turned round.
    public var agreement: Double
  }

  /// The shapes, most frequent first.
  public var clusters: [Cluster]
  /// The cluster of every window; -1 where the cell is not sensitive.
  public var labels: [Int]
  /// Length of the gradient in every window.
  public var sensitivity: [Float]

  /// A gradient shorter than this part of the longest is none.
  static let least: Float = 0.01

  /// Finds at most `count` shapes over the windows of a movie `[time, height, width]` of contrasts.
  ///
  /// - Throws: ``ProbeError`` when the cell does not exist or the movie does not fit.
  public init(_ model: Model, cell: Int, movie: Tensor, clusters count: Int, seed: UInt64 = 1) throws(ProbeError) {
    let program = Program(model)
    guard (0..<program.outputCount).contains(cell) else {
      throw .outOfRange("cell", count: program.outputCount, found: cell)
    }
    guard let history = model.history, movie.shape.rank == 3, movie.shape[0] >= history,
      movie.shape.dimensions.dropFirst().elementsEqual(model.inputShape.dimensions.dropFirst())
    else { throw .missing("a movie with frames of the model's size, and at least one window of them") }
    let (probe, pixels) = (Probe(program), movie.shape[1] * movie.shape[2])
    let request = Request(.gradient, target: .cell(cell, of: program))
    let zeros = [Float](repeating: 0, count: program.inputCount)
    var gradients: [[Float]] = []
    for window in 0...movie.shape[0] - history {
      let input = Array(movie.values[window * pixels..<(window + history) * pixels])
      gradients.append(try probe.attribute(request, input: input, baseline: zeros).values)
    }
    let lengths = gradients.map { InstantaneousFields.length($0) }
    let limit = InstantaneousFields.least * (lengths.max() ?? 0)
    let used = gradients.indices.filter { lengths[$0] > limit }
    let units = used.map { index in gradients[index].map { $0 / lengths[index] } }
    let found = InstantaneousFields.group(units, into: min(count, units.count), seed: seed)
    var labels = [Int](repeating: -1, count: gradients.count)
    var whole = zeros
    for index in used { for place in whole.indices { whole[place] += gradients[index][place] } }
    var clusters: [(cluster: Cluster, label: Int)] = []
    for label in Set(found).sorted() {
      let members = found.indices.filter { found[$0] == label }
      var field = zeros
      for member in members {
        for place in field.indices { field[place] += gradients[used[member]][place] / Float(members.count) }
      }
      let coherence = mean(members.map { Double(InstantaneousFields.cosine(units[$0], field)) })
      clusters.append(
        (
          Cluster(
            field: field, share: Double(members.count) / Double(max(1, units.count)), coherence: coherence,
            agreement: Double(InstantaneousFields.cosine(field, whole))), label
        ))
    }
    clusters.sort { ($0.cluster.share, $1.label) > ($1.cluster.share, $0.label) }
    for (place, index) in used.enumerated() {
      labels[index] = clusters.firstIndex { $0.label == found[place] } ?? -1
    }
    sensitivity = lengths
    self.labels = labels
    self.clusters = clusters.map { $0.cluster }
  }

  /// k-means on the sphere; each next start is the vector farthest from those before.
  static func group(_ units: [[Float]], into count: Int, seed: UInt64) -> [Int] {
    guard let first = units.first, count > 0 else { return [] }
    var generator = SeededGenerator(seed: seed)
    var centres = [units[Int(generator.uniform() * Double(units.count))]]
    while centres.count < count {
      let nearness = units.map { unit in centres.reduce(-2) { max($0, cosine(unit, $1)) } }
      guard let farthest = nearness.indices.min(by: { nearness[$0] < nearness[$1] }) else { break }
      centres.append(units[farthest])
    }
    var labels = [Int](repeating: -1, count: units.count)
    for _ in 0..<50 {
      let next = units.map { unit in
        centres.indices.max { cosine(unit, centres[$0]) < cosine(unit, centres[$1]) } ?? 0
      }
      if next == labels { break }
      labels = next
      for label in centres.indices {
        var sum = [Float](repeating: 0, count: first.count)
        for member in units.indices where labels[member] == label {
          for place in sum.indices { sum[place] += units[member][place] }
        }
        if length(sum) > 0 { centres[label] = sum }
      }
    }
    return labels
  }

  private static func cosine(_ a: [Float], _ b: [Float]) -> Float {
    var sum: Float = 0
    for place in a.indices { sum += a[place] * b[place] }
    let lengths = length(a) * length(b)
    return lengths > 0 ? sum / lengths : 0
  }

  private static func length(_ values: [Float]) -> Float {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}
