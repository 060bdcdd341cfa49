#if RETINA_VARIANT
  import RetinaKernels
#endif

extension Epilogue {
  /// The eight channels of a position, finished.
  @inline(__always)
  func finish(_ value: Lanes, at position: Int) -> Lanes {
    var result = value
    if let scale, let shift {
      // Two roundings, like the pass that this replaces.
      result = result * load(scale + position &* step) + load(shift + position &* step)
    }
    return rectifies ? result.replacing(with: 0, where: result .<= 0) : result
  }
}
