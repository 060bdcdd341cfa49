/// The places of things in an image; `FixedPoint/README.md` and `ReproducibleFloat/README.md` describe the format.
///
/// Every number is a 32-bit word, little-endian; sections begin at multiples of 64 bytes, without holes.
enum ImageLayout {
  /// The first eight bytes: not a text, and broken by programs that change line ends.
  static let magic: [UInt32] = [0x5445_5289, 0x0A41_4E49]
  static let version: UInt32 = 1
  static let byteOrder: UInt32 = 0x0102_0304
  static let alignment = 64
  /// The largest image, so that every place fits a signed word: 1 GiB.
  static let maximumBytes = 1 << 30
  /// The largest extent of an array, window, stride, dilation or padding.
  static let maximumExtent = 1 << 20
  /// The most layers.
  static let maximumLayers = 1024
  /// The most values of one array.
  static let maximumValues = 1 << 27

  /// Words of the header.
  enum Header {
    static let magic = 0
    static let version = 2
    static let byteOrder = 3
    static let bytes = 4
    static let checksum = 5
    static let sections = 6
    static let layers = 7
    static let arenaBytes = 8
    static let stateBytes = 9
    /// 0 for integers, 32 for float32.
    static let precision = 10
    /// In float32: the place of the values before the first nonlinearity at rest.
    static let rest = 11
    static let words = 16
  }

  /// The sections, in the order in which they lie.
  enum Section: Int, CaseIterable {
    case description, layers, names, payload, golden

    /// Words of an entry in the table of sections: kind, place, length, checksum.
    static let words = 4
  }

  /// Where the first section begins.
  static var firstSection: Int {
    aligned(4 * (Header.words + Section.words * Section.allCases.count))
  }

  /// Words of the description.
  enum Description {
    static let rank = 0
    static let extents = 1
    static let lag = 5
    static let frameRate = 6
    static let inputType = 8
    static let inputScale = 9
    static let inputZeroPoint = 10
    static let normalizationCount = 11
    static let mean = 12
    static let deviation = 13
    static let name = 14
    static let nameBytes = 15
    static let words = 16
  }

  /// Words of a layer.
  enum Layer {
    static let kind = 0
    static let type = 1
    static let scale = 2
    static let zeroPoint = 3
    static let minimum = 4
    static let maximum = 5
    static let rank = 6
    static let extents = 7
    static let names = 11
    static let nameBytes = 12
    static let inputs = 13
    static let outputs = 14
    static let groups = 15
    static let window = 16
    static let weightType = 28
    static let rounding = 29
    /// In float32, in place of a rounding: the function of a unit.
    static let function = 29
    static let weights = 30
    static let bias = 31
    static let multipliers = 32
    static let table = 33
    static let words = 36
  }

  /// What a layer computes.
  enum Kind: UInt32 {
    case convolution = 1
    case maximumPool = 2
    case averagePool = 3
    case table = 4
    case gather = 5
    case affine = 6
    case dense = 7
    case function = 8
    case parametricSoftplus = 9
    case divisiveNormalization = 10
  }

  /// The functions of single units in float32.
  enum Function: UInt32 {
    case relu = 0
    case softplus = 1
    case sigmoid = 2
    case tanh = 3
    case elu = 4
    case exponential = 5
  }

  /// The most axes of a shape.
  static let maximumRank = 4

  /// Bytes before the frames in a state: the checksum of the image, then the number of frames pushed.
  static let stateHeaderBytes = 64

  /// The next multiple of the alignment.
  static func aligned(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }
}
