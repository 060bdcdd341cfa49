import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the HDF5 library calls a file, an object, a type.
typealias HDF5Identifier = Int64

/// The functions of the HDF5 C library that are used here, found when the first HDF5 file is opened.
///
/// Nothing is linked: who opens no HDF5 file needs no library. It may only be called by one thread at a time, so every
/// use goes through ``locked(_:)``. Versions from 1.10 on, whose identifiers have 64 bits.
struct HDF5Library: Sendable {
  typealias Identifier = HDF5Identifier

  // Files and objects.
  let openFile: @convention(c) @Sendable (UnsafePointer<CChar>, CUnsignedInt, Identifier) -> Identifier
  let createFile: @convention(c) @Sendable (UnsafePointer<CChar>, CUnsignedInt, Identifier, Identifier) -> Identifier
  let flush: @convention(c) @Sendable (Identifier, CInt) -> CInt
  let fileImage: @convention(c) @Sendable (Identifier, UnsafeMutableRawPointer?, Int) -> Int
  let openObject: @convention(c) @Sendable (Identifier, UnsafePointer<CChar>, Identifier) -> Identifier
  let closeIdentifier: @convention(c) @Sendable (Identifier) -> CInt
  let kind: @convention(c) @Sendable (Identifier) -> CInt
  let createGroup:
    @convention(c) @Sendable (Identifier, UnsafePointer<CChar>, Identifier, Identifier, Identifier) -> Identifier

  // Errors.
  let setErrorOutput: @convention(c) @Sendable (Identifier, UnsafeRawPointer?, UnsafeMutableRawPointer?) -> CInt

  // Links.
  let linkExists: @convention(c) @Sendable (Identifier, UnsafePointer<CChar>, Identifier) -> CInt
  let groupInformation: @convention(c) @Sendable (Identifier, UnsafeMutableRawPointer) -> CInt
  let linkName:
    @convention(c) @Sendable (
      Identifier, UnsafePointer<CChar>, CInt, CInt, UInt64, UnsafeMutablePointer<CChar>?, Int, Identifier
    ) -> Int

  // Data sets and attributes.
  let dataSpace: @convention(c) @Sendable (Identifier) -> Identifier
  let dataType: @convention(c) @Sendable (Identifier) -> Identifier
  let creationProperties: @convention(c) @Sendable (Identifier) -> Identifier
  let storageSize: @convention(c) @Sendable (Identifier) -> UInt64
  let read:
    @convention(c) @Sendable (
      Identifier, Identifier, Identifier, Identifier, Identifier, UnsafeMutableRawPointer
    ) -> CInt
  let createData:
    @convention(c) @Sendable (
      Identifier, UnsafePointer<CChar>, Identifier, Identifier, Identifier, Identifier, Identifier
    ) -> Identifier
  let write:
    @convention(c) @Sendable (Identifier, Identifier, Identifier, Identifier, Identifier, UnsafeRawPointer) -> CInt
  let attributeExists: @convention(c) @Sendable (Identifier, UnsafePointer<CChar>) -> CInt
  let openAttribute: @convention(c) @Sendable (Identifier, UnsafePointer<CChar>, Identifier) -> Identifier
  let attributeSpace: @convention(c) @Sendable (Identifier) -> Identifier
  let attributeType: @convention(c) @Sendable (Identifier) -> Identifier
  let readAttribute: @convention(c) @Sendable (Identifier, Identifier, UnsafeMutableRawPointer) -> CInt
  let createAttribute:
    @convention(c) @Sendable (Identifier, UnsafePointer<CChar>, Identifier, Identifier, Identifier, Identifier)
      -> Identifier
  let writeAttribute: @convention(c) @Sendable (Identifier, Identifier, UnsafeRawPointer) -> CInt

  // Spaces and types.
  let rank: @convention(c) @Sendable (Identifier) -> CInt
  let extents:
    @convention(c) @Sendable (Identifier, UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>?) -> CInt
  let spaceClass: @convention(c) @Sendable (Identifier) -> CInt
  let createSpace: @convention(c) @Sendable (CInt) -> Identifier
  let createSimpleSpace: @convention(c) @Sendable (CInt, UnsafePointer<UInt64>, UnsafePointer<UInt64>?) -> Identifier
  let typeClass: @convention(c) @Sendable (Identifier) -> CInt
  let typeSize: @convention(c) @Sendable (Identifier) -> Int
  let isVariableText: @convention(c) @Sendable (Identifier) -> CInt
  let copyType: @convention(c) @Sendable (Identifier) -> Identifier
  let setTypeSize: @convention(c) @Sendable (Identifier, Int) -> CInt
  let setCharacterSet: @convention(c) @Sendable (Identifier, CInt) -> CInt
  let freeMemory: @convention(c) @Sendable (UnsafeMutableRawPointer?) -> CInt

