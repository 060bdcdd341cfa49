#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Files and folders; the only place that talks to the operating system.
public enum FileSystem {
  /// The largest file that is read when no other limit is given: 2 GiB.
  public static let defaultLimit = 1 << 31

  /// The name of a file or a folder without the folders that it is in.
  public static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  /// Reads a whole file.
  ///
  /// - Throws: ``FileError`` when there is no such file, when it is a folder, or when it is larger than `limit` bytes.
  public static func read(_ path: String, limit: Int = defaultLimit) throws(FileError) -> [UInt8] {
    func tooLarge(_ size: String) -> FileError {
      FileError(kind: .cannotRead, file: path, expected: "at most \(limit) bytes", found: size)
    }
    let source = try FileSource(path)
    let size = source.size ?? 0
    guard size <= limit else { throw tooLarge("\(size)") }

    // A pipe has no size, and a file may grow while it is read: go on until there is nothing left.
    var bytes: [UInt8] = []
    var block = max(size, 1 << 16)
    while true {
      let count = try source.append(to: &bytes, upTo: block)
      guard bytes.count <= limit else { throw tooLarge("more") }
      if count == 0 { return bytes }
      block = bytes.count < size ? size - bytes.count : 1 << 16
    }
  }

  /// The bytes of a whole file, mapped into memory where that is possible: only what is looked at is read, and the system
  /// can take the memory back.
  static func map(_ path: String, limit: Int = defaultLimit) throws(FileError) -> FileBytes {
    let source = try FileSource(path)
    guard let size = source.size, size > 0 else { return FileBytes(try read(path, limit: limit)) }
    guard size <= limit else {
      throw FileError(kind: .cannotRead, file: path, expected: "at most \(limit) bytes", found: "\(size)")
    }
    return try source.map(size)
  }

  /// The bytes of a file whose path another file states, relative to its own folder.
  ///
  /// The path may not leave the folder: no `..`, no symbolic link, and no file that is known under a second name (a hard
  /// link), which could be one from elsewhere.
  static func map(_ location: String, beside path: String) throws(FileError) -> FileBytes {
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !location.utf8.contains(0) else {
      throw FileError(file: location, expected: "a path that stays in the folder of the file", found: "another")
    }
    let parent = folder(of: path)
    let source = try FileSource(location, insideFolder: parent.isEmpty ? "." : parent, parts: parts.map(String.init))
    guard let size = source.size, size <= defaultLimit else {
      throw FileError(
        kind: .cannotRead, file: location, expected: "a file of at most \(defaultLimit) bytes", found: "another")
    }
    return size == 0 ? FileBytes([]) : try source.map(size)
  }

