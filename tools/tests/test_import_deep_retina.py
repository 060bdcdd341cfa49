"""Nets of the published description (Maheswaranathan et al. 2023), saved as torch-deep-retina saves them, and imported.

The published checkpoints cannot be had here: the nets are built below from their description, with random parameters.
"""

import textwrap

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn

NET = textwrap.dedent('''
    import torch
    from torch import nn
    from torch.nn import functional as F


    class AbsoluteNorm(nn.Module):
        """Batch normalisation whose scale counts by its magnitude."""

        def __init__(self, count):
            super().__init__()
            for name in ["running_mean", "running_var", "scale", "shift"]:
                setattr(self, name, nn.Parameter(torch.zeros(count)))

        def forward(self, x):
            return F.batch_norm(x, self.running_mean.data, self.running_var.data, self.scale.abs(), self.shift, eps=1e-3)


    class Stack(nn.Module):
        """Convolutions of 3 x 3 with normalisation between them and a bias at the end; all of it linear."""

        def __init__(self, inputs, outputs, size, norm):
            super().__init__()
            convs, count = [], (size - 1) // 2
            for index in range(count):
                convs.append(nn.Conv2d(inputs if index == 0 else outputs, outputs, 3, bias=index == count - 1))
                if norm and index < count - 1:
                    convs.append(AbsoluteNorm(outputs))
            self.convs = nn.Sequential(*convs)

        def forward(self, x):
            return self.convs(x)


    class Noise(nn.Module):
        def __init__(self):
            super().__init__()
            self.sigma = nn.Parameter(torch.ones(1) * .05)

        def forward(self, x):
            return x


    class Grab(nn.Module):
        def __init__(self, coords):
            super().__init__()
            self.coords = torch.tensor(coords)

        def forward(self, x):
            return x[:, torch.arange(len(self.coords)), self.coords[:, 0], self.coords[:, 1]]


    def net(hyps):
        history, height, width = hyps["img_shape"]
        chans, sizes = hyps["chans"], hyps["ksizes"]
        modules, inputs, extent = [], history, [height, width]
        for index, (channels, size) in enumerate(zip(chans, sizes)):
            modules.append(Stack(inputs, channels, size, hyps["bnorm"]))
            extent = [side - size + 1 for side in extent]
            inputs = channels
            if hyps["bnorm_d"] == 1:
                modules += [nn.Flatten(), AbsoluteNorm(channels * extent[0] * extent[1])]
                modules += [Noise(), nn.ReLU(), nn.Unflatten(1, (channels, *extent))]
            else:
                modules += [AbsoluteNorm(channels), Noise(), nn.ReLU()]
        if hyps["convgc"]:
            modules += [nn.Conv2d(inputs, hyps["n_units"], sizes[2]), Grab(hyps["coords"])]
        else:
            modules += [nn.Flatten(), nn.Linear(inputs * extent[0] * extent[1], hyps["n_units"], bias=False)]
        modules += [AbsoluteNorm(hyps["n_units"]), nn.Softplus()]

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.sequential = nn.Sequential(*modules)

            def forward(self, x):
                return self.sequential(x)

        return Net()
''')


def save(folder, **changes):
    """A checkpoint with random parameters, the file of its net, and the net."""
    (folder / "net.py").write_text(NET)
    scope = {}
    exec(NET, scope)
    hyps = {"img_shape": (6, 16, 18), "chans": [3, 2], "ksizes": [5, 5, 3], "bnorm": True, "bnorm_d": 1, "convgc": False,
            "n_units": 3, "model_type": "LinearStackedBNCNN", "softplus": True, "cells": [2, 5, 7], "dataset": "15-10-07",
            "norm_stats": {"mean": 51.5, "std": 53.25}} | changes
    net = scope["net"](hyps).double()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, value in net.named_parameters():
            value.copy_(torch.rand(value.shape, generator=generator, dtype=torch.float64) * .6 - .25)
            if name.endswith("running_var"):
                value.copy_(value.abs() + .3)
    torch.save({"model_state_dict": net.float().state_dict(), **hyps}, folder / "net.pt")
    return folder / "net.pt", net.double().eval()


@pytest.mark.parametrize("changes", [
    {}, {"bnorm_d": 2}, {"bnorm": False}, {"centers": [[8, 9], [9, 9], [8, 8]], "convgc": True, "coords": None},
], ids=["normalised per unit", "per channel", "plain stacks", "read out at centres"])
@pytest.mark.parametrize("uses_net", [False, True], ids=["own golden", "golden of the net"])
def test_a_checkpoint_becomes_the_same_net(tmp_path, importer, rates, changes, uses_net):
    if changes.get("convgc"):
        # Reach 4 + 4 + 0 + 1 = 9; 16 - 2 * 8 = 0 and 18 - 2 * 8 = 2 at most.
        changes = changes | {"coords": [[0, 0], [0, 0], [0, 0]]}
    checkpoint, net = save(tmp_path, **changes)
    words = ["--net", f"{tmp_path / 'net.py'}:net"] if uses_net else []
    done, output = importer("import_deep_retina.py", checkpoint, *words)
    assert done.returncode == 0, done.stderr + done.stdout
    shown = np.random.default_rng(5).uniform(0, 255, (7, 6, 16, 18)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy((shown.astype(np.float64) - 51.5) / 53.25)).numpy()
    assert np.abs(rates(output, shown) - expected).max() < 1e-5 * np.abs(expected).max()


def test_negative_places_count_from_the_end_and_centred_ones_lie_around_the_centre(tmp_path, importer, rates):
    # Reach 4 + 4 + 1 + 1 = 10 with a last kernel of 5: at most 16 - 18 = -2 and 18 - 18 = 0 of a map of 4 x 6.
    centers = [[8, 9], [12, 13], [3, 3]]
    for words, coords in [([], [[2, 0], [2, 0], [2, 0]]), (["--centred"], [[2, 3], [3, 5], [0, 0]])]:
        changes = {"ksizes": [5, 5, 5], "centers": centers, "convgc": True, "coords": coords}
        checkpoint, net = save(tmp_path, **changes)
        done, output = importer("import_deep_retina.py", checkpoint, *words)
        assert done.returncode == 0, done.stderr + done.stdout
        shown = np.random.default_rng(6).uniform(0, 255, (4, 6, 16, 18)).astype(np.float32)
        with torch.no_grad():
            expected = net(torch.from_numpy((shown.astype(np.float64) - 51.5) / 53.25)).numpy()
        assert np.abs(rates(output, shown) - expected).max() < 1e-5 * np.abs(expected).max()


def test_what_is_not_known_is_told(tmp_path, importer):
    torch.save({"state_dict": {}}, tmp_path / "other.pt")
    done, output = importer("import_deep_retina.py", tmp_path / "other.pt")
    assert done.returncode != 0 and "expected 'model_state_dict', found state_dict" in done.stderr and not output.exists()
    torch.save({"model_state_dict": {"sequential.0.alpha": torch.zeros(3)}}, tmp_path / "other.pt")
    done, output = importer("import_deep_retina.py", tmp_path / "other.pt")
    assert done.returncode != 0 and "found sequential.0.alpha" in done.stderr and not output.exists()
