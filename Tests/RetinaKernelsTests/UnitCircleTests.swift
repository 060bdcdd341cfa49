import Glibc
import RetinaKernels
import Testing

@Suite struct UnitCircleTests {
  @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 12, 60, 64, 97, 360, 1000, 4096])
  func `points agree with the C library`(count: Int) {
    for index in -count - 3...2 * count + 3 {
      let (cosine, sine) = UnitCircle.point(index, of: count)
      let angle = 2 * Double.pi * Double((index % count + count) % count) / Double(count)
      #expect(abs(cosine - cos(angle)) <= 1e-15 && abs(sine - sin(angle)) <= 1e-15, "\(index) of \(count)")
    }
  }

  @Test(arguments: [1, 3, 25, 1024])
  func `quarter turns are exact`(quarter: Int) {
    let expected: [(Double, Double)] = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    for turn in -8...8 {
      #expect(UnitCircle.point(turn * quarter, of: 4 * quarter) == expected[(turn % 4 + 4) % 4], "turn \(turn)")
    }
  }
}
