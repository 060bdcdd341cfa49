import RetinaEngine

/// Composes kernels of linear convolutions in a row with the kernels of matrix products: the fast form of ``StackComposition``.
///
/// One step composes the kernels behind with one kernel before them. Inputs stand last, filled up with zeros to a multiple of
/// eight, so that a row of a kernel is a row of a matrix. Every output of the composed kernel depends on that output of the last
/// kernel alone: threads share the outputs, and each goes through all steps by itself.
final class FastStack: @unchecked Sendable {
  private let levels: [Level]
  private let shapes: [WeightForm.KernelShape]
  private let composedShape: WeightForm.KernelShape
  private let kernels: KernelTable
  /// The last kernel and what it is composed to, level after level, and gradients of the same.
  private let tails, tailGradients: [AlignedFloats]
  /// Gradients of all kernels, per thread.
  private let threadGradients: [AlignedFloats]

  /// One kernel before a tail that is composed already.
  private struct Level {
    /// The index of the kernel in the stack, and its shape.
    let index: Int
    let first: WeightForm.KernelShape
    /// Shape of the tail, and of both together.
    let tail, composed: WeightForm.KernelShape
    /// Zero columns on either side of a tail's rows.
    let margin: Int
    /// Columns of the composed kernel's memory that come before the first one.
    let nextMargin: Int
    /// `[row, column from the last to the first, middle, input]` and `[middle, row, column, input]`.
    let reversed, plain: AlignedFloats
    /// Where the gradient of the kernel begins among those of all kernels, in the order of `plain`.
    let gradientStart: Int

    /// Channels in memory.
    var middle: Int { padded(first.outputs) }
    var inputs: Int { padded(first.inputs) }
    /// Floats of a row of the tail and of the composed kernel.
    var tailPitch: Int { (tail.width + 2 * margin) * middle }
    var composedPitch: Int { (composed.width + 2 * nextMargin) * inputs }
    var kernelFloats: Int { first.outputs * first.height * first.width * inputs }
  }

  init(_ shapes: [WeightForm.KernelShape], kernels: KernelTable, threads: Int) {
    self.shapes = shapes
    self.kernels = kernels
    var levels: [Level] = []
    var tail = shapes[shapes.count - 1]
    var gradientStart = 0
    for index in shapes.indices.dropLast().reversed() {
      let (first, composed) = (shapes[index], shapes[index].followed(by: tail))
      let count = first.outputs * first.height * first.width * padded(first.inputs)
      levels.append(
        Level(
          index: index, first: first, tail: tail, composed: composed, margin: first.width - 1,
          nextMargin: index > 0 ? shapes[index - 1].width - 1 : 0,
          reversed: AlignedFloats(first.height * first.width * padded(first.outputs) * padded(first.inputs)),
          plain: AlignedFloats(count), gradientStart: gradientStart))
      gradientStart += count
      tail = composed
    }
    self.levels = levels
    composedShape = tail
    let margins = levels.map { $0.margin } + [0]
    let tailShapes = levels.map { $0.tail } + [tail]
    tails = zip(tailShapes, margins).map { shape, margin in
      AlignedFloats(shape.outputs * shape.height * (shape.width + 2 * margin) * padded(shape.inputs))
    }
    tailGradients = tailShapes.map { AlignedFloats($0.outputs * $0.height * $0.width * padded($0.inputs)) }
    threadGradients = (0..<threads).map { _ in AlignedFloats(gradientStart) }
  }

  // MARK: - Forwards

  /// The kernel `[out, in, height, width]` of the single convolution.
  func compose(_ parameters: [Float], into weights: inout [Float]) {
    var start = parameters.count
    for index in shapes.indices.reversed() {
      start -= shapes[index].count
      parameters.withUnsafeBufferPointer { read(index, $0.baseAddress! + start) }
    }
    weights.withUnsafeMutableBufferPointer { buffer in
      let target = SendableFloats(buffer.baseAddress!)
      Parallel.split(composedShape.outputs, threads: threadGradients.count) { outputs in
        for output in outputs {
          for (place, level) in levels.enumerated() { compose(level, output, tails[place].base, tails[place + 1].base) }
          reorder(output, tails[levels.count].base, target.base)
        }
      }
    }
  }

  /// Brings a kernel `[out, in, height, width]` into the orders that the products read.
  private func read(_ index: Int, _ source: UnsafePointer<Float>) {
    let shape = shapes[index]
    guard let level = levels.first(where: { $0.index == index }) else {
      let margin = levels.first?.margin ?? 0
      let inputs = padded(shape.inputs)
      forEachTap(shape) { output, input, row, column, place in
        tails[0].base[((output * shape.height + row) * (shape.width + 2 * margin) + margin + column) * inputs + input] =
          source[place]
      }
      return
    }
    forEachTap(shape) { output, input, row, column, place in
      level.plain.base[((output * shape.height + row) * shape.width + column) * level.inputs + input] = source[place]
      let back = shape.width - 1 - column
      level.reversed.base[((row * shape.width + back) * level.middle + output) * level.inputs + input] = source[place]
    }
  }

