#!/usr/bin/env python3
"""Train RetinaKit beside PyTorch: same start weights, same batches, same optimiser, same core.

The collapsed and the stacked net of bench_engine.py get random weights, a movie of white noise and Poisson responses. In every
round both train in turn, with every number of --threads; the table gives the median over rounds of windows per second and of the
ratio in the same round, and how much faster the last number of threads is than the first. PyTorch gets its faster memory format
of the two and its usual loss and optimiser; --alone leaves it out.

Before anything is timed, --check trains both for so many steps on the batches that RetinaKit's log names, and compares the
losses step by step, relative to PyTorch's. With --float64, and where the losses part, PyTorch in float64 on the same batches tells
what rounding alone does: where PyTorch in float32 parts from it by more than 1e-3, no float32 program can follow. The script
fails when RetinaKit parts from PyTorch by more than 1e-3 at the first of the --check-rates.

Examples:

    swift build -c release --product retina
    python3 tools/bench_fit.py --check 200 --check-rates 1e-4 1e-3 --rounds 0
    python3 tools/bench_fit.py --rounds 7 --threads 1 2 --json result.json
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

    def __init__(self, binary: Path, folder: Path, net: Net):
        self.binary, self.folder = binary, folder
        self.model, self.recording = folder / f"{net.name}.safetensors", folder / "recording.npz"
        write_model(net, self.model)

    def fit(self, steps: int, batch: int, clip: int, threads: int, rate: float = RATE) -> tuple[float, list[dict]]:
        """Seconds per batch (median), and the log of the steps."""
        log = self.folder / "log.jsonl"
        command = [
            self.binary, "fit", self.recording, "--start", self.model, "--steps", steps, "--batch", batch, "--clip", clip,
            "--optimizer", "adam", "--rate", rate, "--schedule", "constant", "--l2", 0, "--validation", 0.02, "--test", 0,
            "--threads", threads, "--log", log, "--log-steps", "--json",
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

    def time(self, batch: int, steps: int, threads: int) -> float:
        """Seconds per batch (median) on random windows."""
        torch.set_num_threads(threads)
        random, times = np.random.default_rng(1), []
        for _ in range(steps):
            responses = random.integers(self.history, len(self.movie), batch)
            started = time.perf_counter()
            self.step(responses)
            times.append(time.perf_counter() - started)
        return statistics.median(times[1:] or times)


def losses(peer: Torch, log: list[dict], clip: int) -> np.ndarray:
    """The losses of steps on the batches of a log."""
    return np.array([
        peer.step(np.concatenate([np.arange(first, first + clip) for first in line["first_responses"]])) for line in log
    ])  # fmt: skip


def check(retina: Retina, net: Net, movie: np.ndarray, counts: np.ndarray, options) -> list[dict]:
    """For every rate, the largest difference of the losses from those of PyTorch in float32, relative to them: of RetinaKit, and
    of PyTorch in float64 where that was asked for or RetinaKit's part. Small batches, since PyTorch takes minutes for large ones."""
    batch, clip, threads, results = 16, 8, max(options.threads), []
    torch.set_num_threads(threads)
    for rate in options.check_rates:
        _, log = retina.fit(options.check, batch, clip, threads, rate)

        def peer(dtype):
            return Torch(net, movie, counts, net.name == "collapsed", rate, dtype)

        single = losses(peer(torch.float32), log, clip)
        ours = float(np.abs(np.array([line["loss"] for line in log]) / single - 1).max())
        results.append({"rate": rate, "steps": len(log), "retina": ours})
        text = f"{net.name}: losses of {len(log)} steps at rate {rate:g} differ from PyTorch's by at most {ours:.1e}"
        if options.float64 or not ours < TOLERANCE:
            results[-1]["torch_float64"] = float(np.abs(losses(peer(torch.float64), log, clip) / single - 1).max())
            text += f"; PyTorch's in float64 by {results[-1]['torch_float64']:.1e}"
        print(text, flush=True)
    return results


