import RetinaModel
import Testing

@testable import RetinaFit

/// What the options of a run do to its parameters.
@Suite struct TrainerTests {
  private func trainer(firstRate: Double, coarseEpochs: Int, epochs: Int = 3) throws -> Trainer {
    let (frames, size, cells) = (120, 12, 2)
    var draw = GeneratorOfNumbers(seed: 8)
    let set = TrainingSet(
      stimulus: draw.values(frames * size * size), frameCount: frames, height: size, width: size,
      responses: draw.values(frames * cells).map { max(0, $0) }, cellCount: cells)
    var architectureOptions = ArchitectureOptions(history: 4, height: size, width: size, cells: cells)
    (architectureOptions.channels, architectureOptions.kernels) = ([3, 2], [5, 3])
    var options = TrainingOptions()
    (options.firstRate, options.coarseEpochs, options.epochs) = (firstRate, coarseEpochs, epochs)
    (options.clips, options.clipLength) = (2, 5)
    return try Trainer(
      NamedArchitecture.halfStackedBNCNN.architecture(architectureOptions), set: set,
      split: TimeSplit(train: [5..<80], validation: [90..<118], test: []), lag: 1, options: options)
  }

  /// Without a rate the first layer stays as it began, with kernels and biases; everything else moves.
  @Test func theFirstLayerHasARateOfItsOwn() throws {
    let trainer = try trainer(firstRate: 0, coarseEpochs: 1)
    let before = trainer.network.parameters
    let ending = try trainer.run(clock: { 0 })
    #expect(ending == .finished)
    for group in trainer.network.groups {
      let isMoved = before[group.range] != trainer.network.parameters[group.range]
      #expect(isMoved == !group.name.hasPrefix("conv1."), "\(group.name)")
    }
  }

  /// The first epochs leave out positions, the others do not, whether they follow at once or after a checkpoint.
  @Test func coarseEpochsComeFirst() throws {
    let (whole, mixed) = (try trainer(firstRate: 1, coarseEpochs: 0), try trainer(firstRate: 1, coarseEpochs: 2))
    var checkpoints: [Checkpoint] = []
    _ = try whole.run(clock: { 0 })
    _ = try mixed.run(
      clock: { 0 },
      report: { event in
        if case .epoch = event { checkpoints.append(mixed.checkpoint) }
      })
    #expect(whole.records[0].loss != mixed.records[0].loss)
    for checkpoint in checkpoints.dropLast() {
      let resumed = try trainer(firstRate: 1, coarseEpochs: 2)
      #expect(resumed.resume(checkpoint))
      _ = try resumed.run(clock: { 0 })
      #expect(resumed.checkpoint == checkpoints.last)
    }
    // An epoch on whole maps from the state after two coarse ones.
    let fine = try trainer(firstRate: 1, coarseEpochs: 0)
    #expect(fine.resume(checkpoints[1]))
    _ = try fine.run(clock: { 0 })
    #expect(fine.checkpoint == checkpoints.last)
  }
}
