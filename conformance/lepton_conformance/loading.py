"""Load what a run needs of a repository, and unload it when the run is over.

Owns the conformance models that a server lists and has not loaded: a server may start with nothing loaded, so
they are loaded before the first test, and the server is left as it was found. Leaves judging how models are
loaded to the suite. Serves `inference` (INF-REP).
"""

import contextlib
from collections.abc import Iterator

from lepton_conformance.models.catalog import EXPORTED
from lepton_conformance.outcome import SubjectFault, SubjectGone
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.suite.repository import entries, is_ready, load, unload

__all__ = ["loaded_for_the_run"]

_OK = 200
#: The state of a model that is ready soon without being asked: it is not unloaded afterwards.
_LOADING = "LOADING"


@contextlib.contextmanager
def loaded_for_the_run(http: HttpSubject) -> Iterator[tuple[str, ...]]:
    """Load the listed conformance models that are not ready; unload those that are in the end, afterwards.

    Yields their names. Raises nothing: what cannot be listed, loaded or unloaded, the tests judge.
    """
    borrowed = _load_missing(http)
    try:
        yield borrowed
    finally:
        twin = http.twin()
        with contextlib.suppress(SubjectFault):
            for name in reversed(borrowed):
                if is_ready(twin, name):
                    unload(twin, name, {})
        twin.close()


def _load_missing(http: HttpSubject) -> tuple[str, ...]:
    exported = {model.name for model in EXPORTED}
    found: list[str] = []
    twin = http.twin()
    try:
        listed = {entry["name"]: entry.get("state") for entry in entries(twin, {})}
        for name, state in listed.items():
            if name not in exported or is_ready(twin, name):
                continue
            with contextlib.suppress(SubjectFault):
                try:
                    if load(twin, name, {}).status == _OK and state != _LOADING:
                        found.append(name)
                except SubjectGone:  # nobody answers any more, or a load takes minutes: no second one
                    break
    except SubjectFault:
        return tuple(found)
    finally:
        twin.close()
    return tuple(found)
