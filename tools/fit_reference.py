#!/usr/bin/env python3
"""Fit the CNN of 70 salamander ganglion cells watching binary white noise in PyTorch: the peer of `retina fit`.

The script regenerates the stimulus of the recording from its seed, picks the cells, fits a deep-retina style CNN and a
linear-nonlinear (LN) baseline on the first 80 % of the recording, scores both on the last 20 %, and writes the CNN in
RetinaKit's model format (see Models/README.md) and as ONNX.

Times are in bins of one stimulus frame (1/30 s), positions in pixels ("checks") of the 50 x 50 crop, rates in spikes per
bin. A movie is [time, height, width]; a window is [history, height, width], oldest frame first.

Example (about five minutes on one core):

    python3 tools/fit_reference.py --recording ../shared/recordings/liu2017_salamander_whitenoise \\
        --out reference.safetensors --onnx /tmp/salamander-whitenoise.onnx

The test bins (the last 20 %) are read once, after every choice has been made on the validation bins. The one exception is
the list of cells, which follows the published criterion and looks at the whole recording's spike-triggered averages.
"""

import argparse
import copy
import datetime
import gzip
import hashlib
import json
import shlex
import sys
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

FRAME_RATE = 30.0
SEED = -10000
FRAMES, STIMULUS_WIDTH, STIMULUS_HEIGHT = 36000, 200, 150
CROP_X, CROP_Y, CROP = 76, 48, 50
FIRST_FRAMES_SHA256 = "f6e6ff1abbd586901612629ac1e16b9cf510cf3c6cdc1cc2f1512cf460f843ce"

# The windows end at frame t - LAG for the response in bin t. The smoothed spike-triggered averages of the 70 cells, each at
# its peak position and signed by it, have a mean z of 0.0 at lag 0, 0.2 at lag 1, 1.2 at lag 2 and 12 at lags 4 and 5: what
# is on screen during the bin has not reached the spikes yet, so leaving out the current frame (LAG 1) loses nothing.
LAG = 1
MARGIN = 8
MAX_OFFSET, MIN_Z = 4.0, 7.0
STA_LAGS = 15
TEST_FRACTION, VALIDATION_FRACTION = 0.2, 0.1
EVALUATION_BATCH = 256
GOLDEN_WINDOWS = 8
SOURCE = ("Liu, Schreyer, Onken, Rozenblit, Khani, Krishnamoorthy, Panzeri, Gollisch, Nature Communications 2017, "
          "s41467-017-00156-9; recording gollischlab/Liu_etal_2017_RGC_spiketrains_for_STNMF (G-Node), "
          "copy huangziwei/data_RFEst Liu_et_al_2017")


# ---------------------------------------------------------------------------------------------------------------- data


def make_stimulus_crop():
    """Regenerate the white noise: int8 [36000, 50, 50] of -1 and +1, the crop of every frame, about a minute."""
    from retinawhitenoise import Rng

    rng = Rng(SEED)
    crop = np.empty((FRAMES, CROP, CROP), np.int8)
    block = 200
    for start in range(0, FRAMES, block):
        bits = np.asarray(rng.ranb(block * STIMULUS_WIDTH * STIMULUS_HEIGHT), np.int8)
        frames = 2 * bits.reshape(block, STIMULUS_WIDTH, STIMULUS_HEIGHT) - 1  # x is the slow axis
        if start == 0 and hashlib.sha256(frames[:10].tobytes()).hexdigest() != FIRST_FRAMES_SHA256:
            raise SystemExit("the regenerated stimulus does not have the expected SHA-256")
        part = frames[:, CROP_X:CROP_X + CROP, CROP_Y:CROP_Y + CROP]
        crop[start:start + block] = part.transpose(0, 2, 1)
    return crop


def load_stimulus(cache):
    """The stimulus crop int8 [36000, 50, 50], from the cache directory if it is there."""
    path = cache / f"liu2017-seed{SEED}-x{CROP_X}-y{CROP_Y}-{CROP}x{CROP}.npy"
    if not path.exists():
        print("regenerating the stimulus (1.08e9 draws, about a minute) ...", flush=True)
        cache.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npy")
        np.save(partial, make_stimulus_crop())
        partial.rename(path)
    return np.load(path)


