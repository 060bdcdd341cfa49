import RetinaFiles
import RetinaModel
import RetinaStimuli

/// A stimulus given on the command line, loaded for a model.
struct LoadedStimulus {
  /// A movie, `[time, height, width]`, or independent inputs, `[n, input shape]`.
  enum Content {
    case movie(Tensor)
    case batch(Tensor)
  }

  var name: String
  var content: Content

  /// Number of inputs that a model sees.
  func inputs(_ model: Model) -> Int { inputs(of: model.inputShape) }

  /// Number of inputs of a shape.
  func inputs(of shape: Shape) -> Int {
    switch content {
    case .movie(let movie): return movie.shape[0] - shape[0] + 1
    case .batch(let batch): return batch.shape[0]
    }
  }

  /// The values of one input, before normalisation; a single input stands for any.
  func input(_ index: Int, of model: Model) -> [Float] { input(index, of: model.inputShape) }

  /// The values of one input of a shape; a single input stands for any.
  func input(_ index: Int, of shape: Shape) -> [Float] {
    let count = shape.count
    let index = inputs(of: shape) == 1 ? 0 : index
    switch content {
    case .movie(let movie):
      let first = index * shape[1] * shape[2]
      return Array(movie.values[first..<first + count])
    case .batch(let batch): return Array(batch.values[index * count..<(index + 1) * count])
    }
  }
}

/// The stimuli of a file, and what the file says about them.
struct StimulusSource {
  var file: String
  var stimuli: [LoadedStimulus]
  var frameRate: Double?

  /// Loads arrays, a movie, pictures or a stimulus set, and checks that a model can see it.
  init(_ path: String, for model: Model) throws { try self.init(path, inputShape: model.inputShape) }

  /// Loads a stimulus, and checks that inputs of a shape can be taken from it.
  init(_ path: String, inputShape: Shape) throws {
    file = path
    if path.hasSuffix(".json") {
      let set = try StimulusSet.read(path)
      frameRate = set.frameRate
      stimuli = try set.stimuli.map { stimulus in
        try StimulusSource.fit(try stimulus.movie(), name: stimulus.name, file: path, inputShape: inputShape)
      }
    } else if path.hasSuffix(".npz") {
      stimuli = try NPZ.read(path).map { array in
        try StimulusSource.fit(array.tensor, name: array.name, file: path, inputShape: inputShape)
      }
    } else if path.hasSuffix(".npy") {
      let name = StimulusSource.name(of: path)
      stimuli = [try StimulusSource.fit(try NPY.read(path), name: name, file: path, inputShape: inputShape)]
    } else if path.hasSuffix(".y4m") {
      let (movie, rate) = try Y4M.read(path)
      frameRate = rate
      let name = StimulusSource.name(of: path)
      stimuli = [try StimulusSource.fit(movie, name: name, file: path, inputShape: inputShape)]
    } else if FileSystem.isFolder(path) {
      let name = FileSystem.name(of: path)
      let movie = try PNG.readSequence(path)
      stimuli = [try StimulusSource.fit(movie, name: name, file: path, inputShape: inputShape)]
    } else {
      throw FileError(
        file: path,
        expected: "a stimulus, which ends in .npy, .npz, .y4m or .json (a stimulus set) or is a folder of .png",
        found: "another ending")
    }
  }

  /// The error for a stimulus that makes a model's values overflow.
  func tooLarge(_ stimulus: LoadedStimulus) -> FileError { StimulusSource.tooLarge(stimulus.name, file: file) }

  private static func fit(
    _ tensor: Tensor, name: String, file: String, inputShape: Shape
  ) throws(FileError) -> LoadedStimulus {
    if let place = tensor.firstNonFinite {
      throw notFinite(tensor.values[place], at: place, file: file, place: "'\(name)'")
    }
    let isMovie = try isMovie(tensor.shape, name: name, file: file, inputShape: inputShape)
    return LoadedStimulus(name: name, content: isMovie ? .movie(tensor) : .batch(tensor))
  }

  /// The error for a value that a model cannot see.
  static func notFinite(_ value: Float, at index: Int, file: String, place: String) -> FileError {
    FileError(
      file: file, place: place, expected: "values that are finite in float32", found: "\(value) at value \(index)")
  }

  /// Whether an array is a movie for a model, else it is independent inputs.
  ///
  /// - Throws: ``FileError`` when a model sees neither in it.
  static func isMovie(
    _ shape: Shape, name: String, file: String, inputShape wanted: Shape
  ) throws(FileError) -> Bool {
    if shape.dimensions.dropFirst().elementsEqual(wanted.dimensions), shape.rank > 0 { return false }
    guard shape.rank == 3, wanted.rank == 3 else {
      throw FileError(
        file: file, place: "'\(name)'",
        expected: wanted.rank == 3
          ? "a movie [time, \(wanted[1]), \(wanted[2])] or inputs [n, \(wanted[0]), \(wanted[1]), \(wanted[2])]"
          : "inputs [n, ...] of shape \(wanted)",
        found: "\(shape)")
    }
    guard shape[1] == wanted[1], shape[2] == wanted[2] else {
      throw FileError(
        file: file, place: "'\(name)'", expected: "frames of \(wanted[1]) x \(wanted[2]) for the model",
        found: "\(shape[1]) x \(shape[2])")
    }
    guard shape[0] >= wanted[0] else {
      throw FileError(
        file: file, place: "'\(name)'", expected: "at least \(wanted[0]) frames, the model's history",
        found: "\(shape[0])")
    }
    return true
  }

  /// The name of the stimulus in a file that holds one.
  static func name(of path: String) -> String {
    String(FileSystem.name(of: path).dropLast(4))
  }

  /// The error for a stimulus that makes a model's values overflow.
  static func tooLarge(_ name: String, file: String) -> FileError {
    FileError(
      file: file, place: "'\(name)'", expected: "a stimulus that gives the model finite values",
      found: "values that overflow float32; scale the stimulus down")
  }
}
