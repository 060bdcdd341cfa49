#include "board.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) { return retina_run(argc, (const char *const *)argv); }

const void *board_map(const char *path, size_t *bytes) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return NULL;
  struct stat facts;
  void *memory = MAP_FAILED;
  if (fstat(file, &facts) == 0 && facts.st_size > 0 && (uint64_t)facts.st_size <= SIZE_MAX) {
    *bytes = (size_t)facts.st_size;
    memory = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, file, 0);
  }
  close(file);
  return memory == MAP_FAILED ? NULL : memory;
}

void *board_memory(size_t bytes) {
  void *memory = mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

size_t board_read(void *bytes, size_t count) { return fread(bytes, 1, count, stdin); }

int board_read_line(char *line, size_t capacity) {
  for (size_t place = 0; place < capacity; place++) {
    int next = getchar();
    if (next == EOF) return 0;
    line[place] = (char)next;
    if (next == '\n') {
      line[place] = 0;
      return 1;
    }
  }
  return 0;
}

int board_write(const void *bytes, size_t count) { return fwrite(bytes, 1, count, stdout) == count; }
int board_write_number(double number, char end) { return printf("%.9g%c", number, end) > 0; }
int board_flush(void) { return fflush(stdout) == 0; }
void board_say(const char *text, const char *word) { fprintf(stderr, "%s%s\n", text, word ? word : ""); }

void board_say_number(const char *text, double number, const char *unit) {
  fprintf(stderr, "%s%.6g%s", text, number, unit);
}

int board_number(const char *word, double *number) {
  char *end;
  *number = strtod(word, &end);
  return end != word && *end == 0;
}

int64_t board_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void board_sleep_until(int64_t time) {
  struct timespec then = {.tv_sec = (time_t)(time / 1000000000), .tv_nsec = (long)(time % 1000000000)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL) == EINTR) {
  }
}

void board_notify(const char *state) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = path ? strlen(path) : 0;
  if (length < 2 || length >= sizeof address.sun_path) return;
  memcpy(address.sun_path, path, length);
  /* A name that begins with @ is not in the file system. */
  if (path[0] == '@') address.sun_path[0] = 0;
  int out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (out < 0) return;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  sendto(out, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
  close(out);
}

int64_t board_watchdog(void) {
  const char *text = getenv("WATCHDOG_USEC");
  double microseconds;
  return text && board_number(text, &microseconds) && microseconds > 0 ? (int64_t)(microseconds * 1000) : 0;
}
