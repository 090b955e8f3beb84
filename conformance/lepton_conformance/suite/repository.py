"""The repository of a server: its index, loading and unloading, and leaving the server as it was found.

Owns the calls of the extension `model_repository` and what their answers say; leaves single rules to the test
modules. Serves `inference` (INF-REP).
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lepton_conformance.models.catalog import GENERATION
from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.http import JSON_HEADERS, Answer, HttpSubject, encode
from lepton_conformance.subject.raw import talk
from lepton_conformance.suite.protocol import PLAIN_MODELS, accepted, available, expect_right, outputs_of

__all__ = [
    "EXTENSION",
    "INDEX",
    "READY",
    "Traffic",
    "answers_right",
    "entries",
    "expect_done",
    "index",
    "is_ready",
    "left_as_found",
    "load",
    "loaded",
    "movable",
    "question",
    "ready_names",
    "route",
    "unload",
    "unloaded",
]

EXTENSION = "model_repository"
INDEX = "v2/repository/index"
READY = "READY"
#: Loading may take long: an engine starts, weights are read.
LOAD_SECONDS = 120.0
_OK = 200


def route(name: str, verb: str) -> str:
    """Return the route that loads or unloads a model."""
    return HttpSubject.model_path(name).replace("v2/models/", "v2/repository/models/", 1) + f"/{verb}"


def _post(http: HttpSubject, path: str, body: Any) -> Answer:
    data = body if isinstance(body, bytes) else b"" if body is None else encode(body)
    return http.call("POST", path, data, JSON_HEADERS, timeout=LOAD_SECONDS)


def load(http: HttpSubject, name: str, body: Any = None) -> Answer:
    """Ask for a model to be loaded; None is an empty body."""
    return _post(http, route(name, "load"), body)


def unload(http: HttpSubject, name: str, body: Any = None) -> Answer:
    """Ask for a model to be unloaded; None is an empty body."""
    return _post(http, route(name, "unload"), body)


def index(http: HttpSubject, body: Any = None) -> Answer:
    """Ask for the index; None is an empty body."""
    return _post(http, INDEX, body)


def entries(http: HttpSubject, body: Any = None) -> list[dict[str, Any]]:
    """Return the entries of the index. Raises: SubjectFault when it is no array of objects with names."""
    answer = index(http, body)
    if answer.status != _OK:
        raise SubjectFault(
            f"sent POST {INDEX}; found status {answer.status} with {answer.excerpt()}, expected 200"
        )
    value = answer.json()
    if not isinstance(value, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in value
    ):
        raise SubjectFault(
            f"sent POST {INDEX}; found {answer.excerpt()}, expected an array of objects with a string name"
        )
    return value


def ready_names(found: Sequence[dict[str, Any]]) -> set[str]:
    """Return the names in an index that are in the state READY."""
    return {entry["name"] for entry in found if entry.get("state") == READY}


def is_ready(http: HttpSubject, name: str) -> bool:
    """Say whether the readiness route of a model answers 200."""
    return http.get(http.model_path(name) + "/ready").status == _OK


def movable(http: HttpSubject, count: int = 1) -> tuple[str, ...]:
    """Return conformance models that are ready and may be unloaded for a while. Raises: NotTested."""
    try:
        found = available(http, PLAIN_MODELS)
    except NotTested:
        found = ()
    ready = [name for name in found if is_ready(http, name)]
    if len(ready) < count:
        raise NotTested(
            f"the subject has {len(ready)} of the conformance models ready, {count} are needed; load them: "
            "lepton certify export-models DIR --layout lepton"
        )
    return tuple(ready[:count])


@contextlib.contextmanager
def left_as_found(http: HttpSubject, *names: str) -> Iterator[None]:
    """Load these models again in the end, where they are not ready then, whatever happened."""
    try:
        yield
    finally:
        twin = http.twin()
        with contextlib.suppress(SubjectFault):
            for name in names:
                if not is_ready(twin, name):
                    load(twin, name, {})
        twin.close()


@contextlib.contextmanager
def unloaded(http: HttpSubject, name: str) -> Iterator[None]:
    """Unload a model and load it again afterwards. Raises: SubjectFault when it cannot be unloaded."""
    with left_as_found(http, name):
        expect_done(unload(http, name, {}), f"the unload request for {name}")
        yield


def loaded(http: HttpSubject, name: str) -> None:
    """Load a model unless it is ready. Raises: SubjectFault."""
    if not is_ready(http, name):
        expect_done(load(http, name, {}), f"the load request for {name}")


def expect_done(answer: Answer, what: str) -> None:
    """Check that a model was loaded or unloaded. Raises: SubjectFault."""
    if answer.status != _OK:
        raise SubjectFault(f"sent {what}; found status {answer.status} with {answer.excerpt()}, expected 200")


def question(name: str) -> Given:
    """Return an ordinary request to a model of any rank."""
    if name != GENERATION.name:
        return given(name)
    return Given(GENERATION, {"x": np.arange(5, dtype=np.int32)})


def answers_right(http: HttpSubject, name: str) -> None:
    """Check that a model answers a valid request rightly. Raises: SubjectFault."""
    case = question(name)
    answer = http.infer(name, infer_request(case))
    expect_right(case, outputs_of(accepted(answer, f"{name} a valid request")))


class Traffic:
    """Clients that ask the same model over and over, each request on a connection of its own, without retry.

    `judge` is told each answer and raises SubjectFault for a wrong one; a request that gets no answer is one,
    too. Used as a context: clients start on entry, and stop and are judged on exit.
    """

    CLIENTS = 4
    #: Requests of a client: at least, and at most; more would use up the ports of this machine.
    LEAST, MOST = 5, 1500
    #: Pause of a client between two requests, in seconds.
    PAUSE_SECONDS = 0.001

    def __init__(self, http: HttpSubject, case: Given, judge: Callable[[Answer], None]) -> None:
        self._http, self._judge = http, judge
        text = encode(infer_request(case))
        head = http.head(
            "POST",
            http.model_path(case.model.name) + "/infer",
            (*JSON_HEADERS, ("Content-Length", str(len(text))), ("Connection", "close")),
        )
        self._wire = head + text
        self._stop = threading.Event()
        self._started = threading.Barrier(self.CLIENTS + 1)
        self._twins = [http.twin() for _ in range(self.CLIENTS)]
        self._faults: list[tuple[int, SubjectFault]] = []
        self._threads = [threading.Thread(target=self._ask, args=(key,)) for key in range(self.CLIENTS)]

    def _ask(self, key: int) -> None:
        twin = self._twins[key]
        try:
            for count in range(self.MOST):
                if count >= self.LEAST and self._stop.is_set():
                    break
                twin.recorder.begin()
                (answer,) = talk(twin, self._wire, timeout=LOAD_SECONDS).answers
                self._judge(answer)
                if count == 0:
                    with contextlib.suppress(threading.BrokenBarrierError):
                        self._started.wait(LOAD_SECONDS)
                self._stop.wait(self.PAUSE_SECONDS)
        except SubjectFault as fault:
            twin.recorder.keep()
            self._faults.append((key, fault))
        finally:
            if self._faults:
                self._started.abort()
            twin.close()

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        with contextlib.suppress(threading.BrokenBarrierError):
            self._started.wait(LOAD_SECONDS)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._stop.set()
        self._started.abort()
        for thread in self._threads:
            thread.join()
        if self._faults and kind is None:
            key, fault = min(self._faults, key=lambda item: item[0])
            for exchange in self._twins[key].recorder.failing:
                self._http.recorder.add(exchange)
            raise fault
