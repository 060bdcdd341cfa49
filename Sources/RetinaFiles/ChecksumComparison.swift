#if RETINA_FUZZING
  /// Whether the checksums in files are compared: not in builds for fuzzing, in which a changed file would be refused before anything
  /// else of it is read.
  let comparesChecksums = false
#else
  /// Whether the checksums in files are compared.
  let comparesChecksums = true
#endif