def load_recording(folder):
    """Spike counts float32 [177 cells, 36000 bins] and receptive-field centres in crop pixels [177, (column, row)]."""
    with gzip.open(folder / "y.npy.gz") as file:
        counts = np.load(file).astype(np.float32)
    centres = np.loadtxt(folder / "centers.txt") - [CROP_X, CROP_Y]
    return counts, centres


def sta_z(stimulus, counts, lags, end):
    """Spike-triggered averages over bins lags..end as z-scores: float32 [cells, lags, height, width], lag 0 first.

    Under independence a +-1 check has mean 0 and variance 1, so the sum over spikes has variance sum(counts^2)."""
    flat = stimulus[:end].reshape(end, -1).astype(np.float32)
    y = counts[:, lags:end]
    scale = 1 / np.sqrt((y ** 2).sum(1, keepdims=True))
    z = np.stack([(y @ flat[lags - lag:end - lag]) * scale for lag in range(lags)], 1)
    return z.reshape(len(counts), lags, *stimulus.shape[1:])


def smooth_z(z, sigma=1.0):
    """Smooth z-scores [..., height, width] with a Gaussian (sigma in checks), keeping unit variance."""
    offsets = np.arange(-4, 5)
    kernel = np.exp(-offsets ** 2 / (2 * sigma ** 2))
    kernel = torch.tensor(np.outer(kernel, kernel), dtype=torch.float32)
    kernel /= kernel.square().sum().sqrt()
    maps = torch.from_numpy(z).reshape(-1, 1, *z.shape[-2:])
    return F.conv2d(maps, kernel[None, None], padding=4).reshape(z.shape).numpy()


def choose_cells(stimulus, counts, centres):
    """Indices of the cells whose listed centre is at least MARGIN checks inside the crop, and whose smoothed STA peaks
    within MAX_OFFSET checks of it with |z| > MIN_Z."""
    inside = np.flatnonzero(((centres >= MARGIN) & (centres <= CROP - 1 - MARGIN)).all(1))
    z = np.abs(smooth_z(sta_z(stimulus, counts[inside], STA_LAGS, len(stimulus))))
    good = []
    for cell, map_ in zip(inside, z):
        _, row, column = np.unravel_index(map_.argmax(), map_.shape)
        if map_.max() > MIN_Z and np.hypot(*(centres[cell] - [column, row])) <= MAX_OFFSET:
            good.append(cell)
    return np.array(good)


@dataclass
class Split:
    """Half-open ranges of bins: [fit[0], fit[1]) for gradients, then validation, then test."""
    fit: tuple
    validation: tuple
    test: tuple


def split_bins(bins, history):
    """Test: the last 20 %. Validation: the last 10 % of the rest, after a gap of one window. Bins without a full window
    at the start are dropped."""
    test = int(round(bins * (1 - TEST_FRACTION)))
    validation = int(round(test * (1 - VALIDATION_FRACTION)))
    window = history + LAG
    return Split((window, validation - window), (validation, test), (test, bins))


# ------------------------------------------------------------------------------------------------------------- scoring


def pearson(a, b):
    """Pearson r of each row of a and b [cells, bins]; 0 where either is constant."""
    a = a - a.mean(1, keepdims=True)
    b = b - b.mean(1, keepdims=True)
    scale = np.sqrt((a ** 2).sum(1) * (b ** 2).sum(1))
    return np.divide((a * b).sum(1), scale, out=np.zeros(len(a)), where=scale > 0)


def bits_per_spike(rates, counts, mean_rate):
    """Poisson log-likelihood gain over a constant rate, in bits per spike [cells].

    rates and counts are [cells, bins], mean_rate [cells], all in spikes per bin."""
    rates = np.maximum(rates, 1e-4)
    constant = mean_rate[:, None]
    gain = (counts * np.log(rates / constant) - (rates - constant)).sum(1)
    return gain / counts.sum(1) / np.log(2)


# --------------------------------------------------------------------------------------------------------- LN baseline


