#!/usr/bin/env python3
"""Train RetinaKit beside PyTorch: same start weights, same batches, same optimiser, same core.

The collapsed and the stacked net of bench_engine.py get random weights, a movie of white noise and Poisson responses. In every
round both train in turn; the table gives the median over rounds of windows per second and of the ratio in the same round.
PyTorch gets its faster memory format of the two and its usual loss and optimiser.

Before anything is timed, --check trains both for so many steps on the batches that RetinaKit's log names, and compares the
losses step by step, relative to PyTorch's. PyTorch in float64 on the same batches tells what rounding alone does: where PyTorch in
float32 parts from it by more than 1e-3, no float32 program can follow. The script fails when RetinaKit parts from PyTorch by more
than 1e-3 at the first of the --check-rates.

Examples:

    swift build -c release --product retina
    python3 tools/bench_fit.py --check 200 --check-rates 1e-4 1e-3 --rounds 0
    python3 tools/bench_fit.py --rounds 7 --threads 2 --json result.json
"""

# First, since it limits the libraries to one thread before they are loaded.
from bench_engine import REPOSITORY, Net, machine, make_net, noise_movie, torch_module, write_model

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

FRAMES = 4000
RATE = 1e-3
TOLERANCE = 1e-3


def write_recording(path: Path, movie: np.ndarray, counts: np.ndarray) -> None:
    """A recording as Sources/RetinaFit/README.md describes it."""
    metadata = {
        "format": 1, "frame_rate": 100, "lag": 0, "response": "counts", "normalisation": {"mean": 0, "std": 1},
        "cells": [{"name": f"cell {cell}"} for cell in range(counts.shape[1])],
        "provenance": {"source": "random numbers of tools/bench_fit.py"},
    }  # fmt: skip
    np.savez(path, metadata=np.frombuffer(json.dumps(metadata).encode(), np.uint8), stimulus=movie, responses=counts)


class Retina:
    """`retina fit` on a recording and a start model."""

    def __init__(self, binary: Path, folder: Path, net: Net, options):
        self.binary, self.folder, self.options = binary, folder, options
        self.model, self.recording = folder / f"{net.name}.safetensors", folder / "recording.npz"
        write_model(net, self.model)

    def fit(self, steps: int, batch: int, clip: int, rate: float = RATE) -> tuple[float, list[dict]]:
        """Seconds per batch (median), and the log of the steps."""
        log = self.folder / "log.jsonl"
        command = [
            self.binary, "fit", self.recording, "--start", self.model, "--steps", steps, "--batch", batch, "--clip", clip,
            "--optimizer", "adam", "--rate", rate, "--schedule", "constant", "--l2", 0, "--validation", 0.02, "--test", 0,
            "--threads", self.options.threads, "--log", log, "--log-steps", "--json",
            "--output", self.folder / "fitted.safetensors",
        ]  # fmt: skip
        result = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return json.loads(result.stdout)["seconds_per_batch"], [line for line in lines if "step" in line]


class Torch:
    """The same training in PyTorch."""

    def __init__(
        self, net: Net, movie: np.ndarray, counts: np.ndarray, channels_last: bool, rate: float = RATE, dtype=torch.float32
    ):
        self.module = torch_module(net).to(dtype)
        self.module.requires_grad_(True)
        # Within a stack there are no biases: they would add nothing but a second way to write the last one.
        convolutions = [module for module in self.module if isinstance(module, torch.nn.Conv2d)]
        for module, following in zip(self.module, list(self.module)[1:]):
            if module in convolutions and following in convolutions:
                module.bias.requires_grad_(False)
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.module = self.module.to(memory_format=self.format)
        self.module.train()
        self.optimiser = torch.optim.Adam([p for p in self.module.parameters() if p.requires_grad], lr=rate)
        self.loss = torch.nn.PoissonNLLLoss(log_input=False, eps=1e-8)
        self.movie, self.counts = torch.from_numpy(movie).to(dtype), torch.from_numpy(counts).to(dtype)
        self.history = net.input[0]

    def step(self, responses: np.ndarray) -> float:
        """One step on windows that end with these response frames; returns the loss."""
        frames = torch.from_numpy(responses)[:, None] + torch.arange(1 - self.history, 1)
        windows = self.movie[frames].contiguous(memory_format=self.format)
        self.optimiser.zero_grad()
        loss = self.loss(self.module(windows), self.counts[torch.from_numpy(responses)])
        loss.backward()
        self.optimiser.step()
        return loss.item()

    def time(self, batch: int, steps: int) -> float:
        """Seconds per batch (median) on random windows."""
        random, times = np.random.default_rng(1), []
        for _ in range(steps):
            responses = random.integers(self.history, len(self.movie), batch)
            started = time.perf_counter()
            self.step(responses)
            times.append(time.perf_counter() - started)
        return statistics.median(times[1:] or times)


