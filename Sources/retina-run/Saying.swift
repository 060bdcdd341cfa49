import CBoard

/// Says a text on standard error, and a word of the user's after it.
func say(_ text: StaticString, _ word: UnsafePointer<CChar>? = nil) { board_say(text.cString, word) }

/// Says a number with what comes before and after it, without ending the line.
func say(_ text: StaticString, _ number: Double, _ unit: StaticString) {
  board_say_number(text.cString, number, unit.cString)
}

/// Tells systemd.
func notify(_ state: StaticString) { board_notify(state.cString) }

extension StaticString {
  /// The text with the 0 at its end.
  fileprivate var cString: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}
