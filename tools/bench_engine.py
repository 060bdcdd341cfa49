#!/usr/bin/env python3
"""Time RetinaKit beside other inference engines on retina-style CNNs: same nets, same movie, same core, one thread.

Two nets are made from one seed and given to every engine:

    collapsed   40x50x50 -> conv 8@15x15 -> relu -> conv 8@11x11 -> relu -> dense 5 -> softplus
    stacked     the same with each convolution as a stack of linear 3x3 convolutions (7 and 5 of them, 8 channels)

Before anything is timed, every engine runs the windows of two movies (white noise, and smooth noise), and the rates must agree
with a float64 reference to 1e-4 of the largest rate; otherwise the script fails. The int8 rows are listed beside the others
with their deviation, and count neither as float32 peers nor in that check.

A peer gets complete windows, cut out of the movie and laid out as it likes them before the clock starts, at batch sizes 1, 8
and 32. RetinaKit gets the movie one frame after another (`retina bench`), at each processor level that this machine has, as
planned and with `--algorithm direct`, and as images in int8 and int16 that `retina quantize` made. In every round each engine runs in turn on the same core, for three stretches of which
the fastest counts; the table gives the median over rounds of the time per frame, and of the ratio to RetinaKit's time in the
same round.

Examples:

    swift build -c release --product retina
    python3 tools/bench_engine.py --quick
    python3 tools/bench_engine.py --rounds 15 --json result.json
    python3 tools/bench_engine.py --engines retina --threads-check --growth --length

Words: a movie is [time, height, width], a window [history, height, width], oldest frame first; times are in seconds unless a
name says otherwise; "MFLOP" counts a multiplication and an addition as two operations.
"""

import os

# One thread in every library that reads these when it is loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import contextlib
import importlib
import json
import logging
import math
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SEED = 1
TOLERANCE = 1e-4
BATCHES = (1, 8, 32)
WINDOWS = 32
STRETCHES = 3
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
LEVELS = ("baseline", "avx2", "avx512")
REFERENCE = "RetinaKit"
REPOSITORY = Path(__file__).resolve().parent.parent


# --- Nets -------------------------------------------------------------------------------------------------------------


@dataclass
class Layer:
    """A layer: `kind` is a layer type of Models/README.md; convolutions [out, in, height, width], dense [out, in]."""

    name: str
    kind: str
    weights: list[np.ndarray] = field(default_factory=list)
    bias: np.ndarray | None = None


@dataclass
class Net:
    """A net for movies, with `input` = (history, height, width)."""

    name: str
    input: tuple[int, int, int]
    layers: list[Layer]

    @property
    def cells(self) -> int:
        return self.layers[-2].weights[0].shape[0]

    def steps(self):
        """The net as plain steps: ("conv", weight, bias), ("relu",), ("flatten",), ("dense", weight, bias), ("softplus",)."""
        for layer in self.layers:
            if layer.kind in ("conv2d", "conv2d_stack"):
                for weight in layer.weights[:-1]:
                    yield ("conv", weight, np.zeros(weight.shape[0], np.float32))
                yield ("conv", layer.weights[-1], layer.bias)
            elif layer.kind == "dense":
                yield ("dense", layer.weights[0], layer.bias)
            else:
                yield (layer.kind,)

    def multiply_adds(self) -> int:
        """Multiply-adds of one window, by definition."""
        total, (height, width) = 0, self.input[1:]
        for step in self.steps():
            if step[0] == "conv":
                kernel = step[1].shape
                height, width = height - kernel[2] + 1, width - kernel[3] + 1
                total += step[1].size * height * width
            elif step[0] == "dense":
                total += step[1].size
        return total


def gaussian(random: np.random.Generator, shape: tuple[int, ...], gain: float = 1.0) -> np.ndarray:
    """Weights that keep activations near 1: standard deviation sqrt(gain / inputs of a unit)."""
    return (random.standard_normal(shape) * math.sqrt(gain / np.prod(shape[1:]))).astype(np.float32)


def make_net(
    name: str = "collapsed", history: int = 40, size: int = 50, channels: int = 8, cells: int = 5, seed: int = SEED
) -> Net:
    """The collapsed or the stacked net, with random weights; the arguments change one factor each."""
    random = np.random.default_rng(seed)
    layers, inputs, side = [], history, size
    for number, (kernel, depth) in enumerate(((15, 7), (11, 5)), start=1):
        gain = 1.0 if number == 1 else 2.0  # a rectifier halves the power of what it passes on
        if name == "stacked":
            shapes = [(channels, inputs if index == 0 else channels, 3, 3) for index in range(depth)]
            weights = [gaussian(random, shape, gain if index == 0 else 1.0) for index, shape in enumerate(shapes)]
            kind = "conv2d_stack"
        else:
            weights, kind = [gaussian(random, (channels, inputs, kernel, kernel), gain)], "conv2d"
        bias = (0.1 * random.standard_normal(channels)).astype(np.float32)
        layers += [Layer(f"conv{number}", kind, weights, bias), Layer(f"relu{number}", "relu")]
        inputs, side = channels, side - kernel + 1
    bias = (0.1 * random.standard_normal(cells)).astype(np.float32)
    layers += [
        Layer("flatten", "flatten"),
        Layer("dense", "dense", [gaussian(random, (cells, channels * side * side), 2.0)], bias),
        Layer("rate", "softplus"),
    ]
    return Net(name, (history, size, size), layers)


def write_model(net: Net, path: Path) -> None:
    """Writes a model file: length of the header, JSON header, raw float32 (Models/README.md)."""
    tensors = {}
    for layer in net.layers:
        for index, weight in enumerate(layer.weights):
            tensors[f"{layer.name}.{index}.weight" if layer.kind == "conv2d_stack" else f"{layer.name}.weight"] = weight
        if layer.bias is not None:
            tensors[f"{layer.name}.bias"] = layer.bias
    architecture = {"input": net.input, "layers": [{"name": layer.name, "type": layer.kind} for layer in net.layers]}
    header = {
        "__metadata__": {
            "retina.format": "1",
            "retina.name": net.name,
            "retina.architecture": json.dumps(architecture),
            "retina.facts": json.dumps({"lag": 0, "provenance": {"source": "random weights of tools/bench_engine.py"}}),
        }
    }
    offset = 0
    for name, tensor in tensors.items():
        header[name] = {
            "dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.nbytes]
        }  # fmt: skip
        offset += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor, "<f4").tobytes())


# --- Movies -----------------------------------------------------------------------------------------------------------


