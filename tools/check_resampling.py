"""Compares `retina stimulus FILE --height --width` with OpenCV's area resampling (INTER_AREA), and frame rates with NumPy.

Usage: python3 tools/check_resampling.py [--retina .build/release/retina]

OpenCV's INTER_AREA is the mean over area only where the picture gets smaller; larger ones, and time, are compared with the mean over a
grid fine enough that nothing is cut: values repeated `new` times and averaged by `old`. Prints the largest difference of each case and
fails above 2e-6 of the largest value. Needs numpy, opencv-python-headless.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np


def by_grid(values, new, axis):
    """The mean over `new` equal parts of an axis."""
    fine = np.repeat(values.astype(np.float64), new, axis)
    parts = np.split(fine, new, axis)
    return np.stack([part.mean(axis) for part in parts], axis)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retina", default=".build/release/retina")
    retina = parser.parse_args().retina
    movie = np.random.default_rng(0).normal(size=(12, 96, 130)).astype(np.float32)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        np.save(folder / "movie.npy", movie)

        def resample(*words):
            command = [retina, "stimulus", str(folder / "movie.npy"), *words, "--output", str(folder / "new.npy")]
            subprocess.run(command, check=True, capture_output=True)
            return np.load(folder / "new.npy")

        def compare(name, found, expected):
            nonlocal worst
            error = np.abs(found - expected).max() / np.abs(expected).max() if found.shape == expected.shape else np.inf
            worst = max(worst, error)
            print(f"{name:44} {error:.1e}")

        for height, width in [(50, 50), (48, 65), (31, 7), (95, 129)]:
            expected = np.stack([cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in movie])
            compare(f"96 x 130 to {height} x {width}, OpenCV", resample("--height", str(height), "--width", str(width)), expected)
        for height, width in [(100, 200), (192, 130), (50, 300)]:
            expected = by_grid(by_grid(movie, height, 1), width, 2)
            compare(f"96 x 130 to {height} x {width}, fine grid", resample("--height", str(height), "--width", str(width)), expected)
        for old, new, frames in [(30, 100, 40), (100, 30, 3), (60, 50, 10), (24, 24, 12)]:
            shown = movie[: frames * old // new] if frames * old % new == 0 else movie
            expected = by_grid(shown, frames, 0) if shown is not movie or frames * old == len(movie) * new else None
            found = resample("--from-rate", str(old), "--frame-rate", str(new))
            if expected is None:
                # A part of a frame is left over: average the part that whole frames cover.
                fine = np.repeat(movie.astype(np.float64), new, 0)[: frames * old]
                expected = np.stack([part.mean(0) for part in np.split(fine, frames)])
            compare(f"{old} to {new} frames/s, fine grid", found, expected)
    print(f"largest difference {worst:.1e}")
    return int(worst > 2e-6)


if __name__ == "__main__":
    sys.exit(main())
