/* A camera through V4L2: frames in YUYV or grey, mapped, averaged down to the size of the model's input. */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "board.h"

enum { maximum_buffers = 4 };

static struct {
  int device;
  size_t height, width;      /* of the model */
  struct v4l2_pix_format format;
  const uint8_t *buffers[maximum_buffers];
  size_t bytes[maximum_buffers];
} camera = {.device = -1};

static int command(unsigned long request, void *argument) {
  int result;
  do result = ioctl(camera.device, request, argument);
  while (result < 0 && errno == EINTR);
  return result == 0;
}

static int choose_format(void) {
  const uint32_t formats[] = {V4L2_PIX_FMT_GREY, V4L2_PIX_FMT_YUYV};
  for (size_t index = 0; index < 2; index++) {
    struct v4l2_format wanted = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    wanted.fmt.pix.width = 320;
    wanted.fmt.pix.height = 240;
    wanted.fmt.pix.pixelformat = formats[index];
    wanted.fmt.pix.field = V4L2_FIELD_ANY;
    if (command(VIDIOC_S_FMT, &wanted) && wanted.fmt.pix.pixelformat == formats[index]) {
      camera.format = wanted.fmt.pix;
      return camera.format.width >= camera.width && camera.format.height >= camera.height;
    }
  }
  return 0;
}

int board_camera_open(const char *device, size_t height, size_t width) {
  camera.device = open(device, O_RDWR | O_CLOEXEC);
  camera.height = height;
  camera.width = width;
  if (camera.device < 0 || height == 0 || width == 0 || !choose_format()) return 0;
  struct v4l2_requestbuffers request = {
      .count = maximum_buffers, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  if (!command(VIDIOC_REQBUFS, &request) || request.count < 1 || request.count > maximum_buffers) return 0;
  for (uint32_t index = 0; index < request.count; index++) {
    struct v4l2_buffer buffer = {.index = index, .type = request.type, .memory = request.memory};
    if (!command(VIDIOC_QUERYBUF, &buffer)) return 0;
    void *memory = mmap(NULL, buffer.length, PROT_READ, MAP_SHARED, camera.device, (off_t)buffer.m.offset);
    if (memory == MAP_FAILED) return 0;
    camera.buffers[index] = memory;
    camera.bytes[index] = buffer.length;
    if (!command(VIDIOC_QBUF, &buffer)) return 0;
  }
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  return command(VIDIOC_STREAMON, &type);
}

/* The mean brightness of the pixels that fall on each pixel of the model. */
static void average(const uint8_t *source, uint8_t *frame) {
  size_t step = camera.format.pixelformat == V4L2_PIX_FMT_YUYV ? 2 : 1;
  for (size_t row = 0; row < camera.height; row++) {
    size_t top = row * camera.format.height / camera.height, bottom = (row + 1) * camera.format.height / camera.height;
    for (size_t column = 0; column < camera.width; column++) {
      size_t left = column * camera.format.width / camera.width;
      size_t right = (column + 1) * camera.format.width / camera.width;
      uint32_t sum = 0;
      for (size_t y = top; y < bottom; y++)
        for (size_t x = left; x < right; x++) sum += source[y * camera.format.bytesperline + x * step];
      uint32_t count = (uint32_t)((bottom - top) * (right - left));
      frame[row * camera.width + column] = (uint8_t)((sum + count / 2) / count);
    }
  }
}

int board_camera_frame(uint8_t *frame) {
  struct v4l2_buffer buffer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  if (!command(VIDIOC_DQBUF, &buffer) || buffer.index >= maximum_buffers) return 0;
  if ((size_t)camera.format.bytesperline * camera.format.height <= camera.bytes[buffer.index])
    average(camera.buffers[buffer.index], frame);
  return command(VIDIOC_QBUF, &buffer);
}
