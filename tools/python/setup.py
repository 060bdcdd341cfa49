"""Builds libretina.so from the tree around this folder and packs it with the Python code."""

import platform
import shutil
import subprocess
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

TREE = Path(__file__).resolve().parent.parent.parent
TARGETS = {"x86_64": "x86-64", "aarch64": "aarch64", "armv7l": "armv7", "armv6l": "armv6", "riscv64": "riscv64"}


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        script = TREE / "tools" / "build-library"
        if not script.exists():
            raise SystemExit(f"expected {script}: install from a checkout of RetinaKit, as in 'pip install ./tools/python'")
        if shutil.which("swiftc") is None:
            raise SystemExit("expected swiftc on the PATH, to build libretina.so (https://www.swift.org/install)")
        machine = platform.machine()
        if machine not in TARGETS:
            raise SystemExit(f"expected a processor among {', '.join(TARGETS)}, found {machine}")
        folder = TREE / ".build-library" / "python"
        subprocess.run([script, TARGETS[machine], folder], check=True)
        shutil.copy(folder / "shared" / "libretina.so", Path(self.build_lib) / "retinakit" / "libretina.so")


class BinaryDistribution(Distribution):
    """A wheel for one kind of processor: there is a compiled library inside."""

    def has_ext_modules(self):
        return True


setup(cmdclass={"build_py": BuildWithLibrary}, distclass=BinaryDistribution)
