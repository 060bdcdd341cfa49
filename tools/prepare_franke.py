#!/usr/bin/env python3
"""Writes the bipolar-cell recordings of Franke et al. (2017) as a file for `retina match`.

Mean glutamate responses of 14 types of mouse bipolar cells to a local or a global chirp, from the copy in berenslab/bc_network:
franke2017_clustermeans.npz and the chirp at 64 Hz (HDF5, one value per sample from 0, dark, to 1). The local chirp becomes a disc on a
background, the global one fills the frame; stimulus and responses are averaged into frames. One file holds one chirp: the step from one
to the other would be the clearest event of all. The size of a pixel, of the disc and the background are stated, not recorded: choose
them with the model's pixels in mind.

    python3 tools/prepare_franke.py --output franke.npz
    retina match Models/salamander-whitenoise.safetensors franke.npz
"""
import argparse
import json
import pathlib
import sys

import h5py
import numpy as np

DEFAULT = pathlib.Path(__file__).resolve().parent.parent.parent / "shared/recordings/franke2017_bipolar_chirp_bcn"
STIMULUS = "StimulusFranke2017time_and_amp_corrected_SIGMOID_64HZ.h5"
SAMPLE_RATE = 64.0


def binned(values, rate):
    """Means of the samples that fall into each frame, linear between samples at its edges: [..., frames]."""
    samples = values.shape[-1]
    frames = int(samples / SAMPLE_RATE * rate)
    edges = np.arange(frames + 1) * SAMPLE_RATE / rate
    total = np.concatenate([np.zeros(values.shape[:-1] + (1,)), np.cumsum(values, axis=-1, dtype=np.float64)], axis=-1)
    whole = np.minimum(edges.astype(int), samples - 1)
    at = total[..., whole] + (edges - whole) * values[..., whole]
    return np.diff(at, axis=-1) / np.diff(edges)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", type=pathlib.Path, default=DEFAULT, help="folder with the two files")
    parser.add_argument("--output", required=True, help="the .npz to write")
    parser.add_argument("--chirp", choices=["local", "global"], default="local", help="which one (default: local)")
    parser.add_argument("--frame-rate", type=float, default=30.0, help="frames per second, those of the model (default: 30)")
    parser.add_argument("--size", type=int, default=50, help="rows and columns of a frame (default: 50)")
    parser.add_argument("--pixel", type=float, default=30.0, help="side of a pixel in micrometres (default: 30)")
    parser.add_argument("--disc", type=float, default=100.0, help="diameter of the local chirp in micrometres (default: 100)")
    parser.add_argument("--background", type=float, default=-1.0, help="contrast around the disc (default: -1, dark)")
    arguments = parser.parse_args()
    for path in (arguments.recording / "franke2017_clustermeans.npz", arguments.recording / STIMULUS):
        if not path.exists():
            sys.exit(f"{path}: expected the recording (--recording FOLDER), found no such file")
    data = np.load(arguments.recording / "franke2017_clustermeans.npz")
    with h5py.File(arguments.recording / STIMULUS) as file:
        chirp = 2 * binned(file["stimulus"][...], arguments.frame_rate) - 1

    middle = (arguments.size - 1) / 2
    y, x = np.mgrid[:arguments.size, :arguments.size] - middle
    disc = (x * x + y * y) * arguments.pixel ** 2 <= (arguments.disc / 2) ** 2
    inside = disc if arguments.chirp == "local" else np.ones_like(disc)
    arrays = {"stimulus": np.where(inside, chirp[:, None, None], arguments.background).astype(np.float32)}
    names = data[f"{arguments.chirp}_chirp_types"].tolist()
    for index, name in enumerate(names):
        if name != "NO":  # cells that were given to no type
            trace = binned(data[f"{arguments.chirp}_chirp_mean"][index].astype(np.float64), arguments.frame_rate)
            arrays[f"interior.{name}"] = trace[:, None].astype(np.float32)
    shown = f"disc of {arguments.disc:g} um on contrast {arguments.background:g}" if arguments.chirp == "local" else "full field"
    metadata = {
        "format": 1, "frame_rate": arguments.frame_rate, "cells": [], "lag": 0, "normalisation": "none",
        "provenance": {
            "source": "Franke, Berens, Schubert, Bethge, Euler and Baden, Nature 2017; copy in berenslab/bc_network",
            "animal": "mouse", "signal": "glutamate, mean over the cells of a type",
            "stimulus": f"{arguments.chirp} chirp, {shown}; pixels of {arguments.pixel:g} um: stated, not recorded"}}
    arrays["metadata"] = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
    np.savez(arguments.output, **arrays)
    print(f"{arguments.output}: {len(names) - names.count('NO')} types, {len(arrays['stimulus'])} frames")


if __name__ == "__main__":
    main()
