"""Tests of the importers: python3 -m pytest tools/tests. A test whose framework is not installed is skipped.

`retina` is taken from RETINA, else from .build/release or .build/debug.
"""

import os
import pathlib
import subprocess
import sys

import pytest

TOOLS = pathlib.Path(__file__).resolve().parent.parent


def retina_path():
    builds = [TOOLS.parent / ".build" / kind / "retina" for kind in ["release", "debug"]]
    found = os.environ.get("RETINA") or next((str(path) for path in builds if path.exists()), None)
    if not found:
        pytest.skip("no retina: swift build -c release --product retina")
    return found


@pytest.fixture
def importer(tmp_path):
    """Runs an importer with words; gives what it did, and the model file that it should have written."""
    def run(script, *words):
        output = tmp_path / "model.safetensors"
        command = [sys.executable, str(TOOLS / script), *map(str, words), "--output", str(output), "--retina", retina_path()]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "KERAS_BACKEND": "torch"})
        return done, output
    return run


@pytest.fixture
def rates(tmp_path):
    """The rates that `retina run` gives for windows [n, history, height, width]."""
    def run(model, windows):
        import numpy as np
        np.save(tmp_path / "windows.npy", windows.astype(np.float32))
        subprocess.run(
            [retina_path(), "run", str(model), str(tmp_path / "windows.npy"), "--output", str(tmp_path / "rates.npy")],
            check=True, capture_output=True)
        return np.load(tmp_path / "rates.npy")
    return run
