"""From a package to answers: check the inputs, pre-process, run the model, post-process.

Owns the `Pipeline` and the choice of artifact and engine; leaves numbers to the engines and steps. Serves
PKG-SIG-10, PKG-PRO-04 and PKG-ART-09.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from lepton.errors import BindError, RuntimeRefusal
from lepton.runtime.onnxruntime import OnnxRuntime
from lepton.runtime.plan import Plan
from lepton.runtime.processing import apply_steps
from lepton.runtime.protocol import Array, Model, Runtime
from lepton.runtime.torch import TorchRuntime
from lepton.tensor import Symbol, TensorSpec, bind_shapes

__all__ = ["RUNTIMES", "Pipeline", "VerifiedPackage", "load_model", "open_pipeline", "runtime_for"]

#: The built-in engines, asked in this order.
RUNTIMES: tuple[Runtime, ...] = (OnnxRuntime(), TorchRuntime())


def runtime_for(format_name: str) -> Runtime:
    """Return the engine that loads a format. Raises: RuntimeRefusal when none does."""
    for runtime in RUNTIMES:
        if format_name in runtime.formats:
            return runtime
    formats = [known for runtime in RUNTIMES for known in runtime.formats]
    raise RuntimeRefusal(f"found format {format_name!r}, expected one of {formats}")


class VerifiedPackage(Protocol):
    """What computing asks of a package: its valid manifest, and verified files of an artifact on disk."""

    @property
    def document(self) -> Mapping[str, Any]:
        """The manifest's JSON value."""
        ...

    def materialize(self, artifact: str) -> Path:
        """Return a folder that holds the verified files of the artifact with this id, at their paths."""
        ...

    def read(self, path: str) -> bytes:
        """Return the verified bytes of a listed file."""
        ...


def open_pipeline(
    package: VerifiedPackage, *, artifact: str | None = None, allow_executable: bool = False
) -> "Pipeline":
    """Load one artifact of a package, ready to answer.

    Without a name, the first artifact that may be loaded is taken. Raises: RuntimeRefusal when there is none,
    or it is executable and that was not allowed. Spec: PKG-ART-09.
    """
    entry = _chosen(package.document["artifacts"], artifact, allow_executable)
    plan = Plan.from_manifest(package.document, package.read)
    return Pipeline(plan, load_model(package, entry, plan))


def load_model(package: VerifiedPackage, entry: Mapping[str, Any], plan: Plan) -> Model:
    """Load an artifact that the caller may load. Raises: RuntimeRefusal when its engine refuses it."""
    folder = package.materialize(entry["id"])
    return runtime_for(entry["format"]).load(
        folder / entry["entry"],
        [spec.name for spec in plan.signature.specs],
        [spec.name for spec in plan.model_outputs],
    )


def _chosen(
    artifacts: Sequence[Mapping[str, Any]], wanted: str | None, allow_executable: bool
) -> Mapping[str, Any]:
    known = [entry["id"] for entry in artifacts]
    if wanted is not None and wanted not in known:
        raise RuntimeRefusal(f"found no artifact {wanted!r}, expected one of {known}")
    candidates = [entry for entry in artifacts if wanted in (None, entry["id"])]
    for entry in candidates:
        if allow_executable or not entry["executable"]:
            return entry
    raise RuntimeRefusal(
        f"found only executable artifacts ({', '.join(entry['id'] for entry in candidates)}), which can run "
        "code of the package's author; if you trust the author, say --allow-executable"
    )


class Pipeline:
    """A package ready to answer. Safe to call from several threads at once.

    `inputs` and `outputs` are those of the interface where the package has one, else of the signature.
    """

    __slots__ = ("_admits", "_bind", "_compute", "_model", "_plan", "_sized", "inputs", "outputs", "symbols")

    def __init__(self, plan: Plan, model: Model) -> None:
        """Join a compiled plan with a loaded model, which the pipeline now owns."""
        self.inputs: tuple[TensorSpec, ...] = plan.interface.specs
        self.outputs: tuple[TensorSpec, ...] = plan.outputs
        self.symbols: dict[str, Symbol] = plan.symbols
        self._plan, self._model = plan, model
        # Sizes that data decides are to agree with all others of a request; elsewhere the shapes say it.
        self._sized = any(operation.sized for operation in (*plan.pre, *plan.post))
        self._admits, self._bind = plan.interface.admits, plan.interface.bind
        # A package without processing calls its model directly: not one step more on a tiny model's call.
        self._compute: Callable[[Mapping[str, Array]], dict[str, Array]] = (
            model.infer if plan.interface is plan.signature else self._staged
        )

    def infer(self, inputs: Mapping[str, Array], outputs: Sequence[str] | None = None) -> dict[str, Array]:
        """Answer `outputs` (all of them when None), in the order asked for.

        Raises: BindError when a tensor does not fit or an output is unknown; RuntimeRefusal when the engine
        fails. Spec: PKG-SIG-10.
        """
        if outputs is not None:
            self._check_requested(outputs)
        if not self._admits(inputs):
            inputs = self._bind(inputs)
        answer = self._compute(inputs)
        return answer if outputs is None else {name: answer[name] for name in outputs}

    def close(self) -> None:
        """Free the model; call once nobody computes any more."""
        self._model.close()

    def _check_requested(self, outputs: Sequence[str]) -> None:
        known = [spec.name for spec in self.outputs]
        for name in outputs:
            if name not in known:
                raise BindError(f"found a request for output {name!r}, expected some of {known}")
        if len(set(outputs)) != len(outputs):
            raise BindError(f"found requested outputs {list(outputs)}, expected each at most once")

    def _staged(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Compute through the steps. What the steps hand to the model is checked like a request."""
        plan, signature = self._plan, self._plan.signature
        bound = plan.interface.sizes(inputs) if self._sized else {}
        tensors = apply_steps(plan.pre, inputs, plan.symbols, bound)
        fed = {spec.name: tensors[spec.name] for spec in signature.specs if spec.name in tensors}
        if not signature.admits(fed):
            fed = signature.bind(fed)
        answer = self._model.infer(fed)
        if self._sized:
            for specs, arrays in ((signature.specs, fed), (plan.model_outputs, answer)):
                bind_shapes(specs, plan.symbols, {name: one.shape for name, one in arrays.items()}, bound)
        tensors = apply_steps(plan.post, answer, plan.symbols, bound)
        return {spec.name: tensors[spec.name] for spec in self.outputs}