  // Properties.
  let createProperties: @convention(c) @Sendable (Identifier) -> Identifier
  let layout: @convention(c) @Sendable (Identifier) -> CInt
  let externalFiles: @convention(c) @Sendable (Identifier) -> CInt
  let keepInMemory: @convention(c) @Sendable (Identifier, Int, CUnsignedInt) -> CInt
  let trackTimes: @convention(c) @Sendable (Identifier, Bool) -> CInt
  let setExternalLinkCallback:
    @convention(c) @Sendable (Identifier, ExternalLinkCallback, UnsafeMutableRawPointer?) -> CInt

  /// What the library asks before it follows a link to another file.
  typealias ExternalLinkCallback =
    @convention(c) (
      UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
      UnsafeMutablePointer<CUnsignedInt>?, Identifier, UnsafeMutableRawPointer?
    ) -> CInt

  /// Types in the memory of this processor, and texts.
  let nativeFloat, nativeDouble, littleFloat, littleDouble, littleInteger, text: Identifier
  /// Classes of properties.
  let fileAccessClass, dataCreationClass, groupCreationClass, linkAccessClass: Identifier
}

// MARK: - Finding the library

extension HDF5Library {
  /// Where the library is looked for, after the value of `RETINA_HDF5`.
  private static let names = [
    "libhdf5_serial.so", "libhdf5_serial.so.103", "libhdf5_serial.so.310", "libhdf5.so", "libhdf5.so.103",
    "libhdf5.so.200", "libhdf5.so.310", "libhdf5.so.320", "libhdf5.dylib", "/opt/homebrew/lib/libhdf5.dylib",
  ]
  private static let oldestVersion: [CUnsignedInt] = [1, 10]

  private static let found: Result<HDF5Library, HDF5LibraryError> = Result(catching: load)
  private static let lock = Mutex(())

  /// Does something with the library while nobody else does.
  ///
  /// - Throws: ``FileError`` that says how to get the library when there is none; `file` is what it speaks of.
  static func locked<Value>(
    _ file: String, kind: FileError.Kind, _ body: (HDF5Library) throws(FileError) -> Value
  ) throws(FileError) -> Value {
    try lock.withLock { (_) throws(FileError) in
      switch found {
      case .success(let library):
        // Errors are told by the caller; without this the library prints them, too. It remembers so for each thread.
        _ = library.setErrorOutput(0, nil, nil)
        return try body(library)
      case .failure(let error):
        throw FileError(
          kind: kind, file: file,
          expected: "the HDF5 library, 1.10 or later (Debian, Ubuntu: apt-get install hdf5-tools; macOS: brew install "
            + "hdf5; or RETINA_HDF5=PATH of libhdf5.so)",
          found: error.found)
      }
    }
  }

  private static func load() throws(HDF5LibraryError) -> HDF5Library {
    let own = getenv("RETINA_HDF5").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    for name in own.map({ [$0] }) ?? names {
      guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
      return try HDF5Library(HDF5Symbols(handle: handle, name: name))
    }
    throw HDF5LibraryError(found: own.map { "no library '\($0)'" } ?? "none")
  }

