import RetinaFiles
import RetinaKernels
import RetinaModel
import Testing

@Suite struct Y4MTests {
  private func file(_ header: String, _ frames: [UInt8]...) -> [UInt8] {
    Array("YUV4MPEG2 \(header)\n".utf8) + frames.flatMap { Array("FRAME\n".utf8) + $0 }
  }

  @Test func readsLuma() throws {
    // 2 x 2 pixels with one number per colour.
    let (movie, rate) = try Y4M.parse(
      file("W2 H2 F30000:1001 Ip A1:1 C420jpeg", [0, 51, 255, 102, 9, 9], [255, 0, 0, 0, 9, 9]), file: "-")
    #expect(movie.shape == Shape(2, 2, 2))
    #expect(movie.values == [0, 0.2, 1, 0.4, 1, 0, 0, 0])
    #expect(try #require(rate) == 30000.0 / 1001)
  }

  @Test(
    arguments: [
      ("W1 H1", [51, 0, 0], 0.2), ("W1 H1 C422", [51, 0, 0], 0.2), ("W1 H1 C444", [51, 0, 0], 0.2),
      ("W1 H1 C444alpha", [51, 0, 0, 0], 0.2), ("W1 H1 Cmono", [51], 0.2), ("W1 H1 C420paldv", [51, 0, 0], 0.2),
      ("W1 H1 C420p10", [0xff, 0x03, 0, 0, 0, 0], 1), ("W1 H1 Cmono16", [0x00, 0x80], 32768 / 65535),
      ("W1 H1 C420p10", [0xff, 0xff, 0, 0, 0, 0], 1),
    ] as [(String, [UInt8], Float)])
  func readsEverySpace(_ header: String, _ frame: [UInt8], _ value: Float) throws {
    let (movie, rate) = try Y4M.parse(file(header, frame), file: "-")
    #expect(movie.values == [value])
    #expect(rate == nil)
  }

  @Test(arguments: ["F0:0", "F30:0", "F0:1"]) func aRateOfZeroIsUnknown(_ rate: String) throws {
    #expect(try Y4M.parse(file("W1 H1 Cmono \(rate)", [51]), file: "-").frameRate == nil)
  }

  @Test func saysWhatIsWrong() throws {
    func expected(_ bytes: [UInt8]) throws -> String { try failure { try Y4M.parse(bytes, file: "f") }.expected }
    #expect(try expected([]).hasPrefix("a line"))
    #expect(try expected(Array("RIFF\n".utf8)) == "YUV4MPEG2")
    for header in ["", "W0 H2", "W2", "W99999999999999999999 H2", "W70000 H2", "W-1 H2"] {
      #expect(try expected(file(header)).hasPrefix("a width and a height"))
    }
    #expect(try expected(file("W2 H2 C411", [1])) == "a colour space of 420, 422, 444 or mono")
    #expect(try expected(file("W2 H2 C420p99", [1])) == "8 to 16 bits")
    #expect(try expected(file("W2 H2 It", [1])) == "whole frames (Ip)")
    #expect(try expected(file("W2 H2 F30", [1])) == "a frame rate such as F30:1")
    #expect(try expected(file("W2 H2 F-30:1", [1])) == "a frame rate such as F30:1")
    #expect(try expected(file("W2 H2")) == "at least one frame")
    #expect(try expected(file("W65536 H65536 C444p16", [1])) == "25769803776 bytes")
    #expect(try expected(file("W2 H2", [0, 0, 0, 0, 0])) == "6 bytes")
    #expect(try expected(file("W1 H1", [0, 0, 0, 1])).hasPrefix("a line"))
    #expect(try expected(file("W1 H1", [0, 0, 0] + Array("FRAM\n".utf8))) == "FRAME")
  }

  @Test(arguments: 0..<4 as Range<UInt64>) func damagedFilesNeverCrash(seed: UInt64) {
    var generator = SeededRandom(seed: seed)
    let bytes = file("W2 H2 F30:1 C420p10", [UInt8](repeating: 1, count: 12))
    for _ in 0..<500 { _ = try? Y4M.parse(bytes.damaged(by: &generator), file: "-") }
  }
}
