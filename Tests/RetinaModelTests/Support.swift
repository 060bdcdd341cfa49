import RetinaModel
import Testing

/// A tensor of ones.
func ones(_ extents: Int...) -> Tensor { Tensor(repeating: 1, shape: Shape(checking: extents) ?? Shape(1)) }

/// One layer of each kind that a model may hold, all fitting `[4, 9, 10]`.
func convolution(_ outputs: Int, _ inputs: Int, _ height: Int, _ width: Int) -> Convolution {
  Convolution(weight: ones(outputs, inputs, height, width))
}

/// What is wrong with a model that cannot be made.
func problems(
  _ layers: [Layer], input: Shape = Shape(4, 9, 10), facts: Facts = Facts()
) throws -> [ModelError.Problem] {
  do {
    _ = try Model(name: "test", inputShape: input, layers: layers, facts: facts)
  } catch {
    return error.problems
  }
  Issue.record("the model was accepted")
  return []
}
