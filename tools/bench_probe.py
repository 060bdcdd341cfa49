#!/usr/bin/env python3
"""Time RetinaKit's exact attribution beside Captum's: same net, same windows, same core, one thread.

The collapsed net of bench_engine.py (40x50x50 -> conv 8@15x15 -> relu -> conv 8@11x11 -> relu -> dense 5 -> softplus) gets
random weights. Both sides explain one cell for one window of white noise, with a baseline of zeros:

    Captum      IntegratedGradients, LayerConductance of relu1 and LayerConductance of relu2, 50 Gauss-Legendre steps
    RetinaKit   the same three, exact, in one shared pass: `retina bench --probe`

Before anything is timed, the answers for a few windows must agree: RetinaKit's residual must be below 1e-5, and the difference
from Captum must fall in proportion to the steps that Captum takes, as Captum's own error does. Otherwise the script fails.

In every round both run in turn on the same core, on windows that they have not seen; the table gives the median over rounds of
the time per window, and of the ratio in the same round.

Examples:

    swift build -c release --product retina
    python3 tools/bench_probe.py --quick
    python3 tools/bench_probe.py --rounds 15 --clock cpu --json result.json

Words: a window is [history, height, width], oldest frame first; an error is the largest difference, relative to the largest
magnitude; a residual is what the sum of an attribution lacks of the change of the rate in float64, relative to the larger of
the rates for window and baseline.
"""

# First, since it limits the libraries to one thread before they are loaded.
from bench_engine import CLOCKS, REPOSITORY, Net, Retina, machine, make_net, noise_movie, note, torch_module, write_model

import argparse
import json
import os
import statistics
import sys
import tempfile
import warnings
from pathlib import Path

import captum.attr
import numpy as np
import torch

STEPS = 50
CHECK_STEPS = (50, 400)
LAYERS = ("relu1", "relu2")
RESIDUAL = 1e-5


class Captum:
    """Captum on the net as a torch module: one window, one cell."""

    def __init__(self, net: Net, cell: int):
        torch.set_num_threads(1)
        self.module, self.cell = torch_module(net), cell
        self.precise = torch_module(net).double()
        rectifiers = [module for module in self.module if isinstance(module, torch.nn.ReLU)]
        self.methods = {"stimulus": captum.attr.IntegratedGradients(self.module)}
        self.methods |= {
            name: captum.attr.LayerConductance(self.module, layer) for name, layer in zip(LAYERS, rectifiers)
        }

    def explain(self, window: np.ndarray, steps: int) -> dict[str, np.ndarray]:
        """The attribution of the stimulus and of both layers."""
        stimulus = torch.from_numpy(np.ascontiguousarray(window[None]))
        answers = {}
        for name, method in self.methods.items():
            values = method.attribute(stimulus, target=self.cell, n_steps=steps, method="gausslegendre")
            answers[name] = values.detach().numpy()[0]
        return answers

    def residual(self, window: np.ndarray, attribution: np.ndarray) -> float:
        """What the sum of an attribution lacks of the change of the rate, relative to the larger rate."""
        pair = np.stack([window, np.zeros_like(window)]).astype(np.float64)
        with torch.inference_mode():
            rates = self.precise(torch.from_numpy(pair))[:, self.cell].numpy()
        return float(abs(attribution.sum(dtype=np.float64) - (rates[0] - rates[1])) / abs(rates).max())


def exact(retina: Retina, model: Path, windows: np.ndarray, cell: int, folder: Path) -> dict[str, np.ndarray]:
    """What `retina probe --steps exact` gives, one attribution per window."""
    batch, answers = folder / "windows.npy", {}
    np.save(batch, windows)
    questions = {"stimulus": ("integrated-gradients",)} | {name: ("conductance", "--layer", name) for name in LAYERS}
    for name, (method, *words) in questions.items():
        words += ["--steps", "exact", "--reduce", "none", "--cell", cell, "--threads", 1, "--output", folder / name]
        retina.call("probe", model, batch, "--method", method, *words)
        answers[name] = np.load(folder / name / "attribution.npy")
    return answers


