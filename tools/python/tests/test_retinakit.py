"""Skips, saying so, where there is neither a command line (RETINA, or .build/debug|release/retina) nor a library."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TREE = Path(__file__).resolve().parents[3]
MODEL = TREE / "Models" / "salamander-whitenoise.safetensors"


def _command():
    named = [Path(os.environ["RETINA"])] if "RETINA" in os.environ else []
    built = [TREE / ".build" / kind / "retina" for kind in ("release", "debug")]
    return next((path for path in named + built if path.exists()), None)


COMMAND = _command()
try:
    import retinakit
    from retinakit.library import FUNCTIONS
except ImportError as error:
    pytest.skip(f"no library: {error}", allow_module_level=True)
if COMMAND is None:
    pytest.skip("no command line: swift build --product retina", allow_module_level=True)


def retina(*words):
    subprocess.run([COMMAND, *map(str, words)], check=True, capture_output=True)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="session")
def float_image(folder):
    retina("convert", MODEL, folder / "float.retina")
    return retinakit.load(folder / "float.retina")


@pytest.fixture(scope="session")
def int8_image(folder):
    calibration = TREE / "Stimuli" / "white-noise.json"
    retina("quantize", MODEL, "--precision", "int8", "--calibrate", calibration, "--windows", 16, "--output", folder / "int8.retina")
    return retinakit.load(folder / "int8.retina")


@pytest.fixture(scope="session")
def movie(float_image, folder):
    movie = np.random.default_rng(5).choice(np.array([-1, 1], np.float32), (40, *float_image.frame_shape))
    np.save(folder / "movie.npy", movie)
    return movie


def test_every_function_of_the_header_is_declared():
    header = (TREE / "Sources/CRetina/include/retina.h").read_text()
    assert set(re.findall(r"\b(retina_[a-z0-9_]+)\(", header)) == set(FUNCTIONS)


def test_an_image_says_what_the_model_is(float_image, int8_image):
    assert (float_image.precision, int8_image.precision) == ("float32", "int8")
    assert float_image.frame_shape == (50, 50) and float_image.cells == 70 and float_image.history == 15
    assert float_image.frame_rate == 30
    assert list(float_image.layers.values())[-1] == (70,)
    float_image.verify()
    int8_image.verify()


def test_rates_and_layers_are_those_of_the_command_line(float_image, movie, folder):
    retina("run", MODEL, folder / "movie.npy", "--output", folder / "rates.npy")
    expected = np.load(folder / "rates.npy")
    assert expected.shape == (26, 70)
    assert np.abs(float_image.run(movie) - expected).max() < 1e-5 * np.abs(expected).max()
    retina("run", MODEL, folder / "movie.npy", "--layer", "relu1", "--output", folder / "relu1.npy")
    expected = np.load(folder / "relu1.npy")
    assert np.abs(float_image.run(movie, "relu1") - expected).max() < 1e-5 * np.abs(expected).max()


def test_integers_are_those_of_the_command_line(int8_image, movie, folder):
    retina("run", folder / "int8.retina", folder / "movie.npy", "--output", folder / "int8.npy")
    assert np.array_equal(int8_image.run(movie), np.load(folder / "int8.npy"))


def test_contributions_add_up_to_the_rate(float_image, movie):
    stream = float_image.stream()
    for frame in movie:
        stream.push(frame)
    rest = float_image.stream()
    for _ in range(float_image.history):
        rest.push(np.zeros(float_image.frame_shape, np.float32))
    for cell in (0, 9):
        contributions, residual = stream.conductance("relu1", cell, steps=64)
        change = stream.rates()[cell] - rest.rates()[cell]
        assert contributions.sum() - residual == pytest.approx(change, abs=1e-5)
        assert abs(residual) < 1e-4 * max(1, abs(change))


def test_importance_is_value_times_derivative(int8_image, movie):
    table = int8_image.probe(movie, "relu1", cell=1)
    assert table.shape == (26, int8_image.channels("relu1")) and np.abs(table).max() > 0
    stream = int8_image.stream()
    for frame in movie:
        rates = stream.push(frame)
    assert np.array_equal(stream.importance("relu1", 1), table[-1])
    assert np.array_equal(stream.rates(), rates)


def test_frames_of_all_types_are_one_stimulus(float_image):
    pixels = np.random.default_rng(2).integers(0, 3, (20, *float_image.frame_shape)).astype(np.uint8)
    expected = float_image.run(pixels)
    for kind in (np.int16, np.float32, np.float64, np.int64):
        assert np.array_equal(float_image.run(pixels.astype(kind)), expected)
    wide = np.zeros((20, 50, 100), np.uint8)
    wide[:, :, ::2] = pixels
    assert np.array_equal(float_image.run(wide[:, :, ::2]), expected)


def test_streams_are_apart_and_go_on_where_they_were_saved(int8_image, movie):
    first, second = int8_image.stream(), int8_image.stream()
    for frame in movie[:20]:
        first.push(frame)
        second.push(-frame)
    saved = first.save()
    expected = [first.push(frame) for frame in movie[20:]]
    second.restore(saved)
    assert all(np.array_equal(second.push(frame), rates) for frame, rates in zip(movie[20:], expected))
    second.reset()
    assert second.push(movie[0]) is None


def test_spikes_have_the_mean_of_the_rates_and_follow_the_seed(float_image, movie):
    stream = float_image.stream()
    for frame in movie:
        rates = stream.push(frame)
    total, seed = np.zeros(float_image.cells), 7
    for _ in range(2000):
        counts, seed = stream.spikes(1, seed)
        total += counts
    assert np.abs(total / 2000 - rates).max() < 6 * np.sqrt(max(rates.max(), 1) / 2000)
    assert np.array_equal(stream.spikes(1, 3)[0], stream.spikes(1, 3)[0])


def test_what_is_wrong_is_said(float_image, movie, folder):
    stream = float_image.stream()
    with pytest.raises(ValueError, match="found fewer"):
        stream.rates()
    with pytest.raises(ValueError, match=r"frames of \(50, 50\)"):
        stream.push(np.zeros((50, 49)))
    with pytest.raises(ValueError, match="a frame of"):
        stream.push(movie)
    with pytest.raises(KeyError, match="expected a layer among"):
        float_image.probe(movie, "relu7", 0)
    for frame in movie:
        stream.push(frame)
    with pytest.raises(retinakit.RetinaError):
        stream.importance("relu1", 70)
    with pytest.raises(ValueError, match="contiguous float32"):
        stream.rates(out=np.empty(70))
    with pytest.raises(retinakit.RetinaError, match="retina convert"):
        retinakit.load(MODEL)
    with pytest.raises(FileNotFoundError):
        retinakit.load(folder / "nothing.retina")
    whole = (folder / "float.retina").read_bytes()
    for name, content in (("empty", b""), ("short", whole[:-1]), ("changed", whole[:-1] + bytes([whole[-1] ^ 1]))):
        (folder / f"{name}.retina").write_bytes(content)
        with pytest.raises(retinakit.RetinaError, match=f"{name}.retina"):
            retinakit.load(folder / f"{name}.retina")


def test_the_example_runs(float_image, folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["first_steps.py", str(folder / "float.retina")])
    runpy.run_path(str(TREE / "tools/python/examples/first_steps.py"))
    assert "the stream gives the same: True" in capsys.readouterr().out
