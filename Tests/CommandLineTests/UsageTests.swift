import Foundation
import Testing

let commandNames = ["info", "run", "probe", "stimulus", "verify", "bench", "convert"]

@Suite struct UsageTests {
  @Test func helpNamesEveryCommand() async throws {
    let bench = try Bench()
    for words in [["--help"], ["-h"], ["help"]] {
      let outcome = try await Tool.run(words, in: bench.folder)
      #expect(outcome.code == 0)
      for name in commandNames { #expect(outcome.output.contains("\n  \(name) ")) }
    }
    #expect(try await bench.run("--version").hasPrefix("retina "))
  }

  @Test(arguments: commandNames) func helpOfACommand(_ name: String) async throws {
    let bench = try Bench()
    let help = try await bench.run(name, "--help")
    #expect(help.contains("USAGE: retina \(name) "))
    #expect(help.contains("--json"))
    #expect(try await bench.run("help", name) == help)
    #expect(try await bench.run(name, "-h") == help)
  }

  /// The example of each command works, here with the small model and its stimuli.
  @Test(arguments: commandNames) func exampleWorks(_ name: String) async throws {
    let bench = try Bench()
    let help = try await bench.run(name, "--help")
    let line = try #require(help.split(separator: "\n").first { $0.hasPrefix("EXAMPLE: retina ") })
    let words = line.split(separator: " ").dropFirst(2).map { word in
      if word.hasPrefix("Models/") { return "model.safetensors" }
      return word.hasPrefix("Stimuli/") ? "set.json" : String(word)
    }
    #expect(words.first == name)
    let outcome = try await Tool.run(words, in: bench.folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(!outcome.output.isEmpty)
  }

  @Test func wordsThatAreWrong() async throws {
    let bench = try Bench()
    let (model, movie) = ("model.safetensors", "movie.npy")
    try await bench.fails([], 64, "expected a command: info, run, probe", "'retina --help'")
    try await bench.fails(["inof"], 64, "found 'inof'", "did you mean 'info'?")
    try await bench.fails(["zebra"], 64, "found 'zebra'")
    try await bench.fails(["info"], 64, "expected MODEL|RECORDING, found nothing", "'retina info --help'")
    try await bench.fails(["info", ""], 64, "expected MODEL|RECORDING, found ''")
    try await bench.fails(["info", model, "more"], 64, "expected MODEL|RECORDING, found 'model.safetensors' 'more'")
    try await bench.fails(["run", model], 64, "expected MODEL STIMULUS, found 'model.safetensors'")
    try await bench.fails(["info", model, "--plann"], 64, "no option '--plann'", "did you mean '--plan'?")
    try await bench.fails(["info", model, "-x"], 64, "no option '-x'")
    try await bench.fails(["info", model, "--json=1"], 64, "--json takes no value")
    try await bench.fails(["info", "--", "-x.safetensors"], 66, "-x.safetensors: expected an existing file")
    for command in ["run", "probe"] {
      try await bench.fails([command, model, movie], 64, "--output PATH is needed")
      try await bench.fails([command, model, movie, "--output"], 64, "--output needs a value")
      try await bench.fails([command, model, movie, "--output="], 64, "--output needs a value")
      try await bench.fails([command, model, "--output", "--json", movie], 64, "--output needs a value")
      try await bench.fails([command, model, movie, "--output", "x", "--threads", "0"], 64, "from 1 to 256, found '0'")
      try await bench.fails(
        [command, model, movie, "--output", "x", "--layer", "rleu1"], 64, "--layer: expected one of the model's layers",
        "conv1, relu1", "did you mean 'relu1'?")
      try await bench.fails(
        [command, model, movie, "--output", "x", "--layer", "relu1", "--layer", "relu1"], 64, "'relu1' twice")
    }
    try await bench.fails(["stimulus", "flash"], 64, "--output PATH is needed")
    try await bench.fails(
      ["verify", model, "--algorithm", "fast"], 64, "auto, direct, spectral, low-rank, found 'fast'")
    try await bench.fails(["run", model, movie, "--output", "x", "--precision", "int4"], 64, "float32, int16, int8")
    try await bench.fails(
      ["bench", model, "--frames", "99999999999999999999"], 64, "--frames: expected a whole number")
    try await bench.fails(["bench", model, "--block", "0"], 64, "--block: expected a whole number from 1 to 64")
    try await bench.fails(["bench", model, "--probe", "--cell", "3"], 64, "--cell: expected a whole number", "to 2")
    try await bench.fails(["bench", model, "--probe", "--frames", "3"], 64, "bench --probe does not use --frames")
    try await bench.fails(["bench", model, "--cell", "1"], 64, "bench does not use --cell: leave it out")
    try await bench.fails(["bench", model, "--threads", "2", "--frames", "3"], 64, "at least 4 frames", "found '3'")
  }

  @Test func probeWordsThatAreWrong() async throws {
    let bench = try Bench()
    func fails(_ words: [String], _ text: String, _ other: String? = nil) async throws {
      let start = ["probe", "model.safetensors", "movie.npy", "--output", "x"]
      try await bench.fails(start + words, 64, text, other ?? text)
    }
    try await fails(["--cell", "3"], "--cell: expected a cell from 0 to 2", "found '3'")
    try await fails(["--cell", "-1"], "found '-1'")
    try await fails(["--cell", "0+9"], "found '0+9'")
    try await fails(["--cell", "99999999999999999999"], "--cell: expected")
    try await fails(["--method", "conductanc"], "found 'conductanc'", "did you mean 'conductance'?")
    try await fails(["--at", "middle"], "output, input, found 'middle'")
    try await fails(["--steps", "0"], "exact, auto or a number", "found '0'")
    try await fails(["--steps", "1", "--rule", "riemann_trapezoid"], "from 2")
    try await fails(["--rule", "simpson"], "riemann_left", "found 'simpson'")
    try await fails(["--reduce", "space"], "channel, none, found 'space'")
    try await fails(["--baseline", "zro"], "zero, mean, a finite number or an .npy file", "did you mean 'zero'?")
    try await fails(["--baseline", "nan"], "a finite number")
    try await fails(["--max-residual", "-1"], "at least 0, found '-1'")
    try await fails(["--method", "neuron-gradient"], "neuron-gradient needs --layer NAME and --neuron I,J,K")
    try await fails(["--method", "neuron-gradient", "--layer", "relu1"], "--neuron I,J,K is needed")
    try await fails(
      ["--method", "neuron-gradient", "--layer", "relu1", "--neuron", "0,0,6"], "inside [3, 6, 6]", "found '0,0,6'")
    try await fails(["--method", "neuron-gradient", "--layer", "relu1", "--neuron", "0,0"], "expected 3 numbers")
    try await fails(
      ["--method", "integrated-gradients", "--layer", "relu1"], "leave --layer out", "'layer-integrated-gradients'")
    try await fails(["--neuron", "0,0,0"], "conductance does not use --neuron")
    try await fails(["--method", "occlusion"], "occlusion needs --window, 3 numbers")
    try await fails(["--method", "occlusion", "--window", "0,1,1"], "3 numbers of at least 1")
    try await fails(["--method", "activation-patching"], "needs --corrupt")
    try await fails(["--corrupt", "zero"], "conductance does not use --corrupt")
    try await fails(["--split", "--reduce", "none"], "leave '--reduce none' out")
  }
}
