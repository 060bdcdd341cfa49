#!/usr/bin/env python3
"""Measures how often `retina match` finds traces that have nothing to do with the stimulus.

Two kinds of traces: recorded or simulated ones in random pieces (`retina match --permutations`), and interneurons of the simulated retina
under one white noise beside the white noise of another seed. A rate above the level of .05 would be too large; the interval is Wilson's,
95 %. Needs the release build and what prepare_franke.py needs; about five minutes on one core.

    python3 tools/check_match.py
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEVEL = 0.05


def wilson(found, traces, z=1.959964):
    """The 95 % interval of a rate."""
    part = found / traces
    middle, scale = part + z * z / (2 * traces), 1 + z * z / traces
    half = z * (part * (1 - part) / traces + z * z / (4 * traces * traces)) ** 0.5
    return (middle - half) / scale, (middle + half) / scale


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retina", default=ROOT / ".build/release/retina", help="the command (default: the release build)")
    parser.add_argument("--model", default=ROOT / "Models/salamander-whitenoise.safetensors", help="the model")
    parser.add_argument("--traces", type=int, default=200, help="traces of each kind (default: 200)")
    parser.add_argument("--frames", type=int, default=960, help="frames of the simulated recordings (default: 960)")
    parser.add_argument("--threads", default="1", help="threads (default: 1)")
    arguments = parser.parse_args()

    def retina(*words):
        return subprocess.run([arguments.retina, *map(str, words)], check=True, capture_output=True, text=True).stdout

    def match(recording, *words):
        return json.loads(retina("match", arguments.model, recording, "--threads", arguments.threads, "--json", *words))

    def report(name, found, traces):
        low, high = wilson(found, traces)
        print(f"{name:44} {found:4} of {traces}   {found / traces:.3f} ({low:.3f} to {high:.3f})", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        print(f"{'traces without relation':44} p at most {LEVEL}   rate (95 %)")
        for chirp in ("local", "global"):
            subprocess.run([sys.executable, ROOT / "tools/prepare_franke.py", "--chirp", chirp, "--output",
                            folder / f"{chirp}.npz"], check=True, capture_output=True)
            permuted = match(folder / f"{chirp}.npz", "--permutations", arguments.traces)["permuted"]
            report(f"mouse bipolar cells, {chirp} chirp, permuted", permuted["found"], permuted["traces"])
        # Binary white noise is a stream: another part of it is another stimulus.
        for name, start in (("shown", 0), ("other", 100_000)):
            retina("simulate", "white-noise", "--set", f"duration_frames={arguments.frames}", "--set", f"start_pattern={start}",
                   "--repeats", 0, "--output", folder / f"{name}.npz")
        permuted = match(folder / "shown.npz", "--permutations", arguments.traces)["permuted"]
        report("simulated interneurons, permuted", permuted["found"], permuted["traces"])
        shown, other = (dict(np.load(folder / f"{name}.npz")) for name in ("shown", "other"))
        foreign = {key: other[key] if key.startswith("interior.") else value for key, value in shown.items()}
        np.savez(folder / "foreign.npz", **foreign)
        groups = sum(key.startswith("interior.") for key in foreign)
        traces = match(folder / "foreign.npz", "--traces", -(-arguments.traces // groups))["traces"]
        report("simulated interneurons, another stimulus", sum(trace["p"] <= LEVEL for trace in traces), len(traces))


if __name__ == "__main__":
    main()
