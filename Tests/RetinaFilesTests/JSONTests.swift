import RetinaFiles
import RetinaKernels
import Testing

@Suite struct JSONTests {
  @Test func literalsKeepTheirOrder() {
    let json: JSON = ["b": 1, "a": [1, 2.5, true, nil, "x"], "c": [:]]
    #expect(json.text() == #"{"b":1,"a":[1,2.5,true,null,"x"],"c":{}}"#)
    #expect(json["a"]?.array?.count == 5)
    #expect(json["b"]?.integer == 1)
    #expect(json["z"] == nil)
    #expect(json.members?.map(\.name) == ["b", "a", "c"])
  }

  @Test func indentsObjectsAndKeepsPlainArraysOnOneLine() {
    let json: JSON = ["input": [20, 50, 50], "layers": [["name": "a"], ["name": "b"]], "none": [:]]
    #expect(
      json.text(indented: true) == """
        {
          "input": [20,50,50],
          "layers": [
            {
              "name": "a"
            },
            {
              "name": "b"
            }
          ],
          "none": {}
        }
        """)
  }

  @Test(
    arguments: [
      (0, "0"), (-0.0, "-0"), (1, "1"), (-17, "-17"), (0.1, "0.1"), (1e-5, "1e-05"), (1e300, "1e+300"),
      (9_007_199_254_740_992, "9007199254740992"), (.infinity, "null"), (.nan, "null"),
      (Double.leastNonzeroMagnitude, "5e-324"),
    ] as [(Double, String)])
  func printsTheShortestNumber(_ value: Double, _ text: String) throws {
    #expect(JSON.number(value).text() == text)
    if value.isFinite {
      let back = try JSON(parsing: Array(text.utf8), file: "-").number
      #expect(back?.bitPattern == value.bitPattern)
    }
  }

  @Test func singlesPrintAsSingles() {
    #expect(JSON(1e-5 as Float).text() == "1e-05")
    #expect(JSON(0.1 as Float).text() == "0.1")
    #expect(JSON(Float.greatestFiniteMagnitude).number.map { Float($0) } == .greatestFiniteMagnitude)
    #expect(JSON(Float.nan).text() == "null")
    var generator = SeededRandom(seed: 7)
    for _ in 0..<20_000 {
      let value = Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &generator))
      if value.isFinite { #expect(JSON(value).number.map { Float($0) } == value) }
    }
  }

  @Test func escapesWhatMustBeEscaped() throws {
    let text = "a\"b\\c\n\r\t\u{1}\u{1f}é😀\u{7f}"
    let json = JSON.string(text)
    #expect(json.text() == "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001fé😀\u{7f}\"")
    #expect(try JSON(parsing: Array(json.text().utf8), file: "-") == json)
  }

  @Test func readsEveryEscape() throws {
    let json = try JSON(parsing: Array(#""\"\\\/\b\f\n\r\té😀\uD83D\uDE00""#.utf8), file: "-")
    #expect(json.string == "\"\\/\u{8}\u{c}\n\r\té😀😀")
  }

  @Test func integersAreExactOnly() throws {
    #expect(JSON.number(3).integer == 3)
    #expect(JSON.number(3.5).integer == nil)
    #expect(JSON.number(0x1p53).integer == nil)
    #expect(JSON.number(-0x1p53 + 1).integer == -9_007_199_254_740_991)
    #expect(JSON.string("3").integer == nil)
  }

  @Test(arguments: [
    ("", "line 1, column 1"), ("{", "line 1, column 2"), ("[1,]", "line 1, column 4"), ("[1 2]", "line 1, column 4"),
    ("{\"a\":1,}", "line 1, column 8"), ("{a:1}", "line 1, column 2"), ("{\"a\" 1}", "line 1, column 6"),
    ("{\"a\":1,\n\"a\":2}", "line 2, column 1"), ("01", "line 1, column 2"), ("-", "line 1, column 2"),
    ("1.", "line 1, column 3"), (".5", "line 1, column 1"), ("1e", "line 1, column 3"), ("+1", "line 1, column 1"),
    ("1e999", "line 1, column 1"), ("NaN", "line 1, column 1"), ("tru", "line 1, column 1"),
    ("nullx", "line 1, column 5"), ("1 1", "line 1, column 3"), ("\"a", "line 1, column 3"),
    ("\"\n\"", "line 1, column 2"), ("\"\\x\"", "line 1, column 2"), ("\"\\u12\"", "line 1, column 6"),
    ("\"\\ud800\"", "line 1, column 2"), ("\"\\ud800\\u0041\"", "line 1, column 2"),
    ("\"\\udc00\"", "line 1, column 2"), ("'a'", "line 1, column 1"), ("[1]\n//", "line 2, column 1"),
    ("\"é\" x", "line 1, column 5"), ("\u{feff}1", "line 1, column 1"),
  ])
  func saysWhereATextIsWrong(_ text: String, _ place: String) throws {
    let error = try failure { try JSON(parsing: Array(text.utf8), file: "f.json") }
    #expect(error.place == place, "\(error)")
    #expect(error.file == "f.json")
    #expect(error.kind == .badData)
  }

  @Test func refusesBytesThatAreNotUTF8() throws {
    for bytes in [[0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]] as [[UInt8]] {
      #expect(try failure { try JSON(parsing: bytes, file: "-") }.expected == "UTF-8")
    }
  }

  @Test func nestsAtMost64Deep() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    #expect(try JSON(parsing: nested(64), file: "-").array?.count == 1)
    #expect(try failure { try JSON(parsing: nested(65), file: "-") }.place == "line 1, column 65")
    #expect(try failure { try JSON(parsing: [UInt8](repeating: 0x5b, count: 1_000_000), file: "-") }.found == "more")
  }

  @Test func namesAreComparedByteByByte() throws {
    let json = try JSON(parsing: Array("{\"\u{e9}\":1,\"e\u{301}\":2}".utf8), file: "-")
    #expect(json["\u{e9}"]?.integer == 1)
    #expect(json["e\u{301}"]?.integer == 2)
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func damagedTextNeverCrashes(seed: UInt64) {
    var generator = SeededRandom(seed: seed)
    let text = Array(#"{"a":[1,-2.5e3,true,null],"b":{"c":"x\u00e9\n"},"d":[[[]]]}"#.utf8)
    for _ in 0..<500 {
      let bytes = text.damaged(by: &generator)
      guard let json = try? JSON(parsing: bytes, file: "-") else { continue }
      #expect((try? JSON(parsing: Array(json.text().utf8), file: "-")) == json)
    }
  }
}