def check(retina: Retina, net: Net, movie: np.ndarray, counts: np.ndarray, options) -> list[dict]:
    """For every rate, the largest difference of the losses from those of PyTorch in float32, relative to them: of RetinaKit, and
    of PyTorch in float64. Small batches, since PyTorch takes minutes for large ones."""
    batch, clip, results = 16, 8, []
    for rate in options.check_rates:
        _, log = retina.fit(options.check, batch, clip, rate)
        single, double = (Torch(net, movie, counts, net.name == "collapsed", rate, t) for t in (torch.float32, torch.float64))
        ours = spread = 0.0
        for line in log:
            responses = np.concatenate([np.arange(first, first + clip) for first in line["first_responses"]])
            loss, exact = single.step(responses), double.step(responses)
            ours, spread = max(ours, abs(line["loss"] - loss) / abs(loss)), max(spread, abs(exact - loss) / abs(loss))
        results.append({"rate": rate, "steps": len(log), "retina": ours, "torch_float64": spread})
        print(
            f"{net.name}: losses of {len(log)} steps at rate {rate:g} differ from PyTorch's by at most {ours:.1e}; "
            f"PyTorch's in float64 by {spread:.1e}", flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=REPOSITORY / ".build/release/retina")
    parser.add_argument("--nets", nargs="+", default=["collapsed", "stacked"], choices=["collapsed", "stacked"])
    parser.add_argument("--check", type=int, default=0, metavar="STEPS", help="compare the losses of so many steps first")
    parser.add_argument("--check-rates", type=float, nargs="+", default=[1e-4], help="learning rates of the check")
    parser.add_argument("--rounds", type=int, default=5, help="0: only the check")
    parser.add_argument("--batch", type=int, default=128, help="windows of a batch")
    parser.add_argument("--clip", type=int, default=32, help="consecutive windows of RetinaKit's clips")
    parser.add_argument("--threads", type=int, default=1, help="of both")
    parser.add_argument("--core", type=int, default=None, help="pin to the processors from this one on")
    parser.add_argument("--json", type=Path, help="also write the results")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.core is not None:
        os.sched_setaffinity(0, range(options.core, options.core + options.threads))

    print(machine())
    results = []
    for name in options.nets:
        net = make_net(name)
        movie = noise_movie(FRAMES, net)
        counts = np.random.default_rng(2).poisson(0.5, (FRAMES, net.cells)).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder:
            write_recording(Path(folder) / "recording.npz", movie, counts)
            retina = Retina(options.binary, Path(folder), net, options)
            result = {"net": name, "threads": options.threads, "batch": options.batch}
            if options.check:
                result["check"] = check(retina, net, movie, counts, options)
                if not result["check"][0]["retina"] < TOLERANCE:
                    sys.exit("the losses part")
            if options.rounds:
                formats = {last: Torch(net, movie, counts, last).time(32, 3) for last in (False, True)}
                peer = Torch(net, movie, counts, min(formats, key=formats.get))
                rounds = []
                for _ in range(options.rounds):
                    seconds, _ = retina.fit(24, options.batch, options.clip)
                    rounds.append((options.batch / seconds, options.batch / peer.time(options.batch, 3)))
                ratios = sorted(a / b for a, b in rounds)
                result |= {
                    "retina_windows_per_second": statistics.median(a for a, _ in rounds),
                    "torch_windows_per_second": statistics.median(b for _, b in rounds),
                    "ratio": statistics.median(ratios), "ratios": ratios,
                }  # fmt: skip
                print(
                    f"{name}: RetinaKit {result['retina_windows_per_second']:.0f}, PyTorch "
                    f"{result['torch_windows_per_second']:.1f} windows/s with {options.threads} thread(s); "
                    f"ratio {result['ratio']:.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})", flush=True)
            results.append(result)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
