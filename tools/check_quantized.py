#!/usr/bin/env python3
"""Put a model of the salamander recording into integers and measure what that costs on the part that no fit has seen.

Ranges are taken from white noise of the training part. For each precision the script prints the mean correlation of rates and
single trials over the cells (the last fifth of the recording), how much it fell from float32, the agreement of attribution (the
mean over windows and cells of Spearman's correlation of channel importance, per hidden layer), and the size of the image. It
ends with 1 when a bound is broken: r may fall by .002 (int16) and .005 (int8), and ranks must agree above .98 and .95.

Example:

    swift build -c release --product retina
    python3 tools/check_quantized.py
    python3 tools/check_quantized.py --quantize="--method mse --equalize"
"""

import argparse
import gzip
import json
import os
import shlex
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent.parent
FRAMES, TEST_FRACTION = 36000, 0.2
CROP = {"height": 50, "width": 50}
BOUNDS = {"int16": (0.002, 0.98), "int8": (0.005, 0.95)}


def facts(path):
    """The facts of a model file and its history."""
    with open(path, "rb") as file:
        metadata = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))["__metadata__"]
    return json.loads(metadata["retina.facts"])


def stimulus_set(path, first, frames):
    """A stimulus set of one movie: frames of the recording's white noise."""
    parameters = {"duration_frames": frames, "start_pattern": first, "first_column": 76, "first_row": 48}
    stimulus = {"name": "noise", "generator": "white-noise", "parameters": parameters}
    path.write_text(json.dumps({"description": "white noise", "frame_rate": 30, **CROP, "stimuli": [stimulus]}))
    return path


def mean_r(rates, counts):
    """The mean over cells of the correlation of rates and counts, both [bins, cells]."""
    rates, counts = rates - rates.mean(0), counts - counts.mean(0)
    scale = np.sqrt((rates**2).sum(0) * (counts**2).sum(0))
    return float(np.divide((rates * counts).sum(0), scale, out=np.zeros(len(scale)), where=scale > 0).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", type=Path, default=HERE / "Models/salamander-whitenoise.safetensors")
    add("--retina", type=Path, default=HERE / ".build/release/retina", help="the command-line tool")
    add("--recording", type=Path, default=HERE / "../shared/recordings/liu2017_salamander_whitenoise",
        help="the folder with y.npy.gz")  # fmt: skip
    add("--quantize", default="", help="more options of `retina quantize`, in one word")
    options = parser.parse_args()

    def retina(*words):
        done = subprocess.run([str(options.retina), *map(str, words)], text=True, capture_output=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
        return done.stdout

    info = json.loads(retina("info", options.model, "--json"))
    history, lag = info["input"][0], info["lag"]
    with gzip.open(options.recording / "y.npy.gz") as file:
        recorded = np.load(file)
    cells = [int(cell["name"].split()[-1]) for cell in facts(options.model)["cells"]]
    first = int(round(FRAMES * (1 - TEST_FRACTION)))
    counts = recorded[cells, first:FRAMES].T.astype(np.float64)
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calibration = stimulus_set(folder / "calibration.json", 0, 600)
        # The newest frame of the first window comes `lag` frames before the first bin.
        test = stimulus_set(folder / "test.json", first - lag - history + 1, len(counts) + history - 1)
        movie = folder / "movie"
        retina("stimulus", test, "--output", movie)
        movie = next(movie.glob("*.npy")) if movie.is_dir() else movie

        def score(model):
            retina("run", model, movie, "--output", folder / "rates.npy")
            return mean_r(np.load(folder / "rates.npy").astype(np.float64), counts)

        float32 = score(options.model)
        print(f"float32: mean r {float32:.5f} over {len(cells)} cells and {len(counts)} bins")
        for precision, (most, least) in BOUNDS.items():
            image = folder / f"{precision}.retina"
            report = json.loads(retina(
                "quantize", options.model, "--calibrate", calibration, "--precision", precision, "--output", image, "--json",
                *shlex.split(options.quantize),
            ))  # fmt: skip
            r = score(image)
            ranks = {
                layer["name"]: layer["channel_rank_correlation"] for layer in report["layers"]
                if layer["channel_rank_correlation"] is not None
            }  # fmt: skip
            holds = float32 - r < most and all(rank > least for rank in ranks.values())
            failed |= not holds
            print(
                f"{precision}: mean r {r:.5f}, fell by {float32 - r:.5f} (bound {most}); ranks "
                + ", ".join(f"{layer} {rank:.4f}" for layer, rank in ranks.items())
                + f" (bound {least}); image {os.path.getsize(image)} bytes: {'holds' if holds else 'DOES NOT HOLD'}"
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
