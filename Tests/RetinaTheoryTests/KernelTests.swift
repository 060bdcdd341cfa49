import RetinaEngine
import RetinaModel
import RetinaStimuli
import RetinaTheory
import Testing

@Suite struct KernelTests {
  @Test(arguments: [Nonlinearity.erf, .gelu, .exp, .linear])
  func `closed forms are what quadrature finds`(_ function: Nonlinearity) {
    for (q11, q22, q12) in [(1.0, 1.0, 0.5), (0.4, 1.3, -0.6), (2, 0.5, 0.9), (1, 1, 1)] {
      let found = DualActivation(function, q11, q22, q12)
      let value = GaussianMean.product(q11, q22, q12, function.value, function.value)
      let slopes = GaussianMean.product(q11, q22, q12, function.slope, function.slope)
      #expect((found.value - value).magnitude < 1e-9 * max(1, value.magnitude), "\(q11) \(q22) \(q12)")
      #expect((found.slopes - slopes).magnitude < 1e-9 * max(1, slopes.magnitude), "\(q11) \(q22) \(q12)")
    }
  }

  /// Means for variances 1.7 and 0.6 and covariance -0.4, by nested quadrature with 18 digits in mpmath.
  @Test(arguments: [
    (Nonlinearity.softplus, 0.57125213475028, 0.2333720488631298), (.tanh, -0.1430430391579403, 0.364363842849587),
    (.sigmoid, 0.2333720488631298, 0.04176297974141542), (.erf, -0.1655535433155192, 0.4234731733776171),
    (.gelu, -0.008136357829121591, 0.1806068863303901), (.exp, 2.117000016612675, 2.117000016612675),
  ])
  func `means of two units are those of mpmath`(_ function: Nonlinearity, _ value: Double, _ slopes: Double) {
    let found = DualActivation(function, 1.7, 0.6, -0.4)
    #expect((found.value - value).magnitude < 1e-11)
    #expect((found.slopes - slopes).magnitude < 1e-11)
  }

  @Test(arguments: Nonlinearity.allCases) func `derivatives are those of the function`(_ function: Nonlinearity) {
    for x in [-2.3, -0.4, 0.7, 1.9] {
      let step = 1e-5
      let slope = (function.value(x + step) - function.value(x - step)) / (2 * step)
      let curvature = (function.slope(x + step) - function.slope(x - step)) / (2 * step)
      #expect((function.slope(x) - slope).magnitude < 1e-8, "\(x)")
      #expect((function.curvature(x) - curvature).magnitude < 1e-8, "\(x)")
    }
  }

  @Test func `relu without input has no angle`() {
    #expect(DualActivation(.relu, 0, 1, 0) == DualActivation(.relu, 1, 0, 0))
    #expect(DualActivation(.relu, 0, 0, 0).value == 0)
  }

