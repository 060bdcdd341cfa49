"""Keras nets of the deep-retina kind, saved as HDF5 and imported."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
pytest.importorskip("h5py")
from keras import layers


def bn_cnn():
    """The BN-CNN of deep-retina: normalisation per unit, no bias in the read-out."""
    return keras.Sequential([
        keras.Input((6, 14, 15)),
        layers.Conv2D(3, 5, data_format="channels_first", kernel_regularizer="l2"),
        layers.Flatten(), layers.BatchNormalization(axis=-1), layers.Reshape((3, 10, 11)), layers.GaussianNoise(.05),
        layers.Activation("relu"),
        layers.Conv2D(2, 3, data_format="channels_first"),
        layers.Flatten(), layers.BatchNormalization(axis=-1), layers.GaussianNoise(.05), layers.Activation("relu"),
        layers.Dense(4, use_bias=False), layers.BatchNormalization(axis=-1), layers.Activation("softplus"),
    ])


def convnet():
    """The first deep-retina: padding, pooling, a hidden dense layer."""
    x = y = keras.Input((6, 14, 15))
    for layer in [
        layers.Conv2D(4, 5, padding="same", data_format="channels_first", activation="relu"),
        layers.BatchNormalization(axis=1, scale=False), layers.MaxPooling2D(2, data_format="channels_first"), layers.Dropout(.3),
        layers.Flatten(), layers.Dense(5), layers.ELU(.7), layers.Dense(3, activation="exponential"),
    ]:
        y = layer(y)
    return keras.Model(x, y)


def randomised(net):
    generator = np.random.default_rng(2)
    net.set_weights([generator.uniform(.3, 1, value.shape) if "variance" in variable.path else generator.normal(0, .2, value.shape)
                     for variable, value in zip(net.weights, net.get_weights())])
    return net


@pytest.mark.parametrize("make", [bn_cnn, convnet])
@pytest.mark.parametrize("saves_weights", [False, True], ids=["whole", "weights"])
def test_a_keras_model_becomes_the_same_net(tmp_path, importer, rates, make, saves_weights):
    net = randomised(make())
    words = []
    if saves_weights:
        net.save_weights(tmp_path / "net.weights.h5")
        (tmp_path / "net.json").write_text(net.to_json())
        words = [tmp_path / "net.weights.h5", "--architecture", tmp_path / "net.json"]
    else:
        net.save(tmp_path / "net.h5")
        words = [tmp_path / "net.h5"]
    done, output = importer("import_keras.py", *words, "--mean", "50", "--std", "20")
    assert done.returncode == 0, done.stderr + done.stdout
    shown = np.random.default_rng(4).uniform(0, 100, (5, 6, 14, 15)).astype(np.float32)
    expected = net.predict((shown - 50) / 20, verbose=0)
    assert np.abs(rates(output, shown) - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("layer, text", [
    (layers.Conv2D(2, 3, data_format="channels_last"), "channels_first"), (layers.LayerNormalization(), "LayerNormalization"),
    (layers.Conv2D(2, 4, padding="same", data_format="channels_first"), "odd kernels"),
], ids=["channels last", "another layer", "even kernel"])
def test_what_is_not_known_is_told(tmp_path, importer, layer, text):
    keras.Sequential([keras.Input((6, 8, 8)), layer, layers.Flatten(), layers.Dense(1)]).save(tmp_path / "net.h5")
    done, output = importer("import_keras.py", tmp_path / "net.h5")
    assert done.returncode != 0 and text in done.stderr and not output.exists(), done.stderr