def fit_ln(stimulus, counts, centre, z, train_end, bins=30):
    """Rates [time] of one cell's LN model: rank-1 STA on 17 x 17 checks x 15 lags, then a histogram nonlinearity.

    counts [time]; z is the cell's STA [15, height, width]; both parts are fitted on bins before train_end."""
    column, row = centre.astype(int)
    rows, columns = slice(row - MARGIN, row + MARGIN + 1), slice(column - MARGIN, column + MARGIN + 1)
    u, s, v = np.linalg.svd(z[:, rows, columns].reshape(STA_LAGS, -1), full_matrices=False)
    spatial = stimulus[:, rows, columns].reshape(len(stimulus), -1).astype(np.float32) @ v[0]
    drive = np.convolve(spatial, u[:, 0] * s[0])[:len(stimulus)]
    edges = np.quantile(drive[STA_LAGS:train_end], np.linspace(0, 1, bins + 1)[1:-1])
    which = np.digitize(drive, edges)
    train = slice(STA_LAGS, train_end)
    total = np.bincount(which[train], counts[train], bins)
    return (total / np.bincount(which[train], minlength=bins))[which]


def fit_ln_all(stimulus, counts, centres, train_end):
    """LN rates [cells, time] of every cell."""
    z = sta_z(stimulus, counts, STA_LAGS, train_end)
    return np.stack([fit_ln(stimulus, *cell, train_end) for cell in zip(counts, centres, z)])


# --------------------------------------------------------------------------------------------------------------- model


class LinearStack(nn.Sequential):
    """3x3 convolutions without anything between, equal to one kernel x kernel convolution; bias on the last only."""

    def __init__(self, inputs, outputs, kernel):
        depth = (kernel - 1) // 2
        super().__init__(*[nn.Conv2d(inputs if i == 0 else outputs, outputs, 3, bias=i == depth - 1) for i in range(depth)])


class GaussianNoise(nn.Module):
    """Adds noise of the given standard deviation in training; the identity in evaluation."""

    def __init__(self, std):
        super().__init__()
        self.std = std

    def forward(self, x):
        if not self.training:
            return x
        noise = torch.randn(x.shape)  # contiguous float32: several times faster than bfloat16
        return x + (self.std * noise).to(x.dtype)


class GaussianReadout(nn.Module):
    """A dense layer whose weights are, for each cell, a Gaussian over positions times one weight per channel.

    A free dense layer of this size overfits 20 minutes of spikes; this one has 13 parameters per cell. `matrix` gives the
    equal dense weights [cells, channels * height * width]."""

    def __init__(self, centres, channels, size, bias):
        super().__init__()
        self.size = size
        self.centre = nn.Parameter(centres.clone())
        self.log_sigma = nn.Parameter(torch.full((len(centres), 2), np.log(2.0)))
        self.feature = nn.Parameter(torch.zeros(len(centres), channels))
        self.bias = nn.Parameter(bias.clone())

    def matrix(self):
        position = torch.arange(self.size, dtype=self.centre.dtype)
        distance = (position - self.centre[:, :, None]) * torch.exp(-self.log_sigma)[:, :, None]
        profile = torch.softmax(-distance.square() / 2, -1)
        mask = profile[:, 1, :, None] * profile[:, 0, None, :]
        return (self.feature[:, :, None, None] * mask[:, None]).flatten(1)

    def forward(self, x):
        return F.linear(x, self.matrix().to(x.dtype), self.bias.to(x.dtype))


def build_model(history, shape, centres, log_bias):
    """The layers, by the names they have in the model file, with the local read-out in the place of `dense`.

    centres [cells, (column, row)] in input pixels; log_bias [cells] is the read-out's initial bias."""
    size = CROP - (shape.kernel1 - 1) - (shape.kernel2 - 1)
    border = (CROP - size) / 2
    return nn.Sequential(OrderedDict([
        ("conv1", LinearStack(history, shape.channels1, shape.kernel1)),
        ("bn1", nn.BatchNorm2d(shape.channels1, eps=1e-3)),
        ("noise1", GaussianNoise(shape.noise)),
        ("relu1", nn.ReLU()),
        ("conv2", LinearStack(shape.channels1, shape.channels2, shape.kernel2)),
        ("bn2", nn.BatchNorm2d(shape.channels2, eps=1e-3)),
        ("noise2", GaussianNoise(shape.noise)),
        ("relu2", nn.ReLU()),
        ("flatten", nn.Flatten()),
        ("dense", GaussianReadout(centres - border, shape.channels2, size, log_bias)),
        ("rate", nn.Softplus())]))


