"""Times the opening of model files and says how much memory it takes.

Usage: python3 tools/bench_open.py [--retina .build/release/retina]

`retina verify` on a model without a golden pair opens it and stops; `retina run` plans it and runs one input. Times are of the whole
process, the smallest of some; memory is the process's own (anonymous, sampled) and its largest total, in which the pages of the mapped
file count, too.
Needs numpy, onnx, safetensors.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file


def write_models(folder, megabytes):
    """A dense model of some size as safetensors and as ONNX; gives the values of its input."""
    side = int((megabytes * 1e6 / 4) ** 0.5)
    weight = np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)
    architecture = {"input": [side], "layers": [{"name": "d", "type": "dense"}]}
    save_file({"d.weight": weight}, folder / f"{megabytes}.safetensors", {
        "retina.format": "1", "retina.name": "dense", "retina.architecture": json.dumps(architecture)})
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)], "dense",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, side])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, side])], [numpy_helper.from_array(weight, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), folder / f"{megabytes}.onnx")
    return side


def memory(process):
    """Anonymous and largest total memory of a running process in MB."""
    fields = {}
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ["RssAnon", "VmHWM"]:
            fields[name] = int(value.split()[0]) / 1000
    return fields.get("RssAnon", 0), fields.get("VmHWM", 0)


def measured(command, repeats):
    """Smallest seconds, largest own and largest total memory in MB of a command."""
    times, anonymous, total = [], 0, 0
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(command, **quiet, check=command[1] == "run")
        times.append(time.perf_counter() - start)
    # A short process may be over before it is looked at.
    for _ in range(repeats):
        process = subprocess.Popen(command, **quiet)
        while process.poll() is None:
            now = memory(process)
            anonymous, total = max(anonymous, now[0]), max(total, now[1])
    return min(times), anonymous, total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retina", default=".build/release/retina")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for megabytes in [1, 100]:
            side = write_models(folder, megabytes)
            np.save(folder / "input.npy", np.ones((1, side), np.float32))
            for ending in ["safetensors", "onnx"]:
                path = folder / f"{megabytes}.{ending}"
                for words in [["verify", path], ["run", path, folder / "input.npy", "--output", folder / "rates.npy"]]:
                    seconds, anonymous, total = measured([arguments.retina, *words], 10)
                    print(
                        f"{words[0]:6} {path.name:16} {path.stat().st_size / 1e6:6.1f} MB: {seconds * 1e3:6.1f} ms, "
                        f"own memory {anonymous:.0f} MB, largest total {total:.0f} MB")


if __name__ == "__main__":
    main()