def noise_movie(frames: int, net: Net, seed: int = SEED) -> np.ndarray:
    """White noise of mean 0 and standard deviation 1, [time, height, width]."""
    random = np.random.default_rng(seed)
    return random.standard_normal((frames, *net.input[1:]), dtype=np.float32)


def smooth_movie(frames: int, net: Net, seed: int = SEED) -> np.ndarray:
    """Noise smoothed over about 6 frames and 6 pixels, with mean 0 and standard deviation 1, [time, height, width]."""
    movie = noise_movie(frames, net, seed)
    spectrum = np.fft.rfftn(movie)
    frequencies = np.meshgrid(*map(np.fft.fftfreq, movie.shape[:2]), np.fft.rfftfreq(movie.shape[2]), indexing="ij")
    spectrum *= np.exp(-0.5 * sum(f * f for f in frequencies) * (2 * np.pi * 3) ** 2)
    movie = np.fft.irfftn(spectrum, movie.shape, axes=(0, 1, 2))
    return ((movie - movie.mean()) / movie.std()).astype(np.float32)


def windows_of(movie: np.ndarray, history: int) -> np.ndarray:
    """All complete windows of a movie, [windows, history, height, width]; a view."""
    return np.lib.stride_tricks.sliding_window_view(movie, history, axis=0).transpose(0, 3, 1, 2)


# --- Peers ------------------------------------------------------------------------------------------------------------


class NotInstalled(Exception):
    """An engine whose Python package is missing."""


def load(module: str):
    """Imports a package, or says that it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise NotInstalled(f"{module.split('.')[0]} is not installed") from error


class Peer:
    """An engine that maps a batch of windows to rates."""

    title = ""
    batches = BATCHES
    is_float32 = True

    def __init__(self, net: Net, calibration: np.ndarray):
        """Loads a net; `calibration` is [n, history, height, width], for engines that quantise."""

    def prepare(self, batch: np.ndarray):
        """Lays out a batch [n, history, height, width] as `run` wants it; not timed."""
        return np.ascontiguousarray(batch)

    def run(self, prepared) -> np.ndarray:
        """Rates [n, cells] of a prepared batch; timed."""
        raise NotImplementedError


def torch_module(net: Net):
    """The net as a torch.nn.Sequential, float32."""
    torch = load("torch")
    nn, modules = torch.nn, []
    for kind, *arrays in net.steps():
        if kind == "conv":
            weight, bias = arrays
            module = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2:])
        elif kind == "dense":
            weight, bias = arrays
            module = nn.Linear(weight.shape[1], weight.shape[0])
        else:
            modules.append({"relu": nn.ReLU, "flatten": nn.Flatten, "softplus": nn.Softplus}[kind]())
            continue
        module.weight.data, module.bias.data = torch.from_numpy(weight.copy()), torch.from_numpy(bias.copy())
        modules.append(module)
    return nn.Sequential(*modules).eval().requires_grad_(False)


class PyTorch(Peer):
    title = "PyTorch"

    def __init__(self, net, calibration):
        self.torch = load("torch")
        self.torch.set_num_threads(1)
        self.module = torch_module(net)

    def prepare(self, batch):
        return self.torch.from_numpy(np.ascontiguousarray(batch))

    def run(self, prepared):
        with self.torch.inference_mode():
            return self.module(prepared).numpy()


class PyTorchChannelsLast(PyTorch):
    title = "PyTorch, channels last"

    def __init__(self, net, calibration):
        super().__init__(net, calibration)
        self.module = self.module.to(memory_format=self.torch.channels_last)

    def prepare(self, batch):
        return super().prepare(batch).contiguous(memory_format=self.torch.channels_last)


class PyTorchCompiled(PyTorch):
    title = "PyTorch, compiled"

    def __init__(self, net, calibration):
        super().__init__(net, calibration)
        load("torch._inductor.config").freezing = True
        self.torch._dynamo.reset()
        self.module = self.torch.compile(self.module, dynamic=False)

    def run(self, prepared):
        with self.torch.no_grad():
            return self.module(prepared).numpy()


def onnx_model(net: Net):
    """The net as an ONNX model, opset 17, with input "windows" [n, history, height, width] and output "rates" [n, cells]."""
    onnx = load("onnx")
    helper, nodes, weights, last = onnx.helper, [], [], "windows"
    for index, (kind, *arrays) in enumerate(net.steps()):
        names = [last]
        for suffix, array in zip(("weight", "bias"), arrays):
            names.append(f"{index}.{suffix}")
            weights.append(onnx.numpy_helper.from_array(array, names[-1]))
        last = f"{index}.out"
        operator = {"conv": "Conv", "dense": "Gemm", "relu": "Relu", "flatten": "Flatten", "softplus": "Softplus"}[kind]
        nodes.append(helper.make_node(operator, names, [last], **({"transB": 1} if kind == "dense" else {})))
    nodes[-1].output[0] = "rates"
    float32 = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, net.name, [helper.make_tensor_value_info("windows", float32, ["n", *net.input])],
        [helper.make_tensor_value_info("rates", float32, ["n", net.cells])], weights,
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


class OnnxRuntime(Peer):
    title = "ONNX Runtime"

    def __init__(self, net, calibration):
        runtime = load("onnxruntime")
        runtime.set_default_logger_severity(3)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        with tempfile.TemporaryDirectory() as folder:
            path = self.write(net, calibration, Path(folder))
            self.session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def write(self, net: Net, calibration: np.ndarray, folder: Path) -> Path:
        path = folder / "net.onnx"
        load("onnx").save(onnx_model(net), path)
        return path

    def run(self, prepared):
        return self.session.run(None, {"windows": prepared})[0]


class OnnxRuntimeDynamic(OnnxRuntime):
    title, is_float32 = "ONNX Runtime int8, dynamic", False

    def write(self, net, calibration, folder):
        quantization = load("onnxruntime.quantization")
        target = folder / "int8.onnx"
        quantization.quantize_dynamic(super().write(net, calibration, folder), target)
        return target


class OnnxRuntimeStatic(OnnxRuntime):
    title, is_float32 = "ONNX Runtime int8, static", False

    def write(self, net, calibration, folder):
        quantization = load("onnxruntime.quantization")

        class Reader(quantization.CalibrationDataReader):
            def __init__(self):
                self.rest = iter(calibration)

            def get_next(self):
                window = next(self.rest, None)
                return None if window is None else {"windows": np.ascontiguousarray(window[None])}

        target = folder / "int8.onnx"
        quantization.quantize_static(super().write(net, calibration, folder), target, Reader(), per_channel=True)
        return target


class OpenVINO(Peer):
    title = "OpenVINO"
    precision = "f32"

    def __init__(self, net, calibration):
        self.openvino = load("openvino")
        self.model = onnx_model(net).SerializeToString()
        self.requests = {}

    def request(self, count: int):
        """An inference request for a batch size, compiled when it is first wanted."""
        if count not in self.requests:
            core = self.openvino.Core()
            model = core.read_model(self.model, b"")
            model.reshape([count, *model.input(0).get_partial_shape()[1:].to_shape()])
            options = {
                "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_PRECISION_HINT": self.precision,
            }  # fmt: skip
            self.requests[count] = core.compile_model(model, "CPU", options).create_infer_request()
        return self.requests[count]

    def run(self, prepared):
        result = self.request(len(prepared)).infer({0: prepared}, share_inputs=True)
        return result[0]


class Ncnn(Peer):
    title = "ncnn"
    batches = (1,)

    def __init__(self, net, calibration):
        self.ncnn = load("ncnn")
        self.net = self.ncnn.Net()
        self.net.opt.num_threads = 1
        for name in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
            setattr(self.net.opt, f"use_{name}", False)
        with tempfile.TemporaryDirectory() as folder:
            self.write(net, Path(folder))
            self.net.load_param(f"{folder}/net.param")
            self.net.load_model(f"{folder}/net.bin")

    @staticmethod
    def write(net: Net, folder: Path) -> None:
        """Writes ncnn's own text and weights; a rectifier is fused into the convolution before it."""
        lines, blobs, last, steps = ["Input windows 0 1 windows"], [], "windows", list(net.steps())
        for index, (kind, *arrays) in enumerate(steps):
            if kind == "relu":
                continue
            following = [step[0] for step in steps[index + 1 : index + 2]]
            name, settings = f"layer{index}" if following else "rates", ""
            if kind == "conv":
                outputs, _, height, width = arrays[0].shape
                fused = " 9=1" if following == ["relu"] else ""
                settings = f"0={outputs} 1={width} 11={height} 5=1 6={arrays[0].size}{fused}"
            elif kind == "dense":
                settings = f"0={len(arrays[1])} 1=1 2={arrays[0].size}"
            operator = {"conv": "Convolution", "dense": "InnerProduct"}.get(kind, kind.capitalize())
            lines.append(f"{operator} {name} 1 1 {last} {name} {settings}".rstrip())
            last = name
            if arrays:
                blobs += [bytes(4), arrays[0].tobytes(), arrays[1].tobytes()]
        (folder / "net.param").write_text("\n".join(["7767517", f"{len(lines)} {len(lines)}", *lines]) + "\n")
        (folder / "net.bin").write_bytes(b"".join(blobs))

    def prepare(self, batch):
        return self.ncnn.Mat(np.ascontiguousarray(batch[0])).clone()

    def run(self, prepared):
        extractor = self.net.create_extractor()
        extractor.input("windows", prepared)
        return np.array(extractor.extract("rates")[1])[None]