def blur_kernel():
    """A 3x3 binomial kernel of sum 1."""
    return torch.outer(torch.tensor([1.0, 2.0, 1.0]), torch.tensor([1.0, 2.0, 1.0])) / 16


def initialise_stack(stack, mixing, jitter, generator):
    """Start a stack as `mixing` [out, in] followed by blurs, with random jitter on every tap."""
    blur = blur_kernel()
    for index, conv in enumerate(stack):
        channels = mixing if index == 0 else torch.eye(len(mixing))
        noise = torch.randn(conv.weight.shape, generator=generator) * jitter / np.sqrt(conv.weight[0].numel())
        conv.weight.data = channels[:, :, None, None] * blur + noise * channels.norm(dim=1).mean()
    nn.init.zeros_(stack[-1].bias)


def initialise(model, z, history, generator):
    """Start conv1 from the cells' temporal kernels (principal components of the STAs z [cells, lags, height, width]),
    half of the channels ON and half OFF, and the read-out from each cell's own polarity."""
    cells, lags = z.shape[:2]
    peaks = np.array([np.unravel_index(np.abs(s).argmax(), s.shape) for s in z])
    courses = np.stack([z[k, :, peaks[k, 1], peaks[k, 2]] for k in range(cells)])
    polarity = np.sign(courses[np.arange(cells), peaks[:, 0]])
    _, _, components = np.linalg.svd(courses * polarity[:, None], full_matrices=False)
    main = components[0] * np.sign(components[0].sum())
    outputs = model.conv1[0].out_channels
    sign = torch.tensor([1.0 if c % 2 else -1.0 for c in range(outputs)])
    mixing = torch.zeros(outputs, history)
    for channel in range(outputs):
        slow = 0.8 * (2 * (channel // 2) / max(outputs // 2 - 1, 1) - 1)
        course = sign[channel].item() * (main + slow * components[1])
        used = min(history, lags - LAG)
        mixing[channel, history - used:] = torch.tensor(course[LAG:LAG + used][::-1].copy())
    initialise_stack(model.conv1, mixing, 0.3, generator)
    second = model.conv2[0].out_channels
    initialise_stack(model.conv2, torch.eye(second, outputs), 0.3, generator)
    same = torch.tensor(polarity, dtype=torch.float32)[:, None] * sign[None, :second] > 0
    model.dense.feature.data = torch.where(same, 2.0 / second, 0.0) + 0.02 * torch.randn(same.shape, generator=generator)


def deploy(model):
    """The model for export: float64, evaluation mode, the read-out written out as a plain dense layer."""
    plain = copy.deepcopy(model).double().eval()
    weight = plain.dense.matrix().detach()
    dense = nn.Linear(weight.shape[1], weight.shape[0]).double()
    dense.weight.data, dense.bias.data = weight, plain.dense.bias.data
    plain.dense = dense
    return plain.float().double()  # what the file's float32 weights hold


# ------------------------------------------------------------------------------------------------------------ training


@dataclass
class Shape:
    """Kernel sizes and channels of the two convolutions, and the training noise."""
    kernel1: int
    kernel2: int
    channels1: int
    channels2: int
    noise: float


def windows(movie, bins, history):
    """Windows [len(bins), history, height, width] of the frames bins - LAG - history + 1 ... bins - LAG.

    bfloat16 holds the stimulus (-1 and +1) exactly."""
    frames = bins[:, None] + torch.arange(1 - history - LAG, 1 - LAG)
    return movie[frames].to(torch.bfloat16, memory_format=torch.channels_last)


def predict(model, movie, bins, history):
    """Rates [cells, bins] in evaluation mode and float32."""
    model.eval()
    with torch.no_grad():
        rates = [model(windows(movie, part, history).float()) for part in bins.split(EVALUATION_BATCH)]
    return torch.cat(rates).T.numpy().astype(np.float64)


def loss_of(model, x, y, decay, sparsity):
    """Mean Poisson loss per cell and bin, plus L2 on the convolutions and L1 on the read-out's channel weights."""
    with torch.autocast("cpu", torch.bfloat16):
        rate = model(x)
    rate = rate.float() + 1e-6
    poisson = (rate - y * rate.log()).mean()
    square = sum(conv.weight.square().sum() for stack in (model.conv1, model.conv2) for conv in stack)
    return poisson + decay * square + sparsity * model.dense.feature.abs().mean(), poisson.item()


def parameter_groups(model, rate):
    """The read-out's geometry and channel weights learn faster than the shared filters."""
    readout = list(model.dense.parameters())
    known = {id(p) for p in readout}
    shared = [p for p in model.parameters() if id(p) not in known]
    return [{"params": shared, "lr": rate}, {"params": readout, "lr": 5 * rate}]


def train(model, movie, counts, split, history, options, epochs, checkpoint=None):
    """Fit with Adam and one cosine learning-rate cycle; return (best weights, best validation r, log rows).

    movie int8 [time, height, width]; counts float32 [cells, time]. Every epoch draws from its own seed, so a run resumed
    from the checkpoint is the run that was cut off."""
    optimiser = torch.optim.Adam(parameter_groups(model, options.rate))
    fit_bins, validation_bins = torch.arange(*split.fit), torch.arange(*split.validation)
    steps = len(fit_bins) // options.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [g["lr"] for g in optimiser.param_groups], epochs * steps,
                                                   pct_start=0.15)
    best, best_r, log, first = copy.deepcopy(model.state_dict()), -1.0, [], 0
    if checkpoint and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        best, best_r, log, first = state["best"], state["best_r"], state["log"], state["epoch"] + 1
        print(f"resuming at epoch {first}", flush=True)
    spikes = torch.from_numpy(counts.T.copy())
    for epoch in range(first, epochs):
        if epoch - best_epoch(log) > options.patience:
            break
        started = time.time()
        torch.manual_seed(1000 * options.seed + epoch)
        model.train()
        losses = []
        for bins in fit_bins[torch.randperm(len(fit_bins))][:steps * options.batch].split(options.batch):
            optimiser.zero_grad()
            loss, poisson = loss_of(model, windows(movie, bins, history), spikes[bins], options.decay, options.sparsity)
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(poisson)
        r = float(pearson(predict(model, movie, validation_bins, history), counts[:, slice(*split.validation)]).mean())
        log.append([epoch, float(np.mean(losses)), r])
        print(f"  epoch {epoch + 1:3d}/{epochs}  loss {log[-1][1]:.5f}  validation r {r:.4f}  {time.time() - started:.0f} s",
              flush=True)
        if r > best_r:
            best, best_r = copy.deepcopy(model.state_dict()), r
        if checkpoint:
            save_checkpoint(checkpoint, model, optimiser, schedule, best, best_r, log, epoch)
    return best, best_r, log


def best_epoch(log):
    """The epoch with the best validation r so far, 0 before the first. Log rows are [epoch, loss, validation r]."""
    return max(log, key=lambda row: row[2])[0] if log else 0


def save_checkpoint(path, model, optimiser, schedule, best, best_r, log, epoch):
    """Write everything `train` needs to go on, through a temporary file."""
    state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(),
             "best": best, "best_r": best_r, "log": log, "epoch": epoch}
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.rename(path)


