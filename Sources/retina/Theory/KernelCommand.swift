import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaReport
import RetinaTheory

#if canImport(Glibc)
  import Glibc
#endif

/// `retina theory kernel`: what a model's tangent kernel learns fast, beside infinitely wide networks.
enum KernelCommand: Command {
  static let name = "theory kernel"
  static let summary =
    "Compares the tangent kernel of a model with those of infinitely wide networks, on a cell's rates."
  static let operands = ["MODEL", "STIMULUS"]
  static let options = [
    CommandOption("--output", "DIR", "folder for kernels.csv, eigenvalues.csv, summary.json, .svg (needed)"),
    CommandOption("--cell", "N", "the cell, from 0 (default: 0)"),
    CommandOption("--samples", "M", "windows of each stimulus, evenly spaced (default: 50)"),
    CommandOption("--responses", "FILE", "an .npy of rates [window, cell] to learn (default: the model's own)"),
    CommandOption("--depth", "D", "hidden layers of the wide networks (default: 2)"),
    CommandOption("--pixels", "S", "stimuli for the convolutional kernel are averaged over S x S pixels (default: 5)"),
    CommandOption("--ridge", "R", "noise of kernel regression, a part of the mean diagonal (default: 0.001)"),
    .threads, .json,
  ]
  static let example =
    "retina theory kernel Models/salamander-whitenoise.safetensors Stimuli/natural.json --samples 20 --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let model = try ModelFile.read(arguments.operands[0])
    let cell = try arguments.integer("--cell", in: 0...model.cells - 1) ?? 0
    let depth = try arguments.integer("--depth", in: 1...100) ?? 2
    let pixels = try arguments.integer("--pixels", in: 1...1000) ?? 5
    let ridge = try arguments.number("--ridge", in: 0...1e6) ?? 1e-3
    let threads = try arguments.threads()
    let stimuli = try TheoryStimuli(arguments.operands[1], model, arguments)
    let inputs = stimuli.all
    let targets = try targets(arguments, stimuli, cell: cell, threads: threads)
    var output = try TheoryOutput(arguments)
    let progress = Progress("gradients", total: EmpiricalKernel.work(model, inputs: inputs.shape[0]))
    let tangent = try EmpiricalKernel.gram(model, inputs: inputs, cell: cell, threads: threads) { progress.advance($0) }
    progress.end()
    var kernels = [("tangent kernel of the model", tangent)]
    let plain = model.normalizedInputs(inputs)
    let wide = WideNetwork(MeanField(.relu, weightVariance: 2, biasVariance: 0), hiddenLayers: depth).grams(plain)
    kernels.append(("wide relu network, random (NNGP)", wide.process))
    kernels.append(("wide relu network, trained (NTK)", wide.tangent))
    if let images = model.images(plain, pooled: pixels) {
      let kernel = try ConvolutionalKernel(depth: depth + 1)
      kernels.append(("wide convolutional network (CNTK)", kernel.gram(images, threads: threads)))
    }
    var (table, spectrum) = (
      Table(["kernel", "alignment", "largest rate", "participation", "held-out correlation"]),
      Table(["kernel", "place", "eigenvalue"])
    )
    var (screes, curves) = ([LineFigure.Series](), [LineFigure.Series]())
    for (name, kernel) in kernels {
      let trajectory = try KernelTrajectory(kernel: kernel, targets: targets)
      let values = trajectory.eigenvalues
      let heldOut = try KernelRegression.heldOutCorrelation(kernel: kernel, targets: targets, ridge: ridge)
      table.append([
        .string(name), .number(trajectory.alignment), .number(trajectory.largestRate()),
        .number(PrincipalDimension.participationRatio(values.map { max(0, $0) })), heldOut.map { .number($0) } ?? .null,
      ])
      for (place, value) in values.enumerated() {
        spectrum.append([.string(name), .number(Double(place)), .number(value)])
      }
      let largest = max(values.first ?? 1, 1e-300)
      screes.append(
        LineFigure.Series(
          name: name, x: values.indices.map { log10(Double($0 + 1)) }, y: values.map { log10(max($0 / largest, 1e-12)) }
        ))
      let rate = trajectory.largestRate() / 2
      let times = (0...120).map { Double($0) / 20 }
      let first = max(trajectory.loss(at: 0), 1e-300)
      curves.append(
        LineFigure.Series(
          name: name, x: times, y: times.map { trajectory.loss(at: pow(10, $0) - 1, rate: rate) / first }))
    }
    output.add("stimuli", .number(Double(stimuli.count)))
    output.add("cell", .number(Double(cell)))
    output.add("targets", .string(arguments["--responses"] ?? "the model's own rates"))
    try output.add("kernels", table)
    try output.add("eigenvalues", spectrum)
    try output.draw(
      "eigenvalues",
      LineFigure(
        title: "Eigenvalues of the kernels", subtitle: "\(stimuli.count) stimuli, relative to the largest",
        horizontalLabel: "log10 place", verticalLabel: "log10 eigenvalue", series: screes))
    try output.draw(
      "training",
      LineFigure(
        title: "Predicted training of \(model.cellName(cell))",
        subtitle: "gradient descent at half the largest stable rate",
        horizontalLabel: "log10 (steps + 1)", verticalLabel: "loss over first", series: curves))
    try output.finish(arguments) {
      print("\(stimuli.count) stimuli, \(model.cellName(cell))")
      table.printOut()
      if !arguments.has("--responses") {
        print("note: the rates to learn are the model's own: its tangent kernel has an unfair lead; see --responses")
      }
    }
    return ExitCode.done
  }

  private static func targets(
    _ arguments: Arguments, _ stimuli: TheoryStimuli, cell: Int, threads: Int
  ) throws -> [Double] {
    let cells = stimuli.model.cells
    var rates = try stimuli.run([stimuli.model.layers.count - 1], threads: threads)[0]
    if let file = arguments["--responses"] {
      let tensor = try NPY.read(file)
      guard tensor.shape.rank == 2, tensor.shape[0] == stimuli.count, tensor.shape[1] == cells else {
        throw FileError(file: file, expected: "rates [\(stimuli.count), \(cells)]", found: "\(tensor.shape)")
      }
      if let place = tensor.firstNonFinite {
        throw StimulusSource.notFinite(tensor.values[place], at: place, file: file, place: "array")
      }
      rates = tensor.values
    }
    let values = (0..<stimuli.count).map { Double(rates[$0 * cells + cell]) }
    let mean = values.reduce(0, +) / Double(values.count)
    guard values.contains(where: { $0 != values[0] }) else {
      throw TheoryError("cell \(cell)", expected: "rates that vary", found: "the same rate for every stimulus")
    }
    return values.map { $0 - mean }
  }
}