  private func compose(
    _ level: Level, _ output: Int, _ tail: UnsafePointer<Float>, _ composed: UnsafeMutablePointer<Float>
  ) {
    let target = composed + output * level.composed.height * level.composedPitch
    target.update(repeating: 0, count: level.composed.height * level.composedPitch)
    for row in 0..<level.tail.height {
      for y in 0..<level.first.height {
        kernels.addMatrixProduct(
          level.composed.width, level.inputs, level.first.width * level.middle,
          tail + (output * level.tail.height + row) * level.tailPitch, level.middle, 1,
          level.reversed.base + y * level.first.width * level.middle * level.inputs, level.inputs,
          target + (row + y) * level.composedPitch + level.nextMargin * level.inputs, level.inputs)
      }
    }
  }

  /// Brings one output of the composed kernel into the order of weights.
  private func reorder(_ output: Int, _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
    let (count, positions, inputs) = (
      composedShape.inputs, composedShape.height * composedShape.width, padded(composedShape.inputs)
    )
    for position in 0..<positions {
      let from = source + (output * positions + position) * inputs
      for input in 0..<count { target[(output * count + input) * positions + position] = from[input] }
    }
  }

  // MARK: - Backwards

  /// Adds the gradients of the kernels, from that of the single convolution; after ``compose(_:into:)`` with the same parameters.
  func addGradient(_ weightGradient: [Float], into gradient: inout ArraySlice<Float>) {
    weightGradient.withUnsafeBufferPointer { buffer in
      let source = SendableFloats(UnsafeMutablePointer(mutating: buffer.baseAddress!))
      Parallel.split(threadGradients.count, threads: threadGradients.count) { parts in
        for thread in parts {
          threadGradients[thread].clear()
          let (outputs, threads) = (composedShape.outputs, threadGradients.count)
          for output in thread * outputs / threads..<(thread + 1) * outputs / threads {
            gather(output, source.base, tailGradients[levels.count].base)
            for place in levels.indices.reversed() { addGradient(place, output, threadGradients[thread].base) }
          }
        }
      }
    }
    let sums = threadGradients[0]
    sums.add(Array(threadGradients.dropFirst()), threads: 1)
    var start = gradient.startIndex
    for (index, shape) in shapes.enumerated() {
      let level = levels.first { $0.index == index }
      let source = level.map { sums.base + $0.gradientStart } ?? tailGradients[0].base
      let inputs = padded(shape.inputs)
      forEachTap(shape) { output, input, row, column, place in
        gradient[start + place] += source[((output * shape.height + row) * shape.width + column) * inputs + input]
      }
      start += shape.count
    }
  }

  /// Brings one output of a gradient `[out, in, height, width]` into the order of tails.
  private func gather(_ output: Int, _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
    let (count, positions, inputs) = (
      composedShape.inputs, composedShape.height * composedShape.width, padded(composedShape.inputs)
    )
    for position in 0..<positions {
      let to = target + (output * positions + position) * inputs
      for input in 0..<count { to[input] = source[(output * count + input) * positions + position] }
    }
  }

  /// What one output of the composed kernel says about the kernel before and about the tail.
  private func addGradient(_ place: Int, _ output: Int, _ kernelGradients: UnsafeMutablePointer<Float>) {
    let level = levels[place]
    let (first, tailShape, inputs, middle) = (level.first, level.tail, level.inputs, level.middle)
    let tail = tails[place].base + output * tailShape.height * level.tailPitch + level.margin * middle
    let tailGradient = tailGradients[place].base + output * tailShape.height * tailShape.width * middle
    let composed = tailGradients[place + 1].base + output * level.composed.height * level.composed.width * inputs
    tailGradient.update(repeating: 0, count: tailShape.height * tailShape.width * middle)
    let kernelRow = first.width * inputs
    for row in 0..<tailShape.height {
      for y in 0..<first.height {
        let line = composed + (row + y) * level.composed.width * inputs
        kernels.addMatrixProductTransposed(
          tailShape.width, first.outputs, kernelRow, line, inputs, level.plain.base + y * kernelRow,
          first.height * kernelRow, tailGradient + row * tailShape.width * middle, middle)
        for x in 0..<first.width {
          kernels.addMatrixProduct(
            first.outputs, inputs, tailShape.width, tail + row * level.tailPitch, 1, middle, line + x * inputs, inputs,
            kernelGradients + level.gradientStart + y * kernelRow + x * inputs, first.height * kernelRow)
        }
      }
    }
  }

  @inline(__always)
  private func forEachTap(
    _ shape: WeightForm.KernelShape,
    _ body: (_ output: Int, _ input: Int, _ row: Int, _ column: Int, _ place: Int) -> Void
  ) {
    var place = 0
    for output in 0..<shape.outputs {
      for input in 0..<shape.inputs {
        for row in 0..<shape.height {
          for column in 0..<shape.width {
            body(output, input, row, column, place)
            place += 1
          }
        }
      }
    }
  }
}

/// Filled up to a multiple of eight.
private func padded(_ count: Int) -> Int { (count + 7) / 8 * 8 }
