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

/* Memory with marks behind it, to see that nothing writes there. */
static const size_t margin = 4096;

static uint8_t *memory(size_t bytes) {
  void *start = NULL;
  if (posix_memalign(&start, 64, bytes + margin)) exit(71);
  memset(start, 0xA5, bytes + margin);
  return start;
}

static int is_whole(const uint8_t *start, size_t bytes) {
  for (size_t place = bytes; place < bytes + margin; place++)
    if (start[place] != 0xA5) return 0;
  return 1;
}

/* FNV-1a. */
static uint32_t add(uint32_t hash, const void *values, size_t bytes) {
  for (size_t place = 0; place < bytes; place++) hash = (hash ^ ((const uint8_t *)values)[place]) * 16777619u;
  return hash;
}

static const uint32_t empty = 2166136261u;

static void check_opening(uint8_t *image, size_t bytes) {
  retina_model model;
  memset(&model, 0xA5, sizeof model);
  expect(retina_arena_bytes(&model) == 0 && retina_reset(&model) == RETINA_BAD_ARGUMENT, "memory that is no model");
  image[bytes - 1] ^= 1;
  expect(retina_open(&model, image, bytes) == RETINA_BAD_IMAGE, "a changed byte is an error");
  expect(strlen(retina_error_text(&model)) > 0 && retina_error_byte(&model) > 0, "errors have a text and a place");
  expect(retina_arena_bytes(&model) == 0 && retina_layers(&model) == 0, "nothing is open after an error");
  image[bytes - 1] ^= 1;
  for (size_t count = 0; count < bytes; count += bytes / 64 + 1)
    expect(retina_open(&model, image, count) == RETINA_BAD_IMAGE, "fewer bytes are an error");
  expect(retina_open(&model, image, bytes - 1) == RETINA_BAD_IMAGE, "a byte less is an error");
  expect(retina_open(&model, image + 1, bytes - 1) == RETINA_BAD_IMAGE, "a crooked address is an error");
  expect(retina_open(NULL, image, bytes) == RETINA_BAD_ARGUMENT, "no model is an error");
  expect(retina_open(&model, NULL, bytes) == RETINA_BAD_ARGUMENT, "no image is an error");
  expect(retina_open((retina_model *)(void *)((char *)&model + 1), image, bytes) == RETINA_BAD_ARGUMENT, "a crooked model");
  expect(retina_open(&model, image, (size_t)-1) == RETINA_BAD_ARGUMENT, "a size that is too large");
  for (int32_t status = -6; status <= 1; status++)
    expect(strcmp(retina_status_text(status), "no status of this library") != 0, "every status has words");
  expect(strcmp(retina_status_text(7), "no status of this library") == 0, "other numbers have none");
  expect(retina_version() == (1u << 16 | 1) && retina_model_bytes() == sizeof model, "version and size");
}

static void check_nulls(retina_model *model) {
  expect(retina_cells(NULL) == 0 && retina_history(NULL) == 0 && retina_precision(NULL) == 0, "nothing is nothing");
  expect(retina_start(NULL, model, 1, model, 1) == RETINA_BAD_ARGUMENT, "no model to start");
  expect(retina_push_float(model, NULL, retina_frame_size(model)) == RETINA_BAD_ARGUMENT, "no frame");
  expect(retina_push_uint8(NULL, NULL, 0) == RETINA_BAD_ARGUMENT, "nothing at all");
  expect(retina_rates(model, NULL, retina_cells(model)) == RETINA_BAD_ARGUMENT, "no room for rates");
  expect(retina_save(model, NULL, retina_state_bytes(model)) == RETINA_BAD_ARGUMENT, "no room for a state");
  expect(retina_restore(NULL, NULL, 0) == RETINA_BAD_ARGUMENT, "no state");
  expect(retina_find_layer(model, NULL) < 0 && retina_layer_shape(model, 0, NULL) < 0, "no name, no room for a shape");
  expect(retina_importance(model, 0, 0, NULL, retina_layer_channels(model, 0)) == RETINA_BAD_ARGUMENT, "no room");
  expect(retina_conductance(model, 0, 0, 8, NULL, 1, NULL) == RETINA_BAD_ARGUMENT, "no room for conductance");
  expect(retina_spikes(model, 1, NULL, NULL, retina_cells(model)) == RETINA_BAD_ARGUMENT, "no seed");
  expect(retina_error_text(NULL) != NULL && retina_error_byte(NULL) == 0 && retina_layer_checksum(NULL, 0) == 0, "no text");
  char *text = (char *)memory(16);
  expect(retina_name(model, NULL, 0) == retina_name(model, text, 4) && text[3] == 0, "a name is cut to fit");
  free(text);
}

