"""Runs the backend tests that PyPI's onnx ships through `retina conformance` and compares the results with NumPy.

Usage: python3 tools/onnx_conformance.py [--retina .build/release/retina] [--write]

A case passes when every output has the expected type and shape and agrees to rtol 1e-3, atol 1e-7, the tolerances of
ONNX's own runner. tools/onnx_conformance.txt declares every case: `pass`, or why it is not run. The script fails when a
declared pass does not pass, or when a case is not declared; `--write` declares what it sees.
Needs onnx==1.22.0 (tools/requirements.txt).
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnx.backend.test
from onnx import numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
DECLARED = HERE / "onnx_conformance.txt"
DATA = pathlib.Path(onnx.backend.test.__file__).parent / "data"
SUITES = ["node", "pytorch-converted", "pytorch-operator", "simple"]


def read_array(path):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(tensor)


def difference(case, results):
    """What differs between the expected outputs of a case and the results; None when all agree."""
    for data_set in sorted(case.glob("test_data_set_*")):
        for expected_file in sorted(data_set.glob("output_*.pb")):
            found_file = results / case.name / data_set.name / expected_file.name
            if not found_file.exists():
                return f"{expected_file.name} is missing"
            expected, found = read_array(expected_file), read_array(found_file)
            if expected.dtype != found.dtype:
                return f"{expected_file.name}: type {found.dtype}, expected {expected.dtype}"
            if expected.shape != found.shape:
                return f"{expected_file.name}: shape {found.shape}, expected {expected.shape}"
            if not np.allclose(
                found.astype(np.float64), expected.astype(np.float64), rtol=1e-3, atol=1e-7, equal_nan=True
            ):
                return f"{expected_file.name}: other values"
    return None


def reason(entry, case):
    """Why a case is out of scope, in few words."""
    text = entry["reason"]
    if text.startswith("operators: "):
        return "operators " + text.rsplit(", found ", 1)[1]
    model = onnx.load(case / "model.onnx")
    operators = sorted({node.op_type for node in model.graph.node})
    if "numbers of type" in text or "a type of" in text or "a type that" in text:
        kinds = sorted({onnx.TensorProto.DataType.Name(t) for t in element_types(model)})
        return f"types {' '.join(kinds)} of {' '.join(operators)}"
    return text.rsplit("expected ", 1)[-1]


def element_types(model):
    for value in list(model.graph.input) + list(model.graph.output):
        kind = value.type
        if kind.HasField("tensor_type"):
            yield kind.tensor_type.elem_type


def run_suite(retina, suite, results):
    """The verdict of every case of a suite: `pass`, `out: why` or `FAIL: why`."""
    command = [retina, "conformance", DATA / suite, "--output", results, "--json"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    verdicts = {}
    for entry in report:
        case = DATA / suite / entry["case"]
        if entry["status"] == "ran":
            found = difference(case, results)
            verdict = "pass" if found is None else f"FAIL: {found}"
        elif entry["status"] == "failed":
            verdict = f"FAIL: {entry['reason']}"
        else:
            verdict = f"out: {reason(entry, case)}"
        verdicts[f"{suite}/{entry['case']}"] = verdict
    return verdicts


def read_declared():
    declared = {}
    for line in DECLARED.read_text().splitlines():
        if line and not line.startswith("#"):
            name, verdict = line.split(" ", 1)
            declared[name] = verdict
    return declared


def write_declared(verdicts):
    passes = sum(verdict == "pass" for verdict in verdicts.values())
    lines = [
        f"# Backend tests of onnx {onnx.__version__}: {passes} of {len(verdicts)} pass.",
        "# Written by tools/onnx_conformance.py --write; `out` says what a case needs and retina does not have.",
    ]
    lines += [f"{name} {verdict}" for name, verdict in sorted(verdicts.items())]
    DECLARED.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retina", default=".build/release/retina")
    parser.add_argument("--write", action="store_true", help="declare what is seen")
    arguments = parser.parse_args()

    verdicts = {}
    start = time.time()
    with tempfile.TemporaryDirectory() as folder:
        for suite in SUITES:
            verdicts |= run_suite(arguments.retina, suite, pathlib.Path(folder) / suite)
    passes = sum(verdict == "pass" for verdict in verdicts.values())
    failures = [name for name, verdict in verdicts.items() if verdict.startswith("FAIL")]
    print(
        f"onnx {onnx.__version__}: {passes} of {len(verdicts)} cases pass, {len(failures)} run and differ, "
        f"{len(verdicts) - passes - len(failures)} out of scope, {time.time() - start:.1f} s"
    )
    for name in failures:
        print(f"  {name}: {verdicts[name]}")
    if arguments.write:
        write_declared(verdicts)
        return 1 if failures else 0
    declared = read_declared()
    broken = [name for name, verdict in declared.items() if verdict == "pass" and verdicts.get(name) != "pass"]
    unknown = [name for name in verdicts if name not in declared]
    for name in broken:
        print(f"  declared to pass: {name}: {verdicts.get(name, 'no such case')}")
    for name in unknown:
        print(f"  not declared: {name}: {verdicts[name]}")
    return 1 if broken or unknown or failures else 0


if __name__ == "__main__":
    sys.exit(main())
