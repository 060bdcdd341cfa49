"""Compares retina with ONNX Runtime on nets that PyTorch exports, and on models that retina exports.

Usage: python3 tools/onnx_torch_check.py [--retina .build/release/retina] [--keep DIR]

Every net is exported with torch.onnx.export, run with `retina run` and with ONNX Runtime on the same inputs, and must
agree to 1e-5 of the largest output. Nets that are layers in a row are also converted to safetensors, back to ONNX and
once more: the second and third ONNX file must be equal byte for byte, and ONNX Runtime must agree on them, too.
Needs torch, onnx, onnxscript, onnxruntime (tools/requirements.txt).
"""

import argparse
import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnxruntime
import torch
from torch import nn

TOLERANCE = 1e-5


class DeepRetina(nn.Sequential):
    """The reference architecture: two convolutions with batch normalisation, and a dense read-out."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(12, 8, 7), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 5), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Flatten(), nn.Linear(8 * 10 * 10, 4), nn.Softplus(),
        )


class Pathways(nn.Module):
    """ON and OFF pathways that meet again, and a residual sum."""

    def __init__(self):
        super().__init__()
        self.on = nn.Conv2d(6, 4, 3, padding=1)
        self.off = nn.Conv2d(6, 4, 3, padding=1)
        self.mix = nn.Conv2d(8, 8, 1)
        self.read = nn.Linear(8, 3)

    def forward(self, x):
        both = torch.cat([torch.relu(self.on(x)), torch.relu(-self.off(x))], dim=1)
        both = both + torch.tanh(self.mix(both))
        return nn.functional.softplus(self.read(both.mean(dim=(2, 3))))


class Filters3d(nn.Module):
    """A spatiotemporal filter bank that keeps time as an axis."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv3d(1, 4, (5, 3, 3), padding=(0, 1, 1), dilation=(2, 1, 1))
        self.norm = nn.BatchNorm3d(4)
        self.second = nn.Conv3d(4, 6, (3, 3, 3), groups=2, stride=(1, 2, 2))
        self.pool = nn.AvgPool3d((1, 2, 2))
        self.read = nn.Linear(6 * 2, 5)

    def forward(self, x):
        x = nn.functional.elu(self.norm(self.first(x.unsqueeze(1))))
        x = self.pool(nn.functional.leaky_relu(self.second(x), 0.1))
        return torch.exp(self.read(x.amax(dim=(3, 4)).flatten(1)) * 0.1)


