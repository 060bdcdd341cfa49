/* Pushes frames through an image and writes the rates, both as raw float32 in the order of bytes of this machine.
 * Usage: rates IMAGE < FRAMES > RATES */
#include <stdio.h>
#include <stdlib.h>

#include <retina.h>

static void *memory(size_t bytes) {
  void *start = NULL;
  if (posix_memalign(&start, 64, bytes + 64)) exit(71);
  return start;
}

int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (!file) return 66;
  fseek(file, 0, SEEK_END);
  size_t bytes = (size_t)ftell(file);
  rewind(file);
  void *image = memory(bytes);
  if (fread(image, 1, bytes, file) != bytes) return 66;
  fclose(file);

  retina_model model;
  if (retina_open(&model, image, bytes) != RETINA_OK) {
    fprintf(stderr, "rates: byte %u: expected %s\n", (unsigned)retina_error_byte(&model), retina_error_text(&model));
    return 65;
  }
  size_t arena_bytes = retina_arena_bytes(&model), state_bytes = retina_state_bytes(&model);
  if (retina_start(&model, memory(arena_bytes), arena_bytes, memory(state_bytes), state_bytes) != RETINA_OK) return 70;
  size_t size = retina_frame_size(&model), cells = retina_cells(&model);
  float *frame = (float *)memory(4 * size), *rates = (float *)memory(4 * cells);
  while (fread(frame, 4, size, stdin) == size) {
    if (retina_push_float(&model, frame, size) != RETINA_OK) continue;
    if (retina_rates(&model, rates, cells) != RETINA_OK || fwrite(rates, 4, cells, stdout) != cells) return 74;
  }
  return 0;
}
