import RetinaEngine
import RetinaFiles

/// What `retina calibrate` measured for one processor level of this machine, kept in the user's cache folder.
struct CalibrationFile {
  let level: ProcessorLevel
  /// The file; it is named after the machine, so that machines may share a folder.
  let path: String
  /// The machine class: level and model of the processor.
  let name: String

  init(_ level: ProcessorLevel) throws {
    self.level = level
    let processor = CalibrationFile.processor
    name = "measured on \(processor), \(level.name)"
    let folder = environment("XDG_CACHE_HOME") ?? environment("HOME").map { $0 + "/.cache" } ?? ".cache"
    let safe = processor.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    path = "\(folder)/retinakit/\(String(safe))-\(level.name).json"
  }

  /// The model of the processor, as the system names it.
  private static var processor: String {
    let text = (try? FileSystem.read("/proc/cpuinfo")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    let value = line?.split(separator: ":", maxSplits: 1).last.map { $0.drop { $0 == " " } } ?? ""
    return value.isEmpty ? "this processor" : String(value)
  }

  /// What was measured; nothing when there was no calibration.
  func read() throws(FileError) -> PlannerCost? {
    guard FileSystem.isFile(path) else { return nil }
    let json = try JSON(parsing: try FileSystem.read(path, limit: 1 << 20), file: path)
    func number(_ json: JSON?, _ place: String, atLeast least: Double) throws(FileError) -> Double {
      guard let number = json?.number, number.isFinite, number >= least else {
        throw FileError(
          file: path, place: place, expected: "a number of at least \(least); 'retina calibrate' measures it",
          found: json == nil ? "none" : "another value")
      }
      return number
    }
    func speed(_ name: String) throws(FileError) -> Double { try number(json[name], name, atLeast: 1) }
    var memory: [PlannerCost.MemoryCost] = []
    for entry in json["memory"]?.array ?? [] {
      let workingSet = try number(entry["working_set"], "memory, working_set", atLeast: 1)
      guard workingSet > memory.last?.workingSet ?? 0 else {
        throw FileError(file: path, place: "memory", expected: "growing working sets", found: "another order")
      }
      memory.append(
        PlannerCost.MemoryCost(
          workingSet: workingSet,
          secondsPerByte: try number(entry["seconds_per_byte"], "memory, seconds_per_byte", atLeast: 0)))
    }
    return PlannerCost(
      name: name, direct: try speed("direct"), matrix: try speed("matrix"), product: try speed("product"),
      transform: try speed("transform"), elementwise: try speed("elementwise"), memory: memory)
  }

  func write(_ cost: PlannerCost) throws(FileError) {
    if let end = path.lastIndex(of: "/") { try FileSystem.createFolder(String(path[..<end])) }
    try FileSystem.write(Array((json(cost).text(indented: true) + "\n").utf8), to: path)
  }

  /// Operations per second of each kind of work, and what bytes cost on top.
  func json(_ cost: PlannerCost) -> JSON {
    [
      "direct": .number(cost.direct), "matrix": .number(cost.matrix), "product": .number(cost.product),
      "transform": .number(cost.transform), "elementwise": .number(cost.elementwise),
      "memory": .array(
        cost.memory.map {
          ["working_set": .number($0.workingSet), "seconds_per_byte": .number($0.secondsPerByte)]
        }),
    ]
  }
}
