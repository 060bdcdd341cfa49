#!/usr/bin/env python3
"""Time RetinaKit's geometry of manifolds beside a quadratic-programme solver, on the same manifolds, in one run.

A deep-retina CNN (40x50x50 -> conv 8@15x15 -> relu -> conv 8@11x11 -> relu -> dense 5 -> softplus) gets random weights. 30 classes of
50 stimuli each (a smooth random image per class, shifted and scaled, with noise) are shown to it, and the geometry of three layers
(both relu layers and the rates) is measured with 300 random directions per class:

    RetinaKit    `retina theory geometry`, centres as they are: once from the stimuli, model runs included, and once for each layer from
                 its values in a file, as the reference has them; the whole command, reading included
    reference    what the published method does per class and direction, written here from its equations (Chung, Lee and Sompolinsky,
                 Physical Review X 8, 031003, 2018): min 1/2 |v - t|^2 subject to S^T v <= -margin, by cvxopt's `solvers.qp`; one
                 call per direction, after an economy QR of the class's points where there are more units than points

The reference solves `--reference` classes of each layer (all 30 would take long) and its time is scaled up. Both must agree: the mean
capacity of the classes that both measured, within 5 standard errors of the random directions, which differ. Then the same
directions are solved by both solvers (non-negative least squares by SciPy, as RetinaKit has it) to show that the problems are one.

Examples:

    pip install cvxopt numpy scipy
    swift build -c release --product retina
    python3 tools/bench_theory.py
    python3 tools/bench_theory.py --reference 4 --json result.json

Words: a direction is a random vector t; times are in seconds of a clock on the wall.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")

import cvxopt
import numpy as np
import scipy.optimize

REPOSITORY = Path(__file__).resolve().parent.parent


def write_model(path: Path, random: np.random.Generator) -> None:
    """A safetensors file of the CNN with random weights."""
    shapes = {
        "conv1.weight": (8, 40, 15, 15), "conv1.bias": (8,), "conv2.weight": (8, 8, 11, 11), "conv2.bias": (8,),
        "dense.weight": (5, 5408), "dense.bias": (5,),
    }
    header, blob = {}, b""
    for name, shape in shapes.items():
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        scale = np.sqrt(2 / fan_in) if len(shape) > 1 else 0.0
        values = (scale * random.standard_normal(shape)).astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(blob), len(blob) + len(values)]}
        blob += values
    architecture = {
        "input": [40, 50, 50],
        "layers": [
            {"name": "conv1", "type": "conv2d"}, {"name": "relu1", "type": "relu"}, {"name": "conv2", "type": "conv2d"},
            {"name": "relu2", "type": "relu"}, {"name": "flatten", "type": "flatten"}, {"name": "dense", "type": "dense"},
            {"name": "rate", "type": "softplus"},
        ],
    }
    header["__metadata__"] = {
        "retina.format": "1", "retina.name": "bench", "retina.architecture": json.dumps(architecture), "retina.facts": "{}",
    }
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + blob)


def stimuli(classes: int, samples: int, random: np.random.Generator) -> np.ndarray:
    """[class x sample, 40, 50, 50]: a smooth image for each class, shifted and scaled over 40 frames, with noise."""
    frequency = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.fftfreq(64)[None, :])
    gain = 1 / np.maximum(frequency, 1 / 64)
    result = np.empty((classes * samples, 40, 50, 50), np.float32)
    for place in range(classes):
        image = np.fft.ifft2(np.fft.fft2(random.standard_normal((64, 64))) * gain).real
        image /= image.std()
        for sample in range(samples):
            down, across = random.integers(0, 6, 2)
            view = image[down : down + 50, across : across + 50] * random.uniform(0.7, 1.3)
            result[place * samples + sample] = view + 0.2 * random.standard_normal((40, 50, 50))
    return result


def run_retina(folder: Path, binary: Path, model: str, stimuli: str, layers: list, arguments: argparse.Namespace) -> float:
    """Seconds of `retina theory geometry`."""
    words = [str(binary), "theory", "geometry", model, stimuli, "--labels", "labels.txt", "--centres", "none"]
    for layer in layers:
        words += ["--layer", layer]
    words += ["--vectors", str(arguments.vectors), "--threads", str(arguments.threads), "--output", "geometry"]
    start = time.perf_counter()
    subprocess.run(words, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def write_identity(path: Path, units: int) -> None:
    """A model that gives back its input, so that values of a layer can be measured from a file."""
    architecture = {"input": [units], "layers": [{"name": "flatten", "type": "flatten"}]}
    metadata = {
        "retina.format": "1", "retina.name": "values", "retina.architecture": json.dumps(architecture), "retina.facts": "{}",
    }
    text = json.dumps({"__metadata__": metadata}).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)


def layer_values(folder: Path, binary: Path, name: str) -> np.ndarray:
    subprocess.run(
        [str(binary), "run", "model.safetensors", "stimuli.npy", "--layer", name, "--output", f"{name}.npy"],
        check=True, cwd=folder, stdout=subprocess.DEVNULL,
    )
    values = np.load(folder / f"{name}.npy")
    return values.reshape(len(values), -1).astype(np.float64)


def points(values: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The points of a class about its centre in units of the centre's length, as columns, with the centre's coordinate, 1."""
    centred = values - mean
    centre = centred.mean(axis=0)
    cloud = ((centred - centre) / np.linalg.norm(centre)).T
    if cloud.shape[0] > cloud.shape[1]:
        basis, _ = np.linalg.qr(cloud)
        cloud = basis.T @ cloud
    return np.vstack([cloud, np.ones(cloud.shape[1])])


