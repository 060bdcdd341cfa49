import RetinaFiles

/// The jobs of a sweep: a JSON array with the words of one `retina fit` per job.
struct FitSweep {
  private let file: String
  private let jobs: [[String]]

  init(_ path: String) throws(FileError) {
    file = path
    let json = try JSON(parsing: FileSystem.read(path), file: path)
    var jobs: [[String]] = []
    for (index, job) in (json.array ?? []).enumerated() {
      guard let words = job.array?.compactMap({ $0.string }), words.count == job.array?.count, !words.isEmpty else {
        throw FileError(
          file: path, place: "job \(index)",
          expected: #"an array of words, such as ["recording.npz", "--seed", "1", "--output", "seed-1.safetensors"]"#,
          found: job.text())
      }
      jobs.append(words)
    }
    guard !jobs.isEmpty else {
      throw FileError(file: path, expected: "an array of jobs", found: "an empty one, or another value")
    }
    self.jobs = jobs
  }

  /// The words of one job, counted from 0.
  ///
  /// - Parameter extra: words that are added to every job.
  func arguments(job: Int, extra: [String]) throws -> Arguments {
    guard jobs.indices.contains(job) else {
      throw UsageError("--job: expected a job of \(file) from 0 to \(jobs.count - 1), found '\(job)'")
    }
    return try Arguments(jobs[job] + extra, of: FitCommand.self)
  }
}
