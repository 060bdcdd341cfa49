#if RETINA_VARIANT
  import RetinaKernels
#endif

/// The fast kernels of one processor level: the one that this module is compiled for.
public enum Kernels: VectorKernels {}
