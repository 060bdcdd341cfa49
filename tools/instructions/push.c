/* Pushes frames of noise into an image and does nothing else: the program whose instructions are counted.
 * Usage: push IMAGE FRAMES */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "retina.h"

static void *memory(size_t bytes) { return aligned_alloc(64, (bytes + 127) / 64 * 64); }

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  FILE *file = fopen(argv[1], "rb");
  if (!file) return 66;
  fseek(file, 0, SEEK_END);
  size_t bytes = (size_t)ftell(file);
  rewind(file);
  uint8_t *image = memory(bytes);
  if (fread(image, 1, bytes, file) != bytes) return 66;
  retina_model model;
  if (retina_open(&model, image, bytes) != RETINA_OK) return 65;
  size_t arena = retina_arena_bytes(&model), state = retina_state_bytes(&model), size = retina_frame_size(&model);
  if (retina_start(&model, memory(arena), arena, memory(state), state) != RETINA_OK) return 65;
  /* A movie of noise that costs nothing while it is pushed: every frame begins one number later in the same row. */
  int frames = atoi(argv[2]) + (int)retina_history(&model) - 1;
  float *noise = memory(4 * (size + (size_t)frames)), *rates = memory(4 * retina_cells(&model));
  uint32_t seed = 1;
  for (size_t index = 0; index < size + (size_t)frames; index++) {
    seed = seed * 1664525u + 1013904223u;
    noise[index] = (float)((int32_t)seed >> 8) / 8388608.0f;
  }
  /* Nothing is computed until the history is full: the frames asked for are those after. */
  int32_t status = RETINA_NOT_READY;
  for (int index = 0; index < frames; index++) status = retina_push_float(&model, noise + index, size);
  return atoi(argv[2]) > 0 && (status != RETINA_OK || retina_rates(&model, rates, retina_cells(&model)) != RETINA_OK);
}