/* Counts must have the mean and the variance of Poisson counts, also where the mean is drawn in parts. */
static void check_spikes(const retina_model *model, const float *rates, uint32_t *spikes) {
  size_t cells = retina_cells(model);
  uint64_t source = 1, same = 1;
  expect(rates[0] > 0 && retina_spikes(model, 0, &source, spikes, cells) == RETINA_OK && spikes[0] == 0, "no time");
  expect(retina_spikes(model, -1, &source, spikes, cells) == RETINA_BAD_ARGUMENT, "time that runs back");
  for (double mean = 2; mean < 2000; mean *= 600) {
    const int draws = 400;
    double sum = 0, squares = 0;
    for (int draw = 0; draw < draws; draw++) {
      expect(retina_spikes(model, (float)mean / rates[0], &source, spikes, cells) == RETINA_OK, "spikes");
      sum += spikes[0];
      squares += (spikes[0] - mean) * (spikes[0] - mean);
    }
    expect((sum / draws - mean) * (sum / draws - mean) < 16 * mean / draws, "the mean of spikes");
    expect(squares / draws > 0.7 * mean && squares / draws < 1.3 * mean, "the variance of spikes");
  }
  source = same = 3;
  retina_spikes(model, 1, &source, spikes, cells);
  retina_spikes(model, 1, &same, spikes, cells);
  expect(source == same && source != 3, "a seed gives the same spikes, and goes on");
}

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

  check_opening(image, bytes);
  retina_model model;
  expect(retina_open(&model, image, bytes) == RETINA_OK, "the image opens");
  size_t arena_bytes = retina_arena_bytes(&model), state_bytes = retina_state_bytes(&model);
  size_t size = retina_frame_size(&model), cells = retina_cells(&model), history = retina_history(&model);
  uint8_t *arena = memory(arena_bytes), *state = memory(state_bytes), *saved = memory(state_bytes);
  float *frame = (float *)(void *)memory(4 * size), *rates = (float *)(void *)memory(4 * cells);
  expect(size == retina_frame_height(&model) * retina_frame_width(&model), "the size of a frame");
  for (size_t pixel = 0; pixel < size; pixel++) frame[pixel] = 0;
  expect(retina_push_float(&model, frame, size) == RETINA_BAD_MEMORY, "no memory yet");
  expect(retina_start(&model, arena, arena_bytes - 1, state, state_bytes) == RETINA_BAD_MEMORY, "an arena of a byte less");
  expect(retina_start(&model, arena, arena_bytes, state, state_bytes - 1) == RETINA_BAD_MEMORY, "a state of a byte less");
  expect(retina_start(&model, arena + 4, arena_bytes, state, state_bytes) == RETINA_BAD_MEMORY, "a crooked arena");
  expect(retina_start(&model, arena, arena_bytes, arena + 64, state_bytes) == RETINA_BAD_MEMORY, "a state in the arena");
  expect(retina_start(&model, arena, arena_bytes, state, state_bytes) == RETINA_OK, "exactly the announced bytes");
  expect(retina_check(&model) == RETINA_OK, "the golden input");
  expect(retina_rates(&model, rates, cells) == RETINA_NOT_READY, "no rates before frames");
  expect(retina_push_float(&model, frame, size + 1) == RETINA_BAD_ARGUMENT, "a frame of another size");
  expect(retina_push_float(&model, (float *)(void *)((char *)frame + 1), size) == RETINA_BAD_ARGUMENT, "a crooked frame");
  check_nulls(&model);

  int32_t layers = retina_layers(&model);
  expect(retina_find_layer(&model, "no such layer") < 0 && retina_find_layer(&model, "") < 0, "unknown names");
  /* The last layer with channels in space, and how many there are. */
  int32_t layer = 0;
  size_t extents[4], largest = cells;
  for (int32_t other = 0; other < layers; other++) {
    if (retina_layer_shape(&model, other, extents) == 3) layer = other;
    if (retina_layer_size(&model, other) > largest) largest = retina_layer_size(&model, other);
  }
  size_t channels = retina_layer_channels(&model, layer), units = retina_layer_size(&model, layer);
  float *contributions = (float *)(void *)memory(4 * channels), *values = (float *)(void *)memory(4 * largest);
  int32_t *numbers = (int32_t *)(void *)memory(4 * cells);
  uint32_t *spikes = (uint32_t *)(void *)memory(4 * cells);
  uint64_t source = 7;
  uint32_t hash = empty, probe = empty, drawn = empty, seed = 1;
  for (int index = 0; index < atoi(argv[2]); index++) {
    for (size_t pixel = 0; pixel < size; pixel++) {
      seed = seed * 1664525u + 1013904223u;
      frame[pixel] = seed >> 31 ? 1 : -1;
    }
    int32_t status = retina_push_float(&model, frame, size);
    expect(status == ((size_t)index + 1 >= history ? RETINA_OK : RETINA_NOT_READY), "ready with the history");
    if (status != RETINA_OK) continue;
    for (int32_t other = 0; other < layers; other++) {
      uint32_t sum = retina_layer_checksum(&model, other);
      hash = add(hash, &sum, sizeof sum);
    }
    expect(retina_rates(&model, rates, cells) == RETINA_OK, "rates");
    expect(retina_rates_q(&model, numbers, cells, 16) == RETINA_OK, "rates in Q16");
    for (size_t cell = 0; cell < cells; cell++) {
      double error = numbers[cell] - 65536.0 * rates[cell];
      expect(error <= 0.5 && error >= -0.5, "Q16 is the nearest");
    }
    expect(retina_spikes(&model, 1, &source, spikes, cells) == RETINA_OK, "spikes");
    drawn = add(add(drawn, spikes, 4 * cells), &source, sizeof source);
    uint32_t before = retina_layer_checksum(&model, layers - 1), inside = retina_layer_checksum(&model, layer);
    if (index % 8 == 0) {
      expect(retina_importance(&model, layer, 0, contributions, channels) == RETINA_OK, "importance");
      probe = add(probe, contributions, 4 * channels);
      float residual = 0;
      status = retina_conductance(&model, layer, 1, 4, contributions, channels, &residual);
      expect(status == (retina_precision(&model) == 32 ? RETINA_OK : RETINA_UNSUPPORTED), "conductance of float32");
      if (status == RETINA_OK) probe = add(add(probe, contributions, 4 * channels), &residual, 4);
      expect(retina_layer_values(&model, layer, values, units) == RETINA_OK, "a layer");
      probe = add(probe, values, 4 * units);
      float last = values[units - 1];
      expect(
        retina_channel_values(&model, layer, (int32_t)channels - 1, values, units / channels) == RETINA_OK, "a channel");
      expect(last == values[units / channels - 1], "a channel is a part of its layer");
    }
    expect(
      before == retina_layer_checksum(&model, layers - 1) && inside == retina_layer_checksum(&model, layer),
      "probing changes no bit");
  }
  check_spikes(&model, rates, spikes);
  expect(retina_rates(&model, rates, cells + 1) == RETINA_BAD_ARGUMENT, "another number of cells");
  expect(retina_importance(&model, layers, 0, contributions, channels) == RETINA_BAD_ARGUMENT, "no such layer");
  expect(retina_importance(&model, layer, (int32_t)cells, contributions, channels) == RETINA_BAD_ARGUMENT, "no such cell");
  expect(retina_conductance(&model, layer, 0, 0, contributions, channels, NULL) == RETINA_BAD_ARGUMENT, "no steps");
  expect(strlen(retina_error_text(&model)) > 20, "the last error has words");

  uint32_t last = retina_layer_checksum(&model, layers - 1);
  expect(retina_save(&model, saved, state_bytes) == RETINA_OK, "save");
  uint32_t kept = add(empty, saved, state_bytes);
  expect(retina_push_float(&model, frame, size) == RETINA_OK, "one more");
  uint32_t next = retina_layer_checksum(&model, layers - 1);
  expect(retina_reset(&model) == RETINA_OK && strcmp(retina_error_text(&model), "no error") == 0, "reset");
  expect(retina_rates(&model, rates, cells) == RETINA_NOT_READY, "reset forgets");
  expect(retina_restore(&model, saved, state_bytes) == RETINA_OK, "restore");
  expect(retina_push_float(&model, frame, size) == RETINA_OK, "one more again");
  expect(next == retina_layer_checksum(&model, layers - 1) && next != last, "a restored state goes on the same");
  saved[0] ^= 1;
  expect(retina_restore(&model, saved, state_bytes) == RETINA_BAD_STATE, "a foreign state");
  expect(is_whole(arena, arena_bytes) && is_whole(state, state_bytes), "nothing is written outside the memory");

  printf("layers %08x probe %08x spikes %08x state %08x\n", hash, probe, drawn, kept);
  return failures > 0;
}
