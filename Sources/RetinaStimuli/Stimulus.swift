import RetinaFiles
import RetinaModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A named movie: a generator with its parameters and the size of its images, or a file.
public struct Stimulus: Sendable {
  /// Where the movie comes from.
  public enum Source: Sendable {
    /// A generator, by its name in stimulus sets, with the size of the images.
    case generator(name: String, any StimulusGenerator, height: Int, width: Int)
    /// An NPY file in a folder.
    case file(path: String, folder: String)
  }

  /// The name, unique in its set.
  public let name: String
  /// Where the movie comes from.
  public let source: Source
  /// What the stimulus stands for, as named texts, sorted by name.
  public let labels: [(name: String, text: String)]

  /// The height and width of the images when nothing else is said.
  public static let defaultExtent = 50

  /// Creates a stimulus from the name of a generator and a JSON object with its parameters.
  ///
  /// The name of the stimulus is the generator's when none is given. `file` is what errors speak of.
  ///
  /// - Throws: ``FileError`` when the generator or a parameter is unknown, when a value is not allowed, or when the movie
  ///   would have more than 2^31 values; the error lists what is known.
  public init(
    name: String? = nil, generator: String, parameters: JSON = [:], height: Int = defaultExtent,
    width: Int = defaultExtent, labels: [(name: String, text: String)] = [], file: String = "stimulus"
  ) throws(FileError) {
    let name = name ?? generator
    let place = "stimulus '\(name.cut)'"
    guard let type = StimulusSet.generatorTypes.first(where: { $0.name == generator }) else {
      throw FileError(
        file: file, place: place,
        expected: "a generator: \(StimulusSet.generatorTypes.map { $0.name }.joined(separator: ", "))",
        found: "'\(generator.cut)'")
    }
    for (extent, what) in [(height, "height"), (width, "width")] where !(1...Limits.extent).contains(extent) {
      throw FileError(
        file: file, place: "\(place), \(what)", expected: "an integer from 1 to \(Limits.extent) (pixels)",
        found: "\(extent)")
    }
    let recipe = try type.make(parameters: parameters, height: height, width: width, file: file, place: place)
    // The frame count stays below 2^42 with the limits of the parameters, and a frame below 2^24 values.
    let (count, overflow) = recipe.frameCount.multipliedReportingOverflow(by: height * width)
    guard !overflow, count <= Limits.values else {
      throw FileError(
        file: file, place: place, expected: "a movie of at most \(Limits.values) values",
        found: "\(recipe.frameCount) frames of \(height) x \(width)")
    }
    self.init(
      name: name, source: .generator(name: generator, recipe, height: height, width: width), labels: labels)
  }

  init(name: String, source: Source, labels: [(name: String, text: String)]) {
    self.name = name
    self.source = source
    self.labels = labels.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The shape of the movie; nothing for a file, which is opened by ``movie()``.
  public var shape: Shape? {
    guard case .generator(_, let generator, let height, let width) = source else { return nil }
    return Shape(checking: [generator.frameCount, height, width])
  }

  /// The movie `[time, height, width]`.
  ///
  /// - Throws: ``FileError`` when the file cannot be read, lies outside the set's folder, or holds no movie.
  public func movie() throws(FileError) -> Tensor {
    switch source {
    case .generator(_, let generator, let height, let width):
      return generator.movie(height: height, width: width)
    case .file(let path, let folder):
      let whole = folder.isEmpty ? path : "\(folder)/\(path)"
      try checkInside(whole, folder: folder)
      if FileSystem.isFolder(whole) {
        for picture in try FileSystem.list(whole) { try checkInside("\(whole)/\(picture)", folder: folder) }
      }
      let movie = try MovieFile.read(whole).movie
      guard movie.shape.count <= Limits.values else {
        throw FileError(
          file: whole, expected: "a movie of at most \(Limits.values) values", found: "\(movie.shape)")
      }
      return movie
    }
  }

  /// Refuses a file that a symbolic link leads out of the folder.
  private func checkInside(_ path: String, folder: String) throws(FileError) {
    guard let target = resolved(path), let root = resolved(folder.isEmpty ? "." : folder) else {
      throw FileError(kind: .cannotRead, file: path, expected: "an existing file", found: "no such file")
    }
    guard target.utf8.starts(with: (root == "/" ? root : root + "/").utf8) else {
      throw FileError(
        file: path, place: "stimulus '\(name.cut)'", expected: "a file in the folder of the set",
        found: "a link out of it")
    }
  }

  /// The path without symbolic links; nothing when there is no such file.
  private func resolved(_ path: String) -> String? {
    guard let target = realpath(path, nil) else { return nil }
    defer { free(target) }
    return String(cString: target)
  }
}