def race(retina: Retina, net: Net, movie: np.ndarray, counts: np.ndarray, options) -> list[dict]:
    """Windows per second of both for every number of threads, in interleaved rounds: medians, and the ratios of each round."""
    peer = None
    if not options.alone:
        formats = {last: Torch(net, movie, counts, last).time(32, 3, options.threads[0]) for last in (False, True)}
        peer = Torch(net, movie, counts, min(formats, key=formats.get))
    rounds = []
    for _ in range(options.rounds):
        ours = [options.batch / retina.fit(options.steps, options.batch, options.clip, n)[0] for n in options.threads]
        theirs = [options.batch / peer.time(options.batch, 3, n) for n in options.threads] if peer else None
        rounds.append((ours, theirs))
    results = []
    for place, threads in enumerate(options.threads):
        gains = sorted(ours[place] / ours[0] for ours, _ in rounds)
        result = {
            "threads": threads, "retina_windows_per_second": statistics.median(ours[place] for ours, _ in rounds),
            "of_first": statistics.median(gains), "of_first_all": gains,
        }  # fmt: skip
        text = f"{net.name}: RetinaKit {result['retina_windows_per_second']:.0f}"
        if peer:
            ratios = sorted(ours[place] / theirs[place] for ours, theirs in rounds)
            result |= {
                "torch_windows_per_second": statistics.median(theirs[place] for _, theirs in rounds),
                "ratio": statistics.median(ratios), "ratios": ratios,
            }  # fmt: skip
            text += (
                f", PyTorch {result['torch_windows_per_second']:.1f} windows/s with {threads} thread(s); "
                f"ratio {result['ratio']:.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})")
        else:
            text += f" windows/s with {threads} thread(s)"
        if place > 0:
            text += (
                f"; {result['of_first']:.2f} times as fast as with {options.threads[0]} ({gains[0]:.2f} to {gains[-1]:.2f})")
        print(text, flush=True)
        results.append(result)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=REPOSITORY / ".build/release/retina")
    parser.add_argument("--nets", nargs="+", default=["collapsed", "stacked"], choices=["collapsed", "stacked"])
    parser.add_argument("--check", type=int, default=0, metavar="STEPS", help="compare the losses of so many steps first")
    parser.add_argument("--check-rates", type=float, nargs="+", default=[1e-4], help="learning rates of the check")
    parser.add_argument("--float64", action="store_true", help="compare PyTorch in float64 even where the losses agree")
    parser.add_argument("--rounds", type=int, default=5, help="0: only the check")
    parser.add_argument("--batch", type=int, default=128, help="windows of a batch")
    parser.add_argument("--clip", type=int, default=32, help="consecutive windows of RetinaKit's clips")
    parser.add_argument("--steps", type=int, default=24, help="batches of RetinaKit in a round")
    parser.add_argument("--threads", type=int, nargs="+", default=[1], help="of both; several numbers are measured in turn")
    parser.add_argument("--alone", action="store_true", help="time RetinaKit alone")
    parser.add_argument("--core", type=int, default=None, help="pin to the processors from this one on")
    parser.add_argument("--json", type=Path, help="also write the results")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, range(options.core, options.core + max(options.threads)))

    print(machine())
    results = []
    for name in options.nets:
        net = make_net(name)
        movie = noise_movie(FRAMES, net)
        counts = np.random.default_rng(2).poisson(0.5, (FRAMES, net.cells)).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder:
            write_recording(Path(folder) / "recording.npz", movie, counts)
            retina = Retina(options.binary, Path(folder), net)
            result = {"net": name, "batch": options.batch}
            if options.check:
                result["check"] = check(retina, net, movie, counts, options)
                if not result["check"][0]["retina"] < TOLERANCE:
                    sys.exit("the losses part")
            if options.rounds:
                result["race"] = race(retina, net, movie, counts, options)
            results.append(result)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