@dataclass
class Data:
    """The stimulus int8 [time, height, width] and, of the chosen cells, indices, counts [cells, time] and centres."""
    stimulus: np.ndarray
    cells: np.ndarray
    counts: np.ndarray
    centres: np.ndarray


def load_data(options):
    """Stimulus and chosen cells."""
    stimulus = load_stimulus(options.cache)
    counts, centres = load_recording(options.recording)
    cells = choose_cells(stimulus, counts, centres)
    print(f"{len(cells)} cells, {counts[cells].mean():.4f} spikes per bin", flush=True)
    return Data(stimulus, cells, counts[cells], centres[cells])


def fit_cnn(data, history, options, epochs, checkpoint=None):
    """Fit one CNN; return (model with the best weights, best validation r, log)."""
    split = split_bins(len(data.stimulus), history)
    mean_rate = torch.tensor(data.counts[:, slice(*split.fit)].mean(1))
    shape = Shape(options.kernel1, options.kernel2, options.channels1, options.channels2, options.noise)
    centres = torch.tensor(data.centres, dtype=torch.float32)
    model = build_model(history, shape, centres, mean_rate.expm1().log())
    generator = torch.Generator().manual_seed(options.seed)
    initialise(model, sta_z(data.stimulus, data.counts, STA_LAGS, split.fit[1]), history, generator)
    model = model.to(memory_format=torch.channels_last)
    movie = torch.from_numpy(data.stimulus)
    best, r, log = train(model, movie, data.counts, split, history, options, epochs, checkpoint)
    model.load_state_dict(best)
    return model, r, log


