/// The composition of linear convolutions in a row to a single one.
///
/// Composed from the last to the first: the kernels between have few channels, and the many inputs of the first enter once.
struct StackComposition {
  private let shapes: [WeightForm.KernelShape]
  private let starts: [Int]

  init(_ shapes: [WeightForm.KernelShape]) {
    self.shapes = shapes
    var place = 0
    starts = shapes.map { shape in
      defer { place += shape.count }
      return place
    }
  }

  /// The kernel `[out, in, height, width]` of the single convolution.
  func composed<Scalar: TrainingScalar>(_ parameters: [Scalar]) -> [Scalar] {
    let tails = tails(parameters)
    return reordered(tails[tails.count - 1], composedShapes[tails.count - 1], toInputsLast: false)
  }

  /// Adds the gradients of the kernels, from that of the single convolution.
  func addGradient<Scalar: TrainingScalar>(
    _ parameters: [Scalar], _ weightGradient: [Scalar], into gradient: inout ArraySlice<Scalar>
  ) {
    let tails = tails(parameters)
    var current = reordered(weightGradient, composedShapes[shapes.count - 1], toInputsLast: true)
    for index in shapes.indices.dropLast() {
      let tail = shapes.count - 2 - index
      let first = kernel(parameters, index)
      var firstGradient = [Scalar](repeating: 0, count: first.count)
      var tailGradient = [Scalar](repeating: 0, count: tails[tail].count)
      forEachRow(first: shapes[index], second: composedShapes[tail], composed: composedShapes[tail + 1]) { row in
        let factor = tails[tail][row.second]
        current.withUnsafeBufferPointer { current in
          first.withUnsafeBufferPointer { first in
            firstGradient.withUnsafeMutableBufferPointer { firstGradient in
              // Four sums, which need not wait for one another.
              var (sum, sum1, sum2, sum3) = (Scalar(0), Scalar(0), Scalar(0), Scalar(0))
              var step = 0
              while step &+ 4 <= row.count {
                let (from, to) = (row.composed &+ step, row.first &+ step)
                sum += current[from] * first[to]
                sum1 += current[from &+ 1] * first[to &+ 1]
                sum2 += current[from &+ 2] * first[to &+ 2]
                sum3 += current[from &+ 3] * first[to &+ 3]
                step &+= 4
              }
              while step < row.count {
                sum += current[row.composed &+ step] * first[row.first &+ step]
                step &+= 1
              }
              for step in 0..<row.count { firstGradient[row.first &+ step] += factor * current[row.composed &+ step] }
              tailGradient[row.second] += (sum + sum1) + (sum2 + sum3)
            }
          }
        }
      }
      add(firstGradient, index, to: &gradient)
      current = tailGradient
    }
    add(current, shapes.count - 1, to: &gradient)
  }

  /// Shapes of the compositions of the last kernels: of one, of two, and so on.
  private var composedShapes: [WeightForm.KernelShape] {
    var list = [shapes[shapes.count - 1]]
    for shape in shapes.dropLast().reversed() { list.append(shape.followed(by: list[list.count - 1])) }
    return list
  }

  /// The compositions of the last kernels, inputs last: of one, of two, and so on.
  private func tails<Scalar: TrainingScalar>(_ parameters: [Scalar]) -> [[Scalar]] {
    var tails = [kernel(parameters, shapes.count - 1)]
    for (tail, index) in shapes.indices.dropLast().reversed().enumerated() {
      var result = [Scalar](repeating: 0, count: composedShapes[tail + 1].count)
      let first = kernel(parameters, index)
      forEachRow(first: shapes[index], second: composedShapes[tail], composed: composedShapes[tail + 1]) { row in
        let factor = tails[tail][row.second]
        result.withUnsafeMutableBufferPointer { result in
          first.withUnsafeBufferPointer { first in
            for step in 0..<row.count { result[row.composed &+ step] += factor * first[row.first &+ step] }
          }
        }
      }
      tails.append(result)
    }
    return tails
  }

  /// A kernel with its inputs last, `[out, height, width, in]`: long runs of neighbours for the innermost loops.
  private func kernel<Scalar>(_ parameters: [Scalar], _ index: Int) -> [Scalar] {
    reordered(
      Array(parameters[starts[index]..<starts[index] + shapes[index].count]), shapes[index], toInputsLast: true)
  }

  private func add<Scalar: TrainingScalar>(_ values: [Scalar], _ index: Int, to gradient: inout ArraySlice<Scalar>) {
    let values = reordered(values, shapes[index], toInputsLast: false)
    let start = gradient.startIndex + starts[index]
    for step in values.indices { gradient[start + step] += values[step] }
  }

  private func reordered<Scalar>(
    _ values: [Scalar], _ shape: WeightForm.KernelShape, toInputsLast: Bool
  ) -> [Scalar] {
    let positions = shape.height * shape.width
    var result = values
    for output in 0..<shape.outputs {
      for input in 0..<shape.inputs {
        for position in 0..<positions {
          let (first, last) = (
            (output * shape.inputs + input) * positions + position,
            (output * positions + position) * shape.inputs + input
          )
          if toInputsLast { result[last] = values[first] } else { result[first] = values[last] }
        }
      }
    }
    return result
  }

  /// A row of the first kernel, the value of the second that multiplies it, and where the product goes.
  private struct Row {
    var first, second, composed, count: Int
  }

  @inline(__always)
  private func forEachRow(
    first: WeightForm.KernelShape, second: WeightForm.KernelShape, composed: WeightForm.KernelShape,
    _ body: (Row) -> Void
  ) {
    for output in 0..<second.outputs {
      for row in 0..<second.height {
        for column in 0..<second.width {
          for middle in 0..<second.inputs {
            let value = ((output * second.height + row) * second.width + column) * second.inputs + middle
            for y in 0..<first.height {
              body(
                Row(
                  first: (middle * first.height + y) * first.width * first.inputs, second: value,
                  composed: ((output * composed.height + y + row) * composed.width + column) * first.inputs,
                  count: first.width * first.inputs))
            }
          }
        }
      }
    }
  }
}
