#!/usr/bin/env python3
"""Write the salamander white-noise recording (Liu et al. 2017) as a recording that `retina fit` and `retina evaluate` read.

The 70 cells and the 50 x 50 crop are those of the shipped model: the cells are taken from the model file, so nothing is
chosen anew. The stimulus is written as its generator, seed and crop, not as a movie: the file is small. `--all-cells`
writes all 177 cells with the whole 200 x 150 stimulus.

Example:

    python3 tools/prepare_salamander.py --output salamander.npz
"""

import argparse
import gzip
import json
import struct
from pathlib import Path

import numpy as np

FRAMES, FRAME_RATE, SEED = 36000, 30, -10000
BOARD_WIDTH, BOARD_HEIGHT = 200, 150
CROP_X, CROP_Y, CROP = 76, 48, 50
LAG = 1
SOURCE = ("Liu, Schreyer, Onken, Rozenblit, Khani, Krishnamoorthy, Panzeri, Gollisch, Nature Communications 2017, "
          "s41467-017-00156-9; recording gollischlab/Liu_etal_2017_RGC_spiketrains_for_STNMF (G-Node), "
          "copy huangziwei/data_RFEst Liu_et_al_2017")


def model_cells(path):
    """The indices in the recording of a model's cells, which are named `cell N`."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    facts = json.loads(header["__metadata__"]["retina.facts"])
    return [int(cell["name"].split()[-1]) for cell in facts["cells"]]


def main():
    here = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", type=Path, default=here.parent / "shared/recordings/liu2017_salamander_whitenoise",
                        help="folder with y.npy.gz and centers.txt")
    parser.add_argument("--model", type=Path, default=here / "Models/salamander-whitenoise.safetensors",
                        help="the model whose cells are taken")
    parser.add_argument("--all-cells", action="store_true", help="all cells and the whole stimulus")
    parser.add_argument("--output", type=Path, required=True, help="the .npz to write")
    options = parser.parse_args()

    with gzip.open(options.recording / "y.npy.gz") as file:
        counts = np.load(file)
    centres = np.loadtxt(options.recording / "centers.txt")
    if options.all_cells:
        cells, first, height, width = list(range(len(counts))), (0, 0), BOARD_HEIGHT, BOARD_WIDTH
    else:
        cells, first, height, width = model_cells(options.model), (CROP_X, CROP_Y), CROP, CROP
    metadata = {
        "format": 1, "frame_rate": FRAME_RATE, "lag": LAG, "response": "counts",
        "normalisation": {"mean": 0, "std": 1},
        "stimulus": {
            "generator": "white-noise", "height": height, "width": width,
            "parameters": {"duration_frames": FRAMES, "seed": SEED, "board_width": BOARD_WIDTH,
                           "board_height": BOARD_HEIGHT, "first_column": first[0], "first_row": first[1]}},
        "cells": [{"name": f"cell {cell}", "centre": list(centres[cell] - first)} for cell in cells],
        "provenance": {"source": SOURCE}}
    partial = options.output.with_name(options.output.name + ".partial")
    with open(partial, "wb") as file:
        np.savez_compressed(file, metadata=np.frombuffer(json.dumps(metadata).encode(), np.uint8),
                            responses=np.ascontiguousarray(counts[cells].T))
    partial.rename(options.output)
    print(f"wrote {options.output}: {len(cells)} cells, {counts.shape[1]} frames of {height} x {width}")


if __name__ == "__main__":
    main()
