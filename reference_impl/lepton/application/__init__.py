"""Typed tasks: what a request becomes as tensors, what tensors become as an answer, how answers are measured.

Owns bindings and metrics as pure functions without an engine or an array library; leaves judging documents
to `lepton.checks`. Serves the chapter `application`.
"""

from lepton.application.answer import answer_of
from lepton.application.elements import Element, Tensor
from lepton.application.failure import Failure, TooMuchWorkError, Work
from lepton.application.registry import metrics, tasks
from lepton.application.request import inputs_of, invalid_request

__all__ = [
    "Element",
    "Failure",
    "Tensor",
    "TooMuchWorkError",
    "Work",
    "answer_of",
    "inputs_of",
    "invalid_request",
    "metrics",
    "tasks",
]