class LiteRT(Peer):
    title = "LiteRT (XNNPACK)"

    def __init__(self, net, calibration):
        self.interpreter = load("ai_edge_litert.interpreter")
        self.model = self.write(net, calibration)
        self.interpreters = {}

    def write(self, net: Net, calibration: np.ndarray) -> bytes:
        return litert_model(net)

    def prepare(self, batch):
        return np.ascontiguousarray(batch.transpose(0, 2, 3, 1))

    def run(self, prepared):
        count = len(prepared)
        if count not in self.interpreters:
            interpreter = self.interpreter.Interpreter(model_content=self.model, num_threads=1)
            interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], prepared.shape)
            interpreter.allocate_tensors()
            self.interpreters[count] = interpreter
        interpreter = self.interpreters[count]
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], prepared)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


class LiteRTInt8(LiteRT):
    title, is_float32 = "LiteRT (XNNPACK) int8", False

    def write(self, net, calibration):
        return litert_model(net, layer_ranges(net, calibration))


def layer_ranges(net: Net, calibration: np.ndarray) -> list[tuple[float, float]]:
    """The smallest and largest value of the windows, then of what comes out of every step."""
    torch = load("torch")
    values = torch.from_numpy(np.ascontiguousarray(calibration))
    ranges = [(float(values.min()), float(values.max()))]
    with torch.inference_mode():
        for module in torch_module(net):
            values = module(values)
            ranges.append((float(values.min()), float(values.max())))
    return ranges


