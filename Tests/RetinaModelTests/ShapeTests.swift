import RetinaModel
import Testing

@Suite struct ShapeTests {
  @Test func `a shape counts its elements`() throws {
    let shape = try #require(Shape(checking: [3, 4, 5]))
    #expect(shape.count == 60 && shape.rank == 3 && shape[1] == 4 && "\(shape)" == "[3, 4, 5]")
    #expect(Shape(2, 7) == Shape(checking: [2, 7]))
    #expect(Shape(checking: [])?.count == 1)
  }

  @Test(arguments: [
    [0], [-1], [3, 0, 5], [-2, -2], [1 << 41], [1 << 20, 1 << 21], [1 << 40, 2], [Int.max, 2], [Int.max, Int.max],
    [1 << 40, 1 << 40, 1 << 40], [Int.min],
  ])
  func `impossible and overflowing shapes are refused`(dimensions: [Int]) {
    #expect(Shape(checking: dimensions) == nil)
  }

  @Test func `the largest shape is allowed`() {
    #expect(Shape(checking: [1 << 20, 1 << 20])?.count == Shape.maximumCount)
    #expect(Shape(checking: [1 << 40, 1, 1])?.count == Shape.maximumCount)
  }

  @Test func `shapes are seen as features`() throws {
    #expect(try #require(Shape(7).asFeatures) == (1, 1, 7))
    #expect(try #require(Shape(3, 7).asFeatures) == (1, 3, 7))
    #expect(try #require(Shape(2, 3, 7).asFeatures) == (2, 3, 7))
    #expect(Shape(2, 3, 7, 1).asFeatures == nil && Shape().asFeatures == nil)
  }

  @Test func `a tensor has as many values as its shape`() {
    #expect(Tensor(shape: Shape(2, 3), values: [1, 2, 3, 4, 5]) == nil)
    #expect(Tensor(shape: Shape(2, 3), values: [1, 2, 3, 4, 5, 6])?.firstNonFinite == nil)
    #expect(Tensor(shape: Shape(3), values: [1, .infinity, .nan])?.firstNonFinite == 1)
  }
}
