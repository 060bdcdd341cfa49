import Testing

@testable import RetinaFit

@Suite struct ChannelSignsTests {
  @Test func `weights that leave a hidden channel keep the sign that most had at first`() {
    var list = ParameterList()
    list.add("conv1.weight", [2, 1, 1, 1], .weight, [1, -1])
    list.add("conv2.weight", [2, 2, 1, 2], .weight, [3, 0, -1, -1, -1, -1, 2, -2])
    list.add("cells.feature", [3, 2], .feature, [1, -2, 1, 1, -1, -2], isReadout: true)
    list.add("cells.bias", [3], .bias, [1, -1, 1])
    let signs = ChannelSigns.all(list.groups, list.values)
    var parameters = list.values
    for sign in signs { sign.apply(&parameters) }
    // The first kernels read the stimulus, and biases leave no channel.
    #expect(
      parameters == [
        1, -1,
        // Channel 0 gave 3 - 2, channel 1 gave -2 + 0.
        3, 0, -1, -1, 0, 0, 0, -2,
        // Channel 0 gave 1 + 1 - 1, channel 1 gave -2 + 1 - 2.
        1, -2, 1, 0, 0, -2,
        1, -1, 1,
      ])
  }
}
