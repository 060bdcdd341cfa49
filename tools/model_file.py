"""Model files of RetinaKit from Python: what the importers of this folder share.

A layer is a dictionary as in Models/README.md; its tensors are arrays under the names given there.
"""

import json
import pathlib
import subprocess

import numpy as np
from safetensors.numpy import save_file


def golden_windows(shape, facts, count=4, seed=0):
    """Windows [count, history, height, width] as shown on the screen, and as the first layer sees them; float64."""
    scale = facts.get("normalisation", {"mean": 0.0, "std": 1.0})
    if scale == "none":
        scale = {"mean": 0.0, "std": 1.0}
    shown = np.random.default_rng(seed).normal(scale["mean"], scale["std"], (count, *shape))
    shown = shown.astype(np.float32).astype(np.float64)
    return shown, (shown - scale["mean"]) / scale["std"]


def write(path, name, input_shape, layers, tensors, facts, golden, retina):
    """Writes a model file with a golden pair (windows as shown, rates); gives the exit status of `retina verify`."""
    tensors = {name: np.ascontiguousarray(value, np.float32) for name, value in tensors.items()}
    tensors |= {"golden.input": np.float32(golden[0]), "golden.output": np.float32(golden[1])}
    facts = {"golden": {"tolerance": 1e-5}, **facts}
    save_file(tensors, path, {
        "retina.format": "1", "retina.name": name, "retina.facts": json.dumps(facts),
        "retina.architecture": json.dumps({"input": [int(n) for n in input_shape], "layers": layers})})
    return subprocess.run([retina, "verify", path]).returncode


def provenance(source, **texts):
    """The provenance of an import: the file it comes from, and named texts."""
    return {"source": pathlib.Path(source).name, **texts}