  /// Writes a file whole or not at all: beside its place, then moved there.
  ///
  /// A device or a pipe, which nothing can be moved onto, is written to directly; a symbolic link stays and what it
  /// points to is replaced.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    let sink = try FileSink(path)
    try sink.write(bytes)
    try sink.finish()
  }

  /// Makes a folder and those it lies in; one that is already there is left as it is.
  public static func createFolder(_ path: String) throws(FileError) {
    var end = path.startIndex
    while end < path.endIndex {
      end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
      let part = String(path[..<end])
      if mkdir(part, 0o777) != 0 {
        let code = errno
        guard isFolder(part) else {
          throw FileError(
            kind: .cannotWrite, file: part, expected: "a place for a folder",
            found: code == EEXIST ? "a file" : text(of: code))
        }
      }
    }
  }

  /// Whether there is a folder of that name.
  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether there is a regular file of that name.
  public static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// The names in a folder, sorted byte by byte.
  public static func list(_ folder: String) throws(FileError) -> [String] {
    guard let stream = opendir(folder) else {
      let code = errno
      throw FileError(
        kind: .cannotRead, file: folder, expected: "an existing folder",
        found: code == ENOENT ? "no such folder" : text(of: code))
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      // The name is read where it is: an entry is shorter than its type, and may end where the memory ends.
      guard let characters = entry.pointer(to: \.d_name) else { continue }
      let name = characters.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

// MARK: - Files in pieces

/// A file that is read from its beginning, piece by piece.
final class FileSource {
  /// The file as the user named it.
  let path: String
  /// Bytes of the file when it was opened; nothing for a pipe or a device, which have no size.
  let size: Int?
  private let descriptor: CInt

  /// Opens a file.
  init(_ path: String) throws(FileError) {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw readFailure(path, errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw readFailure(path, code)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw FileError(kind: .cannotRead, file: path, expected: "a file", found: "a folder")
    }
    size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    self.descriptor = descriptor
  }

  /// Opens a regular file of one name only, step by step from a folder down, without following a link.
  init(_ path: String, insideFolder folder: String, parts: [String]) throws(FileError) {
    self.path = path
    var current = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    for (index, part) in parts.enumerated() where current >= 0 {
      let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (index + 1 < parts.count ? O_DIRECTORY : 0)
      let next = openat(current, part, flags)
      let code = errno
      close(current)
      if next < 0 {
        guard code != ELOOP, code != ENOTDIR else {
          throw FileError(file: path, expected: "a path without symbolic links", found: "one")
        }
        throw readFailure(path, code)
      }
      current = next
    }
    guard current >= 0 else { throw readFailure(path, errno) }
    var status = stat()
    guard fstat(current, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
      close(current)
      throw FileError(file: path, expected: "a file of one name (no hard link)", found: "another")
    }
    size = Int(status.st_size)
    descriptor = current
  }

  deinit { close(descriptor) }

  /// The first bytes of a file, mapped.
  func map(_ count: Int) throws(FileError) -> FileBytes {
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw readFailure(path, errno)
    }
    return FileBytes(
      UnsafeRawBufferPointer(start: start, count: count), forget: forgetPages, release: { munmap(start, count) })
  }

  /// Appends what comes next, at most `block` bytes; gives their number, which is 0 only at the end.
  @discardableResult
  func append(to bytes: inout [UInt8], upTo block: Int) throws(FileError) -> Int {
    var code: CInt = 0
    var count = 0
    let part = [UInt8](unsafeUninitializedCapacity: block) { buffer, filled in
      repeat {
        count = read(descriptor, buffer.baseAddress, block)
        code = errno
      } while count < 0 && code == EINTR
      filled = max(count, 0)
    }
    guard count >= 0 else { throw readFailure(path, code) }
    if bytes.isEmpty { bytes = part } else { bytes += part }
    return count
  }

  /// The next `count` bytes; fewer only at the end.
  func next(_ count: Int) throws(FileError) -> [UInt8] {
    // What a file without a size says about itself may be wrong: memory is taken as bytes come.
    let most = 1 << 22
    var bytes: [UInt8] = []
    while bytes.count < count, try append(to: &bytes, upTo: min(count - bytes.count, most)) > 0 {}
    return bytes
  }
}

/// A file that is written piece by piece, and appears whole at the end or not at all.
///
/// A device or a pipe, which nothing can be moved onto, is written to directly; a symbolic link stays and what it
/// points to is replaced.
final class FileSink {
  private let path: String
  private let target: String
  /// Where the bytes go until they are whole; nothing for a device.
  private let temporary: String?
  /// Negative when the file is closed.
  private var descriptor: CInt

  /// Opens a file beside the place.
  init(_ path: String) throws(FileError) {
    self.path = path
    var status = stat()
    let exists = stat(path, &status) == 0
    let kind = exists ? status.st_mode & S_IFMT : S_IFREG
    if kind == S_IFDIR {
      throw FileError(kind: .cannotWrite, file: path, expected: "the name of a file", found: "a folder")
    }
    target = exists ? resolved(path) : path
    if kind == S_IFREG {
      let name = folder(of: target) + ".retina-" + String(UInt64.random(in: 0...UInt64.max), radix: 36) + ".part"
      temporary = name
      descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    } else {
      temporary = nil
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
    }
    guard descriptor >= 0 else { throw writeFailure(path, errno) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    if let temporary { unlink(temporary) }
  }

  /// Appends bytes.
  func write(_ bytes: [UInt8]) throws(FileError) {
    let code = writeAll(bytes, to: descriptor)
    if code != 0 { throw writeFailure(path, code) }
  }

  /// Waits until all bytes are on the disk and moves the file to its place.
  func finish() throws(FileError) {
    var code: CInt = 0
    // Devices and pipes cannot be synchronised and say so with EINVAL or EROFS.
    if fsync(descriptor) != 0, errno != EINVAL, errno != EROFS { code = errno }
    if close(descriptor) != 0, code == 0 { code = errno }
    descriptor = -1
    if code == 0, let temporary, rename(temporary, target) != 0 { code = errno }
    guard code != 0 else { return }
    if let temporary { unlink(temporary) }
    throw writeFailure(path, code)
  }
}

// MARK: - System calls

/// Gives back the pages that some bytes of a mapped file lie on.
private func forgetPages(_ bytes: UnsafeRawBufferPointer) {
  guard let start = bytes.baseAddress else { return }
  let before = UInt(bitPattern: start) % UInt(sysconf(CInt(_SC_PAGESIZE)))
  madvise(UnsafeMutableRawPointer(mutating: start - Int(before)), bytes.count + Int(before), MADV_DONTNEED)
}

/// Gives 0, or the code of what went wrong.
private func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> CInt {
  bytes.withUnsafeBytes { buffer in
    var rest = buffer[...]
    while !rest.isEmpty {
      let block = UnsafeRawBufferPointer(rebasing: rest)
      let count = write(descriptor, block.baseAddress, block.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return count == 0 ? EIO : errno }
      rest = rest.dropFirst(count)
    }
    return 0
  }
}

private func readFailure(_ path: String, _ code: CInt) -> FileError {
  code == ENOENT
    ? FileError(kind: .cannotRead, file: path, expected: "an existing file", found: "no such file")
    : FileError(kind: .cannotRead, file: path, expected: "a file that can be read", found: text(of: code))
}

private func writeFailure(_ path: String, _ code: CInt) -> FileError {
  code == ENOENT
    ? FileError(kind: .cannotWrite, file: path, expected: "an existing folder to write in", found: "no such folder")
    : FileError(kind: .cannotWrite, file: path, expected: "a place that can be written", found: text(of: code))
}

/// The path that symbolic links lead to.
private func resolved(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}

/// The folder of a file, with the slash; empty for the current one.
private func folder(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "" }
  return String(path[...slash])
}

/// What the system calls an error, as part of a sentence.
private func text(of code: CInt) -> String {
  guard let message = strerror(code) else { return "error \(code)" }
  let text = String(cString: message)
  return text.prefix(1).lowercased() + text.dropFirst()
}
