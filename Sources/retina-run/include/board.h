/* What retina-run needs of Linux; written in C, since Embedded Swift has no C library of its own. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* The program, written in Swift; the words are those of main. */
int32_t retina_run(int32_t count, const char *const *words);

/* Maps a file; null when it cannot be read. */
const void *board_map(const char *path, size_t *bytes);
/* Zeroed memory at a page boundary, given once and never back; null when there is none. */
void *board_memory(size_t bytes);

/* Reads all of some bytes of standard input; gives how many there were before its end. */
size_t board_read(void *bytes, size_t count);
/* Reads a line of standard input, without its end; false when there is none or it does not fit. */
int board_read_line(char *line, size_t capacity);
/* Writes to standard output; false when it is closed. */
int board_write(const void *bytes, size_t count);
int board_write_number(double number, char end);
int board_flush(void);
/* A text, then a word (may be null) and an end of line, on standard error. */
void board_say(const char *text, const char *word);
void board_say_number(const char *text, double number, const char *unit);

/* The number that a whole word stands for. */
int board_number(const char *word, double *number);

/* Time in nanoseconds that only goes on, and sleep until then. */
int64_t board_now(void);
void board_sleep_until(int64_t time);

/* Tells systemd (NOTIFY_SOCKET) a state such as "READY=1"; nothing where there is no socket. */
void board_notify(const char *state);
/* Nanoseconds within which systemd expects a sign of life; 0 where it expects none. */
int64_t board_watchdog(void);

/* A V4L2 camera whose frames are averaged down to a size, as brightness from 0 to 255. */
int board_camera_open(const char *device, size_t height, size_t width);
int board_camera_frame(uint8_t *frame);

#endif
