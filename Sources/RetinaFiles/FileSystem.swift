#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Whole files and folders; the only place that talks to the operating system.
public enum FileSystem {
  /// The largest file that is read when no other limit is given: 2 GiB.
  public static let defaultLimit = 1 << 31

  /// Reads a whole file.
  ///
  /// - Throws: ``FileError`` when there is no such file, when it is a folder, or when it is larger than `limit` bytes.
  public static func read(_ path: String, limit: Int = defaultLimit) throws(FileError) -> [UInt8] {
    func failure(_ code: CInt) -> FileError {
      code == ENOENT
        ? FileError(kind: .cannotRead, file: path, expected: "an existing file", found: "no such file")
        : FileError(kind: .cannotRead, file: path, expected: "a file that can be read", found: text(of: code))
    }
    func tooLarge(_ size: String) -> FileError {
      FileError(kind: .cannotRead, file: path, expected: "at most \(limit) bytes", found: size)
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw FileError(kind: .cannotRead, file: path, expected: "a file", found: "a folder")
    }
    let size = Int(status.st_size)
    guard size <= limit else { throw tooLarge("\(size)") }

    // A pipe has no size, and a file may grow while it is read: go on until there is nothing left.
    var bytes: [UInt8] = []
    var block = max(size, 1 << 16)
    while true {
      let old = bytes.count
      let (count, code) = append(to: &bytes, upTo: block, from: descriptor)
      guard count >= 0 else { throw failure(code) }
      guard bytes.count <= limit else { throw tooLarge("more") }
      if bytes.count == old { return bytes }
      block = bytes.count < size ? size - bytes.count : 1 << 16
    }
  }

  /// Writes a file whole or not at all: beside its place, then moved there.
  ///
  /// A device or a pipe, which nothing can be moved onto, is written to directly; a symbolic link stays and what it
  /// points to is replaced.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    var status = stat()
    let exists = stat(path, &status) == 0
    let kind = exists ? status.st_mode & S_IFMT : S_IFREG
    if kind == S_IFDIR {
      throw FileError(kind: .cannotWrite, file: path, expected: "the name of a file", found: "a folder")
    }
    guard kind == S_IFREG else {
      return try writeDirectly(bytes, into: path, flags: O_WRONLY | O_CLOEXEC, reportedAs: path)
    }
    let target = exists ? resolved(path) : path
    let temporary = folder(of: target) + ".retina-" + String(UInt64.random(in: 0...UInt64.max), radix: 36) + ".part"
    do throws(FileError) {
      try writeDirectly(bytes, into: temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, reportedAs: path)
      guard rename(temporary, target) == 0 else { throw writeFailure(path, errno) }
    } catch {
      unlink(temporary)
      throw error
    }
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
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

// MARK: - System calls

/// Appends one block; `count` is what came, 0 at the end of the file, negative with a code when reading failed.
private func append(to bytes: inout [UInt8], upTo block: Int, from descriptor: CInt) -> (count: Int, code: CInt) {
  var code: CInt = 0
  var count = 0
  let part = [UInt8](unsafeUninitializedCapacity: block) { buffer, filled in
    repeat {
      count = read(descriptor, buffer.baseAddress, block)
      code = errno
    } while count < 0 && code == EINTR
    filled = max(count, 0)
  }
  if bytes.isEmpty { bytes = part } else { bytes += part }
  return (count, code)
}

/// Opens a file, writes all bytes and waits until they are on the disk.
private func writeDirectly(_ bytes: [UInt8], into path: String, flags: CInt, reportedAs name: String) throws(FileError)
{
  let descriptor = open(path, flags, 0o666)
  guard descriptor >= 0 else { throw writeFailure(name, errno) }
  var code = writeAll(bytes, to: descriptor)
  // Devices and pipes cannot be synchronised and say so with EINVAL or EROFS.
  if code == 0, fsync(descriptor) != 0, errno != EINVAL, errno != EROFS { code = errno }
  if close(descriptor) != 0, code == 0 { code = errno }
  if code != 0 { throw writeFailure(name, code) }
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
