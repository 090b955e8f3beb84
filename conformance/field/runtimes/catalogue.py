"""The engines of the field runs: what they are called, where they are installed, how their adapter starts.

Owns an explicit tuple; leaves installing to `installation` and what an engine claims to its adapter's hello.
Serves `runtime`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from field import environment
from field.place import BUILD, ROOT

__all__ = ["ENGINES", "JAVASCRIPT", "KITS", "Engine", "built_adapter", "find"]

KITS = ROOT / "kits"
#: Where the kit for JavaScript stands with its packages.
JAVASCRIPT = BUILD / "onnxruntime-js"


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine behind one adapter.

    `environment` is the folder below `build/field` where it is installed, which engines may share;
    `packages` have its versions, the engine's own first.
    """

    name: str
    title: str
    environment: str
    command: tuple[str, ...]
    packages: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    def subject(self) -> str:
        """Return what `lepton certify` is given."""
        settings = [f"{key}={value}" for key, value in self.variables.items()]
        return "exec:" + " ".join([*(["env", *settings] if settings else []), *self.command])


def find(name: str) -> Engine:
    """Return an engine by its name. Raises: KeyError."""
    return {engine.name: engine for engine in ENGINES}[name]


def built_adapter() -> Path:
    """Return the program that the kit for C++ is built into."""
    return BUILD / "openvino-cpp" / "build" / "openvino_adapter"


def _python(
    name: str, title: str, where: str, script: str, packages: tuple[str, ...], **variables: str
) -> Engine:
    command = (str(environment.python(where)), str(KITS / "python" / f"{script}_adapter.py"))
    return Engine(name, title, where, command, packages, variables)


def _node(name: str, title: str, platform: str) -> Engine:
    command = ("node", str(JAVASCRIPT / "onnxruntime_adapter.mjs"), platform)
    return Engine(name, title, JAVASCRIPT.name, command, (name,))


ENGINES = (
    _python(
        "onnx-reference",
        "the reference evaluator of the package onnx",
        "onnx-reference",
        "reference",
        ("onnx",),
    ),
    _python("onnxruntime", "ONNX Runtime", "onnxruntime", "onnxruntime", ("onnxruntime",)),
    _python(
        "onnxruntime-unoptimised",
        "ONNX Runtime, graph optimisation off",
        "onnxruntime",
        "onnxruntime",
        ("onnxruntime",),
        LEPTON_ONNXRUNTIME="unoptimised",
    ),
    _python("openvino", "OpenVINO from Python", "openvino", "openvino", ("openvino",)),
    Engine("openvino-cpp", "OpenVINO from C++", "openvino", (str(built_adapter()),), ("openvino",)),
    _python("torch", "PyTorch through onnx2pytorch", "torch", "torch", ("torch", "onnx2pytorch")),
    _python(
        "torch-export",
        "PyTorch through onnx2pytorch and a pt2 file of torch.export",
        "torch",
        "torch",
        ("torch", "onnx2pytorch"),
        LEPTON_TORCH="export",
    ),
    _python("tract", "tract, in Rust", "tract", "tract", ("tract",)),
    _node("onnxruntime-node", "ONNX Runtime for Node.js", "node"),
    _node("onnxruntime-web", "ONNX Runtime for the web, in WebAssembly", "web"),
)
