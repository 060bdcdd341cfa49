#ifndef RETINA_LANES_H
#define RETINA_LANES_H

/* Sums of products of 16-bit integers in the widest registers of the processor level that a file is compiled for.

   Swift's SIMD types have no widening multiplication. x86 multiplies two neighbouring pairs and adds them in one instruction
   (PMADDWD, with VNNI to the sum: VPDPWSSD), ARM multiplies one by one and adds to the sum (SMLAL), others have neither: so that the
   depth, how many products a lane adds at once, is 2 or 1. VNNI also adds four products of 8 bits (VPDPBUSD). Sums are kept modulo
   2^32 everywhere. */

#define RETINA_INLINE static inline __attribute__((always_inline))

/* Every function is inlined: how the wider vectors are passed in calls does not matter. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

#if defined(__x86_64__)

#if defined(__AVX512BW__)
typedef short retina_factors __attribute__((ext_vector_type(32)));
typedef int retina_sums __attribute__((ext_vector_type(16)));
#define RETINA_PRODUCTS(a, b) __builtin_ia32_pmaddwd512(a, b)
#elif defined(__AVX2__)
typedef short retina_factors __attribute__((ext_vector_type(16)));
typedef int retina_sums __attribute__((ext_vector_type(8)));
#define RETINA_PRODUCTS(a, b) __builtin_ia32_pmaddwd256(a, b)
#else
typedef short retina_factors __attribute__((ext_vector_type(8)));
typedef int retina_sums __attribute__((ext_vector_type(4)));
#define RETINA_PRODUCTS(a, b) __builtin_ia32_pmaddwd128(a, b)
#endif

/* Pairs of neighbouring factors, read from memory into all lanes where they are used. */
typedef const int *retina_weights;
enum { retina_depth = 2 };
RETINA_INLINE retina_weights retina_load_weights(const short *weights) { return (const int *)weights; }

/* Products of two rows of factors, added to lanes; which lane gets which does not matter. */
RETINA_INLINE retina_sums retina_add_products(retina_sums sums, retina_factors a, retina_factors b) {
#if defined(__AVX512VNNI__)
  return (retina_sums)__builtin_ia32_vpdpwssd512(sums, (retina_sums)a, (retina_sums)b);
#else
  return sums + (retina_sums)RETINA_PRODUCTS(a, b);
#endif
}

/* To every lane, the products of its two inputs with two weights. */
RETINA_INLINE retina_sums retina_add_weighted(retina_sums sums, retina_factors inputs, retina_weights weights, int output) {
  retina_sums pairs = weights[output];
  return retina_add_products(sums, inputs, (retina_factors)pairs);
}

#if defined(__AVX512VNNI__)
enum { retina_byte_depth = 4 };
/* To every lane, the products of its four inputs from 0 to 255 with four weights from -128 to 127. */
RETINA_INLINE retina_sums retina_add_weighted_bytes(
    retina_sums sums, retina_factors inputs, retina_weights weights, int output) {
  retina_sums fours = weights[output];
  return (retina_sums)__builtin_ia32_vpdpbusd512(sums, (retina_sums)inputs, fours);
}
#else
/* No products of 8 bits: the function is never called. */
enum { retina_byte_depth = 0 };
RETINA_INLINE retina_sums retina_add_weighted_bytes(
    retina_sums sums, retina_factors inputs, retina_weights weights, int output) {
  (void)inputs, (void)weights, (void)output;
  return sums;
}
#endif

#else

#if defined(__aarch64__)
typedef short retina_factors __attribute__((ext_vector_type(8)));
typedef int retina_sums __attribute__((ext_vector_type(8)));
typedef short retina_weights __attribute__((ext_vector_type(8)));
#elif defined(__ARM_NEON)
typedef short retina_factors __attribute__((ext_vector_type(4)));
typedef int retina_sums __attribute__((ext_vector_type(4)));
typedef short retina_weights __attribute__((ext_vector_type(4)));
#else
typedef short retina_factors __attribute__((ext_vector_type(2)));
typedef int retina_sums __attribute__((ext_vector_type(2)));
typedef short retina_weights __attribute__((ext_vector_type(4)));
#endif

enum { retina_depth = 1 };
RETINA_INLINE retina_weights retina_load_weights(const short *weights) {
  retina_weights loaded;
  __builtin_memcpy(&loaded, weights, sizeof(loaded));
  return loaded;
}

