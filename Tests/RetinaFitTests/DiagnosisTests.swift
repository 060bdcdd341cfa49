import RetinaFiles
import RetinaModel
import RetinaStimuli
import Testing

@testable import RetinaFit

@Suite struct DiagnosisTests {
  /// Two cells that fire, one spike or none, when their pixel was bright three frames before.
  static func example(shift: Int = 3, lateShift: Int? = nil, frames: Int = 2000) throws -> Recording {
    let recipe = try GeneratedStimulus(
      generator: "white-noise",
      parameters: ["duration_frames": .number(Double(frames)), "seed": -21, "board_width": 5, "board_height": 4],
      height: 4, width: 5)
    let movie = try RecordedStimulus.generated(recipe).movie()
    var responses = [Float](repeating: 0, count: 2 * frames)
    for frame in 0..<frames {
      let shown = frame - (frame < frames / 2 ? shift : lateShift ?? shift)
      guard (0..<frames).contains(shown) else { continue }
      for (cell, pixel) in [7, 12].enumerated() where movie.values[shown * 20 + pixel] > 0 && frame % 3 == 0 {
        responses[2 * frame + cell] = 1
      }
    }
    return Recording(
      stimulus: .generated(recipe), frameRate: 25, cells: [Cell(name: "a", centre: (2, 1)), Cell(name: "b")],
      responses: responses, lag: 1)
  }

  private func kinds(_ recording: Recording, history: Int = 10) throws -> [RecordingDiagnosis.Warning.Kind] {
    try RecordingDiagnosis(recording, history: history).warnings.map { $0.kind }
  }

  @Test func `a sound recording has no warnings`() throws {
    let recording = try DiagnosisTests.example()
    let diagnosis = try RecordingDiagnosis(recording, history: 10)
    #expect(diagnosis.warnings.isEmpty, "\(diagnosis.warnings)")
    #expect(diagnosis.peakLag == 3)
    #expect(diagnosis.cells.map { $0.peakLag } == [3, 3])
    #expect(diagnosis.cells[0].spikes == Double(recording.responses.enumerated().count { $0 % 2 == 0 && $1 == 1 }))
    #expect(close(diagnosis.cells[0].rate, diagnosis.cells[0].spikes / 80))
  }

  @Test func `a lag that does not fit is found`() throws {
    #expect(try kinds(DiagnosisTests.example(shift: 3), history: 2) == [.lag])
    #expect(try kinds(DiagnosisTests.example(shift: 0)) == [.lag])
    let before = try RecordingDiagnosis(DiagnosisTests.example(shift: -2), history: 10)
    #expect(before.warnings.map { $0.text } == ["responses come 2 frames before what they respond to: shifted in time"])
    var unstated = try DiagnosisTests.example()
    unstated.lag = nil
    #expect(try kinds(unstated) == [.lag])
    var unrelated = try DiagnosisTests.example()
    var generator = SeededGenerator(seed: 1)
    for index in unrelated.responses.indices { unrelated.responses[index] = generator.uniform() < 0.2 ? 1 : 0 }
    #expect(try kinds(unrelated) == [.lag])
  }

  @Test func `a clock that slips is found, in the times and in the responses`() throws {
    #expect(try kinds(DiagnosisTests.example(shift: 3, lateShift: 4)) == [.clockSlip])
    var recording = try DiagnosisTests.example()
    recording.frameTimes = (0..<2000).map { Double($0) / 25 + ($0 >= 700 ? 0.03 : 0) }
    let warnings = try RecordingDiagnosis(recording, history: 10).warnings
    #expect(warnings.map { $0.kind } == [.clockSlip])
    #expect(warnings[0].text.contains("1 intervals") && warnings[0].text.contains("after frame 699"))
    recording.blocks = [.init(frames: 0..<700), .init(frames: 700..<2000)]
    #expect(try kinds(recording).isEmpty)
  }

  @Test func `silent and drifting cells, dropped spikes and short blocks are named`() throws {
    var silent = try DiagnosisTests.example()
    for frame in 0..<2000 { silent.responses[2 * frame + 1] = 0 }
    let diagnosis = try RecordingDiagnosis(silent, history: 10)
    #expect(diagnosis.warnings.map { $0.text } == ["no spikes at all: b"])
    #expect(diagnosis.cells[1].peakLag == nil)
    var drifting = try DiagnosisTests.example()
    for frame in 1000..<2000 where frame % 4 != 0 { drifting.responses[2 * frame] = 0 }
    #expect(try kinds(drifting) == [.drift])
    var dropped = try DiagnosisTests.example()
    dropped.droppedSpikes = 4
    #expect(try kinds(dropped) == [.spikesOutside])
    var short = try DiagnosisTests.example()
    short.blocks = [.init(frames: 0..<10), .init(frames: 10..<2000)]
    #expect(try kinds(short) == [.shortBlock])
    #expect(try kinds(short, history: 9).isEmpty)
  }
}