def litert_model(net: Net, ranges: list[tuple[float, float]] | None = None) -> bytes:
    """The net as a LiteRT flatbuffer; channels last, the softplus as log(exp(x) + 1).

    With the ranges of `layer_ranges` it is one in int8 (one scale per output channel, zero points, biases of 32 bits), between a
    quantisation of the windows and a softplus in float32.
    """
    schema, flatbuffers = load("ai_edge_litert.schema_py_generated"), load("flatbuffers")
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, model.operatorCodes = 3, [schema.BufferT()], []
    graph.tensors, graph.operators = [], []
    kinds_of = {np.dtype(np.float32): "FLOAT32", np.dtype(np.int8): "INT8", np.dtype(np.int32): "INT32"}

    def tensor(name, shape, values=None, kind="FLOAT32", scales=None, zero=0):
        item = schema.TensorT()
        item.name, item.shape, item.buffer = name, list(shape), 0
        item.type = getattr(schema.TensorType, kind if values is None else kinds_of[values.dtype])
        item.shapeSignature = [-1, *shape[1:]] if values is None else list(shape)
        if scales is not None:
            item.quantization = schema.QuantizationParametersT()
            item.quantization.scale, item.quantization.zeroPoint = list(scales), [zero] * len(scales)
            item.quantization.quantizedDimension = 0
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
            item.buffer = len(model.buffers)
            model.buffers.append(buffer)
        graph.tensors.append(item)
        return len(graph.tensors) - 1

    def operator(code, inputs, output, options_type=0, options=None):
        entry = schema.OperatorCodeT()
        entry.builtinCode = code
        entry.deprecatedBuiltinCode = min(code, 127)
        entry.version = 3 if ranges and code in (codes.CONV_2D, codes.FULLY_CONNECTED) else 1
        model.operatorCodes.append(entry)
        item = schema.OperatorT()
        item.opcodeIndex, item.inputs, item.outputs = len(model.operatorCodes) - 1, inputs, [output]
        item.builtinOptionsType, item.builtinOptions = options_type, options
        graph.operators.append(item)

    def activations(name, shape, index):
        """The tensor of what comes out of a step (0: the windows), and its scale."""
        if not ranges:
            return tensor(name, shape), None
        low, high = min(0.0, ranges[index][0]), max(0.0, ranges[index][1])
        scale = (high - low) / 255
        return tensor(name, shape, kind="INT8", scales=[scale], zero=int(round(-128 - low / scale))), scale

    def parameters(index, weight, bias, scale):
        """The tensors of weights and biases behind values of a scale."""
        if scale is None:
            return [tensor(f"{index}.weight", weight.shape, weight), tensor(f"{index}.bias", bias.shape, bias)]
        scales = np.abs(weight.reshape(len(weight), -1)).max(1) / 127
        integers = np.round(weight / scales.reshape(-1, *[1] * (weight.ndim - 1))).astype(np.int8)
        return [
            tensor(f"{index}.weight", weight.shape, integers, scales=scales),
            tensor(f"{index}.bias", bias.shape, np.round(bias / (scales * scale)).astype(np.int32), scales=scales * scale),
        ]  # fmt: skip

    codes, kinds = schema.BuiltinOperator, schema.BuiltinOptions
    history, height, width = net.input
    shape, last, scale = (1, height, width, history), tensor("windows", (1, height, width, history)), None
    graph.inputs, steps = [last], list(net.steps())
    if ranges:
        windows, (last, scale) = last, activations("integers", shape, 0)
        operator(codes.QUANTIZE, [windows], last)
    for index, (kind, *arrays) in enumerate(steps):
        if kind == "conv":
            weight, bias = arrays
            shape = (1, shape[1] - weight.shape[2] + 1, shape[2] - weight.shape[3] + 1, weight.shape[0])
            options = schema.Conv2DOptionsT()
            options.padding, options.strideH, options.strideW = schema.Padding.VALID, 1, 1
            options.dilationHFactor = options.dilationWFactor = 1
            is_rectified = steps[index + 1][0] == "relu"
            options.fusedActivationFunction = int(is_rectified)
            inputs = [last, *parameters(index, weight.transpose(0, 2, 3, 1), bias, scale)]
            last, scale = activations(f"{index}", shape, index + 1 + is_rectified)
            operator(codes.CONV_2D, inputs, last, kinds.Conv2DOptions, options)
        elif kind == "dense":
            weight, bias = arrays
            # From the order [channel, row, column] into [row, column, channel].
            weight = weight.reshape(-1, shape[3], *shape[1:3]).transpose(0, 2, 3, 1).reshape(weight.shape)
            inputs = [last, *parameters(index, weight, bias, scale)]
            last, scale = activations(f"{index}", (1, len(bias)), index + 1)
            operator(codes.FULLY_CONNECTED, inputs, last, kinds.FullyConnectedOptions, schema.FullyConnectedOptionsT())
        elif kind == "softplus":
            if ranges:
                integers, last = last, tensor("numbers", (1, net.cells))
                operator(codes.DEQUANTIZE, [integers], last)
            one = tensor("one", (1,), np.ones(1, np.float32))
            e, sum_, log = (tensor(name, (1, net.cells)) for name in ("exp", "sum", "rates"))
            operator(codes.EXP, [last], e)
            operator(codes.ADD, [e, one], sum_, kinds.AddOptions, schema.AddOptionsT())
            operator(codes.LOG, [sum_], log)
            last = log
    graph.outputs, model.subgraphs = [last], [graph]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


PEERS = {
    "pytorch": PyTorch,
    "pytorch-channels-last": PyTorchChannelsLast,
    "pytorch-compiled": PyTorchCompiled,
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVINO,
    "ncnn": Ncnn,
    "litert": LiteRT,
    "onnxruntime-int8-dynamic": OnnxRuntimeDynamic,
    "onnxruntime-int8-static": OnnxRuntimeStatic,
    "litert-int8": LiteRTInt8,
}
RETINA_INTEGERS = ("retina-int8", "retina-int16")
RETINA_ENGINES = ("retina", "retina-direct", *RETINA_INTEGERS)


def reference_rates(net: Net, windows: np.ndarray) -> np.ndarray:
    """Rates [n, cells] in float64, by PyTorch."""
    torch = load("torch")
    module = torch_module(net).double()
    with torch.inference_mode():
        return np.concatenate([module(torch.from_numpy(window[None].astype(np.float64))).numpy() for window in windows])


# --- RetinaKit --------------------------------------------------------------------------------------------------------


@dataclass
class Retina:
    """The command-line tool, with a level (None: its own choice), an algorithm, and a precision (None: float32)."""

    program: Path
    level: str | None = None
    algorithm: str = "auto"
    precision: str | None = None

    @property
    def title(self) -> str:
        words = [REFERENCE, self.precision, self.level, "direct" if self.algorithm == "direct" else None]
        return ", ".join(word for word in words if word)

    @property
    def how(self) -> list:
        """The algorithm as options; images are run as planned."""
        return [] if self.precision else ["--algorithm", self.algorithm]

    def quantize(self, model: Path, calibration: Path, output: Path) -> Path:
        """The model as an image in integers, beside it."""
        self.call(
            "quantize", model, "--calibrate", calibration, "--precision", self.precision, "--windows", WINDOWS,
            "--output", output,
        )  # fmt: skip
        return output

    def call(self, *words, check: bool = True) -> subprocess.CompletedProcess:
        environment = {name: value for name, value in os.environ.items() if name != "RETINA_CPU"}
        if self.level:
            environment["RETINA_CPU"] = self.level
        return subprocess.run(
            [str(self.program), *map(str, words)], env=environment, check=check, text=True, capture_output=True
        )

    def is_available(self, model: Path) -> bool:
        return self.call("info", model, check=False).returncode == 0

    def rates(self, model: Path, movie: Path, output: Path) -> np.ndarray:
        """Rates [windows, cells] of a movie."""
        self.call("run", model, movie, "--threads", 1, *self.how, "--output", output)
        return np.load(output)

    def bench(self, model: Path, frames: int, movie: Path | None = None) -> dict:
        """What `retina bench --json` says."""
        words = ["--stimulus", movie] if movie else []
        done = self.call("bench", model, "--json", "--frames", frames, *self.how, *words)
        return json.loads(done.stdout)

    def time(self, model: Path, frames: int, movie: Path | None, clock: str) -> float:
        """Seconds per frame of a stream: by the clock on the wall, or of the processor.

        The processor's seconds are those of the whole command, less those of a command that times 8 frames only: planning.
        `retina bench` runs its frames twice, the second time with a look at the clock at every stage.
        """
        if clock == "wall":
            return self.bench(model, frames, movie)["seconds_per_frame"]
        used = []
        for count in (8, frames + 8):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.bench(model, count, movie)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return (used[1] - used[0]) / (2 * frames)

    def info(self, model: Path) -> dict:
        """What `retina info --json` says."""
        return json.loads(self.call("info", model, "--json", *self.how).stdout)

    def plan(self, model: Path) -> dict:
        """The plan that it describes."""
        return self.info(model)["plan"]

    def frames_for(self, model: Path, seconds: float, movie: Path | None = None) -> int:
        """Frames that take about so many seconds: a multiple of 8, as blocks share work among 8 frames."""
        per_frame = self.bench(model, 64, movie)["seconds_per_frame"]
        return int(min(1e6, max(16, math.ceil(seconds / per_frame / 8) * 8)))


