"""Files that change under a server: broken ones, changed ones, and requests meanwhile.

Needs the folder that the server loads from (`lepton certify --repository DIR`); the file that was there is
put back in every case, and the model loaded again.
"""

import contextlib
from collections.abc import Iterator

import numpy as np

from lepton_conformance.models.catalog import GENERATION
from lepton_conformance.models.folder import ALTERED, BROKEN, RepositoryFolder
from lepton_conformance.outcome import NotApplicable, NotTested, SubjectFault
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given
from lepton_conformance.subject.http import Answer, HttpSubject
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import accepted, array_of, error_text, outputs_of
from lepton_conformance.suite.repository import (
    READY,
    Traffic,
    entries,
    expect_done,
    is_ready,
    left_as_found,
    load,
    unload,
)

NAME = GENERATION.name
#: Generations that are loaded one after the other under requests.
GENERATIONS = (2, 3, 4, 5)
_CASE = Given(GENERATION, {"x": np.arange(0, 3000, 7, dtype=np.int32)})


def _generation(answer: Answer) -> int:
    """Return the generation that computed an answer, wholly. Raises: SubjectFault."""
    outputs = outputs_of(accepted(answer, f"{NAME} a valid request"))
    if not {"y", "g"} <= set(outputs):
        raise SubjectFault(
            f"sent {NAME} a valid request; found the outputs {sorted(outputs)}, expected y and g"
        )
    told = array_of(outputs["g"], "INT32").reshape(-1).tolist()
    added = np.unique(array_of(outputs["y"], "INT32") - _CASE.inputs["x"]).tolist()
    if len(told) != 1 or added != told:
        raise SubjectFault(
            f"sent {NAME} a valid request; found g {told} and y - x {added[:8]}, expected one generation"
        )
    return int(told[0])


def _expect(http: HttpSubject, generation: int, after: str) -> None:
    found = _generation(http.infer(NAME, infer_request(_CASE)))
    if found != generation:
        raise SubjectFault(f"after {after}: found the answer of generation {found}, expected {generation}")


@contextlib.contextmanager
def _borrowed(http: HttpSubject, folder: RepositoryFolder | None) -> Iterator[RepositoryFolder]:
    """Lend the folder; the file is put back and loaded again. Raises: NotTested without one."""
    if folder is None:
        raise NotTested("the folder that the server loads from is not known; name it: --repository DIR")
    http.model(NAME)
    if not is_ready(http, NAME) or _generation(http.infer(NAME, infer_request(_CASE))) != 1:
        raise NotTested(
            f"the subject serves another {NAME} than was exported; write the folder again: "
            "lepton certify export-models DIR"
        )
    twin = http.twin()
    try:
        with folder.borrowed():
            yield folder
    finally:
        with contextlib.suppress(SubjectFault):
            unload(twin, NAME)  # a server may do nothing for a model that is ready: INF-REP-16 judges that
            load(twin, NAME)
        twin.close()
    if not is_ready(http, NAME) or _generation(http.infer(NAME, infer_request(_CASE))) != 1:
        raise SubjectFault(f"put the exported file of {NAME} back and loaded it: found it not serving again")


def _refused_load(http: HttpSubject, kind: str) -> None:
    answer = load(http, NAME, {})
    if not 400 <= answer.status < 600:
        raise SubjectFault(
            f"sent the load request for {NAME}, whose file is broken ({kind}); found status {answer.status}, "
            "expected 400 to 599"
        )
    if not error_text(answer).strip():
        raise SubjectFault(f"sent the load request for {NAME}, whose file is broken; found an empty error")


def _listed(http: HttpSubject) -> tuple[str | None, str]:
    """Return state and reason of the model in the index. Raises: SubjectFault."""
    found = [entry for entry in entries(http) if entry["name"] == NAME]
    if not found:
        raise SubjectFault(f"asked for the index; found no entry {NAME}, whose file is there")
    return found[0].get("state"), str(found[0].get("reason", ""))


