import RetinaFiles
import RetinaModel
import Testing

@testable import RetinaStimuli

/// The folder `Stimuli` of the repository.
let shippedFolder = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }) + "/Stimuli"

@Suite struct ShippedSetTests {
  @Test(arguments: [
    ("white-noise", 2, 240), ("flashes", 6, 1262), ("moving-bar", 6, 540), ("reversing-grating", 6, 720),
    ("natural", 2, 360), ("battery", 10, 812), ("classes-gratings", 30, 1920),
  ])
  func `a shipped set renders at 50 x 50 and 30 frames per second`(name: String, count: Int, frames: Int) throws {
    let set = try StimulusSet.read("\(shippedFolder)/\(name).json")
    #expect(set.frameRate == 30)
    #expect(set.stimuli.count == count)
    var total = 0
    for stimulus in set.stimuli {
      let movie = try stimulus.movie()
      #expect(movie.shape == stimulus.shape)
      #expect(movie.shape == Shape(movie.shape[0], 50, 50))
      #expect(movie.values.allSatisfy { abs($0) <= 1 }, "\(stimulus.name)")
      #expect(movie.values.contains { $0 != movie.values[0] }, "\(stimulus.name)")
      total += movie.shape[0]
    }
    #expect(total == frames)
  }

  @Test func `nothing else is shipped`() throws {
    let names = try FileSystem.list(shippedFolder).filter { $0.hasSuffix(".json") }
    #expect(
      names == [
        "battery.json", "classes-gratings.json", "classes-natural.json", "flashes.json", "moving-bar.json",
        "natural.json", "published.json", "reversing-grating.json", "white-noise.json",
      ])
  }

  @Test func `the battery shows every generator once, but for those of one phenomenon`() throws {
    let set = try StimulusSet.read(shippedFolder + "/battery.json")
    let others = ["contrast-step", "object-motion"]
    #expect((set.stimuli.map(\.name) + others).sorted() == StimulusSet.generators.map(\.name).sorted())
    // What a model with a history of 20 frames sees: about 600 windows.
    #expect(set.stimuli.reduce(0) { $0 + ($1.shape?[0] ?? 0) - 19 } == 622)
  }

  @Test func `white noise shows the part of the recording with most good cells`() throws {
    let set = try StimulusSet.read(shippedFolder + "/white-noise.json")
    var board = [Int8](repeating: 0, count: 200 * 150)
    var generator = Ran1(seed: -10_000)
    for stimulus in set.stimuli {
      let movie = try stimulus.movie()
      for time in 0..<120 {
        generator.fill(&board)
        for (row, column) in [(0, 0), (0, 49), (49, 0), (31, 17)] {
          let sign = board[(76 + column) * 150 + 48 + row]
          #expect(movie.values[(time * 50 + row) * 50 + column] == Float(sign), "frame \(time)")
        }
      }
    }
  }

  @Test func `the documentation names every generator and parameter with its default`() throws {
    let text = String(decoding: try FileSystem.read(shippedFolder + "/README.md"), as: UTF8.self)
    for generator in StimulusSet.generators {
      #expect(text.contains("### \(generator.name)\n"), "\(generator.name)")
      for parameter in generator.parameters {
        let row = "| `\(parameter.name)` | \(parameter.unit ?? "") | \(parameter.defaultValue.text()) |"
        #expect(text.contains(row), "\(generator.name): \(row)")
      }
    }
  }
}
