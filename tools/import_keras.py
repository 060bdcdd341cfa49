"""Makes a model file from a Keras model of the deep-retina kind, and proves it with `retina verify`.

Usage: KERAS_BACKEND=torch python3 tools/import_keras.py MODEL.h5 --output MODEL.safetensors
           [--architecture JSON] [--mean M --std S] [--lag 1] [--frame-rate 100] [--retina .build/release/retina]

MODEL.h5 is what `model.save` wrote (also of Keras 2), or weights alone when --architecture gives the file of `model.to_json`. The
layers must be a chain: Conv2D with data_format channels_first, stride, dilation and groups (padding valid, or same with odd kernels
and stride 1), Dense, BatchNormalization (per channel, or per unit after Flatten), Activation and ReLU, ELU, Softmax excluded,
MaxPooling2D and AveragePooling2D, Flatten, Reshape, GaussianNoise, Dropout and regularisers (nothing). The input is [history, height,
width]. deep-retina (baccuslab) z-scores the stimulus before the net and keeps no record of it: --mean and --std state it, so that
the model takes the stimulus as shown. Its window i ... i+39 belongs to the response i+40: lag 1.

The golden pair comes from Keras' own `predict`. Needs keras (3) with a backend, h5py, safetensors, numpy.
"""

import argparse
import sys

import keras
import numpy as np

import model_file

ACTIVATIONS = {"relu", "softplus", "sigmoid", "tanh", "elu"}
NOTHING = {"Dropout", "SpatialDropout2D", "ActivityRegularization", "InputLayer", "Identity"}


def fail(layer, expected, found):
    sys.exit(f"layer '{layer.name}' ({type(layer).__name__}): expected {expected}, found {found}")


def activation(layer, name):
    if name == "linear":
        return []
    if name in ["exponential", "exp"]:
        return [({"name": f"{layer.name}.exp", "type": "exp"}, {})]
    if name not in ACTIVATIONS:
        fail(layer, "linear, exponential, " + ", ".join(sorted(ACTIVATIONS)), name)
    return [({"name": f"{layer.name}.{name}", "type": name}, {})]


