import FoundationEssentials
import RetinaFiles
import RetinaTheory
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Numeric cases that are shared between projects and not part of this one.
enum SharedCases {
  /// `RETINA_CASES`, else `../shared/cases` beside the package.
  static let path: String = {
    if let folder = ProcessInfo.processInfo.environment["RETINA_CASES"] { return folder + "/theory.json" }
    let package = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    return package.joined(separator: "/") + "/../shared/cases/theory.json"
  }()

  static let isPresent = FileManager.default.fileExists(atPath: path)
  static let absence: Comment = "needs theory.json in the folder RETINA_CASES or ../shared/cases"
  static let file = Result { try JSON(parsing: FileSystem.read(path), file: path) }
  static let all: [SharedCase] = ((try? file.get())?["cases"]?.array ?? []).map { SharedCase(json: $0) }
}

/// One case: inputs, expected numbers, a tolerance.
struct SharedCase: Sendable, CustomTestStringConvertible {
  let json: JSON

  var id: String { json["id"]?.string ?? "" }
  var testDescription: String { id }
  /// The words of the id, such as `mani`, `ball`.
  var words: [String] { id.split(separator: ".").map(String.init) }
  var expected: JSON { json["expected"] ?? .null }
  var tolerance: (absolute: Double, relative: Double) {
    (json["tolerance"]?["abs"]?.number ?? 0, json["tolerance"]?["rel"]?.number ?? 0)
  }

  func input(_ name: String) throws -> JSON { try #require(json["inputs"]?[name], "\(id): no input '\(name)'") }
  /// The first input of some names, by which files may call it.
  func input(oneOf names: String...) throws -> JSON {
    let found = names.compactMap { json["inputs"]?[$0] }
    return try #require(found.first, "\(id): none of \(names)")
  }
  func number(_ name: String) throws -> Double { try #require(input(name).number) }
  func integer(_ name: String) throws -> Int { try #require(input(name).integer) }
  func numbers(_ name: String) throws -> [Double] { try input(name).doubles }
  func matrix(_ name: String) throws -> Matrix { try Matrix(#require(input(name).array).map { try $0.doubles }) }

  /// Whether a number is what was expected: `|got - exp| <= abs + rel |exp|`.
  private func expect(_ found: Double, _ wanted: Double, _ place: String) {
    let allowed = tolerance.absolute + tolerance.relative * wanted.magnitude
    #expect((found - wanted).magnitude <= allowed, "\(id)\(place): expected \(wanted), found \(found)")
  }

  /// Compares every number of `found` with the expected one at the same place.
  func expect(_ found: JSON) { compare(found, expected, "") }

  private func compare(_ found: JSON, _ wanted: JSON, _ place: String) {
    switch (found, wanted) {
    case (.number(let value), .number(let number)): expect(value, number, place)
    case (.string(let text), .string(let other)): #expect(text == other, "\(id)\(place)")
    case (.array(let values), .array(let others)):
      #expect(values.count == others.count, "\(id)\(place)")
      for (index, pair) in zip(values, others).enumerated() { compare(pair.0, pair.1, "\(place)[\(index)]") }
    case (_, .object(let members)):
      for member in members {
        guard let value = found[member.name] else {
          Issue.record("\(id)\(place): nothing for '\(member.name)'")
          continue
        }
        compare(value, member.value, "\(place).\(member.name)")
      }
    default: Issue.record("\(id)\(place): expected \(wanted), found \(found)")
    }
  }
}

extension JSON {
  var doubles: [Double] {
    get throws { try #require(array).map { try #require($0.number) } }
  }

  /// Rows of a matrix; a list of numbers is one of rows of one number.
  var rows: Matrix {
    get throws { try Matrix(#require(array).map { try $0.array == nil ? [#require($0.number)] : $0.doubles }) }
  }

  init(_ values: [Double]) { self = .array(values.map { .number($0) }) }

  init(_ matrix: Matrix) { self = .array((0..<matrix.rows).map { JSON(matrix.row($0)) }) }
}

/// A kind of case that has no meaning here.
struct UnknownCase: Error {
  var id: String
}

/// The random numbers of the cases: a linear congruential generator and the method of Box and Muller.
struct CaseGenerator {
  private var state: UInt32
  private var spare: Double?

  init(seed: Int) { state = UInt32(truncatingIfNeeded: seed) }

  mutating func uniform() -> Double {
    state = state &* 1_664_525 &+ 1_013_904_223
    return (Double(state) + 0.5) / 0x1p32
  }

  mutating func normal() -> Double {
    if let value = spare {
      spare = nil
      return value
    }
    let (first, second) = (uniform(), uniform())
    let radius = (-2 * log(first)).squareRoot()
    spare = radius * sin(2 * .pi * second)
    return radius * cos(2 * .pi * second)
  }

  mutating func matrix(_ rows: Int, _ columns: Int) -> Matrix {
    Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in normal() })
  }
}
