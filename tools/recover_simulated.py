#!/usr/bin/env python3
"""Fits a model to a simulated retina and asks whether the known inside is found again.

A movie of checks of several sizes and of drifting clouds is shown to the retina of `retina simulate`; `retina fit` sees only spikes of its
ganglion cells. Then four questions, each with a line that holds or does not: does `retina evaluate` find held-out correlations near the
noise ceiling of the repeats; does `retina match` find a unit for the bipolar and the amacrine cells, which the fit never saw; are those
without a unit at least a linear combination of units; and does `retina reduce` keep a cell's true pathway: its own class of bipolar cells,
which excite at once and, through amacrine cells, inhibit later. Ends with 1 when a line does not hold. Everything is simulated.

    python3 tools/recover_simulated.py --output recovered --without wide-field
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import time

import numpy as np

# Frames of one kind in turn, of the test, for combinations, and of a stimulus for reduction; the penalty of combinations for each frame.
# Cells lie in so many pixels in the middle, so that the network sees what they see.
SEGMENT, TEST, COMBINED, PIECE, RIDGE = 150, 900, 3000, 90, 1e-3
MIDDLE = 18
# Cells of each polarity whose pathway is looked at.
CELLS = 5
HERE = pathlib.Path(__file__).resolve().parent.parent


def checks(generator, side, size):
    """Binary checks of a side in pixels, new in every frame, at a random offset: [SEGMENT, size, size]."""
    count = -(-size // side) + 1
    board = np.kron(generator.integers(0, 2, (SEGMENT, count, count)) * 2 - 1, np.ones((side, side)))
    top, left = generator.integers(0, side, 2)
    return board[:, top:top + size, left:left + size]


def clouds(generator, size):
    """Noise whose amplitude falls with frequency in space and time, deviation 1/2, cut at -1 and 1."""
    space, when = np.fft.fftfreq(64), np.fft.fftfreq(SEGMENT)
    frequency = np.sqrt(space[:, None] ** 2 + space ** 2 + (2 * when[:, None, None]) ** 2 + 1e-4)
    movie = np.fft.ifftn(np.fft.fftn(generator.normal(size=frequency.shape)) / frequency).real
    movie = (movie - movie.mean()) / movie.std()
    return np.clip(movie / 2, -1, 1)[:, :size, :size]


def movie(kinds, frames, seed, size):
    generator = np.random.default_rng(seed)
    parts = []
    while len(parts) * SEGMENT < frames:
        kind = kinds[len(parts) % len(kinds)]
        parts.append(clouds(generator, size) if kind == "clouds" else checks(generator, int(kind), size))
    return np.concatenate(parts)[:frames].astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retina", default=str(HERE / ".build/release/retina"), help="the tool (default: the release build)")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="folder for all files")
    parser.add_argument("--stimulus", default="1,3,clouds,6", help="sides of checks and 'clouds', in turn (default: 1,3,clouds,6)")
    parser.add_argument("--frames", type=int, default=45900, help="frames with the repeated test (default: 45900)")
    parser.add_argument("--size", type=int, default=52, help="pixels along a side, at most 64 (default: 52)")
    parser.add_argument("--without", help="parts of the retina to take out, as for `retina simulate`")
    parser.add_argument("--pathway", action="store_true", help="ask the last question only")
    parser.add_argument("--cells", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1, help="of the movie and of the simulated retina (default: 1)")
    parser.add_argument("--threads", default="2")
    parser.add_argument("fit", nargs="*", help=f"options for `retina fit`, after -- (default: --architecture {WHOLE[0]}, or without "
                        f"wide-field cells {LOCAL[0]}, {' '.join(FIT)})")
    arguments = parser.parse_args()
    architecture, arguments.subunits = LOCAL if "wide-field" in (arguments.without or "").split(",") else WHOLE
    arguments.output.mkdir(parents=True, exist_ok=True)
    arguments.output = arguments.output.resolve()

    def retina(*words, threads=True):
        words = [arguments.retina, *map(str, words), *(["--threads", arguments.threads] if threads else [])]
        done = subprocess.run(words, cwd=arguments.output, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}")
        return done.stdout

    started = time.time()
    shown = movie(arguments.stimulus.split(","), arguments.frames, arguments.seed, arguments.size)
    np.save(arguments.output / "movie.npy", shown)
    without = ["--without", arguments.without] if arguments.without else []
    print(retina("simulate", "movie.npy", "--cells", arguments.cells, "--margin", (arguments.size - MIDDLE) // 2, "--test-frames", TEST,
                 "--seed", arguments.seed, *without, "--output", "recording.npz", threads=False), end="", flush=True)
    fitting = time.time()
    retina("fit", "recording.npz", "--output", "model.safetensors",
           *(arguments.fit or ["--architecture", str(HERE / "tools" / architecture), *FIT]))
    print(f"fitted in {time.time() - fitting:.0f} s", flush=True)
    layers = [word for layer in dict.fromkeys([*LAYERS, arguments.subunits]) for word in ("--layer", layer)]
    match = json.loads(retina("match", "model.safetensors", "recording.npz", *MATCH, *layers, "--output", "matched", "--json"))
    lines = [] if arguments.pathway else inside(arguments, shown, retina, match)
    pieces(arguments)
    lines += pathways(arguments, retina, match)
    print(f"\n{time.time() - started:.0f} s")
    for text, holds in lines:
        print(f"{'holds         ' if holds else 'does not hold '} {text}")
    sys.exit(0 if all(holds for _, holds in lines) else 1)


def inside(arguments, shown, retina, match):
    """The first three questions."""
    scores = json.loads(retina("evaluate", "model.safetensors", "recording.npz", "--baselines", "none", "--json", "--output",
                               "scores.json"))
    return (prediction(scores) + classes(arguments.output, match)
            + combinations(arguments.output, shown[:COMBINED], retina, match, arguments.subunits))


def prediction(scores):
    """Held-out correlations beside the noise ceiling."""
    model = scores["models"][0]
    found = {"repeats": (np.mean([cell["repeats_r"] for cell in model["cells"]]),
                         np.mean([cell["ceiling"] for cell in scores["noise_ceiling"]])),
             "single trials": (model["mean_r"], np.mean([cell["single_trial_ceiling"] for cell in scores["noise_ceiling"]]))}
    print(f"\nmean over {len(model['cells'])} simulated cells   r       noise ceiling (single trials: that of the repeats)")
    for name, (r, ceiling) in found.items():
        print(f"  {name:28} {r:.3f}   {ceiling:.3f}", flush=True)
    return [(f"{name}: r {r:.3f} within .03 of the ceiling {ceiling:.3f}", r > ceiling - .03)
            for name, (r, ceiling) in found.items()]


def classes(folder, match):
    """The channel that is most like each class of interneurons: median over traces of the best correlation in it."""
    print("\nclass of interneurons   channel      median of the best r of its traces   best trace")
    lines = []
    for group in match["groups"]:
        table = traces(folder, match, group["name"])
        best = int(np.argmax(np.median(table, axis=0)))
        found = table[:, best]
        print(f"{group['name']:23} {match['channels'][best]:12} {np.median(found):.3f}                                "
              f"{found.max():.3f}", flush=True)
        lines.append((f"{group['name']}: a unit with r {np.median(found):.3f} above .8", np.median(found) > .8))
    return lines


def traces(folder, match, group):
    """Best correlations `[trace, channel]` of the interneurons of a class. Cells at the edge of the frame, an eighth of their grid on every
    side, are left out: no unit of the network sees all that they see."""
    with np.load(folder / "recording.npz") as recording:
        side = int(recording[f"interior.{group}"].shape[1] ** .5)
    inner = range(side // 8, side - side // 8)
    found = [(trace["name"].split("/"), trace["channel_r"]) for trace in match["traces"]]
    return np.array([r for (name, cell), r in found
                     if name == group and all(place in inner for place in divmod(int(cell), side))])


def combinations(folder, shown, retina, match, subunits):
    """Amacrine traces as linear combinations of the subunits, of which the network keeps every third.

    Amacrine cells of the simulated retina are linear in bipolar cells, and ganglion cells in both. So spikes say what bipolar cells of
    each place and delay do to a ganglion cell, but not through which amacrine cells: any other basis of them gives the same rates.
    """
    np.save(folder / "combined.npy", shown)
    retina("run", "model.safetensors", "combined.npy", "--layer", subunits, "--output", "units.npy")
    units = np.load(folder / "units.npy")
    count, channels, size = units.shape[:3]
    block = 2
    cut = units[:, :, :size // block * block, :size // block * block]
    means = cut.reshape(count, channels, size // block, block, size // block, block).mean((3, 5)).reshape(count, -1)
    recording = np.load(folder / "recording.npz")
    train = count * 2 // 3
    features = (means - means[:train].mean(0)) / (means[:train].std(0) + 1e-9)
    inner = features[:train].T @ features[:train] + RIDGE * train * np.eye(features.shape[1])
    print(f"\nclass of interneurons   held-out r of the best linear combination of means over {block} x {block} units of {subunits}")
    lines = []
    for group in (group for group in match["groups"] if group["name"].startswith("amacrine")):
        target = recording[f"interior.{group['name']}"][:len(shown)][-count:]
        side = int(target.shape[1] ** .5)
        # Those near the edge pool over pixels that no unit sees.
        near = [row * side + column for row in range(side) for column in range(side)
                if all(side / 4 <= place < 3 * side / 4 for place in (row, column))]
        target = target[:, near]
        weights = np.linalg.solve(inner, features[:train].T @ (target[:train] - target[:train].mean(0)))
        predicted, rest = features[train:] @ weights, target[train:]
        r = [np.corrcoef(a, b)[0, 1] for a, b in zip(predicted.T, rest.T)]
        print(f"{group['name']:23} {np.median(r):.3f} (median of {len(r)})", flush=True)
        lines.append((f"{group['name']}: a linear combination of units with r {np.median(r):.3f} above .8", np.median(r) > .8))
    return lines


def pieces(arguments):
    """New stimuli, four of each kind in turn. `retina reduce` holds every other one out, and of those that rank judges every other by the
    rest: so each part has every kind of stimulus."""
    kinds = arguments.stimulus.split(",")
    shown = movie([kind for kind in kinds for _ in range(4)], 4 * len(kinds) * SEGMENT, arguments.seed + 1000, arguments.size)
    np.savez(arguments.output / "pieces.npz", **{f"piece{at:03}": segment[:PIECE]
                                                 for at, segment in enumerate(shown.reshape(-1, SEGMENT, *shown.shape[1:]))})


def pathway(folder, subunits, retina, match, cell, polarity):
    """Whether the kinds of channels that `retina reduce` keeps for a cell are like the bipolar cells that drive it, excite at once and
    inhibit later; and how likely as many kinds drawn by chance are all like them."""
    reduction = json.loads(retina("reduce", "model.safetensors", "pieces.npz", "--cell", cell, "--layer", subunits, "--by", "kind",
                                  "--refit", "--output", f"reduced-{polarity}-{cell}", "--json"))
    kept, units = reduction["kept"], reduction["units"]

    def likeness(unit, kind):
        at = match["channels"].index(f"{subunits}.{unit['channel']}")
        return np.median(traces(folder, match, f"bipolar-{kind}")[:, at])

    other = "off" if polarity == "on" else "on"
    own = np.array([(likeness(unit, polarity), likeness(unit, other)) for unit in units])
    right = own[:, 0] > own[:, 1]
    past = units[0]["delays"]
    late = [part for part in past if part["frames"] > 0]
    inhibition = -sum(part["conductance"] for part in late)
    frames = -sum(part["conductance"] * part["frames"] for part in late) / inhibition
    holds = kept > 0 and right[:kept].all() and past[0]["conductance"] > 0 and inhibition > 0
    curves = {curve["order"]: curve["explained_variance"] for curve in reduction["fidelity"]}
    importance = np.array([unit["importance"] for unit in units])
    print(f"{polarity.upper():4} {cell:4}  {kept} of {len(units)}  {int(right[:kept].sum())}   {own[0, 0]:.2f} {own[0, 1]:.2f}"
          f"   {importance[right].sum() / importance.sum():.3f}     {past[0]['conductance']:+8.1f} {-inhibition:+8.1f} {frames:6.1f}   "
          + " ".join(f"{curves[order][kept]:8.3f}" for order in ("refitted", "conductance", "greedy ablation", "random"))
          + f" {curves['refitted'][1]:8.3f}   {'holds' if holds else 'does not'}", flush=True)
    return bool(holds), math.comb(int(right.sum()), kept) / math.comb(len(right), kept)


def pathways(arguments, retina, match):
    """The pathways of the first cells of each polarity."""
    print("\ncell       kept    own   r own, other   importance   conductance: at once, later (mean frames)   held-out variance of "
          "as many: refitted, by conductance, greedy, random; of the first kind alone, refitted")
    lines = []
    for first, polarity in ((0, "on"), (1, "off")):
        found = [pathway(arguments.output, arguments.subunits, retina, match, first + 2 * place, polarity) for place in range(CELLS)]
        holding, chance = sum(holds for holds, _ in found), math.prod(chance for holds, chance in found if holds)
        lines.append((f"{holding} of {CELLS} {polarity.upper()} cells: all kinds that are kept are like bipolar-{polarity}, excite at "
                      f"once and inhibit later (these by chance: {chance:.2g})", holding == CELLS))
    return lines


# Architectures, and the layer whose units release what ganglion and amacrine cells hear: bipolar cells, or with wide-field cells their terminals.
LOCAL, WHOLE = ("recover_simulated.json", "every"), ("recover_whole.json", "released")
LAYERS = ["every", "relu2", "relu3"]
# As many lags as the longest delay of a channel.
MATCH = ["--frames", "1500", "--traces", "12", "--lags", "12"]
FIT = ["--history", "41", "--epochs", "16", "--clip", "24", "--batch", "48"]

if __name__ == "__main__":
    main()