class Scaled(nn.Module):
    """Constants, slices, padding and a clipped output."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.gain = nn.Parameter(torch.rand(4, 1, 1))

    def forward(self, x):
        x = nn.functional.pad(x[:, 1:4] * 0.5 - 0.1, (1, 2, 0, 1))
        x = self.conv(x) * self.gain / (1 + x[:, :1, 2:, 2:].abs())
        return torch.clamp(x, -1, 1).sum(dim=1).reshape(x.shape[0], -1)


class Division(nn.Module):
    """Half of the channels over one plus the positive part of the others, of maps and of units."""

    def __init__(self):
        super().__init__()
        self.conv, self.read = nn.Conv2d(5, 6, 3), nn.Linear(3 * 6 * 7, 8)

    def forward(self, x):
        x = self.conv(x)
        x = torch.relu(x[:, :3] / (1 + torch.relu(x[:, 3:])))
        x = self.read(x.flatten(1))
        return x[:, :4] / (1 + torch.relu(x[:, 4:]))


def nets():
    """Names, nets, shapes of one input, and whether they are layers in a row."""
    yield "deep_retina", DeepRetina(), (12, 20, 20), True
    yield "dilated_groups", nn.Sequential(
        nn.Conv2d(6, 12, 3, dilation=2, groups=3), nn.Sigmoid(), nn.Conv2d(12, 4, (3, 5), stride=2, padding=(1, 2)),
        nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4 * 3 * 3, 7), nn.ELU(),
    ), (6, 16, 16), True
    yield "max_pool", nn.Sequential(
        nn.Conv2d(4, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 4, 3, bias=False), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2, bias=False),
    ), (4, 18, 18), True
    yield "division", Division(), (5, 8, 9), True
    yield "conv1d", nn.Sequential(
        nn.Conv1d(5, 8, 7, padding=3, dilation=2, groups=1), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(3, 2, 1),
        nn.Conv1d(8, 4, 3, groups=4), nn.Softplus(), nn.Flatten(), nn.Linear(4 * 7, 3),
    ), (5, 24), False
    yield "pathways", Pathways(), (6, 9, 11), False
    yield "conv3d", Filters3d(), (12, 10, 10), False
    yield "scaled", Scaled(), (5, 8, 8), False
    yield "padded_pool", nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.SELU(), nn.MaxPool2d(3, 2, 1, ceil_mode=True), nn.Hardsigmoid(),
        nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.Softsign(),
    ), (3, 14, 15), False


def trained(net, shape):
    """The net in evaluation mode, with statistics and weights that are not the usual ones."""
    torch.manual_seed(7)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.3)
    net.train()
    with torch.no_grad():
        net(torch.randn(32, *shape))
    return net.eval()


def export(net, shape, path, dynamo, fold):
    """Exports with PyTorch's own exporter."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        settings = {} if dynamo else {"do_constant_folding": fold, "opset_version": 17}
        if not dynamo and not fold:
            settings["training"] = torch.onnx.TrainingMode.PRESERVE
        torch.onnx.export(net, (torch.randn(1, *shape),), str(path), dynamo=dynamo, **settings)


def runtime(path, inputs):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: window[None]})[0] for window in inputs])


def retina(tool, *words):
    subprocess.run([tool, *map(str, words)], check=True, capture_output=True, text=True)


def relative_error(found, expected):
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retina", default=".build/release/retina")
    parser.add_argument("--keep", help="write the files here and keep them")
    arguments = parser.parse_args()
    onnxruntime.set_default_logger_severity(3)
    worst, failures = 0.0, []

    def check(name, what, error):
        nonlocal worst
        worst = max(worst, error)
        print(f"{name:28} {what:34} {error:.1e}{'' if error <= TOLERANCE else '  FAILS'}")
        if not error <= TOLERANCE:
            failures.append(name)

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(arguments.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for net_name, net, shape, is_chain in nets():
            net = trained(net, shape)
            inputs = np.random.default_rng(3).normal(size=(5, *shape)).astype(np.float32)
            np.save(folder / "inputs.npy", inputs)
            for exporter, dynamo, fold in [("dynamo", True, True), ("script", False, True), ("unfolded", False, False)]:
                name = f"{net_name}-{exporter}"
                path = folder / f"{name}.onnx"
                try:
                    export(net, shape, path, dynamo, fold)
                except Exception as error:  # one of the exporters may lack an operator or a package
                    print(f"{name:28} not exported: {str(error).splitlines()[0][:80]}")
                    continue
                expected = runtime(path, inputs)
                retina(arguments.retina, "run", path, folder / "inputs.npy", "--output", folder / "rates.npy")
                check(name, "retina on PyTorch's file", relative_error(np.load(folder / "rates.npy"), expected))
                if not is_chain:
                    continue
                steps = [path, *(folder / f"{name}-{step}" for step in ["1.safetensors", "2.onnx", "3.onnx"])]
                for source, target in zip(steps, steps[1:]):
                    retina(arguments.retina, "convert", source, target)
                check(name, "ONNX Runtime on retina's file", relative_error(runtime(steps[2], inputs), expected))
                if steps[2].read_bytes() != steps[3].read_bytes():
                    print(f"{name:28} export of an import differs  FAILS")
                    failures.append(name)
    print(f"largest error {worst:.1e} of the largest output, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