RETINA_INLINE retina_sums retina_add_weighted(retina_sums sums, retina_factors inputs, retina_weights weights, int output) {
  retina_factors weight = weights[output];
  return sums + __builtin_convertvector(inputs, retina_sums) * __builtin_convertvector(weight, retina_sums);
}

RETINA_INLINE retina_sums retina_add_products(retina_sums sums, retina_factors a, retina_factors b) {
  return sums + __builtin_convertvector(a, retina_sums) * __builtin_convertvector(b, retina_sums);
}

#endif

enum { retina_lanes = sizeof(retina_sums) / sizeof(int) };

/* As many numbers, and values of 8 and 16 bits, as there are sums. */
typedef float retina_numbers __attribute__((ext_vector_type(sizeof(retina_sums) / sizeof(int))));
typedef signed char retina_bytes __attribute__((ext_vector_type(sizeof(retina_sums) / sizeof(int))));
typedef short retina_halves __attribute__((ext_vector_type(sizeof(retina_sums) / sizeof(int))));

/* The nearest integers, ties away from zero; 0 for NaN, and at most 2^17 from 0. */
RETINA_INLINE retina_sums retina_nearest(retina_numbers numbers) {
  const retina_numbers largest = 131072, smallest = -131072, zero = 0;
  numbers = numbers == numbers ? numbers : zero;
  numbers = numbers > largest ? largest : numbers;
  numbers = numbers < smallest ? smallest : numbers;
  retina_sums whole = __builtin_convertvector(numbers, retina_sums);
  retina_numbers rest = numbers - __builtin_convertvector(whole, retina_numbers);
  /* A comparison that holds is -1. */
  return whole - (rest >= 0.5f) + (rest <= -0.5f);
}

RETINA_INLINE retina_sums retina_clamped(retina_sums values, int low, int high) {
  const retina_sums lows = low, highs = high;
  values = values < lows ? lows : values;
  return values > highs ? highs : values;
}

typedef long long retina_longs __attribute__((ext_vector_type(sizeof(retina_sums) / sizeof(int))));

/* Products of 64 bits. Both factors are widened as vectors, which is what compilers know a widening multiplication by. */
RETINA_INLINE retina_longs retina_products(retina_sums sums, int factor) {
  const retina_sums factors = factor;
  return __builtin_convertvector(sums, retina_longs) * __builtin_convertvector(factors, retina_longs);
}

/* Over 2^right, downwards; the nearest integer of 32 bits where it passes them. */
RETINA_INLINE retina_sums retina_shifted(retina_longs products, int right) {
  const retina_longs largest = 0x7fffffffLL, smallest = -0x80000000LL;
  products = products >> right;
  products = products > largest ? largest : products;
  return __builtin_convertvector(products < smallest ? smallest : products, retina_sums);
}

/* Round twice: sums * multiplier / 2^31, ties upwards, then over 2^right, ties away from zero. */
RETINA_INLINE retina_sums retina_round_twice(retina_sums sums, int multiplier, int right) {
  const retina_longs half = 1LL << 30;
  retina_sums high = __builtin_convertvector((retina_products(sums, multiplier) + half) >> 31, retina_sums);
  const retina_sums mask = (int)((1LL << right) - 1);
  /* A comparison that holds is -1. */
  retina_sums threshold = (mask >> 1) - (high < 0);
  return (high >> right) - ((high & mask) > threshold);
}

/* Round once: (sums * factor + addend) / 2^right, downwards: half a step is in the addend. */
RETINA_INLINE retina_sums retina_round_once(retina_sums sums, int factor, long long addend, int right) {
  return retina_shifted(retina_products(sums, factor) + addend, right);
}

/* The same for sums of 64 bits. */
RETINA_INLINE retina_sums retina_round_long(retina_longs sums, int factor, long long addend, int right) {
  return retina_shifted(sums * (long long)factor + addend, right);
}

RETINA_INLINE retina_halves retina_widened(retina_bytes values) { return __builtin_convertvector(values, retina_halves); }

/* As many values of 8 bits as there are factors. */
typedef signed char retina_small_factors __attribute__((ext_vector_type(sizeof(retina_factors) / sizeof(short))));
RETINA_INLINE retina_factors retina_widened_factors(retina_small_factors values) {
  return __builtin_convertvector(values, retina_factors);
}

RETINA_INLINE retina_bytes retina_as_bytes(retina_sums values) { return __builtin_convertvector(values, retina_bytes); }
RETINA_INLINE retina_halves retina_as_halves(retina_sums values) { return __builtin_convertvector(values, retina_halves); }

#pragma clang diagnostic pop

#endif
