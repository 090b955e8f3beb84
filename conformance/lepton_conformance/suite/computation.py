"""What the tests of runtimes share: conformance models loaded into the subject, answers, rejections.

Owns which models a runtime can be judged with, and the reading of its answers; leaves single rules to the
test modules. Serves `runtime`.
"""

from collections.abc import Iterable, Mapping

from lepton_conformance.models.catalog import MODELS, ConformanceModel, model
from lepton_conformance.models.graphs import model_bytes
from lepton_conformance.oracle.answers import Array, disagreement, judgeable
from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.tensors import Given
from lepton_conformance.subject.stdio import Inferred, LoadedModel, Rejection, StdioSubject

__all__ = [
    "ALL_MODELS",
    "accepted",
    "compute",
    "expect_right",
    "infer_right",
    "judged",
    "load",
    "load_beside",
    "rejected",
    "sent",
    "usable",
]

ALL_MODELS = tuple(entry.name for entry in MODELS)


def usable(runtime: StdioSubject, names: Iterable[str] = ALL_MODELS) -> tuple[str, ...]:
    """Return the models whose datatypes the hello lists. Raises: NotTested when there are none."""
    listed = runtime.capabilities("datatypes")
    found = tuple(
        name
        for name in names
        if all(tensor.datatype in listed for tensor in (*model(name).inputs, *model(name).outputs))
    )
    if "onnx" not in runtime.capabilities("formats"):
        raise NotTested("the adapter's hello does not list the format onnx")
    if not found:
        raise NotTested("the adapter's hello lists no datatype that this requirement is judged with")
    return found


def judged(runtime: StdioSubject, *wanted: str) -> str:
    """Return the first usable one of these models, the likeliest first. Raises: NotTested."""
    return usable(runtime, wanted)[0]


def load(runtime: StdioSubject, name: str) -> LoadedModel:
    """Return a conformance model, loaded, no other beside it. Raises: NotTested, SubjectFault."""
    return accepted(name, runtime.alone(name, model_bytes(model(name))))


def load_beside(runtime: StdioSubject, name: str) -> LoadedModel:
    """Load a conformance model beside those that are loaded. Raises: NotTested, SubjectFault."""
    return accepted(name, runtime.load(runtime.file(f"{name}.onnx", model_bytes(model(name)))))


def accepted(name: str, found: LoadedModel | Rejection) -> LoadedModel:
    """Return a loaded conformance model. Raises: NotTested, SubjectFault when it was rejected."""
    if isinstance(found, Rejection):
        if found.unsupported:
            raise NotTested(f"the runtime does not support {name}: {found.message}")
        raise SubjectFault(
            f"sent load of {name}; found the rejection {found.code}: {found.message}, expected a model"
        )
    return found


def sent(name: str, inputs: Mapping[str, Array]) -> str:
    """Return what was sent, for a message."""
    shapes = ", ".join(f"{key} {array.dtype} {list(array.shape)}" for key, array in inputs.items())
    return f"{name} the inputs {shapes or 'none'}"


def compute(runtime: StdioSubject, name: str, inputs: Mapping[str, Array]) -> Inferred:
    """Return the outputs of a valid call. Raises: NotTested, SubjectFault when it is rejected."""
    found = runtime.infer(load(runtime, name), inputs)
    if isinstance(found, Rejection):
        if found.unsupported:
            raise NotTested(f"the runtime does not support a valid call of {name}: {found.message}")
        raise SubjectFault(
            f"sent {sent(name, inputs)}; found the rejection {found.code}: {found.message}, expected outputs"
        )
    return found


def expect_right(entry: ConformanceModel, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> None:
    """Compare outputs with the right answers. Raises: SubjectFault."""
    for tensor in entry.outputs:
        if tensor.name not in outputs:
            raise SubjectFault(f"sent {sent(entry.name, inputs)}; found no output {tensor.name}")
        if judgeable(entry, inputs):
            wrong = disagreement(entry, inputs, tensor.name, outputs[tensor.name])
            if wrong is not None:
                raise SubjectFault(f"sent {sent(entry.name, inputs)}; output {tensor.name}: {wrong}")


def infer_right(runtime: StdioSubject, case: Given) -> Inferred:
    """Compute and compare with the right answers. Raises: as `compute`."""
    found = compute(runtime, case.model.name, case.inputs)
    expect_right(case.model, case.inputs, found.outputs)
    return found


def rejected(runtime: StdioSubject, name: str, inputs: Mapping[str, Array], what: str) -> None:
    """Check that a call is rejected. Raises: SubjectFault when it is answered."""
    found = runtime.infer(load(runtime, name), inputs)
    if isinstance(found, Inferred):
        shapes = ", ".join(f"{key} {list(array.shape)}" for key, array in found.outputs.items())
        raise SubjectFault(
            f"sent {name} {what} ({sent(name, inputs)}); found the outputs {shapes}, expected an error"
        )
