import RetinaKernels

/// How fast a processor level works in integers: what turns counts into seconds, to compare with float32.
///
/// Nothing that is computed depends on it. The numbers were measured on one machine (AMD EPYC, Zen 5).
public struct FixedPointCost: Sendable {
  /// Multiply-adds per second in blocks, those that are left away included.
  public var products: Double
  /// Values per second that are laid out, rounded and stored.
  public var values: Double

  /// What was measured for a level.
  public static func standard(_ level: ProcessorLevel) -> FixedPointCost {
    switch level {
    case .baseline: return FixedPointCost(products: 42e9, values: 2.2e9)
    case .avx2: return FixedPointCost(products: 100e9, values: 3.7e9)
    case .avx512: return FixedPointCost(products: 210e9, values: 7.5e9)
    }
  }

  /// Seconds that a layer takes.
  public func seconds(_ layer: FixedPointLayer) -> Double {
    Double(layer.countedProducts) / products + Double(layer.inputCount + layer.outputCount) / values
  }

  /// Seconds that a frame takes.
  public func seconds(_ image: FixedPointImage) -> Double {
    (0..<image.layerCount).reduce(Double(image.frameCount) / values) { $0 + seconds(image.layer($1)) }
  }
}
