/// What a convolution does to its result before it is stored, for one group of eight channels: a factor and a constant, then relu.
///
/// A pass of its own over the result gives the same bits.
public struct Epilogue: @unchecked Sendable {
  /// Eight factors and constants per position, `step` floats apart; nothing where there are none.
  public var scale, shift: UnsafePointer<Float>?
  /// Floats from the factors of one position to those of the next: 0 where all positions share them, else 8.
  public var step: Int
  /// Whether what is not above zero becomes zero; a NaN stays.
  public var rectifies: Bool

  /// Creates an epilogue from pointers that must outlive it.
  public init(scale: UnsafePointer<Float>? = nil, shift: UnsafePointer<Float>? = nil, step: Int = 0, rectifies: Bool) {
    self.scale = scale
    self.shift = shift
    self.step = step
    self.rectifies = rectifies
  }

  /// Nothing is done.
  public static var none: Epilogue { Epilogue(rectifies: false) }

  /// The epilogue of another group of channels, with so many positions each.
  public func group(_ group: Int, positions: Int) -> Epilogue {
    let offset = group * (step == 0 ? 8 : positions * step)
    return Epilogue(
      scale: scale.map { $0 + offset }, shift: shift.map { $0 + offset }, step: step, rectifies: rectifies)
  }
}
