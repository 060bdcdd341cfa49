/// The SHA-256 digest of bytes in hexadecimal (FIPS 180-4), to compare movies with published digests.
func sha256(_ message: [UInt8]) -> String {
  let constants = firstPrimes(64).map { fraction(ofRoot: 1.0 / 3, of: $0) }
  var hash = firstPrimes(8).map { fraction(ofRoot: 1.0 / 2, of: $0) }
  var padded = message + [0x80]
  while padded.count % 64 != 56 { padded.append(0) }
  for shift in stride(from: 56, through: 0, by: -8) {
    padded.append(UInt8(truncatingIfNeeded: (message.count * 8) >> shift))
  }
  func turn(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }
  for block in stride(from: 0, to: padded.count, by: 64) {
    var words = [UInt32](repeating: 0, count: 64)
    for index in 0..<64 {
      if index < 16 {
        for byte in 0..<4 { words[index] = words[index] << 8 | UInt32(padded[block + index * 4 + byte]) }
      } else {
        let (early, late) = (words[index - 15], words[index - 2])
        let first = turn(early, 7) ^ turn(early, 18) ^ (early >> 3)
        let second = turn(late, 17) ^ turn(late, 19) ^ (late >> 10)
        words[index] = words[index - 16] &+ first &+ words[index - 7] &+ second
      }
    }
    var v = hash
    for index in 0..<64 {
      let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
      let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
      let rise = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)
      let fall = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)
      let sum = v[7] &+ rise &+ choice &+ constants[index] &+ words[index]
      v = [sum &+ fall &+ majority, v[0], v[1], v[2], v[3] &+ sum, v[4], v[5], v[6]]
    }
    for index in 0..<8 { hash[index] &+= v[index] }
  }
  let digits = Array("0123456789abcdef")
  return String(hash.flatMap { word in (0..<8).map { digits[Int(word >> UInt32(28 - 4 * $0)) & 15] } })
}

private func firstPrimes(_ count: Int) -> [Int] {
  var primes: [Int] = []
  var candidate = 2
  while primes.count < count {
    if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
    candidate += 1
  }
  return primes
}

/// The first 32 bits of the fractional part of a square root (1/2) or a cube root (1/3), by exact integer search.
private func fraction(ofRoot exponent: Double, of prime: Int) -> UInt32 {
  let power = exponent == 0.5 ? 2 : 3
  // The root times 2^32, as the largest integer whose power is at most prime times 2^(32 power).
  var root: UInt64 = 0
  for bit in stride(from: UInt64(36), through: 0, by: -1) {
    let candidate = root | 1 << bit
    var value = UInt128(candidate)
    for _ in 1..<power { value *= UInt128(candidate) }
    if value <= UInt128(prime) << UInt128(32 * power) { root = candidate }
  }
  return UInt32(truncatingIfNeeded: root)
}