  @Test func `a wide network trains as its kernel says`() throws {
    var generator = SeededGenerator(seed: 51)
    let (width, samples) = (1200, 5)
    func normal(_ rows: Int, _ columns: Int, _ deviation: Double) -> Matrix {
      Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in deviation * generator.normal() })
    }
    let inputs = normal(samples, 4, 1)
    let targets = (0..<samples).map { _ in generator.normal() }
    var network = DenseNetwork(
      layers: [
        .init(weight: normal(width, 4, 0.5), nonlinearity: .tanh),
        .init(weight: normal(1, width, 1 / Double(width).squareRoot()), nonlinearity: .linear),
      ])
    let new = normal(1, 4, 1)
    let all = Matrix(rows: samples + 1, columns: 4, values: inputs.values + new.values)
    let kernel = network.tangentKernel(all)
    let inner = Matrix((0..<samples).map { Array(kernel.row($0)[..<samples]) })
    let start = network.run(all).output.column(0)
    let trajectory = try KernelTrajectory(kernel: inner, targets: targets, start: Array(start[..<samples]))
    let rate = 0.05 * trajectory.largestRate()
    for step in 1...60 {
      let trace = network.run(inputs)
      let errors = Matrix(
        rows: samples, columns: 1, values: zip(trace.output.values, targets).map { ($0 - $1) / Double(samples) })
      network.descend(network.gradient(trace, errors), rate: rate)
      guard step % 20 == 0 else { continue }
      let found = network.run(all).output.column(0)
      let wanted = trajectory.trained(at: Double(step), rate: rate)
      for place in 0..<samples { #expect((found[place] - wanted[place]).magnitude < 0.06, "step \(step), seed 51") }
      let tested = trajectory.tested(
        Array(kernel.row(samples)[..<samples]), at: Double(step), rate: rate, start: start[samples])
      #expect((found[samples] - tested).magnitude < 0.1, "step \(step), seed 51")
    }
    #expect(trajectory.loss(at: .infinity) < 1e-12 * trajectory.loss(at: 0))
    #expect((0...1).contains(trajectory.alignment))
  }

  @Test func `the kernel of a wide random network is the infinite one's`() throws {
    var generator = SeededGenerator(seed: 52)
    let (width, field) = (3000, MeanField(.relu, weightVariance: 2, biasVariance: 0))
    func normal(_ rows: Int, _ columns: Int, _ deviation: Double) -> Matrix {
      Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in deviation * generator.normal() })
    }
    let inputs = normal(3, 5, 1)
    let network = DenseNetwork(
      layers: [
        .init(weight: normal(width, 5, 1), nonlinearity: .relu),
        .init(weight: normal(1, width, 1), nonlinearity: .linear),
      ])
    // In the tangent parameterisation weights of variance 1 are multiplied by sqrt(w / inputs).
    let (first, second) = ((2.0 / 5).squareRoot(), (2.0 / Double(width)).squareRoot())
    var scaled = network
    scaled.layers[0].weight = first * network.layers[0].weight
    scaled.layers[1].weight = second * network.layers[1].weight
    let trace = scaled.run(inputs)
    let slopes = scaled.driveGradients(trace, Matrix(rows: 3, columns: 1, repeating: 1))
    var kernel = Matrix(rows: 3, columns: 3)
    for (place, scale) in [first, second].enumerated() {
      let (left, right) = (slopes[place].gram, trace.values[place].gram)
      for index in kernel.values.indices {
        kernel.values[index] += scale * scale * left.values[index] * right.values[index]
      }
    }
    let wanted = WideNetwork(field, hiddenLayers: 1).grams(inputs).tangent
    for (value, number) in zip(kernel.values, wanted.values) {
      #expect((value - number).magnitude < 0.08 * wanted.diagonal.max()!, "seed 52")
    }
  }

  @Test func `the average over positions and the trace agree for images of one pixel`() throws {
    let images = ConvolutionalKernel.Images(channels: 3, height: 1, width: 1, values: [1, 2, -1, 0.5, 1, 2])
    let flat = try ConvolutionalKernel(depth: 4, readout: .flatten, fixesEnds: false).gram(images)
    let average = try ConvolutionalKernel(depth: 4, readout: .average, fixesEnds: false).gram(images, threads: 2)
    for (left, right) in zip(flat.values, average.values) { #expect((left - right).magnitude < 1e-14 * flat[0, 0]) }
    #expect(throws: TheoryError.self) { try ConvolutionalKernel(depth: 3, kernelSize: 4) }
  }

  /// The kernel of a small model of every kind of layer, from differences of outputs as parameters move.
  @Test func `the kernel of a model is what moving its parameters shows`() throws {
    var generator = SeededGenerator(seed: 53)
    func tensor(_ shape: Shape, _ deviation: Double) -> Tensor {
      var tensor = Tensor(repeating: 0, shape: shape)
      for place in tensor.values.indices { tensor.values[place] = Float(deviation * generator.normal()) }
      return tensor
    }
    let stack = ConvolutionStack(
      weights: [tensor(Shape(2, 2, 2, 2), 0.5), tensor(Shape(3, 2, 2, 2), 0.5)], bias: [0.1, 0.2, -0.1])
    let convolution = Convolution(
      weight: tensor(Shape(2, 3, 2, 2), 0.4), bias: [0.3, 0], stride: Spatial(1, 2), padding: Spatial(1, 1))
    let normalization = BatchNormalization(
      axis: .channel, scale: [1, 0.8, 1.2], shift: [0, 0.1, 0.2], mean: [0.1, 0, 0], variance: [0.5, 1, 2])
    let dense = Dense(weight: tensor(Shape(2, 16), 0.4), bias: [0, 0.1])
    func model(_ parameters: [Float]) throws -> Model {
      var rest = parameters[...]
      func take(_ count: Int) -> [Float] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
      }
      var (stack, convolution, normalization, dense) = (stack, convolution, normalization, dense)
      for place in stack.weights.indices { stack.weights[place].values = take(stack.weights[place].values.count) }
      stack.bias = take(3)
      normalization.scale = take(3)
      normalization.shift = take(3)
      convolution.weight.values = take(24)
      convolution.bias = take(2)
      dense.weight.values = take(32)
      dense.bias = take(2)
      return try Model(
        name: "small", inputShape: Shape(2, 5, 5),
        layers: [
          Layer("stack", .convolutionStack(stack)), Layer("bn", .batchNormalization(normalization)),
          Layer("tanh", .activation(.tanh)), Layer("conv", .convolution(convolution)), Layer("flatten", .flatten),
          Layer("dense", .dense(dense)), Layer("rate", .activation(.softplus)),
        ])
    }
    let start =
      stack.weights.flatMap { $0.values } + stack.bias! + normalization.scale + normalization.shift
      + convolution.weight.values + convolution.bias! + dense.weight.values + dense.bias!
    let inputs = tensor(Shape(3, 2, 5, 5), 1)
    let base = try model(start)
    #expect(base.shapes[3].count == 16)
    let kernel = try EmpiricalKernel.gram(base, inputs: inputs, cell: 1, threads: 2)
    func outputs(_ parameters: [Float]) throws -> [Double] {
      let model = try model(parameters)
      let values = Program(model).run(inputs, of: model, layers: [6], threads: 1).tensors[0].values
      return (0..<3).map { Double(values[2 * $0 + 1]) }
    }
    var wanted = Matrix(rows: 3, columns: 3)
    for place in start.indices {
      var (up, down) = (start, start)
      up[place] += 0.01
      down[place] -= 0.01
      let slopes = zip(try outputs(up), try outputs(down)).map { ($0 - $1) / 0.02 }
      for row in 0..<3 {
        for column in 0..<3 { wanted[row, column] += slopes[row] * slopes[column] }
      }
    }
    for (value, number) in zip(kernel.values, wanted.values) {
      #expect((value - number).magnitude < 2e-3 * wanted.diagonal.max()!, "\(value) \(number), seed 53")
    }
    #expect(throws: TheoryError.self) { try EmpiricalKernel.gram(base, inputs: inputs, cell: 2) }
  }

  @Test func `a flow on the squared error is the trajectory, and on counts it ends at their logarithms`() throws {
    let kernel = Matrix([[2, 0.5, 0.1], [0.5, 1.5, 0.3], [0.1, 0.3, 1]])
    let targets = [1.0, -1, 0.5]
    let wanted = try KernelTrajectory(kernel: kernel, targets: targets).trained(at: 4, rate: 0.5)
    let found = KernelFlow.outputs(kernel: kernel, start: [0, 0, 0], time: 2, steps: 50) { outputs in
      zip(outputs, targets).map { ($0 - $1) / 3 }
    }
    for (value, number) in zip(found, wanted) { #expect((value - number).magnitude < 1e-8) }
    let counts = [2.0, 1, 0.5]
    let ended = KernelFlow.outputs(kernel: kernel, start: [0, 0, 0], time: 300, steps: 3000) {
      KernelFlow.poissonGradient($0, counts: counts)
    }
    for (value, count) in zip(ended, counts) { #expect((Nonlinearity.exp.value(value) - count).magnitude < 1e-9) }
  }

  @Test func `a process of independent inputs shrinks its data by the noise`() throws {
    let found = try KernelRegression(kernel: .identity(2), targets: [3, -2], noiseVariance: 0.5)
    #expect((found.predict([1, 0]) - 2).magnitude < 1e-12 && found.predict([0, 0]) == 0)
    #expect((found.variance([1, 0], own: 1) - 1.0 / 3).magnitude < 1e-12)
    #expect(throws: TheoryError.self) {
      try KernelRegression(kernel: Matrix([[1, 1], [1, 1]]), targets: [1, 2], noiseVariance: 0)
    }
  }

  @Test func `kernel regression passes through its data and is sure there`() throws {
    let inputs = Matrix([[0.0], [1], [2.5]])
    func kernel(_ x: Double, _ y: Double) -> Double { 1 + x * y + x * x * y * y }
    let gram = Matrix((0..<3).map { row in (0..<3).map { kernel(inputs[row, 0], inputs[$0, 0]) } })
    let found = try KernelRegression(kernel: gram, targets: [1, -2, 4], ridge: 1e-12)
    for (place, target) in [1.0, -2, 4].enumerated() {
      #expect((found.predict(gram.row(place)) - target).magnitude < 1e-6)
      #expect(found.variance(gram.row(place), own: gram[place, place]) < 1e-6)
    }
    #expect(found.variance(inputs.values.map { kernel($0, 9) }, own: kernel(9, 9) + 1) > 0.5)
    #expect(throws: TheoryError.self) {
      try KernelRegression(kernel: Matrix([[1, 1], [1, 1]]), targets: [1, 2], ridge: 0)
    }
  }
}
