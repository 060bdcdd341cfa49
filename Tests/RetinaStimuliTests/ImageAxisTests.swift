import Testing

@testable import RetinaStimuli

@Suite struct ImageAxisTests {
  @Test(arguments: [
    (0.0, 0.0, 1.0), (90.0, 1.0, 0.0), (180.0, 0.0, -1.0), (270.0, -1.0, 0.0), (-90.0, -1.0, 0.0), (360.0, 0.0, 1.0),
    (30.0, 0.5, 0.75.squareRoot()), (135.0, 0.5.squareRoot(), -0.5.squareRoot()),
    (-45.0, -0.5.squareRoot(), 0.5.squareRoot()), (300.0, -0.75.squareRoot(), 0.5),
  ])
  func `sines and cosines are exact at right angles`(degrees: Double, sine: Double, cosine: Double) {
    let found = sineAndCosine(degrees: degrees)
    if degrees.truncatingRemainder(dividingBy: 90) == 0 {
      #expect(found.sine == sine && found.cosine == cosine, "\(degrees) degrees")
    }
    #expect(abs(found.sine - sine) < 1e-15 && abs(found.cosine - cosine) < 1e-15, "\(degrees) degrees")
  }

  @Test func `distances grow to the right at 0 degrees and upwards at 90`() {
    #expect(ImageAxis(degrees: 0).distances(height: 2, width: 3) == [-1, 0, 1, -1, 0, 1])
    #expect(ImageAxis(degrees: 90).distances(height: 2, width: 3) == [0.5, 0.5, 0.5, -0.5, -0.5, -0.5])
    #expect(ImageAxis(degrees: 180).distances(height: 1, width: 3) == [1, 0, -1])
    #expect(ImageAxis(degrees: 270).distances(height: 2, width: 1) == [-0.5, 0.5])
  }

  @Test(arguments: [0, 17, 45, 60, 90, 133, 200, 359.5])
  func `the coverage of a pixel is the area of the part inside the strip`(degrees: Double) {
    let axis = ImageAxis(degrees: degrees)
    let (sine, cosine) = sineAndCosine(degrees: degrees)
    let points = 400
    for (lower, upper) in [(-0.3, 0.2), (-2.0, 0.1), (0.45, 0.6), (-0.9, 0.9), (1.0, 2.0)] {
      var inside = 0
      for row in 0..<points {
        for column in 0..<points {
          let x = (Double(column) + 0.5) / Double(points) - 0.5
          let y = (Double(row) + 0.5) / Double(points) - 0.5
          let distance = x * cosine + y * sine
          if distance >= lower && distance < upper { inside += 1 }
        }
      }
      let counted = Double(inside) / Double(points * points)
      let coverage = axis.coverage(lower: 7 + lower, upper: 7 + upper, centre: 7)
      #expect(abs(coverage - counted) < 0.006, "\(degrees) degrees, \(lower) to \(upper)")
    }
  }

  @Test(arguments: [3.0, 5.5])
  func `a strip along the diagonal covers its share of the image`(width: Double) {
    let (extent, axis) = (20, ImageAxis(degrees: 45))
    let covered = axis.distances(height: extent, width: extent).reduce(0) {
      $0 + axis.coverage(lower: -width / 2, upper: width / 2, centre: $1)
    }
    // The square less the two corners, right triangles of this height.
    let corner = Double(extent) * 0.5.squareRoot() - width / 2
    #expect(abs(covered - (Double(extent * extent) - 2 * corner * corner)) < 1e-9)
  }
}
