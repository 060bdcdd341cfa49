"""Core-and-read-out nets of openretina itself, saved as Lightning does, and imported."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
core_readout = pytest.importorskip("openretina.models.core_readout")


def save(folder, **changes):
    settings = dict(
        in_shape=(1, 40, 16, 18), hidden_channels=(3, 2), temporal_kernel_sizes=(5, 3), spatial_kernel_sizes=(5, 3),
        n_neurons_dict={"a": 3, "b": 2}, core_input_padding=False, core_hidden_padding=True, cut_first_n_frames_in_core=0,
        readout_scale=True, data_info={"input_shape": [1, 16, 18], "norm_mean": 40.0, "norm_std": 12.0}) | changes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = core_readout.ExampleCoreReadout(**settings)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in [*net.core.parameters(), *net.readout.parameters()]:
            value.copy_(torch.rand(value.shape, generator=generator) * .8 - .3)
        for layer in net.core.features:
            layer.norm.running_mean.uniform_(-.2, .2, generator=generator)
            layer.norm.running_var.uniform_(.5, 1.5, generator=generator)
    torch.save({
        "state_dict": net.state_dict(), "hyper_parameters": settings, "hparams_name": "kwargs",
        "pytorch-lightning_version": "2.5.0"}, folder / "net.ckpt")
    return folder / "net.ckpt", net.double().eval()


@pytest.mark.parametrize("changes", [
    {}, {"core_hidden_padding": False}, {"convolution_type": "separable"}, {"convolution_type": "full"},
    {"maxpool_every_n_layers": 2}, {"core_input_padding": True},
], ids=["custom separable", "unpadded", "separable", "full", "pooled", "input padded"])
def test_a_checkpoint_becomes_the_same_net(tmp_path, importer, rates, changes):
    checkpoint, net = save(tmp_path, **changes)
    done, output = importer("import_openretina.py", checkpoint, "--session", "a")
    assert done.returncode == 0, done.stderr + done.stdout
    # A clip, and the responses in its middle, where no frame that a core pads in time is seen.
    clip = np.random.default_rng(8).uniform(0, 90, (20, 16, 18)).astype(np.float32)
    with torch.no_grad():
        seen = torch.from_numpy((clip.astype(np.float64) - 40) / 12)[None, None]
        expected = net(seen, data_key="a")[0].numpy()
    history = 7
    windows = np.stack([clip[start:start + history] for start in range(len(clip) - history + 1)])
    found = rates(output, windows)
    # What a core pads in time is cut at both ends: as many frames as there are more responses than windows.
    more = (len(expected) - len(found)) // 2
    expected = expected[more:len(expected) - more]
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_what_is_not_known_is_told(tmp_path, importer):
    checkpoint, _ = save(tmp_path)
    done, output = importer("import_openretina.py", checkpoint)
    assert done.returncode != 0 and "expected one of a, b" in done.stderr and not output.exists()
    checkpoint, _ = save(tmp_path, in_shape=(2, 40, 16, 18))
    done, output = importer("import_openretina.py", checkpoint, "--session", "a")
    assert done.returncode != 0 and "expected one colour, found 2" in done.stderr and not output.exists()
