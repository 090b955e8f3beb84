"""A request held against the model's signature, whatever form the request came in; and the computing of it.

Owns which inputs and outputs a request may name, with which datatypes and shapes, and what a client is told
when the engine fails; leaves the forms of requests and answers to the transports' own modules. Serves
`inference` (INF-ERR).
"""

import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence

from lepton.errors import BindError, RuntimeRefusal
from lepton.runtime.protocol import Array
from lepton.serve.reply import Cause, RequestError, invalid, shown
from lepton.serve.repository import ServedModel
from lepton.tensor import TensorSpec, bind_shapes, element_count

__all__ = ["MAX_BYTES_ELEMENTS", "check_input", "check_output", "check_shapes", "compute"]

#: BYTES elements in all inputs of a request. Each is an object of its own in every layer that it passes, some
#: hundreds of bytes in all, however few bytes of the request it takes.
MAX_BYTES_ELEMENTS = 1 << 20
#: A tensor of more elements than a signed 64-bit number counts cannot be meant (Spec: INF-ERR-15).
MAX_ELEMENTS = (1 << 63) - 1


def check_input(
    name: str, datatype: str, specs: Mapping[str, TensorSpec], earlier: Mapping[str, object]
) -> None:
    """Refuse an input that the model has not, has with another datatype, or that came before.

    Raises: RequestError.
    """
    spec = specs.get(name)
    if spec is None:
        raise invalid(f"found an input named {shown(name)}, expected only {list(specs)}")
    if datatype != spec.datatype:
        raise invalid(f"input {name!r}: found datatype {shown(datatype)}, expected {spec.datatype}")
    if name in earlier:
        raise invalid(f"found input {name!r} twice, expected once")


def check_shapes(model: ServedModel, shapes: Mapping[str, Sequence[int]]) -> None:
    """Refuse a set of inputs that lacks one, or shapes that the model cannot take. Raises: RequestError."""
    for spec in model.pipeline.inputs:
        if spec.name not in shapes and not spec.optional:
            raise invalid(
                f"found no input named {spec.name!r}, expected {spec.datatype} of shape {list(spec.shape)}"
            )
    try:
        bind_shapes(model.pipeline.inputs, model.pipeline.symbols, shapes)
    except BindError as error:
        raise invalid(str(error)) from error
    if not model.texts:
        return
    texts = {spec.name: element_count(shapes[spec.name]) for spec in model.texts if spec.name in shapes}
    count = sum(texts.values())
    if count > MAX_ELEMENTS:
        raise invalid(
            f"found {count} BYTES elements in {' and '.join(map(repr, texts))}, expected data for them"
        )
    if count > MAX_BYTES_ELEMENTS:
        raise RequestError(
            Cause.TOO_LARGE,
            f"found {count} BYTES elements in {' and '.join(map(repr, texts))}, expected at most "
            f"{MAX_BYTES_ELEMENTS} in a request",
        )


def check_output(name: str, known: Iterable[str], earlier: Iterable[str]) -> None:
    """Refuse a requested output that the model has not, or that came before. Raises: RequestError."""
    if name not in known:
        raise invalid(f"found a request for output {shown(name)}, expected some of {list(known)}")
    if name in earlier:
        raise invalid(f"found output {name!r} requested twice, expected once")


def compute(model: ServedModel, arrays: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
    """Return `outputs`. Raises: RequestError."""
    try:
        return model.pipeline.infer(arrays, outputs)
    except BindError as error:
        raise invalid(str(error)) from error
    except (RuntimeRefusal, MemoryError) as error:
        # An engine's message may name files of this server: it goes to the log, not to the client.
        traceback.print_exception(error, file=sys.stderr)
        raise RequestError(
            Cause.FAULT, f"model {model.name!r} failed to compute this request; the server's log says why"
        ) from error
