"""A movie frame by frame."""

import ctypes

import numpy as np

from .library import OK, check, library

_PUSH = {
    np.dtype(np.float32): library.retina_push_float,
    np.dtype(np.uint8): library.retina_push_uint8,
    np.dtype(np.int16): library.retina_push_int16,
}


class Stream:
    """Takes frames and answers for the newest. One thread at a time uses a stream; made by `Image.stream`."""

    def __init__(self, image):
        self.image = image
        self._model = ctypes.create_string_buffer(image._model.raw, len(image._model))
        self._arena = _aligned(library.retina_arena_bytes(self._model))
        self._state = _aligned(library.retina_state_bytes(self._model))
        arena, state = self._arena, self._state
        check(library.retina_start(self._model, arena.ctypes.data, arena.nbytes, state.ctypes.data, state.nbytes), self._model)

    def push(self, frame):
        """Takes the next frame [height, width]; gives the rates [cell], or None as long as frames are missing."""
        frame = self.frames(frame)
        if frame.shape != self.image.frame_shape:
            raise ValueError(f"expected a frame of {self.image.frame_shape}, found {frame.shape}")
        return self.rates() if self.take(frame) else None

    def rates(self, out=None):
        """The rates [cell] after the newest frame, in the model's unit."""
        out = _output(out, (self.image.cells,))
        self._read(library.retina_rates(self._model, out.ctypes.data, out.size))
        return out

    def values(self, layer, out=None):
        """The values of a layer, in its shape. Reading changes nothing."""
        out = _output(out, self.image.layers[self.image.known(layer)])
        self._read(library.retina_layer_values(self._model, self.image.place(layer), out.ctypes.data, out.size))
        return out

    def importance(self, layer, cell, out=None):
        """For each channel of a layer the sum over its units of value times derivative of a cell's rate."""
        out = _output(out, (self.image.channels(layer),))
        self._read(library.retina_importance(self._model, self.image.place(layer), cell, out.ctypes.data, out.size))
        return out

    def conductance(self, layer, cell, steps=8, out=None):
        """For each channel of a layer what it adds to a cell's rate along the path from zeros; and the residual of their sum.

        For float32 images, and layers from the one before the first nonlinearity on.
        """
        out = _output(out, (self.image.channels(layer),))
        residual = ctypes.c_float()
        place = self.image.place(layer)
        self._read(
            library.retina_conductance(self._model, place, cell, steps, out.ctypes.data, out.size, ctypes.byref(residual))
        )
        return out, residual.value

    def spikes(self, bin, seed):
        """Poisson counts [cell] with means rate x bin, and the seed for the next call."""
        state = ctypes.c_uint64(seed)
        counts = np.empty(self.image.cells, np.uint32)
        self._read(library.retina_spikes(self._model, bin, ctypes.byref(state), counts.ctypes.data, counts.size))
        return counts, state.value

    def reset(self):
        """Forgets all frames."""
        check(library.retina_reset(self._model), self._model)

    def save(self):
        """Everything that the future depends on, as bytes."""
        saved = np.empty(self._state.nbytes, np.uint8)
        check(library.retina_save(self._model, saved.ctypes.data, saved.nbytes), self._model)
        return saved.tobytes()

    def restore(self, saved):
        """Goes on where `save` was called, on this or another stream of the same image."""
        saved = np.frombuffer(saved, np.uint8)
        check(library.retina_restore(self._model, saved.ctypes.data, saved.nbytes), self._model)

    def frames(self, movie):
        """A frame or a movie as the library takes it: contiguous uint8, int16 or float32, itself where it is one of these."""
        movie = np.asarray(movie)
        if movie.dtype not in _PUSH:
            movie = movie.astype(np.float32)
        if movie.ndim not in (2, 3) or movie.shape[-2:] != self.image.frame_shape:
            raise ValueError(f"expected frames of {self.image.frame_shape}, found an array of {movie.shape}")
        return np.ascontiguousarray(movie)

    def take(self, frame):
        """Takes a frame that `frames` gave; whether the history is complete."""
        return check(_PUSH[frame.dtype](self._model, frame.ctypes.data, frame.size), self._model) == OK

    def _read(self, status):
        if check(status, self._model) != OK:
            raise ValueError(f"expected {self.image.history} frames before a question, found fewer")


def _aligned(count):
    block = np.zeros(count + 63, np.uint8)
    start = -block.ctypes.data % 64
    return block[start : start + count]


def _output(out, shape):
    if out is None:
        return np.empty(shape, np.float32)
    if out.dtype != np.float32 or out.shape != shape or not out.flags.c_contiguous:
        raise ValueError(f"expected a contiguous float32 array of {shape}, found {out.dtype} of {out.shape}")
    return out
