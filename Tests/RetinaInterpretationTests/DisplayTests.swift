import Testing

@testable import RetinaInterpretation

@Suite struct DisplayTests {
  @Test func `times and lengths become frames and pixels`() {
    let display = Display(frameRate: 100, pixelSize: 55, height: 50, width: 50)
    #expect(display.frames(milliseconds: 80) == 8)
    #expect(display.frames(milliseconds: 1) == 1)
    #expect(display.milliseconds(frames: 2) == 20)
    #expect(display.pixels(micrometres: 110) == 2)
    // The speed of Berry et al. 1999 as published code has it.
    #expect(abs(display.pixelsPerFrame(0.44) - 0.08) < 1e-12)
  }
}
