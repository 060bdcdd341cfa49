import CBoard
import CRetina

/// Exit codes, as in sysexits.h.
private enum ExitCode {
  static let done: Int32 = 0
  static let checkFailed: Int32 = 1
  static let usage: Int32 = 64
  static let badData: Int32 = 65
  static let cannotRead: Int32 = 66
  static let cannotWrite: Int32 = 73
}

/// The program: an image and frames in, rates, spikes or contributions out.
@c(retina_run)
public func retinaRun(_ count: Int32, _ words: UnsafePointer<UnsafePointer<CChar>?>?) -> Int32 {
  guard let options = Options(UnsafeBufferPointer(start: words, count: Int(count))) else { return ExitCode.usage }
  if options.isHelp {
    _ = board_write(Options.help.utf8Start, Options.help.utf8CodeUnitCount)
    return board_write("\n", 1) != 0 && board_flush() != 0 ? ExitCode.done : ExitCode.cannotWrite
  }
  var bytes = 0
  guard let image = board_map(options.image, &bytes) else {
    say("retina-run: expected a file that can be read, found ", options.image)
    return ExitCode.cannotRead
  }
  var model = retina_model()
  guard retina_open(&model, image, bytes) == Int32(RETINA_OK) else {
    say("retina-run: bad image: expected ", retina_error_text(&model))
    say("retina-run: at byte ", Double(retina_error_byte(&model)), "\n")
    return ExitCode.badData
  }
  let (arenaBytes, stateBytes) = (retina_arena_bytes(&model), retina_state_bytes(&model))
  guard let arena = board_memory(arenaBytes), let state = board_memory(stateBytes),
    retina_start(&model, arena, arenaBytes, state, stateBytes) == Int32(RETINA_OK)
  else {
    say("retina-run: expected memory enough and an image of a movie model: ", retina_error_text(&model))
    return ExitCode.badData
  }
  if options.isInfo { return describe(&model) }
  if options.isCheck {
    let isRight = retina_check(&model) == Int32(RETINA_OK)
    say(isRight ? "retina-run: golden input: passes" : "retina-run: golden input: FAILS")
    return isRight ? ExitCode.done : ExitCode.checkFailed
  }
  guard let results = Results(options, &model), let source = FrameSource(options, &model) else {
    return ExitCode.badData
  }
  return run(&model, options, source, results)
}

/// Takes frames until there are none.
private func run(
  _ model: UnsafeMutablePointer<retina_model>, _ options: Options, _ source: FrameSource, _ results: Results
) -> Int32 {
  var results = results
  var deadlines = Deadlines(rate: options.rate)
  let watchdog = board_watchdog() / 2
  var nextSign: Int64 = 0
  var frames = 0.0
  var code = ExitCode.done
  notify("READY=1")
  while code == ExitCode.done, options.limit == 0 || frames < options.limit {
    deadlines.wait()
    let outcome = source.next()
    guard outcome == .frame else {
      if outcome == .broken {
        say("retina-run: expected whole frames; the input breaks off at frame ", frames, "\n")
        code = ExitCode.badData
      }
      break
    }
    let began = board_now()
    if source.push(model) == Int32(RETINA_OK), !results.write(model) { code = ExitCode.cannotWrite }
    deadlines.finish(began)
    frames += 1
    if watchdog > 0, board_now() >= nextSign {
      notify("WATCHDOG=1")
      nextSign = board_now() + watchdog
    }
  }
  notify("STOPPING=1")
  deadlines.report()
  return board_flush() != 0 ? code : ExitCode.cannotWrite
}

/// Says on standard output what an image is.
private func describe(_ model: UnsafePointer<retina_model>) -> Int32 {
  func line(_ text: StaticString, _ number: Double) {
    _ = board_write(text.utf8Start, text.utf8CodeUnitCount)
    _ = board_write_number(number, 0x0A)
  }
  line("bits ", Double(retina_precision(model)))
  line("history ", Double(retina_history(model)))
  line("lag ", Double(retina_lag(model)))
  line("frames/s ", retina_frame_rate(model))
  line("height ", Double(retina_frame_height(model)))
  line("width ", Double(retina_frame_width(model)))
  line("cells ", Double(retina_cells(model)))
  line("arena_bytes ", Double(retina_arena_bytes(model)))
  line("state_bytes ", Double(retina_state_bytes(model)))
  for layer in 0..<retina_layers(model) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
      _ = retina_layer_name(model, layer, text.baseAddress, text.count)
      // Names of one layer are separated by spaces here.
      var length = 0
      while text[length] != 0 {
        if text[length] == 0x0A { text[length] = 0x20 }
        length += 1
      }
      _ = board_write("layer ", 6)
      _ = board_write(text.baseAddress, length)
      _ = board_write("\n", 1)
    }
  }
  return board_flush() != 0 ? ExitCode.done : ExitCode.cannotWrite
}
