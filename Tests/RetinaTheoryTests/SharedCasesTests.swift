import RetinaFiles
import RetinaModel
import RetinaTheory
import Testing

/// Numbers that others found, where the folder that holds them is present.
@Suite(.enabled(if: SharedCases.isPresent, SharedCases.absence)) struct SharedCasesTests {
  @Test func `the file can be read and has cases`() throws {
    #expect(try SharedCases.file.get()["schema"]?.integer == 1)
    #expect(SharedCases.all.count == (try SharedCases.file.get()["count"]?.integer))
  }

  @Test(arguments: SharedCases.all) func `a case gives the expected numbers`(_ shared: SharedCase) throws {
    // Accuracies of image classifiers, published without the images and networks.
    guard shared.id != "kern.cntk.cifar" else { return }
    shared.expect(try answer(shared))
  }

  private func answer(_ shared: SharedCase) throws -> JSON {
    switch shared.words[0] {
    case "mani": return try GeometryCases.answer(shared)
    case "mft": return try PropagationCases.answer(shared)
    case "kern", "ntk": return try KernelCases.answer(shared)
    case "lin": return try ModeCases.answer(shared)
    case "explr": return try ScheduleCases.answer(shared)
    case "ib": return try InformationCases.answer(shared)
    default: throw UnknownCase(id: shared.id)
    }
  }
}