def error(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest magnitude expected."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def agreement(peer: Captum, retina: Retina, model: Path, windows: np.ndarray, folder: Path) -> tuple[str, dict, list]:
    """A table of Captum's differences from the exact answers and of both residuals, the largest of some windows."""
    answers, failures, record = exact(retina, model, windows, peer.cell, folder), [], {}
    found = {}
    for steps in CHECK_STEPS:
        note(f"agreement, {steps} steps")
        found[steps] = [peer.explain(window, steps) for window in windows]
    lines = [
        "| attribution of | residual of RetinaKit "
        + "".join(f"| residual of Captum, {steps} steps | its difference " for steps in CHECK_STEPS) + "|",
        "| --- | ---: |" + " ---: | ---: |" * len(CHECK_STEPS),
    ]  # fmt: skip
    for name, values in answers.items():
        own = max(peer.residual(window, values[i]) for i, window in enumerate(windows))
        differences, residuals = [], []
        for steps in CHECK_STEPS:
            results = [answer[name] for answer in found[steps]]
            differences.append(max(map(error, results, values)))
            residuals.append(max(map(peer.residual, windows, results)))
        cells = "".join(f"| {residual:.1e} | {other:.1e} " for residual, other in zip(residuals, differences))
        lines.append(f"| {name} | {own:.1e} {cells}|")
        record[name] = {"residual": own, "captum_residual": residuals, "captum_difference": differences}
        if own >= RESIDUAL:
            failures.append(f"{name}: residual {own:.1e}, expected less than {RESIDUAL}")
        # Sums over kinks come closer as 1 / steps; a factor of two is left for chance.
        if differences[-1] > 2 * differences[0] * CHECK_STEPS[0] / CHECK_STEPS[-1]:
            failures.append(f"{name}: Captum's difference falls from {differences[0]:.1e} to {differences[-1]:.1e} only")
    return "\n".join(lines), record, failures


def run_rounds(peer: Captum, retina: Retina, model: Path, net: Net, arguments: argparse.Namespace) -> dict:
    """Seconds per window of both, round by round."""
    rounds = {"captum": [], "retina": [], "further": [], "residual": []}
    history, clock = net.input[0], CLOCKS[arguments.clock]
    peer.explain(noise_movie(history, net), STEPS)
    for number in range(arguments.rounds):
        note(f"round {number + 1} of {arguments.rounds}")
        movie = noise_movie(history + arguments.windows, net, seed=100 + number)
        times = []
        for index in range(arguments.windows):
            window = movie[index : index + history]
            start = clock()
            peer.explain(window, STEPS)
            times.append(clock() - start)
        rounds["captum"].append(statistics.median(times))
        words = ["--probe", "--cell", arguments.cell, "--windows", arguments.retina_windows, "--clock", arguments.clock]
        found = json.loads(retina.call("bench", model, *words, "--json").stdout)
        rounds["retina"].append(found["seconds"])
        rounds["further"].append(found["seconds_per_further_cell"])
        rounds["residual"].append(found["relative_residual"])
    return rounds


def table(rounds: dict) -> str:
    """The medians over rounds."""
    captum_, retina, further = (statistics.median(rounds[key]) for key in ("captum", "retina", "further"))
    ratios = [one / other for one, other in zip(rounds["captum"], rounds["retina"])]
    shares = [one / other for one, other in zip(rounds["further"], rounds["retina"])]
    return "\n".join([
        "| | ms per window | ratio (lowest - highest) |",
        "| --- | ---: | ---: |",
        f"| Captum {captum.__version__}, {STEPS} steps, three calls | {captum_ * 1e3:.1f} "
        f"| {statistics.median(ratios):.1f} ({min(ratios):.1f} - {max(ratios):.1f}) |",
        f"| RetinaKit, exact, all three | {retina * 1e3:.2f} | 1 |",
        f"| RetinaKit, each further cell | {further * 1e3:.2f} | {statistics.median(shares):.2f} |",
    ])  # fmt: skip


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--retina", type=Path, default=REPOSITORY / ".build/release/retina", help="the command-line tool")
    add("--rounds", type=int, help="rounds to take medians over (default: 11; 3 with --quick)")
    add("--windows", type=int, default=2, help="windows for Captum in a round (default: 2)")
    add("--retina-windows", type=int, default=20, help="windows for RetinaKit in a round (default: 20)")
    add("--cell", type=int, default=0, help="the cell that is explained (default: 0)")
    add("--core", type=int, default=0, help="the processor that everything is pinned to (default: 0)")
    add("--clock", choices=tuple(CLOCKS), default="wall", help="cpu counts seconds of the processor instead of those on "
        "the wall, for a machine that has other work to do (default: wall)")  # fmt: skip
    add("--json", type=Path, metavar="FILE", help="write all measurements there")
    add("--quick", action="store_true", help="few rounds: to see that all works")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 11)
    if not arguments.retina.exists():
        parser.error(f"{arguments.retina} does not exist: swift build -c release --product retina")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    warnings.filterwarnings("ignore")
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {arguments.core} if arguments.core in processors else {min(processors)})
    net, retina = make_net(), Retina(arguments.retina)
    peer = Captum(net, arguments.cell)
    record = {"machine": machine(), "torch": torch.__version__, "captum": captum.__version__, "clock": arguments.clock}
    clock = {"wall": "time on the wall", "cpu": "time of the processor"}[arguments.clock]
    print(f"{record['machine']}; PyTorch {torch.__version__}\n")
    print(f"One core, one thread, {arguments.rounds} interleaved rounds, {clock}.\n", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "net.safetensors"
        write_model(net, model)
        windows = noise_movie(3 * net.input[0], net).reshape(3, *net.input)
        text, record["agreement"], failures = agreement(peer, retina, model, windows, folder)
        print(text + "\n", flush=True)
        record["rounds"] = run_rounds(peer, retina, model, net, arguments)
    residual = max(record["rounds"]["residual"])
    if residual >= RESIDUAL:
        failures.append(f"residual in a round: {residual:.1e}, expected less than {RESIDUAL}")
    print(f"{table(record['rounds'])}\n\nLargest relative residual of RetinaKit: {residual:.1e}.")
    print("".join(f"FAIL: {text}\n" for text in failures), end="")
    record["load_at_end"] = os.getloadavg()[0]
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