def convolution(layer, config):
    if config["data_format"] != "channels_first":
        fail(layer, "data_format channels_first: [history, height, width]", config["data_format"])
    kernel, (high, wide) = layer.get_weights()[0], config["kernel_size"]
    padding = [0, 0]
    if config["padding"] == "same":
        if high % 2 == 0 or wide % 2 == 0 or tuple(config["strides"]) != (1, 1):
            fail(layer, "padding same with odd kernels and stride 1", f"{high} x {wide}, stride {config['strides']}")
        padding = [(size - 1) // 2 * step for size, step in zip((high, wide), config["dilation_rate"])]
    tensors = {"weight": kernel.transpose(3, 2, 0, 1)}
    if config["use_bias"]:
        tensors["bias"] = layer.get_weights()[1]
    return {"name": layer.name, "type": "conv2d", "stride": list(config["strides"]), "padding": padding,
            "dilation": list(config["dilation_rate"]), "groups": config.get("groups", 1)}, tensors


def normalisation(layer, config, rank):
    axis = config["axis"][0] if isinstance(config["axis"], (list, tuple)) else config["axis"]
    if rank == 4 and axis not in [1, -3]:
        fail(layer, "axis 1, the channels", axis)
    weights = list(layer.get_weights())
    tensors = {}
    for name, used in [("weight", config["scale"]), ("bias", config["center"])]:
        count = weights[-1].shape
        tensors[name] = weights.pop(0) if used else (np.ones if name == "weight" else np.zeros)(count)
    tensors["running_mean"], tensors["running_var"] = weights
    return {"name": layer.name, "type": "batchnorm", "axis": "channel" if rank == 4 else "unit",
            "eps": config["epsilon"]}, tensors


def layers_of(layer):
    """The layers of RetinaKit for one of Keras, each with its tensors."""
    kind, config = type(layer).__name__, layer.get_config()
    if kind in NOTHING:
        return []
    rank = len(layer.input.shape)
    if kind == "Conv2D":
        return [convolution(layer, config)] + activation(layer, config["activation"])
    if kind == "Dense":
        if rank != 2:
            fail(layer, "one axis of units (Flatten before it)", f"{rank - 1} axes")
        weights = layer.get_weights()
        tensors = {"weight": weights[0].T} | ({"bias": weights[1]} if config["use_bias"] else {})
        return [({"name": layer.name, "type": "dense"}, tensors)] + activation(layer, config["activation"])
    if kind == "BatchNormalization":
        return [normalisation(layer, config, rank)]
    if kind == "Activation":
        return activation(layer, config["activation"])
    if kind == "ReLU" and not config["negative_slope"] and not config["threshold"] and config["max_value"] is None:
        return activation(layer, "relu")
    if kind == "ELU":
        return [({"name": layer.name, "type": "elu", "alpha": float(config["alpha"])}, {})]
    if kind in ["MaxPooling2D", "AveragePooling2D"]:
        if config["data_format"] != "channels_first" or config["padding"] != "valid":
            fail(layer, "channels_first and padding valid", f"{config['data_format']} and {config['padding']}")
        pool = "maxpool2d" if kind == "MaxPooling2D" else "avgpool2d"
        return [({"name": layer.name, "type": pool, "kernel": list(config["pool_size"]), "stride": list(config["strides"])}, {})]
    if kind == "Flatten":
        return [({"name": layer.name, "type": "flatten"}, {})]
    if kind == "Reshape":
        return [({"name": layer.name, "type": "reshape", "shape": list(layer.output.shape[1:])}, {})]
    if kind == "GaussianNoise":
        return [({"name": layer.name, "type": "gaussian_noise", "std": float(config["stddev"])}, {})]
    sys.exit(f"layer '{layer.name}': expected a chain of the layers that --help lists, found {kind}")


def check_chain(model):
    """Every layer reads what the one before gave; in a Sequential it cannot be otherwise."""
    if isinstance(model, keras.Sequential):
        return
    for before, after in zip(model.layers, model.layers[1:]):
        if [node.operation for node in after._inbound_nodes[-1].parent_nodes] != [before]:
            fail(after, f"the output of '{before.name}' as its input", "another: the net has branches")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--output", required=True)
    parser.add_argument("--architecture", help="the JSON of model.to_json(), for a file of weights")
    parser.add_argument("--mean", type=float, default=0.0, help="of the stimulus before the net (default: 0)")
    parser.add_argument("--std", type=float, default=1.0, help="standard deviation of it (default: 1)")
    parser.add_argument("--lag", type=int, default=1)
    parser.add_argument("--frame-rate", type=float, default=100.0)
    parser.add_argument("--unit", default="spikes/s")
    parser.add_argument("--retina", default=".build/release/retina")
    arguments = parser.parse_args()

    if arguments.architecture:
        model = keras.models.model_from_json(open(arguments.architecture).read())
        model.load_weights(arguments.model)
    else:
        model = keras.models.load_model(arguments.model, compile=False)
    shape = tuple(model.inputs[0].shape[1:])
    if len(shape) != 3 or None in shape:
        sys.exit(f"{arguments.model}: expected an input [history, height, width], found {list(shape)}")
    check_chain(model)
    layers = [own for layer in model.layers for own in layers_of(layer)]
    cells = [{"name": f"cell {index}"} for index in range(model.outputs[0].shape[-1])]
    facts = {
        "lag": arguments.lag, "frame_rate": arguments.frame_rate, "response": {"unit": arguments.unit}, "cells": cells,
        "normalisation": {"mean": arguments.mean, "std": arguments.std},
        "provenance": model_file.provenance(arguments.model, importer="tools/import_keras.py", keras=keras.__version__)}
    shown, seen = model_file.golden_windows(shape, facts)
    rates = model.predict(np.float32(seen), verbose=0)
    tensors = {f"{layer['name']}.{name}": value for layer, own in layers for name, value in own.items()}
    return model_file.write(
        arguments.output, model.name, shape, [layer for layer, _ in layers], tensors, facts, (shown, rates), arguments.retina)


if __name__ == "__main__":
    sys.exit(main())
