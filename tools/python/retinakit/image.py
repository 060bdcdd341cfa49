"""A model compiled to a `.retina` image."""

import ctypes
from pathlib import Path

import numpy as np

from .library import RetinaError, check, library, text
from .stream import Stream


def load(path):
    """Opens an image and checks it whole; its bytes are mapped, not read into memory.

    Raises OSError when the file cannot be read, RetinaError (with file and byte) when it is no image.
    """
    path = Path(path)
    if path.suffix in (".safetensors", ".onnx"):
        raise RetinaError(
            -2, f"{path}: expected a .retina image; make one with 'retina convert {path} {path.with_suffix('.retina')}'"
        )
    if path.stat().st_size == 0:
        raise RetinaError(-2, f"{path}: expected a .retina image, found an empty file")
    return Image(np.memmap(path, np.uint8, "r"), str(path))


class Image:
    """What a model is, and whole movies through it. Any number of streams share one image.

    name, history (frames a rate depends on), lag (the newest of them is that many frames older than the rate), frame_rate (frames
    per second, None if unknown), frame_shape (height, width), cells (their number), precision ("float32", "int16" or "int8"),
    layers (name to shape; the last one is the rates).
    """

    def __init__(self, bytes, name="image"):
        """Takes an image as an array of uint8 at a multiple of 64 bytes, as `load` and NumPy's memmap give it."""
        self._bytes = bytes
        self._file = name
        self._model = ctypes.create_string_buffer(library.retina_model_bytes())
        model = self._model
        status = library.retina_open(model, bytes.ctypes.data, bytes.nbytes)
        check(status, model, f"{name}: byte {library.retina_error_byte(model)}" if status < 0 else "")
        self.name = text(library.retina_name, model)
        self.history = library.retina_history(model)
        self.lag = library.retina_lag(model)
        self.frame_rate = library.retina_frame_rate(model) or None
        self.frame_shape = (library.retina_frame_height(model), library.retina_frame_width(model))
        self.cells = library.retina_cells(model)
        self.precision = {8: "int8", 16: "int16", 32: "float32"}[library.retina_precision(model)]
        self._places = {}
        self.layers = {}
        for place in range(library.retina_layers(model)):
            for layer in text(library.retina_layer_name, model, place).split("\n"):
                self._places[layer] = place
                self.layers[layer] = self._shape(place)

    def __repr__(self):
        height, width = self.frame_shape
        return f"Image({self.name!r}, {self.precision}, {self.history} frames of {height} x {width}, {self.cells} cells)"

    def stream(self):
        """A stream that takes frames one by one."""
        return Stream(self)

    def run(self, movie, layer=None):
        """The rates [window, cell] (or a layer's values [window, ...]) of a movie [time, height, width] of uint8, int16 or numbers.

        Row i belongs to the window of frames i ... i + history - 1.
        """
        stream = self.stream()
        movie = stream.frames(movie)
        shape = (self.cells,) if layer is None else self.layers[self.known(layer)]
        values = np.empty((max(0, len(movie) - self.history + 1), *shape), np.float32)
        for time, frame in enumerate(movie):
            if stream.take(frame):
                row = values[time - self.history + 1]
                stream.rates(out=row) if layer is None else stream.values(layer, out=row)
        return values

    def probe(self, movie, layer, cell, steps=None):
        """What each channel of a layer adds to a cell's rate, for each window of a movie: [window, channel].

        With `steps`, conductance along the path from zeros (float32 images); else value times derivative.
        """
        stream = self.stream()
        movie = stream.frames(movie)
        table = np.empty((max(0, len(movie) - self.history + 1), self.channels(layer)), np.float32)
        for time, frame in enumerate(movie):
            if stream.take(frame):
                row = table[time - self.history + 1]
                if steps is None:
                    stream.importance(layer, cell, out=row)
                else:
                    stream.conductance(layer, cell, steps, out=row)
        return table

    def verify(self):
        """Runs the input inside the image; raises RetinaError when any layer gives other values than it must."""
        stream = self.stream()
        check(library.retina_check(stream._model), stream._model, self._file)

    def channels(self, layer):
        """The number of channels of a layer."""
        return library.retina_layer_channels(self._model, self.place(layer))

    def known(self, layer):
        """The name of a layer; KeyError, with those that there are, for any other."""
        if layer not in self._places:
            raise KeyError(f"expected a layer among {', '.join(self._places)}, found {layer!r}")
        return layer

    def place(self, layer):
        """The number of a layer in the library."""
        return self._places[self.known(layer)]

    def _shape(self, place):
        extents = (ctypes.c_size_t * 4)()
        rank = check(library.retina_layer_shape(self._model, place, extents), self._model, self._file)
        return tuple(extents[:rank])
