/// A group of learnt numbers in a network's flat list of parameters.
public struct ParameterGroup: Equatable, Sendable {
  /// What a group of numbers is, for penalties and constraints.
  public enum Role: Equatable, Sendable {
    /// Kernels or matrices.
    case weight
    /// Numbers that are added.
    case bias
    /// The scale and shift of batch normalisation.
    case normalization
    /// The scales of a parametric softplus.
    case nonlinearity
    /// Where a cell's receptive field lies and how large it is.
    case position
    /// A cell's weights of channels in a factorised read-out.
    case feature
    /// A cell's mask in a factorised read-out.
    case mask
  }

  /// `<layer>.<parameter>`, as in a model file where it has one there.
  public var name: String
  /// The extents, row-major.
  public var shape: [Int]
  /// The place of its layer in the architecture.
  public var layer = 0
  /// What the numbers are.
  public var role: Role
  /// Where they stand in the flat list.
  public var range: Range<Int>
  /// Whether they are of a Gaussian or factorised read-out, whose few numbers can learn faster.
  public var isReadout = false
}

/// Collects the learnt numbers of a network in one flat list.
struct ParameterList {
  private(set) var groups: [ParameterGroup] = []
  private(set) var values: [Float] = []
  /// The layer whose numbers are added.
  var layer = 0

  /// Adds a group and returns where it stands.
  @discardableResult
  mutating func add(
    _ name: String, _ shape: [Int], _ role: ParameterGroup.Role, _ initial: [Float], isReadout: Bool = false
  ) -> Range<Int> {
    let range = values.count..<values.count + initial.count
    groups.append(
      ParameterGroup(name: name, shape: shape, layer: layer, role: role, range: range, isReadout: isReadout))
    values += initial
    return range
  }
}