def choose_history(data, options, path):
    """Validation r of a short fit for each history; return the table {history: r}. One candidate needs no fit.

    The table is kept in the JSON file `path`, from which a resumed run takes it."""
    if len(options.histories) == 1:
        return {options.histories[0]: None}
    if options.resume and path.exists():
        return {int(history): r for history, r in json.loads(path.read_text()).items()}
    table = {}
    for history in options.histories:
        print(f"history {history}:", flush=True)
        table[history] = fit_cnn(data, history, options, options.probe_epochs)[1]
    path.write_text(json.dumps(table))
    return table


# -------------------------------------------------------------------------------------------------------------- scores


def score(model, data, history):
    """Single-trial r and bits per spike of the CNN and of LN on the test bins: dict of arrays [cells]."""
    test = slice(*split_bins(len(data.stimulus), history).test)
    counts, mean_rate = data.counts[:, test], data.counts[:, :test.start].mean(1)
    cnn = predict(model, torch.from_numpy(data.stimulus), torch.arange(test.start, test.stop), history)
    ln = fit_ln_all(data.stimulus, data.counts, data.centres, test.start)[:, test]
    return {"r": pearson(cnn, counts), "r_ln": pearson(ln, counts),
            "bits": bits_per_spike(cnn, counts, mean_rate), "bits_ln": bits_per_spike(ln, counts, mean_rate)}


def print_scores(cells, scores):
    """One line per cell, then means."""
    print("cell   r CNN   r LN   bits/spike CNN   LN")
    for row in zip(cells, scores["r"], scores["r_ln"], scores["bits"], scores["bits_ln"]):
        print("%4d   %.3f   %.3f   %.3f            %.3f" % row)
    means = [scores[key].mean() for key in ("r", "r_ln", "bits", "bits_ln")]
    print("mean   %.4f  %.4f  %.3f            %.3f" % tuple(means))
    print(f"the CNN is ahead of LN in {(scores['r'] > scores['r_ln']).sum()} of {len(cells)} cells (r)", flush=True)


# -------------------------------------------------------------------------------------------------------------- export


def layer_outputs(plain, x):
    """Every layer's output for x, by name."""
    outputs = OrderedDict()
    for name, layer in plain.named_children():
        x = layer(x)
        outputs[name] = x
    return outputs


def layer_entry(name, layer):
    """A layer's JSON entry in the architecture."""
    if isinstance(layer, LinearStack):
        return {"name": name, "type": "conv2d_stack"}
    if isinstance(layer, nn.BatchNorm2d):
        return {"name": name, "type": "batchnorm", "axis": "channel", "eps": layer.eps}
    if isinstance(layer, GaussianNoise):
        return {"name": name, "type": "gaussian_noise", "std": layer.std}
    types = {nn.ReLU: "relu", nn.Flatten: "flatten", nn.Linear: "dense", nn.Softplus: "softplus"}
    return {"name": name, "type": types[type(layer)]}


def layer_tensors(name, layer):
    """A layer's tensors under their names in the file: numpy float32."""
    tensors = {f"{name}.{key}": value for key, value in layer.state_dict().items() if key != "num_batches_tracked"}
    if isinstance(layer, LinearStack):
        tensors[f"{name}.bias"] = tensors.pop(f"{name}.{len(layer) - 1}.bias")
    return {key: value.numpy().astype(np.float32) for key, value in tensors.items()}


def golden_windows(data, history):
    """float64 [GOLDEN_WINDOWS, history, height, width], spread evenly over the test bins."""
    start, stop = split_bins(len(data.stimulus), history).test
    bins = torch.linspace(start + history + LAG, stop - 1, GOLDEN_WINDOWS).round().long()
    return windows(torch.from_numpy(data.stimulus), bins, history).double().contiguous()