def planned_operations(plan: dict) -> float:
    """Operations per frame as the planner counts them."""
    return sum(stage["operations_per_frame"] for stage in plan["stages"])


# --- The machine ------------------------------------------------------------------------------------------------------


def machine() -> str:
    """Name of the processor, its cores, and the load."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        text = subprocess.run(["lscpu"], check=True, text=True, capture_output=True).stdout
        facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        facts = {key.strip(): value.strip() for key, value in facts.items()}
        name = facts.get("Model name", name)
        for key in ("CPU family", "Model", "L2 cache", "L3 cache"):
            if key in facts:
                name += f", {key} {facts[key]}"
    return f"{name}; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; {platform.system()} {platform.release()}"


def measured_peak(seconds: float, clock: str) -> float:
    """Operations per second of the fastest 1024 x 1024 float32 matrix product on one thread: NumPy's or PyTorch's."""
    size = 1024
    matrix = np.random.default_rng(SEED).standard_normal((size, size), dtype=np.float32)
    products = [lambda: matrix @ matrix]
    with contextlib.suppress(NotInstalled):
        torch = load("torch")
        torch.set_num_threads(1)
        tensor = torch.from_numpy(matrix)
        products.append(lambda: tensor @ tensor)
    now, best = CLOCKS[clock], math.inf
    for product in products:
        end = now() + seconds
        while now() < end:
            start = now()
            product()
            best = min(best, now() - start)
    return 2 * size**3 / best


@contextlib.contextmanager
def all_processors(processors: set[int]):
    """Lets what is started inside run on these processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# --- Comparing engines ------------------------------------------------------------------------------------------------


