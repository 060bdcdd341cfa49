"""Makes a model file from a checkpoint of torch-deep-retina (baccuslab), and proves it with `retina verify`.

Usage: python3 tools/import_deep_retina.py CHECKPOINT.pt --output MODEL.safetensors
           [--net FILE.py:FUNCTION] [--retina .build/release/retina]

A checkpoint is the dictionary that its training writes: `model_state_dict` with names `sequential.N...`, and beside it `img_shape`,
`norm_stats` (mean and std of the stimulus), `centers`, `ksizes`, `cells`, `softplus`, `inference_exp`, `noise`. The published nets
(Maheswaranathan et al. 2023) are of this form. What is known:

- `sequential.N.convs.K.weight`: a stack of convolutions with nothing nonlinear between; batch normalisation and biases inside
  the stack are folded into its kernels and its last bias (exact: nothing is padded);
- `sequential.N.weight` of four axes: a convolution; of two: the dense read-out;
- `running_mean` ... with `scale` and `shift`: AbsBatchNorm, whose scale counts by its magnitude; with `weight` and `bias`: PyTorch's
  (neither names its eps: --eps, 0.001 as in the published nets);
- `sigma`: Gaussian noise, which only acts in training;
- a last layer that is a convolution: a read-out at the receptive-field centres (GrabUnits);
- relu after each hidden layer, softplus (or exp, where `softplus` is false) at the end.

The golden pair comes from the net that FUNCTION gives (built from the hyperparameters, which it gets as a dictionary), loaded with
the checkpoint; without --net from the layers in PyTorch, in float64. Needs torch, safetensors, numpy.
"""

import argparse
import importlib.util
import re
import sys

import numpy as np
import torch

import model_file
from import_state_dict import apply


def convolution_stack(state, prefix):
    """The kernels of a stack, and its bias: what lies between the convolutions is linear and is folded into them."""
    indices = sorted({int(match[1]) for key in state if (match := re.match(re.escape(prefix) + r"\.convs\.(\d+)\.", key))})
    kernels, bias = [], None
    for index in indices:
        part = f"{prefix}.convs.{index}"
        if f"{part}.running_mean" in state:
            scale, shift = normalisation(state, part)
            bias = shift if bias is None else bias * scale + shift
            kernels[-1] = kernels[-1] * scale[:, None, None, None]
            continue
        kernel = state[f"{part}.weight"]
        # A constant in every channel passes an unpadded convolution as the sum of its weights.
        carried = None if bias is None else kernel.sum((2, 3)) @ bias
        own = state.get(f"{part}.bias")
        bias = own if carried is None else carried if own is None else carried + own
        kernels.append(kernel)
    return kernels, bias


def normalisation(state, prefix):
    """Scale and shift of a batch normalisation in evaluation."""
    parameters = batch_normalisation(state, prefix)
    scale = parameters["weight"] / torch.sqrt(parameters["running_var"] + EPS)
    return scale, parameters["bias"] - parameters["running_mean"] * scale


def batch_normalisation(state, prefix):
    """The parameters of a batch normalisation under PyTorch's names."""
    absolute = f"{prefix}.scale" in state
    weight = state[f"{prefix}.scale"].abs() if absolute else state[f"{prefix}.weight"]
    bias = state[f"{prefix}.shift" if absolute else f"{prefix}.bias"]
    return {"weight": weight, "bias": bias, "running_mean": state[f"{prefix}.running_mean"], "running_var": state[f"{prefix}.running_var"]}