extension Model {
  /// Inputs after normalisation, one row each.
  fileprivate func normalizedInputs(_ inputs: Tensor) -> Matrix {
    let program = Program(self)
    let values = (0..<inputs.shape[0]).flatMap { row in
      program.normalized(Array(inputs.values[row * inputShape.count..<(row + 1) * inputShape.count]))
    }
    return Matrix(rows: inputs.shape[0], columns: inputShape.count, values: values.map { Double($0) })
  }

  /// Inputs as images whose pixels are averaged over squares; nothing for models that do not see movies.
  fileprivate func images(_ inputs: Matrix, pooled size: Int) -> ConvolutionalKernel.Images? {
    guard inputShape.rank == 3, size <= min(inputShape[1], inputShape[2]) else { return nil }
    let (channels, height, width) = (inputShape[0], inputShape[1] / size, inputShape[2] / size)
    var values = [Double](repeating: 0, count: inputs.rows * channels * height * width)
    for row in 0..<inputs.rows {
      for channel in 0..<channels {
        for y in 0..<height * size {
          for x in 0..<width * size {
            values[((row * channels + channel) * height + y / size) * width + x / size] +=
              inputs[row, (channel * inputShape[1] + y) * inputShape[2] + x] / Double(size * size)
          }
        }
      }
    }
    return ConvolutionalKernel.Images(channels: channels, height: height, width: width, values: values)
  }

  fileprivate func cellName(_ cell: Int) -> String {
    cell < facts.cells.count ? facts.cells[cell].name : "cell \(cell)"
  }
}
