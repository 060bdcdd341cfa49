/// What came of a call; the numbers are those of `retina.h`.
enum Status: Int32 {
  case done = 0
  case notReady = 1
  case badArgument = -1
  case badImage = -2
  case badMemory = -3
  case badState = -4
  case checkFailed = -5
  case unsupported = -6

  /// The status in words.
  var text: StaticString {
    switch self {
    case .done: return "no error"
    case .notReady: return "fewer frames than the history have been pushed"
    case .badArgument:
      return "a null or misaligned pointer, a size that does not fit, or a layer or cell that does not exist"
    case .badImage: return "the image is wrong"
    case .badMemory:
      return "arena and state must be given, as large as announced, aligned to 64 bytes, and apart from each other"
    case .badState: return "the saved state is one of another image"
    case .checkFailed: return "the golden input gives other values than it must"
    case .unsupported: return "this kind of image does not answer the question"
    }
  }
}

extension StaticString {
  /// The text with the 0 at its end.
  var cString: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}