@requirement("INF-REP-14", needs=("INF-REP-07", "INF-REP-09", "INF-REP-02"))
def test_broken_file_is_refused_with_a_reason(
    http: HttpSubject, budget: Budget, repository_folder: RepositoryFolder | None
) -> None:
    with _borrowed(http, repository_folder) as folder:

        def body(kind: str) -> None:
            expect_done(unload(http, NAME), f"the unload request for {NAME}")
            folder.break_file(kind)
            _refused_load(http, kind)
            state, reason = _listed(http)
            if state != "UNAVAILABLE" or not reason.strip():
                raise SubjectFault(
                    f"after loading {NAME}, whose file is broken ({kind}): found state {state!r} and reason "
                    f"{reason!r:.80} in the index, expected UNAVAILABLE and a reason"
                )
            if is_ready(http, NAME):
                raise SubjectFault(f"after loading {NAME}, whose file is broken ({kind}): found it ready")
            folder.put(2)
            expect_done(load(http, NAME), f"the load request for {NAME}, whose file is whole again")
            _expect(http, 2, f"replacing the broken file ({kind})")

        each(budget, BROKEN, body)


@requirement("INF-REP-15", needs=("INF-REP-07", "INF-REP-02"))
def test_failed_reload_keeps_the_old_model(
    http: HttpSubject, budget: Budget, repository_folder: RepositoryFolder | None
) -> None:
    with _borrowed(http, repository_folder) as folder:

        def body(kind: str) -> None:
            folder.break_file(kind)
            _refused_load(http, kind)
            _expect(http, 1, f"a failed reload of {NAME} ({kind})")
            state, _ = _listed(http)
            if not is_ready(http, NAME) or state != READY:
                raise SubjectFault(
                    f"after a failed reload of {NAME} ({kind}): found the state {state!r}, expected {READY}, "
                    "and the model ready"
                )

        each(budget, BROKEN, body)


@requirement("INF-REP-16", needs=("INF-REP-07", "INF-REP-12"))
def test_each_answer_is_of_one_generation(
    http: HttpSubject, budget: Budget, repository_folder: RepositoryFolder | None
) -> None:
    with _borrowed(http, repository_folder) as folder, left_as_found(http, NAME):

        def body(generations: tuple[int, ...]) -> None:
            known = {1, *GENERATIONS}

            def judge(answer: Answer) -> None:
                found = _generation(answer)
                if found not in known:
                    raise SubjectFault(
                        f"found an answer of generation {found}, expected one of {sorted(known)}"
                    )

            with Traffic(http, _CASE, judge):
                for generation in generations:
                    folder.put(generation)
                    expect_done(load(http, NAME), f"the load request for {NAME}, whose file has changed")
                    _expect(http, generation, f"loading the file of generation {generation}")

        each(budget, [GENERATIONS, tuple(reversed(GENERATIONS)), (1,)], body)


@requirement("ASR-SAF-04", needs=("INF-REP-07", "INF-REP-09"))
def test_a_package_that_was_altered_is_not_served(
    http: HttpSubject, budget: Budget, repository_folder: RepositoryFolder | None
) -> None:
    if repository_folder is not None and repository_folder.layout != "lepton":
        raise NotApplicable(f"the folder has the layout {repository_folder.layout}, which has no packages")
    with _borrowed(http, repository_folder) as folder:

        def body(kind: str) -> None:
            expect_done(unload(http, NAME), f"the unload request for {NAME}")
            folder.alter(kind)
            answer = load(http, NAME, {})
            if answer.status < 400 or is_ready(http, NAME):
                raise SubjectFault(
                    f"sent the load request for {NAME}, whose package was altered after its manifest was "
                    f"written ({kind}); found status {answer.status}, expected 400 to 599, and it not ready"
                )

        each(budget, ALTERED, body)
