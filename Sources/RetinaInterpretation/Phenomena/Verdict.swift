/// What a battery says about a phenomenon.
public enum Verdict: String, Sendable, CaseIterable {
  /// The interval of the score lies above the criterion and, where that is asked for, the scores above those of the null.
  case found
  /// It does not.
  case notFound = "not found"
  /// Fewer than three cells, or fewer than a tenth of them, respond to the stimulus.
  case noResponse = "no response"
}
