import RetinaFiles
import RetinaGraph

/// What a graph with branches is, for `retina info`.
struct GraphDescription {
  let graph: Graph
  /// Why it is not layers in a row.
  let reason: FileError

  private var parameterCount: Int { graph.constants.reduce(0) { $0 + $1.array.count } }

  /// For people.
  var text: String {
    var lines = ["\(graph.name): a graph with branches, opset \(graph.opset), \(parameterCount) parameters"]
    if !graph.producer.isEmpty { lines.append("made by \(graph.producer)") }
    for input in graph.inputs { lines.append("input  \(input.name): \(input.summary)") }
    for output in graph.outputs { lines.append("output \(output.name): \(output.summary)") }
    lines.append("\nnodes")
    for node in graph.nodes {
      lines.append("  \(pad(node.label, 24)) \(pad(node.operatorName, 20)) \(node.inputs.joined(separator: " "))")
    }
    lines.append("\nruns by definition (retina run); not layers in a row: \(reason)")
    return lines.joined(separator: "\n")
  }

  /// For machines.
  var json: JSON {
    func values(_ values: [GraphValue]) -> JSON {
      .array(values.map { ["name": .string($0.name), "type": .string($0.summary)] })
    }
    return [
      "name": .string(graph.name), "opset": .number(Double(graph.opset)), "producer": .string(graph.producer),
      "parameters": .number(Double(parameterCount)), "inputs": values(graph.inputs), "outputs": values(graph.outputs),
      "nodes": .array(
        graph.nodes.map { node in
          [
            "name": .string(node.label), "operator": .string(node.operatorName),
            "inputs": .array(node.inputs.map { .string($0) }), "outputs": .array(node.outputs.map { .string($0) }),
          ]
        }),
      "not_layers": .string("\(reason)"),
    ]
  }
}
