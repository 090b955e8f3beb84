"""The servers of the field runs: what they are called, what they claim to speak, how they start.

Owns an explicit tuple; leaves the process to `process` and the installation to `environment`. A server
is judged by a profile when its documentation says that it speaks that part of the protocol, and by
inference-rest for information. Serves `conformance`.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from field import environment
from field.place import BUILD, SERVERS
from field.process import HOST, Launch, NotStarted, free_ports

__all__ = ["SERVERS_UNDER_TEST", "Server", "Started", "find"]


@dataclass(frozen=True, slots=True)
class Started:
    """A launch, and where the server then answers."""

    launch: Launch
    http: str
    grpc: str
    repository: Path


@dataclass(frozen=True, slots=True)
class Server:
    """One server. `layout` is that of `lepton certify export-models`, `packages` have its versions."""

    name: str
    title: str
    package: str
    layout: str
    profiles: tuple[str, ...]
    prepare: Callable[[Path], Started]

    def version(self) -> str:
        """Return the version of the server that is installed."""
        return environment.installed_versions(self.name, (self.package,))[self.package]


def find(name: str) -> Server:
    """Return a server by its name. Raises: KeyError."""
    return {server.name: server for server in SERVERS_UNDER_TEST}[name]


def _launch(
    name: str,
    models: Path,
    arguments: Callable[[int, int], list[str]],
    environment_of: Callable[[int, int], dict[str, str]] = lambda http, grpc: {},
    ready: str = "/v2/health/ready",
    program: Path | None = None,
) -> Started:
    http, grpc = free_ports(2)
    log = BUILD / name / "server.log"
    command = [str(program or environment.python(name)), *arguments(http, grpc)]
    launch = Launch(command, environment_of(http, grpc), BUILD / name, log, http, grpc, ready)
    return Started(launch, f"http://{HOST}:{http}", f"grpc://{HOST}:{grpc}", models)


def _triton(models: Path) -> Started:
    """Put the python backend and a model.py on ONNX Runtime into place, and start tritonserver."""
    site = next((BUILD / "triton" / "venv" / "lib").glob("python3.*/site-packages"))
    wheel = site / "pytriton" / "tritonserver"
    backend = BUILD / "triton" / "backends" / "python"
    shutil.rmtree(backend.parent, ignore_errors=True)
    shutil.copytree(wheel / "backends" / "python", backend)
    stub = wheel / "python_backend_stubs" / site.parent.name.removeprefix("python")
    shutil.copytree(stub, backend, dirs_exist_ok=True)
    for config in models.glob("*/config.pbtxt"):
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace('backend: "onnxruntime"', 'backend: "python"'), encoding="utf-8")
        for version in config.parent.glob("[0-9]*"):
            shutil.copyfile(SERVERS / "triton" / "model.py", version / "model.py")
    (metrics,) = free_ports(1)

    def arguments(http: int, grpc: int) -> list[str]:
        return [
            f"--model-repository={models}",
            f"--backend-directory={backend.parent}",
            "--model-control-mode=explicit",
            "--load-model=*",
            "--exit-on-error=false",
            "--strict-readiness=false",
            f"--http-address={HOST}",
            f"--http-port={http}",
            f"--grpc-address={HOST}",
            f"--grpc-port={grpc}",
            f"--metrics-address={HOST}",
            f"--metrics-port={metrics}",
        ]

    def variables(http: int, grpc: int) -> dict[str, str]:
        return {
            "LD_LIBRARY_PATH": str(site / "nvidia_pytriton.libs"),
            "PYTHONPATH": str(site),
            "PATH": f"{site.parents[2] / 'bin'}:/usr/bin:/bin",
        }

    return _launch("triton", models, arguments, variables, program=wheel / "bin" / "tritonserver")


def _mlserver(models: Path) -> Started:
    program = environment.python("mlserver").with_name("mlserver")
    (metrics,) = free_ports(1)

    def variables(http: int, grpc: int) -> dict[str, str]:
        return {
            "PYTHONPATH": str(SERVERS / "mlserver"),
            "MLSERVER_MODEL_IMPLEMENTATION": "onnx_runtime.OnnxRuntime",
            "MLSERVER_HOST": HOST,
            "MLSERVER_HTTP_PORT": str(http),
            "MLSERVER_GRPC_PORT": str(grpc),
            "MLSERVER_METRICS_PORT": str(metrics),
            "MLSERVER_PARALLEL_WORKERS": "0",
        }

    return _launch("mlserver", models, lambda http, grpc: ["start", str(models)], variables, program=program)


def _python(name: str) -> Callable[[Path], Started]:
    """Return how to start a launcher of ours that takes the models and two ports."""

    def prepare(models: Path) -> Started:
        script = str(SERVERS / name / "launch.py")
        return _launch(name, models, lambda http, grpc: [script, str(models), str(http), str(grpc)])

    return prepare


def _torchserve(models: Path) -> Started:
    """Write two models as TorchServe's folders, without its program: that one keeps a file in /tmp.

    Each model is a process that imports torch; two show what there is to see.
    """
    store = BUILD / "torchserve" / "store"
    shutil.rmtree(store, ignore_errors=True)
    for name in ("lepton_id_fp32", "lepton_id_int32"):
        folder = store / name
        (folder / "MAR-INF").mkdir(parents=True)
        for source in (
            models / name / "model.onnx",
            SERVERS / "torchserve" / "handler.py",
            SERVERS / "engine.py",
        ):
            shutil.copyfile(source, folder / source.name)
        model = {
            "modelName": name,
            "modelVersion": "1",
            "handler": "handler.py",
            "serializedFile": "model.onnx",
        }
        manifest = {"runtime": "python", "model": model, "archiverVersion": "0.12.0"}
        (folder / "MAR-INF" / "MANIFEST.json").write_text(json.dumps(manifest), encoding="utf-8")
    site = next((BUILD / "torchserve" / "venv" / "lib").glob("python3.*/site-packages"))
    management, metrics = free_ports(2)
    config = BUILD / "torchserve" / "config.properties"

    def arguments(http: int, grpc: int) -> list[str]:
        lines = {
            "inference_address": f"http://{HOST}:{http}",
            "management_address": f"http://{HOST}:{management}",
            "metrics_address": f"http://{HOST}:{metrics}",
            "grpc_inference_address": HOST,
            "grpc_management_address": HOST,
            "grpc_inference_port": grpc,
            "grpc_management_port": free_ports(1)[0],
            "service_envelope": "kservev2",
            "load_models": "all",
            "model_store": store,
            "default_workers_per_model": 1,
        }
        config.write_text("".join(f"{key}={value}\n" for key, value in lines.items()), encoding="utf-8")
        program = str(environment.python("torchserve"))
        return [
            f"-Dmodel_server_home={site}",
            "-cp",
            f"{site}/ts/frontend/*",
            "org.pytorch.serve.ModelServer",
            *("--python", program, "-f", str(config), "-s", str(store), "-ncs", "--disable-token-auth"),
        ]

    java = shutil.which("java")
    if java is None:
        raise NotStarted(
            "found no java, expected 17 or later; install it: conformance/field/system-packages.sh"
        )
    return _launch(
        "torchserve",
        models,
        arguments,
        lambda http, grpc: {"TS_OPEN_INFERENCE_PROTOCOL": "oip"},
        program=Path(java),
    )


REST, GRPC = "oip-rest", "inference-grpc"
OURS, BINARY, REPOSITORY = "inference-rest", "inference-binary", "inference-repository"

SERVERS_UNDER_TEST = (
    Server(
        "triton",
        "NVIDIA Triton Inference Server (the tritonserver of the nvidia-pytriton wheel)",
        "nvidia-pytriton",
        "triton",
        (REST, OURS, BINARY, GRPC, REPOSITORY),
        _triton,
    ),
    Server("mlserver", "Seldon MLServer", "mlserver", "mlserver", (REST, OURS, GRPC, REPOSITORY), _mlserver),
    Server("kserve", "KServe Python SDK", "kserve", "kserve", (REST, OURS, BINARY, GRPC), _python("kserve")),
    Server(
        "aissemble",
        "aiSSEMBLE Open Inference Protocol (FastAPI and gRPC)",
        "aissemble-open-inference-protocol-fastapi",
        "kserve",
        (REST, OURS, GRPC),
        _python("aissemble"),
    ),
    Server("torchserve", "PyTorch TorchServe", "torchserve", "kserve", (REST, OURS, GRPC), _torchserve),
)
