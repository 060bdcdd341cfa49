/* Runs an image through the C interface and prints what must be the same on every processor.
 * Usage: frames IMAGE FRAMES */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "retina.h"

static int failures = 0;

static void expect(int holds, const char *what) {
  if (!holds) {
    printf("FAILED: %s\n", what);
    failures++;
  }
}

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
  fclose(file);

  retina_model model;
  image[bytes - 1] ^= 1;
  expect(retina_open(&model, image, bytes) == RETINA_BAD_IMAGE, "a changed byte is an error");
  expect(strlen(retina_error_text(&model)) > 0 && retina_error_byte(&model) > 0, "errors have a text and a place");
  expect(retina_arena_bytes(&model) == 0, "nothing is open after an error");
  image[bytes - 1] ^= 1;
  expect(retina_open(&model, image, bytes - 1) == RETINA_BAD_IMAGE, "a byte less is an error");
  expect(retina_open(&model, image + 1, bytes - 1) == RETINA_BAD_IMAGE, "a crooked address is an error");
  expect(retina_open(NULL, image, bytes) == RETINA_BAD_ARGUMENT, "no model is an error");
  expect(retina_open(&model, image, bytes) == RETINA_OK, "the image opens");

  size_t arena_bytes = retina_arena_bytes(&model), state_bytes = retina_state_bytes(&model);
  size_t size = retina_frame_size(&model), cells = retina_cells(&model), history = retina_history(&model);
  uint8_t *arena = memory(arena_bytes), *state = memory(state_bytes), *saved = memory(state_bytes);
  float *frame = memory(4 * size), *rates = memory(4 * cells);
  memset(arena, 0xA5, (arena_bytes + 127) / 64 * 64);
  expect(retina_push_float(&model, frame, size) == RETINA_BAD_MEMORY, "no memory yet");
  expect(retina_start(&model, arena, arena_bytes - 1, state, state_bytes) == RETINA_BAD_MEMORY, "an arena of a byte less");
  expect(retina_start(&model, arena, arena_bytes, state, state_bytes - 1) == RETINA_BAD_MEMORY, "a state of a byte less");
  expect(retina_start(&model, arena + 4, arena_bytes, state, state_bytes) == RETINA_BAD_MEMORY, "a crooked arena");
  expect(retina_start(&model, arena, arena_bytes, state, state_bytes) == RETINA_OK, "exactly the announced bytes");
  expect(retina_check(&model) == RETINA_OK, "the golden input");
  expect(retina_rates(&model, rates, cells) == RETINA_NOT_READY, "no rates before frames");
  expect(retina_push_float(&model, frame, size + 1) == RETINA_BAD_ARGUMENT, "a frame of another size");

  int32_t layers = retina_layers(&model);
  expect(retina_find_layer(&model, "no such layer") < 0 && retina_find_layer(&model, "") < 0, "unknown names");
  uint32_t hash = 2166136261u, seed = 1;
  float *importance = memory(4 * retina_layer_channels(&model, 0));
  size_t channels = retina_layer_channels(&model, 0);
  for (int index = 0; index < atoi(argv[2]); index++) {
    for (size_t pixel = 0; pixel < size; pixel++) {
      seed = seed * 1664525u + 1013904223u;
      frame[pixel] = seed >> 31 ? 1 : -1;
    }
    int32_t status = retina_push_float(&model, frame, size);
    expect(status == ((size_t)index + 1 >= history ? RETINA_OK : RETINA_NOT_READY), "ready with the history");
    if (status != RETINA_OK) continue;
    for (int32_t layer = 0; layer < layers; layer++)
      hash = (hash ^ retina_layer_checksum(&model, layer)) * 16777619u;
    uint32_t before = retina_layer_checksum(&model, layers - 1);
    if (index % 16 == 0)
      expect(retina_importance(&model, 0, 0, importance, channels) == RETINA_OK, "importance");
    expect(before == retina_layer_checksum(&model, layers - 1), "probing changes no rate");
  }
  expect(retina_rates(&model, rates, cells) == RETINA_OK, "rates");
  expect(retina_rates(&model, rates, cells + 1) == RETINA_BAD_ARGUMENT, "another number of cells");
  expect(retina_importance(&model, layers, 0, importance, channels) == RETINA_BAD_ARGUMENT, "no such layer");
  expect(retina_importance(&model, 0, (int32_t)cells, importance, channels) == RETINA_BAD_ARGUMENT, "no such cell");

  uint32_t last = retina_layer_checksum(&model, layers - 1);
  expect(retina_save(&model, saved, state_bytes) == RETINA_OK, "save");
  expect(retina_push_float(&model, frame, size) == RETINA_OK, "one more");
  uint32_t next = retina_layer_checksum(&model, layers - 1);
  retina_reset(&model);
  expect(retina_rates(&model, rates, cells) == RETINA_NOT_READY, "reset forgets");
  expect(retina_restore(&model, saved, state_bytes) == RETINA_OK, "restore");
  expect(retina_push_float(&model, frame, size) == RETINA_OK, "one more again");
  expect(next == retina_layer_checksum(&model, layers - 1) && next != last, "a restored state goes on the same");
  saved[0] ^= 1;
  expect(retina_restore(&model, saved, state_bytes) == RETINA_BAD_STATE, "a foreign state");

  uint32_t bits = 2166136261u;
  for (size_t channel = 0; channel < channels; channel++) {
    uint32_t word;
    memcpy(&word, importance + channel, 4);
    bits = (bits ^ word) * 16777619u;
  }
  printf("integers %08x importance %08x\n", hash, bits);
  return failures > 0;
}
