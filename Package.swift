// swift-tools-version: 6.2
import PackageDescription

// Kernels, engine and probe are optimised in debug builds too: a retina movie through an unoptimised convolution takes minutes.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

// The fast kernels are compiled once per x86-64 level, from links to the same files, and chosen when a program starts.
#if arch(x86_64)
  let levels: [Target] = [
    .target(
      name: "RetinaKernelsAVX2", dependencies: ["RetinaKernels", "RetinaLanes"],
      swiftSettings: optimised + [
        .define("RETINA_VARIANT"), .define("RETINA_FMA"), .unsafeFlags(["-Xcc", "-march=x86-64-v3"]),
      ]),
    .target(
      name: "RetinaKernelsAVX512", dependencies: ["RetinaKernels", "RetinaLanes"],
      swiftSettings: optimised + [
        .define("RETINA_VARIANT"), .define("RETINA_FMA"),
        .unsafeFlags(["-Xcc", "-march=x86-64-v4", "-Xcc", "-mavx512vnni"]),
      ]),
    .target(name: "RetinaProcessor"),
  ]
#else
  let levels: [Target] = []
#endif

// Square roots become calls of the C mathematics library where the compiler cannot rule out negative numbers.
let mathematics: [LinkerSetting] = [.linkedLibrary("m", .when(platforms: [.linux]))]

let package = Package(
  name: "RetinaKit",
  products: [
    .library(
      name: "RetinaKit", type: .static,
      targets: ["RetinaKernels", "RetinaModel", "RetinaEngine", "RetinaProbe"]),
    .library(name: "RetinaC", type: .static, targets: ["RetinaC"]),
    .executable(name: "retina", targets: ["retina"]),
  ],
  targets: levels + [
    // MARK: - Floors 1-4: no Foundation, also compiled as Embedded Swift
    .target(name: "RetinaLanes"),
    .target(
      name: "RetinaKernels", dependencies: ["RetinaLanes"], exclude: ["FixedPoint/README.md"], swiftSettings: optimised),
    .target(name: "RetinaModel"),
    .target(
      name: "RetinaEngine",
      dependencies: ["RetinaKernels", "RetinaModel"] + levels.map { .target(name: $0.name) },
      exclude: ["README.md", "FixedPoint/README.md", "ReproducibleFloat/README.md"], swiftSettings: optimised,
      linkerSettings: mathematics),
    .target(
      name: "RetinaProbe", dependencies: ["RetinaEngine"], exclude: ["README.md"], swiftSettings: optimised,
      linkerSettings: mathematics),
    .target(
      name: "RetinaGraph", dependencies: ["RetinaKernels"], exclude: ["README.md"], swiftSettings: optimised),
    .target(name: "CRetina"),
    .target(
      name: "RetinaC", dependencies: ["RetinaProbe", "CRetina"], exclude: ["README.md"], swiftSettings: optimised),

    // MARK: - Floors 5-6: files, stimuli, pictures
    .target(
      name: "RetinaFiles", dependencies: ["RetinaModel", "RetinaGraph"], exclude: ["README.md", "HDF5/README.md"]),
    .target(name: "RetinaStimuli", dependencies: ["RetinaKernels", "RetinaFiles"], swiftSettings: optimised),
    .target(
      name: "RetinaFit", dependencies: ["RetinaEngine", "RetinaFiles", "RetinaStimuli", "RetinaTheory"],
      exclude: ["README.md"], swiftSettings: optimised),
    .target(
      name: "RetinaReport",
      dependencies: ["RetinaEngine", "RetinaProbe", "RetinaFiles", "RetinaFit", "RetinaInterpretation"],
      exclude: ["README.md"], swiftSettings: optimised),
    .target(
      name: "RetinaInterpretation",
      dependencies: ["RetinaEngine", "RetinaProbe", "RetinaFiles", "RetinaStimuli", "RetinaFit", "RetinaTheory"],
      exclude: ["README.md", "Matching/README.md"], swiftSettings: optimised, linkerSettings: mathematics),
    .target(
      name: "RetinaTheory", dependencies: ["RetinaKernels", "RetinaModel", "RetinaEngine", "RetinaStimuli"],
      exclude: ["README.md", "Documentation"], swiftSettings: optimised, linkerSettings: mathematics),

    // MARK: - Floor 7: the command line
    .executableTarget(
      name: "retina",
      dependencies: [
        "RetinaProbe", "RetinaGraph", "RetinaFiles", "RetinaStimuli", "RetinaFit", "RetinaTheory", "RetinaReport",
        "RetinaInterpretation",
      ]),

    // MARK: - Tests
    .testTarget(
      name: "RetinaKernelsTests", dependencies: ["RetinaKernels"] + levels.map { .target(name: $0.name) }),
    .testTarget(name: "RetinaModelTests", dependencies: ["RetinaModel"]),
    .testTarget(name: "RetinaEngineTests", dependencies: ["RetinaEngine", "RetinaFiles", "RetinaGraph"]),
    .testTarget(name: "RetinaProbeTests", dependencies: ["RetinaKernels", "RetinaProbe", "RetinaFiles"]),
    .testTarget(name: "RetinaGraphTests", dependencies: ["RetinaKernels", "RetinaGraph"]),
    .testTarget(
      name: "RetinaFilesTests", dependencies: ["RetinaKernels", "RetinaFiles", "RetinaModel", "RetinaGraph"]),
    .testTarget(name: "RetinaStimuliTests", dependencies: ["RetinaStimuli"]),
    .testTarget(name: "RetinaFitTests", dependencies: ["RetinaFit"]),
    .testTarget(name: "RetinaInterpretationTests", dependencies: ["RetinaInterpretation", "RetinaFit"]),
    .testTarget(name: "RetinaReportTests", dependencies: ["RetinaReport", "RetinaFiles", "RetinaInterpretation"]),
    .testTarget(name: "RetinaTheoryTests", dependencies: ["RetinaTheory", "RetinaFiles"]),
    .testTarget(
      name: "CommandLineTests", dependencies: ["retina", "RetinaFiles", "RetinaProbe", "RetinaStimuli"]),
  ]
)