  private init(_ symbols: HDF5Symbols) throws(HDF5LibraryError) {
    let version:
      @convention(c) (
        UnsafeMutablePointer<CUnsignedInt>, UnsafeMutablePointer<CUnsignedInt>, UnsafeMutablePointer<CUnsignedInt>
      ) -> CInt = try symbols.function("H5get_libversion")
    var (major, minor, release): (CUnsignedInt, CUnsignedInt, CUnsignedInt) = (0, 0, 0)
    guard version(&major, &minor, &release) >= 0,
      ![major, minor].lexicographicallyPrecedes(HDF5Library.oldestVersion)
    else { throw HDF5LibraryError(found: "\(symbols.name) of version \(major).\(minor)") }

    let open: @convention(c) () -> CInt = try symbols.function("H5open")
    guard open() >= 0 else { throw HDF5LibraryError(found: "\(symbols.name), which does not start") }

    setErrorOutput = try symbols.function("H5Eset_auto2")
    openFile = try symbols.function("H5Fopen")
    createFile = try symbols.function("H5Fcreate")
    flush = try symbols.function("H5Fflush")
    fileImage = try symbols.function("H5Fget_file_image")
    openObject = try symbols.function("H5Oopen")
    closeIdentifier = try symbols.function("H5Idec_ref")
    kind = try symbols.function("H5Iget_type")
    createGroup = try symbols.function("H5Gcreate2")
    linkExists = try symbols.function("H5Lexists")
    groupInformation = try symbols.function("H5Gget_info")
    linkName = try symbols.function("H5Lget_name_by_idx")
    dataSpace = try symbols.function("H5Dget_space")
    dataType = try symbols.function("H5Dget_type")
    creationProperties = try symbols.function("H5Dget_create_plist")
    storageSize = try symbols.function("H5Dget_storage_size")
    read = try symbols.function("H5Dread")
    createData = try symbols.function("H5Dcreate2")
    write = try symbols.function("H5Dwrite")
    attributeExists = try symbols.function("H5Aexists")
    openAttribute = try symbols.function("H5Aopen")
    attributeSpace = try symbols.function("H5Aget_space")
    attributeType = try symbols.function("H5Aget_type")
    readAttribute = try symbols.function("H5Aread")
    createAttribute = try symbols.function("H5Acreate2")
    writeAttribute = try symbols.function("H5Awrite")
    rank = try symbols.function("H5Sget_simple_extent_ndims")
    extents = try symbols.function("H5Sget_simple_extent_dims")
    spaceClass = try symbols.function("H5Sget_simple_extent_type")
    createSpace = try symbols.function("H5Screate")
    createSimpleSpace = try symbols.function("H5Screate_simple")
    typeClass = try symbols.function("H5Tget_class")
    typeSize = try symbols.function("H5Tget_size")
    isVariableText = try symbols.function("H5Tis_variable_str")
    copyType = try symbols.function("H5Tcopy")
    setTypeSize = try symbols.function("H5Tset_size")
    setCharacterSet = try symbols.function("H5Tset_cset")
    freeMemory = try symbols.function("H5free_memory")
    createProperties = try symbols.function("H5Pcreate")
    layout = try symbols.function("H5Pget_layout")
    externalFiles = try symbols.function("H5Pget_external_count")
    keepInMemory = try symbols.function("H5Pset_fapl_core")
    trackTimes = try symbols.function("H5Pset_obj_track_times")
    setExternalLinkCallback = try symbols.function("H5Pset_elink_cb")
    nativeFloat = try symbols.identifier("H5T_NATIVE_FLOAT_g")
    nativeDouble = try symbols.identifier("H5T_NATIVE_DOUBLE_g")
    littleFloat = try symbols.identifier("H5T_IEEE_F32LE_g")
    littleDouble = try symbols.identifier("H5T_IEEE_F64LE_g")
    littleInteger = try symbols.identifier("H5T_STD_I64LE_g")
    text = try symbols.identifier("H5T_C_S1_g")
    fileAccessClass = try symbols.identifier("H5P_CLS_FILE_ACCESS_ID_g")
    dataCreationClass = try symbols.identifier("H5P_CLS_DATASET_CREATE_ID_g")
    groupCreationClass = try symbols.identifier("H5P_CLS_GROUP_CREATE_ID_g")
    linkAccessClass = try symbols.identifier("H5P_CLS_LINK_ACCESS_ID_g")
  }
}

/// Why there is no library.
struct HDF5LibraryError: Error {
  var found: String
}

/// The names that a library which was opened at run time defines.
private struct HDF5Symbols {
  let handle: UnsafeMutableRawPointer
  let name: String

  func function<Function>(_ symbol: String) throws(HDF5LibraryError) -> Function {
    unsafeBitCast(try address(symbol), to: Function.self)
  }

  /// A type or a class of properties, which is a variable of the library.
  func identifier(_ symbol: String) throws(HDF5LibraryError) -> HDF5Identifier {
    try address(symbol).load(as: HDF5Identifier.self)
  }

  private func address(_ symbol: String) throws(HDF5LibraryError) -> UnsafeMutableRawPointer {
    guard let address = dlsym(handle, symbol) else {
      throw HDF5LibraryError(found: "\(name) without \(symbol)")
    }
    return address
  }
}
