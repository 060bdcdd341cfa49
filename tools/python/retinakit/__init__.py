"""Runs and probes compact models of the retina, frame by frame, over RetinaKit's C library.

>>> import retinakit
>>> image = retinakit.load("salamander.retina")
>>> rates = image.run(movie)                        # movie [time, height, width], rates [window, cell]
>>> importance = image.probe(movie, "relu1", cell=1)   # [window, channel]
"""

from .image import Image, load
from .library import RetinaError
from .stream import Stream

__all__ = ["Image", "RetinaError", "Stream", "load"]