def write_safetensors(path, tensors, metadata):
    """Write float32 arrays and string metadata with sorted keys (the same input gives the same bytes), then rename."""
    header, offset, blobs = {"__metadata__": metadata}, 0, []
    for name in sorted(tensors):
        blob = np.ascontiguousarray(tensors[name], "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))
    partial.rename(path)


def cell_entry(cell, centre, r, r_ln):
    """A cell's JSON entry in the facts."""
    return {"name": f"cell {cell}", "centre": [float(c) for c in centre],
            "held_out_r": round(float(r), 4), "held_out_r_ln": round(float(r_ln), 4)}


def public_command(arguments):
    """The command line without the machine's own folders: absolute paths are cut to their last part."""
    words = [Path(word).name if word.startswith("/") else word for word in arguments]
    return shlex.join(["python3", "tools/fit_reference.py"] + words)


def provenance(data, scores, history, table, best_r, log, seconds, arguments):
    """Where the model comes from: a map of strings."""
    split = split_bins(len(data.stimulus), history)
    mean = {key: f"{value.mean():.4f}" for key, value in scores.items()}
    chosen = "; ".join(f"{h} frames: validation r {r:.4f}" for h, r in table.items() if r is not None)
    return {
        "source": SOURCE,
        "stimulus": f"binary white noise, generator ran1, seed {SEED}, {STIMULUS_WIDTH} x {STIMULUS_HEIGHT} checks, "
                    f"{FRAMES} frames at 30 Hz; crop x0 = {CROP_X}, y0 = {CROP_Y}, {CROP} x {CROP}",
        "cells": f"{len(data.cells)} of 177, named by their 0-based index in the recording: listed centre at least {MARGIN} "
                 f"checks inside the crop, and the STA (smoothed with a Gaussian of 1 check) peaks with |z| > {MIN_Z:g} "
                 f"within {MAX_OFFSET:g} checks of it",
        "split": f"bins {split.fit[0]}-{split.fit[1] - 1} fit, {split.validation[0]}-{split.validation[1] - 1} validation "
                 f"(early stopping, history), {split.test[0]}-{split.test[1] - 1} test",
        "history": chosen or f"{history} frames, set by --histories",
        "epochs": f"{len(log)}, best {1 + best_epoch(log)}",
        "validation_r": f"{best_r:.4f}",
        "held_out_r_mean": mean["r"], "held_out_r_ln_mean": mean["r_ln"],
        "held_out_bits_per_spike_mean": mean["bits"], "held_out_bits_per_spike_ln_mean": mean["bits_ln"],
        "ln_baseline": "rank-1 STA on 17 x 17 checks x 15 lags, 30-bin histogram nonlinearity, fitted on fit + validation",
        "command": public_command(arguments), "torch": torch.__version__,
        "date": datetime.date.today().isoformat(), "fit_wall_time": f"{seconds:.0f} s, {torch.get_num_threads()} thread(s)"}


def write_model(path, plain, data, history, scores, origin, golden):
    """Write the deployed model `plain` with its facts and golden pair."""
    tensors = {"golden.input": golden.numpy(), "golden.output": plain(golden).detach().numpy()}
    for name, layer in plain.named_children():
        tensors.update(layer_tensors(name, layer))
    architecture = {"input": [history, CROP, CROP], "layers": [layer_entry(*item) for item in plain.named_children()]}
    facts = {
        "lag": LAG, "frame_rate": FRAME_RATE, "normalisation": {"mean": 0.0, "std": 1.0},
        "response": {"unit": "spikes/bin"}, "golden": {"tolerance": 1e-5}, "provenance": origin,
        "cells": [cell_entry(*row) for row in zip(data.cells, data.centres, scores["r"], scores["r_ln"])]}
    write_safetensors(path, tensors, {
        "retina.format": "1", "retina.name": path.stem, "retina.architecture": json.dumps(architecture),
        "retina.facts": json.dumps(facts, sort_keys=True)})
    print(f"wrote {path} ({path.stat().st_size / 1e6:.2f} MB)", flush=True)


def write_onnx(path, plain, golden):
    """Export as ONNX (opset 17, any batch size) and compare onnxruntime's output with PyTorch's."""
    import onnxruntime

    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(copy.deepcopy(plain).float(), (golden.float(),), str(path), opset_version=17, dynamo=False,
                      input_names=["stimulus"], output_names=["rate"],
                      dynamic_axes={"stimulus": {0: "n"}, "rate": {0: "n"}})
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = plain(golden).detach().numpy()
    error = np.abs(session.run(None, {"stimulus": golden.float().numpy()})[0] - expected).max() / np.abs(expected).max()
    print(f"wrote {path}; onnxruntime differs by {error:.1e} of the largest output", flush=True)
    if error > 1e-5:
        raise SystemExit("the ONNX model does not match")


def write_layers(path, plain, golden):
    """Write every layer's output for the golden windows: float32 arrays computed in float64."""
    path.parent.mkdir(parents=True, exist_ok=True)
    outputs = layer_outputs(plain, golden)
    np.savez(path, **{name: value.detach().numpy().astype(np.float32) for name, value in outputs.items()})
    np.save(path.with_name("golden_input.npy"), golden.numpy().astype(np.float32))
    print(f"wrote {path} and golden_input.npy beside it", flush=True)


# ---------------------------------------------------------------------------------------------------------------- main


def parse_arguments(arguments):
    """Options with their defaults."""
    here = Path(__file__).resolve().parent.parent
    recording = here.parent / "shared/recordings/liu2017_salamander_whitenoise"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--recording", type=Path, default=recording if recording.exists() else None, required=not recording.exists(),
        help="folder with y.npy.gz and centers.txt (default ../shared/recordings/liu2017_salamander_whitenoise)")
    add("--out", type=Path, default=Path("reference.safetensors"), help="the model file to write")
    add("--onnx", type=Path, help="also write the model as ONNX")
    add("--dump-layers", type=Path, metavar="FILE.npz", help="also write every layer's output for the golden windows")
    add("--cache", type=Path, default=Path.home() / ".cache/retinakit", help="folder for the stimulus and checkpoints")
    add("--resume", action="store_true", help="go on from the last fit's checkpoint, with the same options")
    add("--seed", type=int, default=0)
    add("--threads", type=int, default=1)
    add("--histories", type=int, nargs="+", default=[15],
        help="windows, in frames; of several, such as 10 15 20, validation picks one")
    add("--probe-epochs", type=int, default=2, help="epochs of the short fits that pick the history")
    add("--epochs", type=int, default=5)
    add("--patience", type=int, default=5, help="stop after so many epochs without a better validation r")
    add("--batch", type=int, default=96)
    add("--rate", type=float, default=3e-3, help="peak learning rate of the convolutions")
    add("--decay", type=float, default=1e-4, help="L2 on the convolutions' weights")
    add("--sparsity", type=float, default=1e-4, help="L1 on the read-out's channel weights")
    add("--noise", type=float, default=0.05, help="standard deviation of the training noise")
    add("--kernel1", type=int, default=15)
    add("--kernel2", type=int, default=11)
    add("--channels1", type=int, default=8)
    add("--channels2", type=int, default=8, help="at most --channels1")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse_arguments(arguments)
    torch.set_num_threads(options.threads)
    checkpoint = options.cache / "fit_reference.checkpoint.pt"
    data = load_data(options)
    if not options.resume:
        checkpoint.unlink(missing_ok=True)

    started = time.time()
    table = choose_history(data, options, options.cache / "fit_reference.histories.json")
    history = max(table, key=lambda h: table[h] or 0)
    print(f"history {history}, full fit:", flush=True)
    model, best_r, log = fit_cnn(data, history, options, options.epochs, checkpoint)
    seconds = time.time() - started

    scores = score(model, data, history)
    print_scores(data.cells, scores)
    plain, golden = deploy(model), golden_windows(data, history)
    origin = provenance(data, scores, history, table, best_r, log, seconds, arguments)
    write_model(options.out, plain, data, history, scores, origin, golden)
    if options.onnx:
        write_onnx(options.onnx, plain, golden)
    if options.dump_layers:
        write_layers(options.dump_layers, plain, golden)


if __name__ == "__main__":
    main(sys.argv[1:])
