import RetinaKernels

/// What the integers of an array stand for: `number = (value - zero point) * scale`.
public struct FixedPointQuantization: Equatable, Sendable {
  /// The width of a value.
  public var type: FixedPointType
  /// The number that a step of one stands for; above 0.
  public var scale: Float
  /// The value that stands for zero.
  public var zeroPoint: Int32

  /// Creates a quantisation.
  public init(type: FixedPointType, scale: Float, zeroPoint: Int32) {
    self.type = type
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// The quantisation with the finest step that covers a range; 16 bits keep their zero point at 0, as LiteRT demands.
  ///
  /// The range is widened to hold zero. A range of nothing but zero gives a scale of 1.
  public init(type: FixedPointType, covering range: ClosedRange<Float>) {
    let (low, high) = (min(range.lowerBound, 0), max(range.upperBound, 0))
    self.type = type
    switch type {
    case .int16:
      scale = max(-low, high) / Float(type.maximum)
      zeroPoint = 0
    case .int8:
      scale = (high - low) / 255
      zeroPoint = type.minimum
    }
    // Too small a scale would divide to infinity, or be flushed to zero where subnormal numbers are slow.
    guard scale.isFinite, scale >= Float.leastNormalMagnitude * 65_536 else {
      scale = 1
      return
    }
    if type == .int8 {
      zeroPoint = FixedPointScale.value(of: -low, scale: scale, zeroPoint: type.minimum, type: type)
    }
  }

  /// The largest magnitude of a value without its zero point.
  public var largestMagnitude: Int {
    max(Int(type.maximum) - Int(zeroPoint), Int(zeroPoint) - Int(type.minimum))
  }

  /// The value nearest to a number.
  public func value(of number: Float) -> Int32 {
    FixedPointScale.value(of: number, scale: scale, zeroPoint: zeroPoint, type: type)
  }

  /// The number that a value stands for.
  public func number(_ value: Int32) -> Float {
    FixedPointScale.number(value, scale: scale, zeroPoint: zeroPoint)
  }
}
