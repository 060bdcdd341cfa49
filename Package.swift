// swift-tools-version: 6.2
import PackageDescription

// The floors of the house, ground first; a target depends only on floors below it.
// Kernels are compiled with -O in debug builds too: a retina movie through an unoptimised convolution takes minutes.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
  name: "RetinaKit",
  products: [
    .library(
      name: "RetinaKit", type: .static,
      targets: ["RetinaKernels", "RetinaModel", "RetinaEngine", "RetinaProbe"]),
    .executable(name: "retina", targets: ["retina"]),
  ],
  targets: [
    // MARK: - Floors 1-4: no Foundation, also compiled as Embedded Swift
    .target(name: "RetinaKernels", swiftSettings: optimised),
    .target(name: "RetinaModel"),
    .target(name: "RetinaEngine", dependencies: ["RetinaKernels", "RetinaModel"], swiftSettings: optimised),
    .target(name: "RetinaProbe", dependencies: ["RetinaEngine"], swiftSettings: optimised),

    // MARK: - Floors 5-6: files, stimuli, pictures
    .target(name: "RetinaFiles", dependencies: ["RetinaModel"]),
    .target(name: "RetinaStimuli", dependencies: ["RetinaFiles"]),
    .target(name: "RetinaReport", dependencies: ["RetinaModel"]),

    // MARK: - Floor 7: the command line
    .executableTarget(
      name: "retina",
      dependencies: ["RetinaProbe", "RetinaFiles", "RetinaStimuli", "RetinaReport"]),

    // MARK: - Tests
    .testTarget(name: "RetinaModelTests", dependencies: ["RetinaModel"]),
    .testTarget(name: "RetinaEngineTests", dependencies: ["RetinaEngine", "RetinaFiles"]),
    .testTarget(name: "RetinaProbeTests", dependencies: ["RetinaProbe", "RetinaFiles"]),
    .testTarget(name: "RetinaFilesTests", dependencies: ["RetinaFiles"]),
    .testTarget(name: "RetinaStimuliTests", dependencies: ["RetinaStimuli"]),
    .testTarget(name: "CommandLineTests", dependencies: ["retina"]),
  ]
)
