"""Plain PyTorch checkpoints with a mapping, imported and compared with the net that they come from."""

import json
import textwrap

import numpy as np
import pytest

torch = pytest.importorskip("torch")

NET = textwrap.dedent('''
    from torch import nn


    def net():
        return nn.Sequential(
            nn.Conv2d(6, 4, 3, stride=2, groups=2), nn.BatchNorm2d(4), nn.ELU(0.5), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(16, 3), nn.Softplus())
''')
LAYERS = [
    {"name": "conv", "type": "conv2d", "stride": 2, "groups": 2, "from": "0"},
    {"name": "norm", "type": "batchnorm", "axis": "channel", "from": "1"}, {"name": "elu", "type": "elu", "alpha": 0.5},
    {"name": "pool", "type": "maxpool2d", "kernel": 2}, {"name": "flat", "type": "flatten"},
    {"name": "dense", "type": "dense", "from": {"weight": "5.weight", "bias": "5.bias"}},
    {"name": "rate", "type": "softplus"},
]
MAPPING = {"name": "net", "input": [6, 11, 11], "layers": LAYERS,
           "facts": {"lag": 1, "normalisation": {"mean": 51.5, "std": 53.4}}}


@pytest.fixture
def checkpoint(tmp_path):
    """A net with random parameters, its file, its checkpoint, and a function that writes a mapping."""
    torch.manual_seed(3)
    (tmp_path / "net.py").write_text(NET)
    space = {}
    exec(NET, space)
    net = space["net"]()
    with torch.no_grad():
        net[1].running_mean.normal_()
        net[1].running_var.uniform_(0.5, 2)
    torch.save({"state_dict": net.state_dict()}, tmp_path / "net.pt")

    def mapping(**changes):
        (tmp_path / "mapping.json").write_text(json.dumps({**MAPPING, **changes}))
        return tmp_path / "mapping.json"
    return net.double().eval(), tmp_path / "net.pt", f"{tmp_path / 'net.py'}:net", mapping


@pytest.mark.parametrize("proof", ["the net", "the layers"])
def test_the_model_gives_the_rates_of_the_net(checkpoint, importer, rates, proof):
    net, path, source, mapping = checkpoint
    words = ["--net", source] if proof == "the net" else []
    done, model = importer("import_state_dict.py", path, mapping(), *words)
    assert done.returncode == 0, done.stderr
    assert "passes" in done.stdout
    windows = np.random.default_rng(4).uniform(0, 255, (5, 6, 11, 11)).astype(np.float32)
    with torch.no_grad():
        expected = net((torch.from_numpy(windows).double() - 51.5) / 53.4).numpy()
    np.testing.assert_allclose(rates(model, windows), expected, rtol=1e-5, atol=1e-5 * expected.max())


def test_a_mapping_that_says_another_net_is_found_out(checkpoint, importer):
    _, path, source, mapping = checkpoint
    layers = [{**layer, "alpha": 0.4} if layer["name"] == "elu" else layer for layer in LAYERS]
    done, _ = importer("import_state_dict.py", path, mapping(layers=layers), "--net", source)
    assert done.returncode != 0
    assert "FAILS" in done.stdout


def test_a_missing_tensor_is_named(checkpoint, importer):
    _, path, _, mapping = checkpoint
    layers = [{**layer, "from": "2"} if layer["name"] == "conv" else layer for layer in LAYERS]
    done, model = importer("import_state_dict.py", path, mapping(layers=layers))
    assert done.returncode != 0
    assert "layer 'conv': expected a tensor '2.weight'" in done.stderr
    assert not model.exists()
