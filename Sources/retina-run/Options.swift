import CBoard

/// The words of the command line, as the bytes that the C library hands over.
struct Options {
  /// How frames come in.
  enum Format {
    case uint8, int16, float, y4m, camera
  }

  /// What goes out for every frame.
  enum Output {
    case rates, spikes, importance, conductance, nothing
  }

  var image: UnsafePointer<CChar>?
  var format = Format.uint8
  var camera: UnsafePointer<CChar>?
  var output = Output.rates
  var layer: UnsafePointer<CChar>?
  var cell: Int32 = 0
  var steps: Int32 = 8
  var isBinary = false
  /// Frames per second at which frames are taken; 0 as fast as they come.
  var rate = 0.0
  /// Length of a bin of spikes in the unit of time of the rates.
  var bin: Float = 1
  var seed: UInt64 = 0
  /// Frames after which to end; 0 at the end of the input.
  var limit = 0.0
  var isCheck = false
  var isInfo = false
  var isHelp = false

  /// Nothing when a word is wrong, which has been said.
  init?(_ words: UnsafeBufferPointer<UnsafePointer<CChar>?>) {
    var index = 1
    while index < words.count, let word = words[index] {
      index += 1
      let next = index < words.count ? words[index] : nil
      var number = 0.0
      /// The number after an option, within bounds; what is wrong has been said.
      func read(_ range: ClosedRange<Double>) -> Bool {
        index += 1
        if let next, board_number(next, &number) != 0, range.contains(number) { return true }
        say("retina-run: expected a number that fits after ", word)
        say("retina-run: found ", next)
        return false
      }
      if equals(word, "--help") {
        isHelp = true
      } else if equals(word, "--check") {
        isCheck = true
      } else if equals(word, "--info") {
        isInfo = true
      } else if equals(word, "--binary") {
        isBinary = true
      } else if equals(word, "--format") {
        index += 1
        guard let format = next.flatMap({ Options.format($0) }) else {
          say("retina-run: --format: expected uint8, int16, float or y4m, found ", next)
          return nil
        }
        self.format = format
      } else if equals(word, "--output") {
        index += 1
        guard let output = next.flatMap({ Options.output($0) }) else {
          say("retina-run: --output: expected rates, spikes or none, found ", next)
          return nil
        }
        self.output = output
      } else if equals(word, "--camera") {
        index += 1
        (camera, format) = (next, .camera)
        guard next != nil else { return nil }
      } else if equals(word, "--probe") || equals(word, "--conductance") {
        index += 1
        (layer, output) = (next, equals(word, "--probe") ? .importance : .conductance)
        guard next != nil else {
          say("retina-run: expected the name of a layer after ", word)
          return nil
        }
      } else if equals(word, "--cell") {
        guard read(0...1_000_000) else { return nil }
        cell = Int32(number)
      } else if equals(word, "--steps") {
        guard read(1...1000) else { return nil }
        steps = Int32(number)
      } else if equals(word, "--rate") {
        guard read(0...100_000) else { return nil }
        rate = number
      } else if equals(word, "--bin") {
        guard read(0...1_000_000) else { return nil }
        bin = Float(number)
      } else if equals(word, "--seed") {
        guard read(0...9_007_199_254_740_991) else { return nil }
        seed = UInt64(number)
      } else if equals(word, "--frames") {
        guard read(0...9_007_199_254_740_991) else { return nil }
        limit = number
      } else if word[0] == 0x2D || image != nil {
        say("retina-run: expected an option (see --help), found ", word)
        return nil
      } else {
        image = word
      }
    }
    guard image != nil || isHelp else {
      say("retina-run: expected IMAGE (see --help), found nothing")
      return nil
    }
  }

  private static func format(_ word: UnsafePointer<CChar>) -> Format? {
    if equals(word, "uint8") { return .uint8 }
    if equals(word, "int16") { return .int16 }
    if equals(word, "float") { return .float }
    return equals(word, "y4m") ? .y4m : nil
  }

  private static func output(_ word: UnsafePointer<CChar>) -> Output? {
    if equals(word, "rates") { return .rates }
    if equals(word, "spikes") { return .spikes }
    return equals(word, "none") ? .nothing : nil
  }

  static let help: StaticString = """
    retina-run runs a .retina image on frames, one after another, and says what it cost.

    USAGE: retina-run IMAGE [OPTIONS] < FRAMES

      --format F           frames on standard input: uint8 (default), int16, float (little-endian), y4m
      --camera DEVICE      frames of a V4L2 camera, such as /dev/video0, instead
      --rate HZ            take a frame every 1/HZ seconds and count those that come too late (default: as they come)
      --output O           rates (default), spikes or none, a line per frame
      --bin B, --seed N    for spikes: length of a frame in the unit of time of the rates (default: 1), and a number
      --probe LAYER        the importance of the layer's channels for --cell N instead (default: cell 0)
      --conductance LAYER  their conductance in --steps N steps instead (default: 8), then the residual
      --binary             float32, or uint32 for spikes, instead of text
      --frames N           end after N frames
      --check              replay the golden input of the image, and end
      --info               say what the image is, and end

    Under systemd it tells when it is ready and that it is alive (NOTIFY_SOCKET, WATCHDOG_USEC).
    Exit codes: 0 done, 1 check failed, 64 usage, 65 bad data, 66 cannot read, 73 cannot write.

    EXAMPLE: retina-run cell.retina --format y4m --rate 30 < movie.y4m
    """
}

/// Whether a word begins with a text.
func starts(_ word: UnsafePointer<CChar>, _ text: StaticString) -> Bool {
  for index in 0..<text.utf8CodeUnitCount where UInt8(bitPattern: word[index]) != text.utf8Start[index] { return false }
  return true
}

/// Whether a word is a text.
func equals(_ word: UnsafePointer<CChar>, _ text: StaticString) -> Bool {
  starts(word, text) && word[text.utf8CodeUnitCount] == 0
}