def quadratic_programme(s: np.ndarray, t: np.ndarray) -> float:
    """|v - t|^2 at the nearest v for which no point has a positive product with v."""
    size, count = s.shape
    if (t @ s).max() < 0:
        return 0.0
    programme = [cvxopt.matrix(np.eye(size)), cvxopt.matrix(-t), cvxopt.matrix(np.ascontiguousarray(s.T)), cvxopt.matrix(np.zeros(count))]
    try:
        answer = cvxopt.solvers.qp(*programme)
    except ValueError:
        # Rounding can push a scaling of the interior point below 0 just before the tight tolerances are met.
        answer = cvxopt.solvers.qp(*programme, options={"show_progress": False, "abstol": 1e-9, "reltol": 1e-9, "feastol": 1e-9})
    v = np.asarray(answer["x"]).ravel()
    return float(np.sum((v - t) ** 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=30)
    parser.add_argument("--samples", type=int, default=50)
    parser.add_argument("--vectors", type=int, default=300)
    parser.add_argument("--reference", type=int, default=2, help="classes of each layer that the reference solves (default: 2)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--binary", type=Path, default=REPOSITORY / ".build/release/retina")
    parser.add_argument("--json", type=Path, help="also write the result here")
    arguments = parser.parse_args()
    if not arguments.binary.exists():
        sys.exit(f"{arguments.binary}: expected the tool; run 'swift build -c release --product retina'")
    cvxopt.solvers.options.update(show_progress=False, maxiters=1_000_000, abstol=1e-12, reltol=1e-12, feastol=1e-12)
    random = np.random.default_rng(1)
    layers = ["relu1", "relu2", "rate"]
    result = {"classes": arguments.classes, "samples": arguments.samples, "vectors": arguments.vectors, "layers": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder / "model.safetensors", random)
        np.save(folder / "stimuli.npy", stimuli(arguments.classes, arguments.samples, random))
        labels = [f"class {place}" for place in range(arguments.classes) for _ in range(arguments.samples)]
        (folder / "labels.txt").write_text("\n".join(labels) + "\n")
        whole = run_retina(folder, arguments.binary, "model.safetensors", "stimuli.npy", layers, arguments)
        with open(folder / "geometry/class_geometry.csv") as file:
            capacities = {(row["layer"], row["class"]): float(row["capacity"]) for row in csv.DictReader(file)}
        ours, total, worst = 0.0, 0.0, 0.0
        for layer in layers:
            values = layer_values(folder, arguments.binary, layer)
            mean = values.mean(axis=0)
            write_identity(folder / "values.safetensors", values.shape[1])
            np.save(folder / "values.npy", values.astype(np.float32))
            measured = run_retina(folder, arguments.binary, "values.safetensors", "values.npy", ["stimulus"], arguments)
            ours += measured
            seconds, deviations = 0.0, []
            for place in range(arguments.reference):
                start = time.perf_counter()
                s = points(values[place * arguments.samples : (place + 1) * arguments.samples], mean)
                draws = random.standard_normal((arguments.vectors, s.shape[0]))
                distances = np.array([quadratic_programme(s, t) for t in draws])
                seconds += time.perf_counter() - start
                # The capacity is 1 / mean: compare the means, whose errors are known.
                error = distances.std() / np.sqrt(len(distances)) * np.sqrt(2)
                deviations.append(abs(1 / capacities[layer, f"class {place}"] - distances.mean()) / error)
                for t, distance in zip(draws[:20], distances):
                    _, residual = scipy.optimize.nnls(s, t)
                    worst = max(worst, abs(t @ t - residual**2 - distance) / max(distance, 1e-9) if distance > 0 else 0.0)
            scaled = seconds * arguments.classes / arguments.reference
            total += scaled
            result["layers"][layer] = {
                "retina_seconds": measured, "reference_seconds": scaled, "solved_classes": arguments.reference, "largest_deviation_in_errors": max(deviations),
            }
            print(
                f"{layer:10} {values.shape[1]:6} units: RetinaKit {measured:6.2f} s, reference {scaled:7.1f} s"
                f" ({arguments.reference} of {arguments.classes} classes, scaled up), {scaled / measured:5.1f} times as long;"
                f" capacities differ by at most {max(deviations):.1f} standard errors"
            )
            if max(deviations) > 5:
                sys.exit(f"{layer}: the capacities of both sides differ")
    result |= {
        "retina_seconds": ours, "retina_seconds_with_model": whole, "reference_seconds": total, "ratio": total / ours,
        "same_problem_relative_error": worst,
    }
    print(
        f"all layers, {arguments.classes} classes x {arguments.samples} stimuli, {arguments.vectors} directions:"
        f" RetinaKit {ours:.2f} s on {arguments.threads} threads ({whole:.2f} s in one command that runs the model, too),"
        f" reference {total:.1f} s, {total / ours:.0f} times as long"
    )
    print(f"both solvers on the same directions: squared distances agree to {worst:.1e}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
