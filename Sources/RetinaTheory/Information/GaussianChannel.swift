#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The information of a linear channel with normal signal and noise, in bits.
public enum GaussianChannel {
  /// `1/2 sum of log2 (1 + l / noise)` over the signal's variances along the axes of the noise.
  public static func bits(signalVariances: [Double], noiseVariance: Double) -> Double {
    signalVariances.reduce(0) { $0 + log2(1 + $1 / noiseVariance) / 2 }
  }
}