def grabbed_positions(checkpoint, kernels, shape, extent, centred):
    """[channel, row, column] of each cell in the last map, from the centres [row, column] in the stimulus.

    GrabUnits takes a reach of more than half of the receptive field, and what becomes negative counts from the end of the map;
    `centred` takes the unit whose receptive field lies around the centre instead.
    """
    if len(kernels) != 3:
        sys.exit(f"centers: expected three convolutions, as GrabUnits needs, found {len(kernels)}")
    reach = (kernels[0] - 1) + (kernels[1] - 1) + (kernels[2] // 2 - 1) + 1
    positions = []
    for channel, center in enumerate(checkpoint["centers"]):
        place = []
        for axis, middle in enumerate(center):
            if centred:
                place.append(min(max(0, int(middle) - sum(size - 1 for size in kernels) // 2), extent[axis + 1] - 1))
            else:
                unit = min(max(0, int(middle) - reach), shape[axis + 1] - 2 * (reach - 1))
                place.append(unit + extent[axis + 1] if unit < 0 else unit)
            if not 0 <= place[-1] < extent[axis + 1]:
                sys.exit(f"centers: expected units of a map {extent[1]} x {extent[2]}, found {place[-1]} for {list(center)}; --centred?")
        positions.append([channel, *place])
    return positions


def layers_of(checkpoint, state, centred):
    """The layers of the net with their tensors, and the shape of its input."""
    modules = sorted({int(match[1]) for key in state if (match := re.match(r"sequential\.(\d+)\.", key))})
    if not modules:
        sys.exit("expected tensors 'sequential.N...' (a sequential net of torch-deep-retina), found " + ", ".join(sorted(state)[:8]))
    shape = tuple(int(n) for n in checkpoint.get("img_shape", (40, 50, 50)))
    layers, extent, kernels = [], shape, []

    def add(kind, tensors=None, **properties):
        counted = sum(layer["type"].startswith(kind.split("_")[0]) for layer, _ in layers) + 1
        layers.append(({"name": f"{kind.split('_')[0].replace('2d', '')}{counted}", "type": kind, **properties}, tensors or {}))

    weighted = [n for n in modules if f"sequential.{n}.weight" in state and state[f"sequential.{n}.weight"].dim() > 1
                or any(key.startswith(f"sequential.{n}.convs.") for key in state)]
    for module in modules:
        prefix = f"sequential.{module}"
        if module in weighted:
            if module != weighted[0]:
                add("relu")
            stacked = any(key.startswith(prefix + ".convs.") for key in state)
            weight = None if stacked else state[f"{prefix}.weight"]
            if stacked or weight.dim() == 4:
                own, bias = convolution_stack(state, prefix) if stacked else ([weight], state.get(f"{prefix}.bias"))
                size = 1 + sum(kernel.shape[-1] - 1 for kernel in own)
                tensors = {f"{index}.weight": kernel for index, kernel in enumerate(own)} if stacked else {"weight": weight}
                add("conv2d_stack" if stacked else "conv2d", tensors | ({} if bias is None else {"bias": bias}))
                kernels.append(size)
                extent = (own[-1].shape[0], extent[1] - size + 1, extent[2] - size + 1)
                if min(extent) < 1 or own[0].shape[1] != (shape[0] if module == weighted[0] else layers_in):
                    sys.exit(f"{prefix}: expected kernels that fit [{', '.join(map(str, shape))}], found {[tuple(k.shape) for k in own]}")
                layers_in = extent[0]
                if module == weighted[-1] and checkpoint.get("centers") is not None:
                    positions = grabbed_positions(checkpoint, kernels, shape, extent, centred)
                    add("readout", positions=positions)
                    extent = (len(positions),)
            else:
                add("flatten")
                bias = state.get(f"{prefix}.bias")
                add("dense", {"weight": weight} | ({} if bias is None else {"bias": bias}))
                extent = (weight.shape[0],)
        elif f"{prefix}.running_mean" in state:
            count = state[f"{prefix}.running_mean"].numel()
            axis = "channel" if len(extent) == 3 and count == extent[0] else "unit"
            if axis == "unit" and count != int(np.prod(extent)):
                sys.exit(f"{prefix}: expected {int(np.prod(extent))} units or {extent[0]} channels, found {count}")
            add("batchnorm", batch_normalisation(state, prefix), axis=axis, eps=EPS)
        elif f"{prefix}.sigma" in state:
            add("gaussian_noise", std=float(state[f"{prefix}.sigma"].abs().reshape(-1)[0]))
        else:
            known = [key for key in state if key.startswith(prefix + ".")]
            sys.exit(f"expected convolutions, dense layers, batch normalisation and noise, found {', '.join(known)}")
    add("softplus" if checkpoint.get("softplus", True) else "exp")
    if checkpoint.get("inference_exp", False):
        add("exp")
    return layers, shape


def source_net(text, checkpoint, state):
    """The net that a function of a file gives for the hyperparameters, with the checkpoint loaded."""
    path, _, name = text.rpartition(":")
    specification = importlib.util.spec_from_file_location("source_net", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    net = getattr(module, name)({key: value for key, value in checkpoint.items() if key != "model_state_dict"})
    net.load_state_dict(state)
    return net.double().eval()


def facts_of(checkpoint, path, cells):
    stats = checkpoint.get("norm_stats") or {"mean": 0.0, "std": 1.0}
    mean, std = (float(torch.as_tensor(stats[key]).double().mean()) for key in ["mean", "std"])
    facts = {"lag": 1, "frame_rate": 100.0, "normalisation": {"mean": mean, "std": std}, "response": {"unit": "spikes/s"}}
    names = checkpoint.get("cells")
    centers = checkpoint.get("centers")
    facts["cells"] = [
        {"name": f"cell {names[index] if isinstance(names, (list, tuple)) and len(names) == cells else index}"}
        | ({"centre": [float(centers[index][1]), float(centers[index][0])]} if centers is not None and len(centers) == cells else {})
        for index in range(cells)]
    texts = {key: str(checkpoint[key]) for key in ["model_type", "dataset", "stim_type"] if checkpoint.get(key)}
    return facts | {"provenance": model_file.provenance(path, importer="tools/import_deep_retina.py", **texts)}


def main():
    global EPS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--output", required=True)
    parser.add_argument("--net", help="FILE.py:FUNCTION that gives the net for a dictionary of hyperparameters")
    parser.add_argument("--eps", type=float, default=1e-3, help="of all batch normalisations (default: 0.001)")
    parser.add_argument("--centred", action="store_true", help="read out around the centres, not where GrabUnits does")
    parser.add_argument("--unsafe", action="store_true", help="unpickle any Python object: only for files that you trust")
    parser.add_argument("--retina", default=".build/release/retina")
    arguments = parser.parse_args()
    EPS = arguments.eps

    checkpoint = torch.load(arguments.checkpoint, map_location="cpu", weights_only=not arguments.unsafe)
    if "model_state_dict" not in checkpoint:
        sys.exit(f"{arguments.checkpoint}: expected 'model_state_dict', found {', '.join(map(str, checkpoint))}")
    original = checkpoint["model_state_dict"]
    state = {name: value.double() for name, value in original.items() if torch.is_tensor(value)}
    layers, shape = layers_of(checkpoint, state, arguments.centred)
    cells = next(tensors["weight"].shape[0] if layer["type"] == "dense" else len(layer["positions"])
                 for layer, tensors in reversed(layers) if layer["type"] in ["dense", "readout"])
    facts = facts_of(checkpoint, arguments.checkpoint, cells)
    shown, seen = model_file.golden_windows(shape, facts)
    x = torch.from_numpy(seen)
    with torch.no_grad():
        if arguments.net:
            x = source_net(arguments.net, checkpoint, original)(x)
        else:
            for layer, tensors in layers:
                x = apply(layer, tensors, x)
    tensors = {f"{layer['name']}.{name}": value.numpy() for layer, own in layers for name, value in own.items()}
    name = str(checkpoint.get("model_type", "deep-retina"))
    return model_file.write(
        arguments.output, name, shape, [layer for layer, _ in layers], tensors, facts, (shown, x.numpy()), arguments.retina)


EPS = 1e-3

if __name__ == "__main__":
    sys.exit(main())
