"""Operations: metrics, as far as a client sees them, and models with many dimensions and inputs."""

import re

import numpy as np

from lepton_conformance.models.catalog import WIDE
from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.requests import tensor_entry
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import accepted, array_of, outputs_of

METRICS = "metrics"
_MEDIA_TYPES = ("text/plain", "application/openmetrics-text")
#: A sample of the text format: name, labels, value, time.
_SAMPLE = re.compile(
    r"[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^\n]*\})?[ \t]+(?:NaN|[+-]?Inf|[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)"
    r"(?:[ \t]+-?[0-9.]+)?(?:[ \t]+#.*)?"
)


@requirement("INF-OPS-01", needs=("INF-HLT-01",))
def test_metrics_are_in_the_text_format(http: HttpSubject, budget: Budget) -> None:
    def body(path: str) -> None:
        answer = http.get(path)
        if answer.status != 200:
            raise SubjectFault(f"sent GET /{path}; found status {answer.status}, expected 200")
        found = (answer.header("Content-Type") or "").partition(";")[0].strip().lower()
        if found not in _MEDIA_TYPES:
            raise SubjectFault(
                f"sent GET /{path}; found Content-Type {found!r}, expected one of {', '.join(_MEDIA_TYPES)}"
            )
        lines = answer.body.decode("utf-8", "replace").splitlines()
        samples = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
        wrong = next((line for line in samples if not _SAMPLE.fullmatch(line)), None)
        if wrong is not None:
            raise SubjectFault(f"sent GET /{path}; found the line {wrong!r:.120}, expected NAME{{...}} VALUE")
        if not samples:
            raise SubjectFault(f"sent GET /{path}; found no sample, expected at least one metric")

    each(budget, [METRICS], body)


@requirement("INF-LIM-11", needs=("INF-RSP-01", "INF-RSP-06"))
def test_many_dimensions_and_inputs_are_served(http: HttpSubject, budget: Budget) -> None:
    try:
        facts = http.model(WIDE.name)
    except NotTested:
        raise NotTested(f"the subject has no model {WIDE.name}") from None
    if {name for name, _, _ in facts.inputs} != {tensor.name for tensor in WIDE.inputs}:
        raise NotTested(f"the model {WIDE.name} of the subject has other inputs than that of the suite")

    def body(shape: tuple[int, ...]) -> None:
        count = int(np.prod(shape))
        arrays = [
            (np.arange(count, dtype=np.float32) + index).reshape(shape) for index in range(len(WIDE.inputs))
        ]
        request = {
            "inputs": [
                tensor_entry(tensor.name, tensor.datatype, array)
                for tensor, array in zip(WIDE.inputs, arrays, strict=True)
            ]
        }
        value = accepted(http.infer(WIDE.name, request), f"{len(arrays)} inputs of shape {list(shape)}")
        output = outputs_of(value).get("y")
        if output is None:
            raise SubjectFault(f"sent {len(arrays)} inputs of shape {list(shape)}; found no output y")
        found, right = array_of(output, "FP32"), sum(arrays)
        if found.shape != shape or not np.array_equal(found, right):
            raise SubjectFault(
                f"sent {len(arrays)} inputs of shape {list(shape)}; found shape {list(found.shape)} and "
                f"{found.reshape(-1)[:4].tolist()}, expected the sum of the inputs"
            )

    each(budget, [(1,) * 8, (1, 2, 1, 2, 1, 2, 1, 2), (2, 1, 3, 1, 1, 1, 2, 1)], body)
