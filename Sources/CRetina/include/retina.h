/* RetinaKit on a board: a model compiled to a .retina image (integers, or float32), frame by frame, with its interior layers, the importance
 * and conductance of their channels, and spikes.
 *
 * No call allocates memory, keeps a global state or ends the program: whatever an image holds and whatever sizes are given, the outcome is
 * a status. The caller owns all memory; one model is used by one thread at a time, any number of models may share the bytes of an image.
 * Results have the same bits on every processor.
 *
 *     retina_model model;
 *     if (retina_open(&model, image, image_bytes) != RETINA_OK) ...          // image aligned to 64 bytes
 *     void *arena = aligned_alloc(64, ...retina_arena_bytes(&model)...);
 *     void *state = aligned_alloc(64, ...retina_state_bytes(&model)...);
 *     retina_start(&model, arena, arena_bytes, state, state_bytes);
 *     while (next(frame))
 *       if (retina_push_float(&model, frame, retina_frame_size(&model)) == RETINA_OK)
 *         retina_rates(&model, rates, retina_cells(&model));
 */
#ifndef RETINA_H
#define RETINA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What came of a call. */
enum {
  RETINA_OK = 0,
  RETINA_NOT_READY = 1,     /* no error: fewer frames than the history have been pushed */
  RETINA_BAD_ARGUMENT = -1, /* a null or misaligned pointer, a size that does not fit, a layer or cell that does not exist */
  RETINA_BAD_IMAGE = -2,    /* see retina_error_text and retina_error_byte */
  RETINA_BAD_MEMORY = -3,   /* arena or state too small, not aligned to 64 bytes, overlapping, or not given yet */
  RETINA_BAD_STATE = -4,    /* a saved state of another image */
  RETINA_CHECK_FAILED = -5, /* the golden input gives other values than it must */
  RETINA_UNSUPPORTED = -6   /* a question that this kind of image does not answer */
};

/* A model; the fields are private. */
typedef struct retina_model {
  const void *image;
  size_t image_bytes;
  void *arena;
  void *state;
  const char *error;
  uint32_t error_byte;
  uint32_t mark;
  int32_t ready;
  int32_t reserved;
} retina_model;

/* The version of this interface: major * 65536 + minor. */
uint32_t retina_version(void);
/* sizeof(retina_model), for languages that do not read this header. */
size_t retina_model_bytes(void);
/* A status in words; never null. */
const char *retina_status_text(int32_t status);

/* Checks an image whole and takes it up; its bytes must stay where they are, unchanged. */
int32_t retina_open(retina_model *model, const void *image, size_t bytes);
/* The last error of a call that may change the model, in words, and where retina_open failed in the image; never null. */
const char *retina_error_text(const retina_model *model);
uint32_t retina_error_byte(const retina_model *model);

/* What the image says; 0 before it is open. precision: 8, 16 or 32 (float32) bits of the input. history: the frames that a rate depends on; the
 * newest of them is `lag` frames older than the rate. frame_rate: frames per second, 0 if unknown. */
int32_t retina_precision(const retina_model *model);
size_t retina_history(const retina_model *model);
size_t retina_lag(const retina_model *model);
double retina_frame_rate(const retina_model *model);
size_t retina_frame_height(const retina_model *model);
size_t retina_frame_width(const retina_model *model);
size_t retina_frame_size(const retina_model *model);
size_t retina_cells(const retina_model *model);
/* Writes the name of the model, cut to fit and ended by 0; gives its whole length. */
size_t retina_name(const retina_model *model, char *text, size_t capacity);

/* Memory that retina_start needs, to the byte. */
size_t retina_arena_bytes(const retina_model *model);
size_t retina_state_bytes(const retina_model *model);
/* Takes up memory of at least these sizes, aligned to 64 bytes, and forgets all frames. */
int32_t retina_start(retina_model *model, void *arena, size_t arena_bytes, void *state, size_t state_bytes);
/* Forgets all frames. */
int32_t retina_reset(retina_model *model);
/* Runs the input inside the image and compares the values of all layers; the frames are kept. */
int32_t retina_check(retina_model *model);

/* Takes the next frame, [height, width] before normalisation; RETINA_OK when the history is complete, else RETINA_NOT_READY. */
int32_t retina_push_float(retina_model *model, const float *frame, size_t count);
int32_t retina_push_uint8(retina_model *model, const uint8_t *frame, size_t count);
int32_t retina_push_int16(retina_model *model, const int16_t *frame, size_t count);

/* The rates after the last frame, one per cell. */
int32_t retina_rates(const retina_model *model, float *rates, size_t count);
/* The same as integers with fraction_bits (0 to 30) bits after the binary point, nearest, ties away from zero, clamped. */
int32_t retina_rates_q(const retina_model *model, int32_t *rates, size_t count, int32_t fraction_bits);
/* Poisson counts of spikes with means rate * bin, at most 10000; bin is the length of a frame in the unit of time of the rates, or 1 for
 * rates per frame. *seed is the state of the generator: any number to begin with, changed by every call. */
int32_t retina_spikes(const retina_model *model, float bin, uint64_t *seed, uint32_t *spikes, size_t count);

/* Interior layers: the number of layers, the place of one by its name (negative: none), its names (one per line, see retina_name), its
 * shape (1 to 4 extents; gives their number, negative: no such layer), values and channels. */
int32_t retina_layers(const retina_model *model);
int32_t retina_find_layer(const retina_model *model, const char *name);
size_t retina_layer_name(const retina_model *model, int32_t layer, char *text, size_t capacity);
int32_t retina_layer_shape(const retina_model *model, int32_t layer, size_t extents[4]);
size_t retina_layer_size(const retina_model *model, int32_t layer);
size_t retina_layer_channels(const retina_model *model, int32_t layer);
/* The values of a layer, or of one of its channels, after the last frame. Reading changes nothing. */
int32_t retina_layer_values(const retina_model *model, int32_t layer, float *values, size_t count);
int32_t retina_channel_values(const retina_model *model, int32_t layer, int32_t channel, float *values, size_t count);
/* The CRC-32 of a layer's values as they lie in memory: the same on every processor. 0 where there are none. */
uint32_t retina_layer_checksum(const retina_model *model, int32_t layer);

/* For each channel of a layer the sum over its units of value * derivative of the cell's rate. */
int32_t retina_importance(const retina_model *model, int32_t layer, int32_t cell, float *importance, size_t channels);
/* For each channel of a layer its conductance along the straight path from a stimulus of zeros to the last frames, in 1 to 1000 steps: what
 * it contributes to the rate. *residual (may be null): their sum less the change of the rate. Costs the layers after the first nonlinearity
 * once per step, and their adjoints. For float32, and layers from the one before the first nonlinearity on; else RETINA_UNSUPPORTED. */
int32_t retina_conductance(
    retina_model *model, int32_t layer, int32_t cell, int32_t steps, float *conductance, size_t channels, float *residual);

/* Everything that the future depends on: retina_state_bytes bytes. */
int32_t retina_save(const retina_model *model, void *saved, size_t bytes);
int32_t retina_restore(retina_model *model, const void *saved, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
