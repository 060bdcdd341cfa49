import RetinaKernels

/// How fast a processor level works in integers: what turns counts into seconds, to compare with float32.
///
/// Nothing that is computed depends on it. The numbers were measured on one machine (AMD EPYC, Zen 5).
public struct FixedPointCost: Sendable {
  /// Multiply-adds per second in blocks, those that are left away included; of values and weights of 8 bits, and of wider ones.
  public var narrowProducts, products: Double
  /// Values per second that are laid out, rounded and stored.
  public var values: Double
  /// Multiply-adds per second in float64, of spectra.
  public var spectra: Double

  /// Bytes of spectra that nobody has asked for by name.
  private static let largestSpectra = 1 << 28

  /// What was measured for a level.
  public static func standard(_ level: ProcessorLevel) -> FixedPointCost {
    switch level {
    case .baseline: return FixedPointCost(narrowProducts: 42e9, products: 42e9, values: 2.2e9, spectra: 10e9)
    case .avx2: return FixedPointCost(narrowProducts: 100e9, products: 100e9, values: 3.7e9, spectra: 24e9)
    case .avx512: return FixedPointCost(narrowProducts: 380e9, products: 210e9, values: 7.5e9, spectra: 40e9)
    }
  }

  /// Seconds that a layer takes.
  public func seconds(_ layer: FixedPointLayer) -> Double {
    Double(layer.countedProducts) / (layer.isNarrow ? narrowProducts : products) + Double(
      layer.inputCount + layer.outputCount) / values
  }

  /// The spectral form of a stream's first layer, where it is asked for or counted faster; nothing where it has none.
  func form(_ image: FixedPointImage, _ algorithm: StreamOptions.Algorithm) -> FixedPointSpectra.Form? {
    guard algorithm == .automatic || algorithm == .spectral, let form = FixedPointSpectra.form(image) else {
      return nil
    }
    if algorithm == .spectral { return form }
    return form.bytes <= FixedPointCost.largestSpectra && seconds(form) < seconds(image.layer(0)) ? form : nil
  }

  /// How a layer of a stream is computed, in words.
  public func formName(_ image: FixedPointImage, _ layer: Int, _ algorithm: StreamOptions.Algorithm) -> StaticString {
    layer == 0 && form(image, algorithm) != nil ? "exact spectra" : image.layer(layer).form
  }

  private func seconds(_ form: FixedPointSpectra.Form) -> Double { form.multiplyAdds / spectra }

  /// Seconds that a frame of a stream takes: first to integers, then each layer.
  public func steps(_ image: FixedPointImage, _ algorithm: StreamOptions.Algorithm = .automatic) -> [Double] {
    [Double(image.frameCount) / values]
      + (0..<image.layerCount).map { layer in
        let spectral = layer == 0 ? form(image, algorithm) : nil
        return spectral.map(seconds) ?? seconds(image.layer(layer))
      }
  }

  /// Seconds that a frame of a stream takes.
  public func seconds(_ image: FixedPointImage, _ algorithm: StreamOptions.Algorithm = .automatic) -> Double {
    steps(image, algorithm).reduce(0, +)
  }
}
