#!/usr/bin/env python3
"""Fits a model to a simulated retina and asks whether the known inside is found again.

A movie of checks of several sizes and of drifting clouds is shown to the retina of `retina simulate`; `retina fit` sees only spikes of its
ganglion cells; `retina evaluate` compares with the noise ceiling of the repeats, and `retina match` looks for the bipolar and amacrine
cells, which the fit never saw. Everything is simulated.

    python3 tools/recover_simulated.py --output recovered
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

import numpy as np

SIZE, SEGMENT, TEST = 40, 150, 900
HERE = pathlib.Path(__file__).resolve().parent.parent


def checks(generator, side):
    """Binary checks of a side in pixels, new in every frame, at a random offset: [SEGMENT, SIZE, SIZE]."""
    count = -(-SIZE // side) + 1
    board = np.kron(generator.integers(0, 2, (SEGMENT, count, count)) * 2 - 1, np.ones((side, side)))
    top, left = generator.integers(0, side, 2)
    return board[:, top:top + SIZE, left:left + SIZE]


def clouds(generator):
    """Noise whose amplitude falls with frequency in space and time, deviation 1/2, cut at -1 and 1."""
    space, when = np.fft.fftfreq(64), np.fft.fftfreq(SEGMENT)
    frequency = np.sqrt(space[:, None] ** 2 + space ** 2 + (2 * when[:, None, None]) ** 2 + 1e-4)
    movie = np.fft.ifftn(np.fft.fftn(generator.normal(size=frequency.shape)) / frequency).real
    movie = (movie - movie.mean()) / movie.std()
    return np.clip(movie / 2, -1, 1)[:, :SIZE, :SIZE]


def movie(kinds, frames, seed):
    generator = np.random.default_rng(seed)
    parts = []
    while len(parts) * SEGMENT < frames:
        kind = kinds[len(parts) % len(kinds)]
        parts.append(clouds(generator) if kind == "clouds" else checks(generator, int(kind)))
    return np.concatenate(parts)[:frames].astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retina", default=str(HERE / ".build/release/retina"), help="the tool (default: the release build)")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="folder for all files")
    parser.add_argument("--stimulus", default="1,3,clouds,6", help="sides of checks and 'clouds', in turn (default: 1,3,clouds,6)")
    parser.add_argument("--frames", type=int, default=36900, help="frames with the repeated test (default: 36900)")
    parser.add_argument("--without", help="parts of the retina to take out, as for `retina simulate`")
    parser.add_argument("--cells", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--permutations", default="40")
    parser.add_argument("fit", nargs="*", help="other options for `retina fit`, after --")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    def retina(*words):
        words = [arguments.retina, *map(str, words)]
        done = subprocess.run(words, cwd=arguments.output, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}")
        return done.stdout

    np.save(arguments.output / "movie.npy", movie(arguments.stimulus.split(","), arguments.frames, arguments.seed))
    print(retina("simulate", "movie.npy", "--cells", arguments.cells, "--margin", 10, "--test-frames", TEST, "--seed",
                 arguments.seed, *(["--without", arguments.without] if arguments.without else []), "--output", "recording.npz"),
          end="")
    started = time.time()
    retina("fit", "recording.npz", "--output", "model.safetensors", "--threads", arguments.threads, *(arguments.fit or FIT))
    print(f"fitted in {time.time() - started:.0f} s")
    scores = json.loads(retina("evaluate", "model.safetensors", "recording.npz", "--baselines", "ln", "--json", "--output",
                               "scores.json"))
    match = json.loads(retina("match", "model.safetensors", "recording.npz", "--permutations", arguments.permutations,
                              "--threads", arguments.threads, "--frames", 1500, "--traces", 6, "--output", "matched", "--json"))
    report(scores, match)


def report(scores, match):
    ceilings = [cell["ceiling"] for cell in scores["noise_ceiling"]]
    single = [cell["single_trial_ceiling"] for cell in scores["noise_ceiling"]]
    print(f"\nmean over {len(ceilings)} simulated cells   r, mean of repeats   r, single trials (other test frames)")
    print(f"  {'noise ceiling':24} {np.mean(ceilings):.3f}               {np.mean(single):.3f} (of the repeats)")
    for model in scores["models"]:
        repeats = np.mean([cell["repeats_r"] for cell in model["cells"]])
        print(f"  {model['name']:24} {repeats:.3f}               {model['mean_r']:.3f}")
    names = match["channels"]
    print("\nclass of interneurons   channel      median of the best r of its traces   best trace")
    for group in match["groups"]:
        own = [trace for trace in match["traces"] if trace["name"].split("/")[0] == group["name"]]
        channel = group["assigned_channel"]
        found = [trace["channel_r"][names.index(channel)] for trace in own]
        print(f"{group['name']:23} {channel:12} {np.median(found):.3f}                                {max(found):.3f}")
    permuted = match["permuted"]
    print(f"\n{match['matched']} of {len(match['traces'])} traces matched at a false-discovery rate of {match['false_discovery_rate']}; "
          f"of {permuted['traces']} permuted traces {permuted['found']} had p <= {permuted['alpha']}")


FIT = ["--architecture", "stacked-bn-cnn", "--channels", "16,16", "--kernels", "9,13", "--readout", "gaussian", "--history", "16",
       "--epochs", "5"]

if __name__ == "__main__":
    main()
