"""Makes a model file from a core-and-read-out checkpoint of openretina 1.1, and proves it with `retina verify`.

Usage: python3 tools/import_openretina.py CHECKPOINT.ckpt --session NAME --output MODEL.safetensors
           [--frame-rate 30] [--height 50 --width 50] [--retina .build/release/retina]

openretina's core convolves a whole clip in three dimensions, layer after layer. A model of RetinaKit maps one window to one response:
here each layer is written out for all the frames that the next one needs, as a convolution with history times channels as its
channels and zeros where a frame is not seen. That is exact, costs memory (times the temporal kernel of the next layers), and has layers
that can be probed. The window is as long as all temporal kernels together.

- The convolutions of any of openretina's kinds are read off by their response to an impulse; batch normalisation and the bias
  after it become one; ELU; max pooling in space; padding in space as in the core.
- The read-out of the session becomes one dense layer: masks and feature weights are multiplied, scale and bias kept; softplus.
- Cores that pad hidden layers in time (the usual `hidden_padding: true`) look ahead: the response in frame t depends on frames
  after t. A model file cannot state a lag below 0; the provenance says by how many frames the window's end lies ahead.
- One colour, or several that the core squashes to one by fixed weights, of which the model then takes the sum.

The golden pair comes from openretina's own forward pass on the same windows, its middle frame. Needs openretina (which loads the
checkpoint by unpickling: only files that you trust), torch, safetensors, numpy.
"""

import argparse
import sys

import numpy as np
import torch

import model_file


def load(path):
    from openretina.models.core_readout import load_core_readout_model
    return load_core_readout_model(path, "cpu").double().eval()


