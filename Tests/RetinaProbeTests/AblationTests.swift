import RetinaEngine
import RetinaModel
import RetinaProbe
import Testing

/// Replacing units one by one, in groups, in windows and in all subsets.
@Suite struct AblationTests {
  /// A sum of five inputs: a window takes away what it covers.
  private func sum() throws -> Network { try Network(5, layers: [.dense([[1, 10, 100, 1000, 10_000]])]) }

  private func occlude(window: Int, stride: Int) throws -> [Float] {
    let network = try sum()
    let request = Request(.occlusion, target: network.cell, shape: [5], window: [window], strides: [stride])
    return try network.answer(request, [1, 1, 1, 1, 1]).values
  }

  /// Windows 11, 110, 1100, 11000; a unit has the mean of those that cover it.
  @Test func `overlapping windows are averaged`() throws {
    #expect(try occlude(window: 2, stride: 1) == [11, 60.5, 605, 6050, 11_000])
  }

  /// Windows of places 0-1, 2-3 and 4, the last one cut.
  @Test func `the last window is cut at the border`() throws {
    #expect(try occlude(window: 2, stride: 2) == [11, 11, 1100, 1100, 10_000])
    #expect(try occlude(window: 9, stride: 1) == [11_111, 11_111, 11_111, 11_111, 11_111])
  }

  /// Windows at places 0 and 3; a third would begin outside.
  @Test func `units between distant windows get nothing`() throws {
    #expect(try occlude(window: 1, stride: 3) == [1, 0, 0, 1000, 0])
    #expect(try occlude(window: 2, stride: 4) == [11, 11, 0, 0, 10_000])
    #expect(try occlude(window: 2, stride: .max) == [11, 11, 0, 0, 0])
    #expect(try occlude(window: .max, stride: .max) == [11_111, 11_111, 11_111, 11_111, 11_111])
  }

  @Test func `occlusion needs a window for every axis of the stimulus`() throws {
    let network = try sum()
    for (shape, window, strides) in [([], [], []), ([5], [1], []), ([4], [1], [1]), ([5], [0], [1]), ([5], [1], [0])] {
      let request = Request(.occlusion, target: network.cell, shape: shape, window: window, strides: strides)
      #expect(throws: ProbeError.self) { try network.answer(request, [1, 1, 1, 1, 1]) }
    }
  }

  /// Groups 7 and 2 with nothing between them; all units of a group get its effect.
  @Test func `groups may have any numbers`() throws {
    let network = try sum()
    for (method, wanted) in [
      (RetinaProbe.Method.featureAblation, [11, 11, 11_100, 11_100, 11_100] as [Float]),
      (.shapleyValues, [11, 11, 11_100, 11_100, 11_100]),
    ] {
      let request = Request(method, target: network.cell, groups: [7, 7, 2, 2, 2])
      #expect(try network.answer(request, [1, 1, 1, 1, 1]).values == wanted)
    }
  }

  /// max(x0, x1, x2) at (6, 4, 1) from 0: all three share the first 1, x0 and x1 the next 3, and x0 has the last 2 alone.
  @Test func `shapley values of a maximum are those of the airport game`() throws {
    let network = try Network(3, layers: [.maximumPool(Pool(kernel: Spatial(1, 3)))])
    let found = try network.answer(Request(.shapleyValues, target: network.cell), [6, 4, 1])
    expect(found.values, near: [1 / 3.0 + 1.5 + 2, 1 / 3.0 + 1.5, 1 / 3.0], within: 1e-6)
    #expect(found.valueAtInput == 6 && found.valueAtBaseline == 0)
  }
}
