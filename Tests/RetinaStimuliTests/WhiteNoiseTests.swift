import RetinaModel
import Testing

@testable import RetinaStimuli

@Suite struct WhiteNoiseTests {
  @Test func `the whole board, transposed, is the published sequence`() {
    var noise = WhiteNoise()
    noise.durationFrames = 10
    let movie = noise.movie(height: 150, width: 200)
    var bytes: [UInt8] = []
    for time in 0..<10 {
      for column in 0..<200 {
        for row in 0..<150 {
          bytes.append(UInt8(bitPattern: Int8(movie.values[(time * 150 + row) * 200 + column])))
        }
      }
    }
    #expect(sha256(bytes) == "f6e6ff1abbd586901612629ac1e16b9cf510cf3c6cdc1cc2f1512cf460f843ce")
  }

  @Test(arguments: [(0, 1), (3, 1), (1, 3)])
  func `a crop shows its part of the board from its pattern on`(startPattern: Int, holdFrames: Int) {
    var noise = WhiteNoise()
    (noise.boardWidth, noise.boardHeight, noise.seed, noise.durationFrames) = (12, 9, -5, 8)
    let whole = noise.movie(height: 9, width: 12)
    (noise.firstColumn, noise.firstRow, noise.contrast) = (4, 2, 0.5)
    (noise.startPattern, noise.holdFrames, noise.durationFrames) = (startPattern, holdFrames, 5)
    let crop = noise.movie(height: 3, width: 6)
    for time in 0..<5 {
      for row in 0..<3 {
        for column in 0..<6 {
          let pattern = startPattern + time / holdFrames
          #expect(
            crop.values[(time * 3 + row) * 6 + column]
              == 0.5 * whole.values[(pattern * 9 + row + 2) * 12 + column + 4], "frame \(time)")
        }
      }
    }
  }
}