def kernel_of(conv, channels, temporal, spatial):
    """The kernel [out, in, time, height, width] of a linear convolution module, from its response to impulses."""
    extent = (2 * temporal - 1, 2 * spatial - 1, 2 * spatial - 1)
    impulses = torch.zeros(channels, channels, *extent, dtype=torch.float64)
    for channel in range(channels):
        impulses[channel, channel, temporal - 1, spatial - 1, spatial - 1] = 1
    with torch.no_grad():
        zero = conv(torch.zeros_like(impulses[:1]))
        answer = conv(impulses)
    if zero.abs().max() != 0:
        sys.exit("core: expected convolutions without bias, found one with a bias")
    # Padding makes the answer larger than the kernel; its middle is the kernel, turned round.
    cut = [slice((size - own) // 2, (size - own) // 2 + own) for size, own in zip(answer.shape[2:], (temporal, spatial, spatial))]
    return answer[:, :, cut[0], cut[1], cut[2]].flip(2, 3, 4).transpose(0, 1)


def unrolled(kernel, frames):
    """The kernel [out * frames, in * (frames + time - 1), height, width] that gives `frames` frames at once, oldest first."""
    out, channels, time, high, wide = kernel.shape
    weight = torch.zeros(frames, out, frames + time - 1, channels, high, wide, dtype=torch.float64)
    for frame in range(frames):
        weight[frame, :, frame:frame + time] = kernel.transpose(1, 2)
    return weight.reshape(frames * out, (frames + time - 1) * channels, high, wide)


def spatial_padding(core, index, size):
    """Zeros on each side in space, from what a convolution does to the extent of a picture."""
    layer = core.features[index]
    channels = core_channels(core)[index]
    clip = torch.zeros(1, channels, 2 * layer_sizes(core)[index][0], 2 * size + 1, 2 * size + 1, dtype=torch.float64)
    with torch.no_grad():
        grown = layer.conv(clip).shape[-1] - (2 * size + 1) + size - 1
    if grown % 2:
        sys.exit(f"core layer {index}: expected the same padding on both sides, found {grown} pixels in all")
    return grown // 2


def layer_sizes(core):
    """(temporal, spatial) kernel size of each layer."""
    sizes = []
    for layer in core.features:
        conv = layer.conv
        if hasattr(conv, "temporal_kernel_size"):
            sizes.append((conv.temporal_kernel_size, conv.spatial_kernel_size))
        elif hasattr(conv, "time_conv"):
            sizes.append((conv.time_conv.kernel_size[0], conv.space_conv.kernel_size[1]))
        else:
            sizes.append((conv.conv.kernel_size[0], conv.conv.kernel_size[1]))
    return sizes


def core_channels(core):
    """Channels of the input and of each layer."""
    first = core.features[0].conv
    channels = first.in_channels if hasattr(first, "in_channels") else (getattr(first, "space_conv", None) or first.conv).in_channels
    return [channels] + [layer.norm.num_features for layer in core.features]


def core_layers(core, time):
    """The layers of the core for one response, with their tensors; `time` frames go in."""
    layers, channels = [], core_channels(core)
    for index, (temporal, spatial) in enumerate(layer_sizes(core)):
        part, name = core.features[index], f"{index + 1}"
        kernel = kernel_of(part.conv, channels[index], temporal, spatial)
        time -= temporal - 1
        layers.append((
            {"name": "conv" + name, "type": "conv2d", "padding": spatial_padding(core, index, spatial)},
            {"weight": unrolled(kernel, time)}))
        norm, bias = part.norm, part.bias.bias.reshape(-1)
        layers.append((
            {"name": "norm" + name, "type": "batchnorm", "axis": "channel", "eps": norm.eps},
            {key: value.repeat(time) for key, value in {
                "weight": norm.weight, "bias": norm.bias + bias, "running_mean": norm.running_mean,
                "running_var": norm.running_var}.items()}))
        layers.append(({"name": "elu" + name, "type": "elu", "alpha": float(part.nonlin.alpha)}, {}))
        if hasattr(part, "pool"):
            layers.append(({"name": "pool" + name, "type": "maxpool2d", "kernel": 2}, {}))
    return layers


def readout_layers(readout, shape):
    """The read-out as a dense layer: what it is without its nonlinearity, which is affine in the map of the core."""
    if readout.nonlinearity_function is not torch.nn.functional.softplus:
        sys.exit(f"read-out: expected softplus, found {readout.nonlinearity_function}")
    readout.nonlinearity_function = lambda values: values
    try:
        zero = torch.zeros(1, shape[0], 1, *shape[1:], dtype=torch.float64)
        weight = torch.autograd.functional.jacobian(lambda x: readout(x).reshape(-1), zero)
        with torch.no_grad():
            bias = readout(zero).reshape(-1)
    finally:
        readout.nonlinearity_function = torch.nn.functional.softplus
    return [({"name": "flatten", "type": "flatten"}, {}),
            ({"name": "readout", "type": "dense"}, {"weight": weight.reshape(len(bias), -1), "bias": bias}),
            ({"name": "rate", "type": "softplus"}, {})]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--session", help="whose cells (default: the only one)")
    parser.add_argument("--output", required=True)
    parser.add_argument("--height", type=int, help="rows of the stimulus (default: as in the checkpoint's data_info)")
    parser.add_argument("--width", type=int, help="columns of the stimulus")
    parser.add_argument("--frame-rate", type=float, default=30.0)
    parser.add_argument("--retina", default=".build/release/retina")
    arguments = parser.parse_args()

    model = load(arguments.checkpoint)
    core, sessions = model.core, list(model.readout.readout_keys())
    session = arguments.session or (sessions[0] if len(sessions) == 1 else None)
    if session not in sessions:
        sys.exit(f"--session: expected one of {', '.join(sessions)}, found {session}")
    data = dict(model.data_info or {})
    size = [arguments.height, arguments.width]
    for place, own in enumerate(size):
        size[place] = own or (data["input_shape"][place - 2] if "input_shape" in data else None)
    if None in size:
        sys.exit("--height and --width are needed: the checkpoint does not state the size of its stimulus")
    if getattr(core, "_downsample_input_kernel_size", None):
        sys.exit("core: expected a stimulus that is not reduced first; resample it with 'retina stimulus'")
    if core_channels(core)[0] != 1:
        sys.exit(f"core: expected one colour, found {core_channels(core)[0]}: a model file has movies [time, height, width]")

    time = 1 + sum(temporal - 1 for temporal, _ in layer_sizes(core))
    shape = (time, *size)
    layers = core_layers(core, time)
    facts = {"lag": 0, "frame_rate": arguments.frame_rate, "normalisation": {"mean": 0.0, "std": 1.0}}
    if data.get("norm_mean") is not None and data.get("norm_std"):
        facts["normalisation"] = {"mean": float(data["norm_mean"]), "std": float(data["norm_std"])}
    shown, seen = model_file.golden_windows(shape, facts)
    with torch.no_grad():
        clip = torch.from_numpy(seen)[:, None]
        squash, core.color_squashing_layer, core._cut_first_n_frames = core.color_squashing_layer, None, 0
        features = core(clip)
        middle = features.shape[2] // 2
        readout = model.readout[session]
        rates = readout(features[:, :, middle:middle + 1]).reshape(len(seen), -1)
    ahead = features.shape[2] - 1 - middle
    layers += readout_layers(readout, (features.shape[1], *features.shape[3:]))
    facts["cells"] = [{"name": f"{session} {index}"} for index in range(rates.shape[1])]
    facts["provenance"] = model_file.provenance(
        arguments.checkpoint, importer="tools/import_openretina.py", session=session,
        time=f"the last frame of the window is {ahead} frames after that of the response in openretina",
        colours="one" if squash is None else "the weighted sum of several")
    tensors = {f"{layer['name']}.{name}": value.detach().numpy() for layer, own in layers for name, value in own.items()}
    return model_file.write(
        arguments.output, f"openretina {session}", shape, [layer for layer, _ in layers], tensors, facts,
        (shown, rates.numpy()), arguments.retina)


if __name__ == "__main__":
    sys.exit(main())
