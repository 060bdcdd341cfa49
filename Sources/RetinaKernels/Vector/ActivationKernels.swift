#if RETINA_VARIANT
  import RetinaKernels
#endif

extension Kernels {
  /// A function of each unit, in place: the values of ``PlainActivation``, bit by bit.
  ///
  /// - Parameter count: a multiple of eight.
  @inline(never)
  public static func activate(_ kind: ActivationKind, count: Int, values: UnsafeMutablePointer<Float>) {
    switch kind {
    case .relu: map(count, values) { $0.replacing(with: 0, where: $0 .<= 0) }
    case .softplus: map(count, values) { ElementaryLanes.softplus($0) }
    case .sigmoid: map(count, values) { ElementaryLanes.sigmoid($0) }
    case .tanh: map(count, values) { ElementaryLanes.tanh($0) }
    case .elu(let alpha):
      map(count, values) { ((ElementaryLanes.exp($0) - 1) * alpha).replacing(with: $0, where: $0 .> 0) }
    case .exponential: map(count, values) { ElementaryLanes.exp($0) }
    }
  }
}

@inline(__always)
private func map(_ count: Int, _ values: UnsafeMutablePointer<Float>, _ function: (Lanes) -> Lanes) {
  var place = 0
  while place < count {
    store(function(load(values + place)), values + place)
    place &+= 8
  }
}
