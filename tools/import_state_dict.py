"""Makes a model file from a PyTorch checkpoint and a mapping, and proves it with `retina verify`.

Usage: python3 tools/import_state_dict.py CHECKPOINT MAPPING.json --output MODEL.safetensors
           [--net FILE.py:FUNCTION] [--retina .build/release/retina]

A checkpoint is what torch.save wrote: a state dict, or a dictionary that holds one as `state_dict` or `model_state_dict`.
The mapping is the architecture of Models/README.md with two more entries per layer: `from`, the beginning of the layer's names
in the checkpoint (or a dictionary from parameters of RetinaKit to names), and `absolute`, a list of parameters of which the
magnitude counts (the AbsBatchNorm layers of torch-deep-retina: ["weight"]). `facts` are taken over as they are.

    {"name": "salamander", "input": [40, 50, 50], "facts": {"lag": 1, "normalisation": {"mean": 51.5, "std": 53.4}},
     "layers": [
       {"name": "conv1", "type": "conv2d_stack", "from": {"0.weight": "sequential.0.convs.0.weight"}},
       {"name": "bn1", "type": "batchnorm", "axis": "unit", "eps": 0.001, "from": "sequential.3", "absolute": ["weight"]},
       {"name": "cells", "type": "readout", "positions": [[0, 3, 4], [1, 10, 2]]}]}

The golden pair comes from the net that FUNCTION gives, which is loaded with the checkpoint and sees the normalised input;
without --net from the same layers in PyTorch, in float64. Needs torch, safetensors, numpy.
"""

import argparse
import importlib.util
import json
import pathlib
import sys

import torch
from torch.nn import functional as F

import model_file

PARAMETERS = {
    "conv2d": ["weight", "bias"], "conv2d_stack": ["bias"], "separable_conv": ["temporal", "spatial", "bias"],
    "dense": ["weight", "bias"], "batchnorm": ["weight", "bias", "running_mean", "running_var"],
    "parametric_softplus": ["alpha", "beta"],
}
OPTIONAL = {"bias"}
ACTIVATIONS = {
    "relu": torch.relu, "softplus": F.softplus, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "exp": torch.exp,
}


def state_dict(path):
    content = torch.load(path, map_location="cpu", weights_only=True)
    for key in ["state_dict", "model_state_dict"]:
        if isinstance(content, dict) and key in content:
            content = content[key]
    return {name: value for name, value in content.items() if torch.is_tensor(value)}


def layer_tensors(layer, state):
    """The tensors of a layer under RetinaKit's names; exits when one is missing."""
    origin = layer.get("from", {})
    if isinstance(origin, str):
        origin = {name: f"{origin}.{name}" for name in PARAMETERS.get(layer["type"], [])}
        origin = {name: key for name, key in origin.items() if key in state or name not in OPTIONAL}
    tensors = {}
    for name, key in origin.items():
        if key not in state:
            sys.exit(f"layer '{layer['name']}': expected a tensor '{key}', found {', '.join(sorted(state))}")
        value = state[key].double()
        if name in layer.get("absolute", []):
            value = value.abs()
        tensors[name] = value.flatten() if layer["type"] == "batchnorm" else value
    return tensors


def apply(layer, tensors, x):
    """What a layer does, as Models/README.md defines it, for a batch in float64."""
    kind = layer["type"]
    if kind in ACTIVATIONS:
        return ACTIVATIONS[kind](x)
    if kind == "conv2d":
        settings = {name: layer.get(name, usual) for name, usual in [("stride", 1), ("padding", 0), ("dilation", 1)]}
        return F.conv2d(x, tensors["weight"], tensors.get("bias"), groups=layer.get("groups", 1), **settings)
    if kind == "conv2d_stack":
        for index in range(sum(name.endswith(".weight") for name in tensors)):
            x = F.conv2d(x, tensors[f"{index}.weight"])
        return x + tensors["bias"][:, None, None] if "bias" in tensors else x
    if kind == "separable_conv":
        kernel = torch.einsum("ori,oryx->oiyx", tensors["temporal"], tensors["spatial"])
        return F.conv2d(x, kernel, tensors.get("bias"))
    if kind == "dense":
        return F.linear(x.flatten(1), tensors["weight"], tensors.get("bias"))
    if kind == "batchnorm":
        flat = x.flatten(1) if layer.get("axis") == "unit" else x
        means, variances = tensors["running_mean"], tensors["running_var"]
        y = F.batch_norm(flat, means, variances, tensors.get("weight"), tensors.get("bias"), eps=layer.get("eps", 1e-5))
        return y.reshape(x.shape)
    if kind == "elu":
        return F.elu(x, layer.get("alpha", 1.0))
    if kind == "parametric_softplus":
        alpha, beta = (tensors[name] if tensors[name].numel() == 1 else tensors[name].reshape(x.shape[1:]) for name in ["alpha", "beta"])
        return alpha * torch.log1p(torch.exp(beta * x))
    if kind == "divisive_normalization":
        divided, divisor = x.chunk(2, dim=1)
        return divided / (1 + torch.relu(divisor))
    if kind in ["maxpool2d", "avgpool2d"]:
        pool = F.max_pool2d if kind == "maxpool2d" else F.avg_pool2d
        return pool(x, layer["kernel"], layer.get("stride", layer["kernel"]))
    if kind == "flatten":
        return x.flatten(1)
    if kind == "reshape":
        return x.reshape(-1, *layer["shape"])
    if kind == "readout":
        return torch.stack([x[:, channel, row, column] for channel, row, column in layer["positions"]], dim=1)
    if kind == "gaussian_noise":
        return x
    sys.exit(f"layer '{layer['name']}': expected a type of Models/README.md, found '{kind}'")


def source_net(text, state):
    """The net that a function of a file gives, with the checkpoint loaded."""
    path, _, name = text.rpartition(":")
    specification = importlib.util.spec_from_file_location("source_net", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    net = getattr(module, name)()
    net.load_state_dict(state)
    return net.double().eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("mapping")
    parser.add_argument("--output", required=True)
    parser.add_argument("--net", help="FILE.py:FUNCTION that gives the net the checkpoint belongs to")
    parser.add_argument("--retina", default=".build/release/retina")
    arguments = parser.parse_args()

    state = state_dict(arguments.checkpoint)
    mapping = json.loads(pathlib.Path(arguments.mapping).read_text())
    facts = mapping.get("facts", {})
    shown, seen = model_file.golden_windows(mapping["input"], facts)
    x, tensors, layers = torch.from_numpy(seen), {}, []
    normalised = x
    with torch.no_grad():
        for layer in mapping["layers"]:
            own = layer_tensors(layer, state)
            x = apply(layer, own, x)
            tensors |= {f"{layer['name']}.{name}": value.float().numpy() for name, value in own.items()}
            layers.append({name: value for name, value in layer.items() if name not in ["from", "absolute"]})
        if arguments.net:
            x = source_net(arguments.net, state)(normalised)
    facts["provenance"] = {"checkpoint": pathlib.Path(arguments.checkpoint).name, **facts.get("provenance", {})}
    golden = (shown, x.numpy())
    return model_file.write(
        arguments.output, mapping["name"], mapping["input"], layers, tensors, facts, golden, arguments.retina)


if __name__ == "__main__":
    sys.exit(main())