def deviation(rates: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference, relative to the largest rate."""
    if rates.shape != expected.shape:
        raise SystemExit(f"FAIL: rates have the shape {rates.shape}, expected {expected.shape}")
    return float(np.abs(rates - expected).max() / np.abs(expected).max())


@dataclass
class Row:
    """Times of one engine at one batch size."""

    engine: str
    batch: int | None
    is_float32: bool
    operations: float
    deviation: float
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    @property
    def time(self) -> float:
        return statistics.median(self.seconds)

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


class Comparison:
    """One net in all engines."""

    def __init__(self, net: Net, arguments: argparse.Namespace, folder: Path):
        self.net, self.arguments = net, arguments
        self.model = folder / f"{net.name}.safetensors"
        write_model(net, self.model)
        self.history = net.input[0]
        frames = self.history + WINDOWS - 1
        self.movies = {"noise": noise_movie(frames, net), "smooth": smooth_movie(frames, net)}
        self.files = {}
        for name, movie in self.movies.items():
            self.files[name] = folder / f"{net.name}-{name}.npy"
            np.save(self.files[name], movie)
        self.windows = {name: windows_of(movie, self.history) for name, movie in self.movies.items()}
        self.folder, self.failures, self.missing = folder, [], []
        self.peers, self.retinas, self.rows = [], [], []

    def load(self) -> None:
        """Makes the engines asked for, and runs the check of their rates."""
        self.expected = {name: reference_rates(self.net, windows) for name, windows in self.windows.items()}
        calibration = np.concatenate([windows[::4] for windows in self.windows.values()])
        for name in self.arguments.engines:
            if name in PEERS:
                note(f"{self.net.name}: loading {name}")
                try:
                    self.add_peer(PEERS[name](self.net, calibration))
                except NotInstalled as error:
                    self.missing.append(f"{PEERS[name].title}: {error}")
        algorithms = [("auto", "retina"), ("direct", "retina-direct")]
        for algorithm in [algorithm for algorithm, name in algorithms if name in self.arguments.engines]:
            for level in LEVELS:
                retina = Retina(self.arguments.retina, level, algorithm)
                self.add_if_available(retina, self.model)
        for precision in [name.removeprefix("retina-") for name in RETINA_INTEGERS if name in self.arguments.engines]:
            image = Retina(self.arguments.retina, precision=precision).quantize(
                self.model, self.files["noise"], self.folder / f"{self.net.name}-{precision}.retina")
            for level in LEVELS:
                self.add_if_available(Retina(self.arguments.retina, level, precision=precision), image)

    def add_peer(self, peer: Peer) -> None:
        batches = [batch for batch in peer.batches if batch <= WINDOWS]
        difference = max(
            deviation(self.run_peer(peer, windows, batch), self.expected[name])
            for name, windows in self.windows.items() for batch in batches
        )  # fmt: skip
        self.check(peer.title, difference, peer.is_float32)
        for batch in batches:
            row = Row(peer.title, batch, peer.is_float32, 2.0 * self.net.multiply_adds(), difference)
            self.peers.append((peer, self.prepare(peer, self.windows["noise"], batch), row))
            self.rows.append(row)

    def add_if_available(self, retina: Retina, model: Path) -> None:
        if retina.is_available(model):
            self.add_retina(retina, model)
        else:
            self.missing.append(f"{retina.title}: this processor does not have it")

    def add_retina(self, retina: Retina, model: Path) -> None:
        output, is_float32 = self.folder / "rates.npy", retina.precision is None
        difference = max(
            deviation(retina.rates(model, self.files[name], output), self.expected[name]) for name in self.files
        )
        self.check(retina.title, difference, is_float32)
        operations = planned_operations(retina.plan(model)) if is_float32 else 2 * retina.info(model)["multiply_adds_per_frame"]
        row = Row(retina.title, None, is_float32, operations, difference)
        frames = retina.frames_for(model, self.arguments.seconds / STRETCHES, self.files["noise"])
        self.retinas.append((retina, model, frames, row))
        self.rows.append(row)

    def check(self, title: str, difference: float, counts: bool) -> None:
        if counts and not difference <= TOLERANCE:
            self.failures.append(f"{self.net.name}: {title} differs by {difference:.1e} of the largest rate")

    @staticmethod
    def prepare(peer: Peer, windows: np.ndarray, batch: int) -> list:
        return [peer.prepare(windows[first : first + batch]) for first in range(0, len(windows), batch)]

    def run_peer(self, peer: Peer, windows: np.ndarray, batch: int) -> np.ndarray:
        return np.concatenate([np.array(peer.run(item)) for item in self.prepare(peer, windows, batch)])

    def run_rounds(self) -> None:
        """Times every engine in turn, round after round."""
        if not self.retinas:
            raise SystemExit("no RetinaKit engine among --engines: there is nothing to compare with")
        seconds, clock, reference = self.arguments.seconds, self.arguments.clock, self.reference
        for number in range(self.arguments.rounds):
            note(f"{self.net.name}: round {number + 1} of {self.arguments.rounds}")
            for retina, model, frames, row in self.retinas:
                file = self.files["noise"]
                row.seconds.append(min(retina.time(model, frames, file, clock) for _ in range(STRETCHES)))
            for peer, prepared, row in self.peers:
                stretches = [time_peer(peer, prepared, seconds / STRETCHES, clock) for _ in range(STRETCHES)]
                row.seconds.append(min(stretches) / WINDOWS)
            for row in self.rows:
                row.ratios.append(row.seconds[-1] / reference.seconds[-1])

    @property
    def reference(self) -> Row:
        """What everything is compared with: RetinaKit as planned, at the best level of this machine."""
        planned = [row for retina, _, _, row in self.retinas if retina.algorithm == "auto" and not retina.precision]
        return planned[-1] if planned else self.retinas[-1][-1]

    @property
    def best_peer(self) -> Row | None:
        """The float32 peer with the smallest time at its best batch."""
        return min((row for _, _, row in self.peers if row.is_float32), key=lambda row: row.time, default=None)

    def shown_rows(self) -> list[Row]:
        """RetinaKit, then of each peer the rows of batch 1 and of its best batch, fastest peer first."""
        peers = {}
        for _, _, row in self.peers:
            peers.setdefault(row.engine, []).append(row)
        best = [(min(rows, key=lambda row: row.time), rows[0]) for rows in peers.values()]
        best.sort(key=lambda pair: (not pair[0].is_float32, pair[0].time))
        shown = [row for *_, row in self.retinas]
        for fastest, single in best:
            shown += [fastest] if fastest is single else [fastest, single]
        return shown

    def table(self, peak: float) -> str:
        """The result as a markdown table."""
        lines = [
            f"### {self.net.name}: {self.net.multiply_adds() / 1e6:.1f} million multiply-adds per window",
            "",
            "| engine | batch | ms/frame | times RetinaKit | MFLOP/frame | GFLOP/s | of peak | deviation |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        for row in self.shown_rows():
            title = f"**{row.engine}**" if row is self.reference else row.engine
            rate = row.operations / row.time
            lines.append(
                f"| {title} | {row.batch or 'stream'} | {row.time * 1e3:.4f} | {row.ratio:.2f} "
                f"| {row.operations / 1e6:.2f} | {rate / 1e9:.1f} | {rate / peak:.0%} | {row.deviation:.0e} |"
            )
        lines += [""] + self.summary()
        return "\n".join(lines)

    def summary(self) -> list[str]:
        """What the table comes to, in words."""
        lines, best = [], self.best_peer
        if best:
            low, high = quartiles(best.ratios)
            lines.append(
                f"- {self.reference.engine} is {best.ratio:.1f} times (quartiles {low:.1f} to {high:.1f}) faster than "
                f"{best.engine} at batch {best.batch}, the fastest float32 peer."
            )
        for level in LEVELS:
            rows = {
                retina.algorithm: row for retina, *_, row in self.retinas if retina.level == level and not retina.precision
            }
            if len(rows) == 2:
                ratios = [direct / auto for direct, auto in zip(rows["direct"].seconds, rows["auto"].seconds)]
                lines.append(f"- {level}: as planned {statistics.median(ratios):.1f} times faster than direct.")
        peers = [row for _, _, row in self.peers if not row.is_float32]
        if peers:
            peer = min(peers, key=lambda row: row.time)
            for retina, *_, row in self.retinas:
                if retina.precision and retina.level:
                    ratios = [other / own for other, own in zip(peer.seconds, row.seconds)]
                    low, high = quartiles(ratios)
                    lines.append(
                        f"- {row.engine} is {statistics.median(ratios):.2f} times (quartiles {low:.2f} to {high:.2f}) faster "
                        f"than {peer.engine} at batch {peer.batch}, the fastest int8 peer."
                    )
        lines += [f"- {text}." for text in self.missing]
        return lines + [f"- FAIL: {text}." for text in self.failures]

    def record(self) -> dict:
        """Everything measured, for --json."""
        return {
            "net": self.net.name, "multiply_adds": self.net.multiply_adds(), "missing": self.missing,
            "failures": self.failures,
            "rows": [
                {
                    "engine": row.engine, "batch": row.batch, "float32": row.is_float32, "operations": row.operations,
                    "deviation": row.deviation, "seconds_per_frame": row.seconds, "ratios": row.ratios,
                }
                for row in self.rows
            ],
        }  # fmt: skip


def time_peer(peer: Peer, prepared: list, seconds: float, clock: str) -> float:
    """Mean seconds of running all prepared batches once, repeated for about `seconds`."""
    now = CLOCKS[clock]
    peer.run(prepared[0])
    passes, start = 0, now()
    while passes == 0 or now() - start < seconds:
        for item in prepared:
            peer.run(item)
        passes += 1
    return (now() - start) / passes


def quartiles(values: list[float]) -> tuple[float, float]:
    """First and third quartile."""
    return tuple(float(value) for value in np.quantile(values, (0.25, 0.75)))


# --- Other questions --------------------------------------------------------------------------------------------------


def threads_check(arguments: argparse.Namespace, folder: Path, processors: set[int]) -> tuple[str, dict]:
    """How much faster two threads run a whole movie than one: the whole command, without its start, and the run alone.

    The start (reading the model, planning) is taken off by subtracting the time of a short movie from that of a long one;
    what is left holds reading the movie and writing the rates, which are done by one thread. The run alone, on a movie in
    memory, is what `retina bench --threads 2` times. The fastest rounds count.
    """
    model, lines, record = folder / "threads.safetensors", [], {}
    if len(processors) < 2:
        return "### Two threads\n\n- This machine lends one processor only.", {}
    for name in arguments.nets:
        net = make_net(name)
        write_model(net, model)
        retina = Retina(arguments.retina)
        long = max(400, retina.frames_for(model, 0.5 if arguments.quick else 2.0))
        files = {count: folder / f"threads-{count}.npy" for count in (200, long)}
        for count, file in files.items():
            np.save(file, noise_movie(count, net))
        times, runs = {key: [] for key in ((200, 1), (200, 2), (long, 1), (long, 2))}, []
        with all_processors(processors):
            for number in range(arguments.rounds):
                note(f"threads, {name}: round {number + 1} of {arguments.rounds}")
                for count, threads in times:
                    start = time.perf_counter()
                    retina.call("run", model, files[count], "--threads", threads, "--output", folder / "rates.npy")
                    times[count, threads].append(time.perf_counter() - start)
                timed = retina.call("bench", model, "--threads", 2, "--frames", long, "--json").stdout
                runs.append(json.loads(timed))
        one, two = min(times[long, 1]), min(times[long, 2])
        rest = (one - min(times[200, 1])) / (two - min(times[200, 2]))
        fastest = [min(sum((run[key] for run in runs), [])) for key in ("seconds_one_thread", "seconds_all_threads")]
        lines.append(
            f"| {name} | {long} | {one:.3f} | {two:.3f} | {one / two:.2f} | {rest:.2f} "
            f"| {fastest[0]:.3f} | {fastest[1]:.3f} | {fastest[0] / fastest[1]:.2f} |"
        )
        record[name] = {f"{count} frames, {threads} threads": values for (count, threads), values in times.items()}
        record[name]["in memory"] = runs
    head = [
        "### Two threads on a whole movie", "",
        "| net | frames | command: s, 1 thread | s, 2 threads | ratio | ratio without start "
        "| in memory: s, 1 thread | s, 2 threads | ratio |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    return "\n".join([*head, *lines]), record


GROWTH = {
    "history": (10, 20, 40, 80),
    "size": (25, 50, 100, 200),
    "channels": (4, 8, 16, 64),
    "cells": (1, 5, 100, 1000),
}


def growth(arguments: argparse.Namespace, folder: Path) -> tuple[str, dict]:
    """Time per frame beside the planner's count, one factor at a time around 40x50x50, 8 channels, 5 cells.

    The planner counts operations of each kind and bytes, and turns them into seconds with the speeds that `retina calibrate` has
    just measured. The last ratio is that of both seconds, divided by the geometric mean of the ratios of all rows: one constant for
    the whole table. The fastest of the interleaved rounds counts, so that a busy moment does not look like a cost.
    """
    lines = [
        "### Cost against the planner's count (collapsed net; one factor changed at a time)", "",
        "| factor | value | MFLOP/frame | MB/frame | ms counted | ms measured | measured / counted | the same, scaled "
        "| conv1 ms (counted) | conv2 ms (counted) | dense ms (counted) | parameters MB | state MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- | --- | ---: | ---: |",
    ]  # fmt: skip
    retina, record, nets, results = Retina(arguments.retina), {}, {}, {}
    retina.call("calibrate")
    for factor, value in [(factor, value) for factor, values in GROWTH.items() for value in values]:
        net, model = make_net(**{factor: value}), folder / f"growth-{factor}-{value}.safetensors"
        write_model(net, model)
        nets[factor, value] = (model, retina.frames_for(model, arguments.seconds))
    for number in range(arguments.rounds):
        note(f"growth: round {number + 1} of {arguments.rounds}")
        for key, (model, frames) in nets.items():
            seconds, stages = retina.time(model, frames, None, arguments.clock), retina.bench(model, frames)["stages"]
            best = results.setdefault(key, {"seconds_per_frame": math.inf, "stages": stages})
            best["seconds_per_frame"] = min(seconds, best["seconds_per_frame"])
            for stage, other in zip(best["stages"], stages):
                stage["seconds"] = min(stage["seconds"], other["seconds"])
    for key, result in results.items():
        plan = retina.plan(nets[key][0])
        result |= {name: plan[name] for name in ("arena_bytes", "state_bytes", "parameter_bytes")}
        result["operations"] = planned_operations(plan)
        for name in ("bytes_per_frame", "counted_seconds"):
            result[name] = sum(stage[name] for stage in plan["stages"])
    ratio = {key: result["seconds_per_frame"] / result["counted_seconds"] for key, result in results.items()}
    scale = math.exp(sum(map(math.log, ratio.values())) / len(ratio))
    for (factor, value), result in results.items():
        cells = "".join(growth_stage(result, layer) for layer in ("conv1", "conv2", "dense"))
        lines.append(
            f"| {factor} | {value} | {result['operations'] / 1e6:.2f} | {result['bytes_per_frame'] / 1e6:.2f} "
            f"| {result['counted_seconds'] * 1e3:.4f} | {result['seconds_per_frame'] * 1e3:.4f} "
            f"| {ratio[factor, value]:.2f} | {ratio[factor, value] / scale:.2f} {cells}"
            f"| {result['parameter_bytes'] / 1e6:.2f} | {result['state_bytes'] / 1e6:.2f} |"
        )
        record[f"{factor} {value}"] = result
    return "\n".join(lines), record


def growth_stage(result: dict, layer: str) -> str:
    """Algorithm, measured and counted milliseconds of a layer: its share of the time of all stages, times the time per frame."""
    chosen = [stage for stage in result["stages"] if stage["layer"] == layer]
    share = sum(stage["seconds"] for stage in chosen) / sum(stage["seconds"] for stage in result["stages"])
    algorithm = max(chosen, key=lambda stage: stage["operations"])["algorithm"].split()[0].rstrip(",")
    counted = sum(stage["counted_seconds"] for stage in chosen)
    return f"| {algorithm} {share * result['seconds_per_frame'] * 1e3:.4f} ({counted * 1e3:.4f}) "


def length(arguments: argparse.Namespace, folder: Path) -> tuple[str, dict]:
    """Time per frame and largest memory for a movie and one eight times longer."""
    lines, record, retina = [], {}, Retina(arguments.retina)
    for name in arguments.nets:
        net, model = make_net(name), folder / "length.safetensors"
        write_model(net, model)
        short = retina.frames_for(model, 0.1 if arguments.quick else 0.25)
        for what in ("bench", "run --stream"):
            rows = {}
            for count in (short, 8 * short):
                note(f"length: {name}, {what}, {count} frames")
                rows[count] = measure_length(arguments, net, model, folder, what, count)
            for count, row in rows.items():
                ratio = row["seconds_per_frame"] / rows[short]["seconds_per_frame"]
                lines.append(
                    f"| {name} | {what} | {count} | {row['seconds_per_frame'] * 1e3:.4f} | {ratio:.2f} "
                    f"| {row['peak_bytes'] / 1e6:.1f} | {row['movie_bytes'] / 1e6:.1f} |"
                )
            record[f"{name}, {what}"] = rows
    head = [
        "### Length of the movie (`bench` streams one short movie again and again; `run --stream` reads and writes files)", "",
        "| net | command | frames | ms/frame | to the short one | largest memory MB | movie MB |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    return "\n".join([*head, *lines]), record


def measure_length(arguments: argparse.Namespace, net: Net, model: Path, folder: Path, what: str, count: int) -> dict:
    """Smallest time per frame and largest resident memory of one command; `run` is timed as a whole process.

    The memory is at least that of a bare Python interpreter, about 10 MB.
    """
    retina = Retina(arguments.retina)
    if what == "bench":
        words, movie_bytes = ["bench", model, "--json", "--frames", count], 64 * 4 * math.prod(net.input[1:])
    else:
        movie = folder / f"length-{count}.npy"
        np.save(movie, noise_movie(count, net))
        words, movie_bytes = ["run", model, movie, "--stream", "--output", folder / "rates.npy"], movie.stat().st_size
    command, seconds, peaks = [sys.executable, "-I", "-S", "-c", MEASURE, str(retina.program), *map(str, words)], [], []
    for _ in range(arguments.rounds):
        text = subprocess.run(command, check=True, text=True, capture_output=True).stdout
        usage = dict(zip(("wall", "cpu", "memory"), map(float, text.splitlines()[-1].split())))
        peaks.append(usage["memory"] * (1 if sys.platform == "darwin" else 1024))
        if what == "bench":
            seconds.append(retina.time(model, count, None, arguments.clock))
        else:
            seconds.append(usage[arguments.clock] / count)
    return {"seconds_per_frame": min(seconds), "peak_bytes": max(peaks), "movie_bytes": movie_bytes}


# Runs a command and prints its seconds and largest memory last. A process of its own, since the largest memory of a command
# includes that of the process it was started from.
MEASURE = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], check=True)
wall, usage = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
print(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""


# --- The command line -------------------------------------------------------------------------------------------------


def note(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add, names = parser.add_argument, [*RETINA_ENGINES, *PEERS]
    add("--retina", type=Path, default=REPOSITORY / ".build/release/retina", help="the command-line tool")
    add("--rounds", type=int, help="rounds to take medians over (default: 11; 3 with --quick)")
    add("--seconds", type=float, help="time for one engine in a round (default: 0.4; 0.1 with --quick)")
    add("--engines", default=",".join(names), help=f"comma-separated, of {', '.join(names)} (default: all)")
    add("--nets", default="collapsed,stacked", help="comma-separated (default: collapsed,stacked)")
    add("--core", type=int, default=0, help="the processor that everything is pinned to (default: 0)")
    add("--clock", choices=("wall", "cpu"), default="wall", help="cpu counts seconds of the processor instead of those on "
        "the wall, for a machine that has other work to do (default: wall)")  # fmt: skip
    add("--json", type=Path, metavar="FILE", help="write all measurements there")
    add("--write", type=Path, metavar="FILE", help="only write the first of the nets as a model file (needs NumPy alone)")
    add("--quick", action="store_true", help="few short rounds, without compiling PyTorch: to see that all works")
    add("--threads-check", action="store_true", help="also time a whole movie with one and two threads")
    add("--growth", action="store_true", help="also a table of time against the planner's count")
    add("--length", action="store_true", help="also time and memory for a movie and one eight times longer")
    add("--skip-comparison", action="store_true", help="only the extra questions asked for")
    arguments = parser.parse_args()
    arguments.engines, arguments.nets = arguments.engines.split(","), arguments.nets.split(",")
    for chosen, known in ((arguments.engines, names), (arguments.nets, ["collapsed", "stacked"])):
        unknown = sorted(set(chosen) - set(known))
        if unknown:
            parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    if arguments.quick and "pytorch-compiled" in arguments.engines:
        arguments.engines.remove("pytorch-compiled")
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 11)
    arguments.seconds = arguments.seconds or (0.1 if arguments.quick else 0.4)
    if not arguments.write and not arguments.retina.exists():
        parser.error(f"{arguments.retina} does not exist: swift build -c release --product retina")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    if arguments.write:
        write_model(make_net(arguments.nets[0]), arguments.write)
        return 0
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {arguments.core} if arguments.core in processors else {min(processors)})
    peak, failures = measured_peak(0.3 if arguments.quick else 1.0, arguments.clock), []
    record = {"machine": machine(), "peak": peak, "nets": [], "rounds": arguments.rounds, "clock": arguments.clock}
    print(f"{record['machine']}\n")
    clock = {"wall": "time on the wall", "cpu": "time of the processor"}[arguments.clock]
    print(f"One core, one thread, {arguments.rounds} interleaved rounds, {clock}. ", end="")
    print(f"Measured peak of the core (float32 matrix product): {peak / 1e9:.1f} GFLOP/s.\n", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = name  # a calibration of the user's shall not decide
        for net in [] if arguments.skip_comparison else arguments.nets:
            comparison = Comparison(make_net(net), arguments, folder)
            comparison.load()
            if comparison.failures:
                print("\n".join(f"FAIL: {text}" for text in comparison.failures))
                failures += comparison.failures
                continue
            comparison.run_rounds()
            print(comparison.table(peak) + "\n", flush=True)
            record["nets"].append(comparison.record())
        questions = {
            "threads_check": lambda: threads_check(arguments, folder, processors),
            "growth": lambda: growth(arguments, folder),
            "length": lambda: length(arguments, folder),
        }
        for question, answer in questions.items():
            if getattr(arguments, question):
                text, record[question] = answer()
                print(text + "\n", flush=True)
    record["load_at_end"] = os.getloadavg()[0]
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
