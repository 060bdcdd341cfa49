import RetinaEngine
import RetinaFiles

/// What an image is, for people and machines.
struct ImageDescription {
  private let program: FixedPointProgram
  private var image: FixedPointImage { program.image }

  init(_ program: FixedPointProgram) { self.program = program }

  var text: String {
    var lines = ["\(program.name): \(program.inputShape) -> \(program.outputShape(image.layerCount - 1)), in integers"]
    if let history = image.history {
      let rate = image.frameRate.map { " at \(decimal($0)) frames/s" } ?? ""
      lines.append(
        "time: the rate at frame t depends on frames t-\(image.lag + history - 1) ... t-\(image.lag)\(rate)")
    }
    lines.append(
      "memory: image \(bytes(image.count)), arena \(bytes(image.arenaBytes)), state \(bytes(image.stateBytes))")
    lines.append("cost: \(fixed(Double(image.multiplyAdds) / 1e6, 2)) million multiply-adds per frame")
    lines.append("input: \(quantization(image.input))")
    lines.append("\nlayers")
    for layer in 0..<image.layerCount {
      let names = program.names(layer).joined(separator: ", ")
      lines.append(
        "  \(pad(names.isEmpty ? "-" : names, 16)) \(pad(image.layer(layer).operation.kindName, 24)) "
          + "\(pad("\(program.outputShape(layer))", 14)) \(quantization(image.output(layer)))")
    }
    return lines.joined(separator: "\n")
  }

  private func quantization(_ quantization: FixedPointQuantization) -> String {
    "\(quantization.type.name), step \(quantization.scale), zero at \(quantization.zeroPoint)"
  }

  var json: JSON {
    [
      "name": .string(program.name), "input": extents(program.inputShape.dimensions),
      "output": extents(program.outputShape(image.layerCount - 1).dimensions), "lag": .number(Double(image.lag)),
      "frame_rate": image.frameRate.map { .number($0) } ?? .null, "bytes": .number(Double(image.count)),
      "arena_bytes": .number(Double(image.arenaBytes)), "state_bytes": .number(Double(image.stateBytes)),
      "multiply_adds_per_frame": .number(Double(image.multiplyAdds)), "input_values": json(image.input),
      "layers": .array(
        (0..<image.layerCount).map { layer in
          [
            "names": .array(program.names(layer).map { .string($0) }),
            "type": .string(image.layer(layer).operation.kindName),
            "output": extents(program.outputShape(layer).dimensions), "values": json(image.output(layer)),
          ]
        }),
    ]
  }

  private func json(_ quantization: FixedPointQuantization) -> JSON {
    [
      "type": .string(quantization.type.name), "step": .number(Double(quantization.scale)),
      "zero_point": .number(Double(quantization.zeroPoint)),
    ]
  }

  private func extents(_ dimensions: [Int]) -> JSON { .array(dimensions.map { .number(Double($0)) }) }
}

extension FixedPointLayer.Operation {
  /// What the layer is called in tables.
  var kindName: String {
    switch self {
    case .convolution(let geometry, let parameters):
      let window = geometry.window
      return "conv \(window.kernelHeight) x \(window.kernelWidth), \(parameters.weight.type.name)"
    case .maximumPool(let window, _): return "max pool \(window.kernelHeight) x \(window.kernelWidth)"
    case .averagePool(let window, _): return "average pool \(window.kernelHeight) x \(window.kernelWidth)"
    case .table: return "table"
    case .gather: return "readout"
    }
  }
}
