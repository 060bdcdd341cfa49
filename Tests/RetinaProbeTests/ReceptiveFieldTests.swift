import RetinaEngine
import RetinaModel
import Testing

@testable import RetinaProbe

/// What a unit sees, and sums over space.
@Suite struct ReceptiveFieldTests {
  /// Three frames of 1 x 2 pixels.
  ///
  /// Squares of frames: 5, 26, 16; of pixels: 1 + 25 + 0 = 26 and 4 + 1 + 16 = 21.
  @Test func `space and time are cut at the strongest frame and pixel`() throws {
    let field = try #require(ReceptiveField([1, 2, -5, 1, 0, 4], shape: Shape(3, 1, 2)))
    #expect(field.spatial == Tensor([1, 2], [-5, 1]))
    #expect(field.temporal == [1, -5, 0])
  }

  @Test func `the first of equally strong frames and pixels is taken`() throws {
    let field = try #require(ReceptiveField([1, -1, -1, 1], shape: Shape(2, 2, 1)))
    #expect(field.spatial == Tensor([2, 1], [1, -1]))
    #expect(field.temporal == [1, -1])
    let dark = try #require(ReceptiveField([0, 0, 0, 0], shape: Shape(2, 2, 1)))
    #expect(dark.temporal == [0, 0])
  }

  @Test func `only windows of a movie have a receptive field`() {
    #expect(ReceptiveField([1, 2], shape: Shape(2)) == nil)
    #expect(ReceptiveField([1, 2, 3], shape: Shape(2, 1, 1)) == nil)
  }

  /// The second channel at row 0, column 1 of a 2 x 2 kernel over two frames of 2 x 3: the kernel, moved by one column.
  @Test func `a unit of the first layer sees its kernel`() throws {
    let kernels: [Float] = [9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8]
    let network = try Network(
      2, 2, 3,
      layers: [.convolution(Convolution(weight: Tensor([2, 2, 2, 2], kernels), bias: [1, 2])), .activation(.relu)])
    let wanted: [Float] = [0, 1, 2, 0, 3, 4, 0, 5, 6, 0, 7, 8]
    let probe = Probe(network.program)
    #expect(probe.effectiveWeights(ofUnit: 3, boundary: 1) == wanted)
    #expect(probe.effectiveWeights(ofUnit: 3, boundary: 2) == wanted)
    let field = try #require(ReceptiveField(wanted, shape: network.model.inputShape))
    #expect(field.spatial == Tensor([2, 3], [0, 5, 6, 0, 7, 8]))
    #expect(field.temporal == [4, 8])
  }

  /// (2, -1) times [[1, 2], [3, 4]] is (-1, 0); a batch normalisation of scale -6 and deviation 2 multiplies it by -3.
  @Test func `a deeper unit sees the product of the linear steps`() throws {
    let normalization = BatchNormalization(
      axis: .unit, scale: [-6], shift: [1], mean: [5], variance: [4], epsilon: 0)
    let network = try Network(
      2,
      layers: [
        .dense([[1, 2], [3, 4]], [-9, -9]), .activation(.relu), .dense([[2, -1]]),
        .batchNormalization(normalization), .activation(.tanh),
      ])
    let probe = Probe(network.program)
    #expect(probe.effectiveWeights(ofUnit: 0, boundary: network.after(2)) == [-1, 0])
    #expect(probe.effectiveWeights(ofUnit: 0, boundary: network.after(4)) == [3, 0])
    #expect(probe.effectiveWeights(ofUnit: 1, boundary: 2) == [3, 4])
    #expect(probe.effectiveWeights(ofUnit: 1, boundary: 0) == [0, 1])
  }

  /// Before any stimulus all values are equal and the first wins; afterwards the one that is largest.
  @Test func `a maximum pool is seen through its largest unit`() throws {
    let network = try Network(3, layers: [.maximumPool(Pool(kernel: Spatial(1, 3))), .dense([[2]])])
    let probe = Probe(network.program)
    #expect(probe.effectiveWeights(ofUnit: 0, boundary: 2) == [2, 0, 0])
    _ = try probe.attribute(Request(.forward, target: network.cell), input: [1, 3, 2], baseline: [0, 0, 0])
    #expect(probe.effectiveWeights(ofUnit: 0, boundary: 2) == [0, 2, 0])
  }

  @Test func `channels are summed over space where there is space`() {
    let network = Attribution(values: [1, 2, 3, 4, 10, 20, 30, 40], valueAtInput: 0)
    #expect(network.channelSums(Shape(2, 2, 2)) == [10, 100])
    #expect(network.channelSums(Shape(8, 1, 1)) == network.values)
    #expect(network.channelSums(Shape(8)) == network.values)
    #expect(network.channelSums(Shape(2, 4)) == network.values)
  }
}
