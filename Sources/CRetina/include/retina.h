/* RetinaKit on a board: a model in integers (a .retina image), frame by frame, with its interior layers and the importance of their channels.
 *
 * No call allocates memory, keeps a global state or ends the program: whatever an image holds and whatever sizes are given, the outcome is
 * a status. The caller owns all memory; one model is used by one thread at a time, any number of models may share the bytes of an image.
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
  RETINA_NOT_READY = 1,    /* no error: fewer frames than the history have been pushed */
  RETINA_BAD_ARGUMENT = -1, /* a null pointer, a size that does not fit, a layer or cell that does not exist */
  RETINA_BAD_IMAGE = -2,   /* see retina_error_text and retina_error_byte */
  RETINA_BAD_MEMORY = -3,  /* arena or state too small or not aligned to 64 bytes, or not given yet */
  RETINA_BAD_STATE = -4,   /* a saved state of another image */
  RETINA_CHECK_FAILED = -5 /* the golden input gives other integers than it must */
};

/* A model; the fields are private. */
typedef struct retina_model {
  const void *image;
  size_t image_bytes;
  void *arena;
  void *state;
  int32_t ready;
  uint32_t error_byte;
  const char *error;
} retina_model;

/* The version of this interface: major * 65536 + minor. */
uint32_t retina_version(void);

/* Checks an image whole and takes it up; its bytes must stay where they are. */
int32_t retina_open(retina_model *model, const void *image, size_t bytes);
/* What was expected of the image where the last retina_open failed, and at which byte; never null. */
const char *retina_error_text(const retina_model *model);
uint32_t retina_error_byte(const retina_model *model);

/* Sizes, all 0 for a model that is not open. */
size_t retina_arena_bytes(const retina_model *model);
size_t retina_state_bytes(const retina_model *model);
size_t retina_frame_size(const retina_model *model);
size_t retina_history(const retina_model *model);
size_t retina_cells(const retina_model *model);

/* Takes up memory of at least these sizes, aligned to 64 bytes, and forgets all frames. */
int32_t retina_start(retina_model *model, void *arena, size_t arena_bytes, void *state, size_t state_bytes);
/* Forgets all frames. */
int32_t retina_reset(retina_model *model);
/* Runs the input inside the image and compares the integers of all layers; the frames are kept. */
int32_t retina_check(retina_model *model);

/* Takes the next frame, [height, width] before normalisation; RETINA_OK when the history is complete, else RETINA_NOT_READY. */
int32_t retina_push_float(retina_model *model, const float *frame, size_t count);
int32_t retina_push_uint8(retina_model *model, const uint8_t *frame, size_t count);
int32_t retina_push_int16(retina_model *model, const int16_t *frame, size_t count);

/* The rates after the last frame, one per cell. */
int32_t retina_rates(const retina_model *model, float *rates, size_t count);

/* Interior layers: the number of layers, the place of one by its name (negative: none), its values, and its channels. */
int32_t retina_layers(const retina_model *model);
int32_t retina_find_layer(const retina_model *model, const char *name);
size_t retina_layer_size(const retina_model *model, int32_t layer);
size_t retina_layer_channels(const retina_model *model, int32_t layer);
int32_t retina_layer_values(const retina_model *model, int32_t layer, float *values, size_t count);
/* The CRC-32 of a layer's integers: the same on every processor. 0 where there are none. */
uint32_t retina_layer_checksum(const retina_model *model, int32_t layer);
/* For each channel of a layer the sum over its units of value * derivative of the cell's rate. */
int32_t retina_importance(const retina_model *model, int32_t layer, int32_t cell, float *importance, size_t count);

/* Everything that the future depends on: retina_state_bytes bytes. */
int32_t retina_save(const retina_model *model, void *saved, size_t bytes);
int32_t retina_restore(retina_model *model, const void *saved, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
