"""The functions of retina.h, and its errors as an exception."""

import ctypes
import os
from ctypes import POINTER, c_char_p, c_double, c_float, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path

OK, NOT_READY = 0, 1

# Arrays and models travel as addresses (c_void_p): NumPy's memory is used in place.
_MODEL = _ARRAY = c_void_p

FUNCTIONS = {
    "retina_version": (c_uint32,),
    "retina_model_bytes": (c_size_t,),
    "retina_status_text": (c_char_p, c_int32),
    "retina_open": (c_int32, _MODEL, _ARRAY, c_size_t),
    "retina_error_text": (c_char_p, _MODEL),
    "retina_error_byte": (c_uint32, _MODEL),
    "retina_precision": (c_int32, _MODEL),
    "retina_history": (c_size_t, _MODEL),
    "retina_lag": (c_size_t, _MODEL),
    "retina_frame_rate": (c_double, _MODEL),
    "retina_frame_height": (c_size_t, _MODEL),
    "retina_frame_width": (c_size_t, _MODEL),
    "retina_frame_size": (c_size_t, _MODEL),
    "retina_cells": (c_size_t, _MODEL),
    "retina_name": (c_size_t, _MODEL, _ARRAY, c_size_t),
    "retina_arena_bytes": (c_size_t, _MODEL),
    "retina_state_bytes": (c_size_t, _MODEL),
    "retina_start": (c_int32, _MODEL, _ARRAY, c_size_t, _ARRAY, c_size_t),
    "retina_reset": (c_int32, _MODEL),
    "retina_check": (c_int32, _MODEL),
    "retina_push_float": (c_int32, _MODEL, _ARRAY, c_size_t),
    "retina_push_uint8": (c_int32, _MODEL, _ARRAY, c_size_t),
    "retina_push_int16": (c_int32, _MODEL, _ARRAY, c_size_t),
    "retina_rates": (c_int32, _MODEL, _ARRAY, c_size_t),
    "retina_rates_q": (c_int32, _MODEL, _ARRAY, c_size_t, c_int32),
    "retina_spikes": (c_int32, _MODEL, c_float, POINTER(c_uint64), _ARRAY, c_size_t),
    "retina_layers": (c_int32, _MODEL),
    "retina_find_layer": (c_int32, _MODEL, c_char_p),
    "retina_layer_name": (c_size_t, _MODEL, c_int32, _ARRAY, c_size_t),
    "retina_layer_shape": (c_int32, _MODEL, c_int32, POINTER(c_size_t)),
    "retina_layer_size": (c_size_t, _MODEL, c_int32),
    "retina_layer_channels": (c_size_t, _MODEL, c_int32),
    "retina_layer_values": (c_int32, _MODEL, c_int32, _ARRAY, c_size_t),
    "retina_channel_values": (c_int32, _MODEL, c_int32, c_int32, _ARRAY, c_size_t),
    "retina_layer_checksum": (c_uint32, _MODEL, c_int32),
    "retina_importance": (c_int32, _MODEL, c_int32, c_int32, _ARRAY, c_size_t),
    "retina_conductance": (c_int32, _MODEL, c_int32, c_int32, c_int32, _ARRAY, c_size_t, POINTER(c_float)),
    "retina_save": (c_int32, _MODEL, _ARRAY, c_size_t),
    "retina_restore": (c_int32, _MODEL, _ARRAY, c_size_t),
}


class RetinaError(Exception):
    """What the library refused, in its words; `status` is the number of retina.h."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def _load():
    path = os.environ.get("RETINA_LIBRARY") or Path(__file__).with_name("libretina.so")
    if not Path(path).exists():
        raise ImportError(
            f"expected the C library at {path}: install with 'pip install ./tools/python' from a checkout, or run "
            "tools/build-library and set RETINA_LIBRARY to its shared/libretina.so"
        )
    library = ctypes.CDLL(str(path))
    for name, (result, *arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    if library.retina_version() >> 16 != 1:
        raise ImportError(f"expected version 1 of the interface in {path}, found {library.retina_version() >> 16}")
    return library


library = _load()


def check(status, model=None, what=""):
    """The status, when it is no error."""
    if status >= 0:
        return status
    text = library.retina_error_text(model) if model is not None else b"no error"
    if text == b"no error":
        text = library.retina_status_text(status)
    raise RetinaError(status, (f"{what}: " if what else "") + text.decode())


def text(function, *arguments):
    """A text of any length."""
    length = function(*arguments, None, 0)
    buffer = ctypes.create_string_buffer(length + 1)
    function(*arguments, buffer, length + 1)
    return buffer.value.decode()
