import CBoard
import CRetina

/// Where frames come from, and the memory for one.
struct FrameSource {
  /// What came of taking a frame.
  enum Outcome {
    case frame, end, broken
  }

  private let format: Options.Format
  private let size: Int
  /// Bytes of a frame, and bytes of colours behind it.
  private let bytes: Int
  private var skipped = 0
  private let memory: UnsafeMutableRawPointer
  private let numbers: UnsafeMutablePointer<Float>

  /// Nothing when there is no memory, no camera, or a movie of another size, which has been said.
  init?(_ options: Options, _ model: UnsafePointer<retina_model>) {
    format = options.format
    size = retina_frame_size(model)
    let width = format == .float ? 4 : format == .int16 ? 2 : 1
    bytes = size * width
    // As many bytes again for numbers made of the bytes.
    guard let memory = board_memory(bytes + 4 * size + 64) else { return nil }
    self.memory = memory
    numbers = (memory + (bytes + 63) / 64 * 64).assumingMemoryBound(to: Float.self)
    let (height, across) = (retina_frame_height(model), retina_frame_width(model))
    if format == .y4m {
      guard readHeader(height: height, width: across) else {
        say("retina-run: expected an 8-bit YUV4MPEG2 movie of the model's size (see --info)")
        return nil
      }
    } else if format == .camera, board_camera_open(options.camera, height, across) == 0 {
      say("retina-run: expected a camera with grey or YUYV frames, found ", options.camera)
      return nil
    }
  }

  /// The size and the colours of a movie; `YUV4MPEG2 W50 H40 F30:1 Cmono`.
  private mutating func readHeader(height: Int, width: Int) -> Bool {
    var (foundHeight, foundWidth) = (0, 0)
    var colours = 1
    let isMovie = FrameSource.withLine { line -> Bool in
      guard starts(line, "YUV4MPEG2") else { return false }
      var place = 0
      while line[place] != 0 {
        if line[place] == 0x20 {
          let word = line + place + 1
          if word[0] == 0x57 { foundWidth = FrameSource.number(word + 1) }
          if word[0] == 0x48 { foundHeight = FrameSource.number(word + 1) }
          if word[0] == 0x43 { colours = FrameSource.colours(word) }
        }
        place += 1
      }
      return true
    }
    guard isMovie, foundHeight == height, foundWidth == width, colours >= 0 else { return false }
    // Two planes of colours, each of full, half or quarter size.
    let (halfHeight, halfWidth) = ((height + 1) / 2, (width + 1) / 2)
    switch colours {
    case 0: skipped = 0
    case 1: skipped = 2 * halfHeight * halfWidth
    case 2: skipped = 2 * height * halfWidth
    default: skipped = 2 * size
    }
    return true
  }

  /// 0 none, 1 quarter (the default of the format), 2 half, 3 full; -1 for more than 8 bits and unknown ones.
  private static func colours(_ word: UnsafePointer<CChar>) -> Int {
    if starts(word, "Cmono"), ends(word + 5) { return 0 }
    if starts(word, "C420"),
      ends(word + 4) || starts(word + 4, "jpeg") || starts(word + 4, "mpeg2") || starts(word + 4, "paldv")
    {
      return 1
    }
    if starts(word, "C422"), ends(word + 4) { return 2 }
    return starts(word, "C444") && ends(word + 4) ? 3 : -1
  }

  private static func ends(_ word: UnsafePointer<CChar>) -> Bool { word[0] == 0 || word[0] == 0x20 }

  private static func number(_ word: UnsafePointer<CChar>) -> Int {
    var (value, place) = (0, 0)
    while word[place] >= 0x30, word[place] <= 0x39, value < 1 << 20 {
      value = 10 * value + Int(word[place]) - 0x30
      place += 1
    }
    return value
  }

  /// A line of standard input; false when there is none.
  private static func withLine(_ body: (UnsafePointer<CChar>) -> Bool) -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { line in
      guard let start = line.baseAddress, board_read_line(start, line.count) != 0 else { return false }
      return body(start)
    }
  }

  /// Takes the next frame.
  func next() -> Outcome {
    if format == .camera {
      return board_camera_frame(memory.assumingMemoryBound(to: UInt8.self)) != 0 ? .frame : .broken
    }
    if format == .y4m {
      var isFrame = false
      guard
        FrameSource.withLine({ line in
          isFrame = starts(line, "FRAME")
          return true
        })
      else { return .end }
      guard isFrame else { return .broken }
    }
    let found = board_read(memory, bytes)
    guard found == bytes else { return found == 0 && format != .y4m ? .end : .broken }
    return skip() ? .frame : .broken
  }

  /// Passes over the colours.
  private func skip() -> Bool {
    var rest = skipped
    while rest > 0 {
      let part = min(rest, 4 * size)
      guard board_read(numbers, part) == part else { return false }
      rest -= part
    }
    return true
  }

  /// Gives the frame to a model; brightness of movies and cameras is from 0 to 1.
  func push(_ model: UnsafeMutablePointer<retina_model>) -> Int32 {
    switch format {
    case .uint8: return retina_push_uint8(model, memory.assumingMemoryBound(to: UInt8.self), size)
    case .int16: return retina_push_int16(model, memory.assumingMemoryBound(to: Int16.self), size)
    case .float: return retina_push_float(model, memory.assumingMemoryBound(to: Float.self), size)
    case .y4m, .camera:
      let luma = memory.assumingMemoryBound(to: UInt8.self)
      for index in 0..<size { numbers[index] = Float(luma[index]) / 255 }
      return retina_push_float(model, numbers, size)
    }
  }
}
