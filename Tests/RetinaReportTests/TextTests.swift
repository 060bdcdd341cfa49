import Testing

@testable import RetinaReport

@Suite struct TextTests {
  @Test func escaping() {
    #expect(MarkupText.escape("a < b & \"c\" > 'd'") == "a &lt; b &amp; &quot;c&quot; &gt; &#39;d&#39;")
    #expect(MarkupText.escape("x\u{0}y\u{1B}\nz") == "x\u{FFFD}y\u{FFFD} z")
    #expect(MarkupText.escape("µm · 網膜") == "µm · 網膜")
  }

  @Test func fitting() {
    #expect(TextWidth.fit("short", width: 100, size: 10) == "short")
    let cut = TextWidth.fit("a rather long name", width: 50, size: 10)
    #expect(cut.hasPrefix("a") && cut.hasSuffix("…"))
    #expect(TextWidth.estimate(cut, size: 10) <= 50)
    let end = TextWidth.fitEnd("sequential/conv2d_1", width: 50, size: 10)
    #expect(end.hasPrefix("…") && end.hasSuffix("_1"))
    #expect(TextWidth.fit("name", width: 0, size: 10) == "…")
  }

  @Test func wrapping() {
    #expect(TextWidth.wrap("", width: 100, size: 10, lines: 3).isEmpty)
    #expect(TextWidth.wrap("one two", width: 100, size: 10, lines: 3) == ["one two"])
    let lines = TextWidth.wrap("one two three four five six seven", width: 60, size: 10, lines: 2)
    #expect(lines.count == 2)
    #expect(lines.last?.hasSuffix("…") == true)
    let whole = TextWidth.wrap("one two three four", width: 40, size: 10, lines: 9)
    #expect(whole.joined(separator: " ") == "one two three four")
  }
}
