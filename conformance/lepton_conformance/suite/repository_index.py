"""The index of the repository: what it lists, which states there are, and empty bodies."""

from typing import Any

from lepton_conformance.models.catalog import EXPORTED
from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import accepted, available
from lepton_conformance.suite.repository import (
    EXTENSION,
    INDEX,
    READY,
    entries,
    expect_done,
    index,
    is_ready,
    left_as_found,
    load,
    movable,
    ready_names,
    unload,
    unloaded,
)

#: Models that are tried where no model can be loaded.
MOST_TRIED = 5
STATES = (READY, "LOADING", "UNLOADING", "UNAVAILABLE")


@requirement("INF-REP-01", needs=("INF-MET-01",))
def test_repository_extension_is_announced(http: HttpSubject, budget: Budget) -> None:
    def body(path: str) -> None:
        found = accepted(http.metadata(), f"GET {path}").get("extensions")
        if not isinstance(found, list) or EXTENSION not in found:
            raise SubjectFault(
                f"server metadata: found extensions {found!r:.200}, expected {EXTENSION!r} among them"
            )

    each(budget, ["v2"], body)


def _well_formed(http: HttpSubject, asked: Any) -> None:
    for entry in entries(http, asked):
        for member in ("version", "state", "reason"):
            if member in entry and not isinstance(entry[member], str):
                raise SubjectFault(
                    f"the index entry of {entry['name']!r:.80}: found {member} {entry[member]!r:.80}, "
                    "expected a string or no such member"
                )


@requirement("INF-REP-02", needs=("INF-REP-01",))
def test_index_is_an_array_of_entries(http: HttpSubject, budget: Budget) -> None:
    each(budget, [{}, {"ready": False}], lambda asked: _well_formed(http, asked))


@requirement("INF-REP-02", needs=("INF-REP-01", "INF-REP-09"))
def test_index_is_an_array_of_entries_with_a_model_unloaded(http: HttpSubject, budget: Budget) -> None:
    with unloaded(http, movable(http)[0]):
        each(budget, [{}, {"ready": False}], lambda asked: _well_formed(http, asked))


@requirement("INF-REP-07", needs=("INF-REP-01", "INF-REP-02"))
def test_some_listed_model_can_be_loaded(http: HttpSubject, budget: Budget) -> None:
    """A server may start with nothing loaded, and lack a datatype; one that loads nothing has none."""
    exported = {model.name for model in EXPORTED}
    names = sorted({entry["name"] for entry in entries(http, {})} & exported)
    if not names:
        raise NotTested(
            "the subject lists none of the conformance models; export them into its folder: "
            "lepton certify export-models DIR --layout plain"
        )

    def body(_: str) -> None:
        if any(is_ready(http, name) for name in names):
            return
        tried = names[:MOST_TRIED]
        found = [load(http, name, {}) for name in tried]
        if not any(is_ready(http, name) for name in names):
            raise SubjectFault(
                f"sent load requests for {', '.join(tried)}; found status {found[0].status} with "
                f"{found[0].excerpt()}, none of them ready, expected 200 and the model ready"
            )

    each(budget, ["any"], body)


@requirement("INF-REP-03", needs=("INF-REP-02", "INF-HLT-03"))
def test_ready_models_are_in_the_index(http: HttpSubject, budget: Budget) -> None:
    def body(asked: Any) -> None:
        names = available(http, tuple(model.name for model in EXPORTED))
        ready = [name for name in names if is_ready(http, name)]
        listed = ready_names(entries(http, asked))
        for name in ready:
            if name not in listed:
                raise SubjectFault(
                    f"sent POST {INDEX}; found no entry with the name {name} and the state {READY}, "
                    "though the model is ready"
                )

    each(budget, [{}, {"ready": False}], body)


@requirement("INF-REP-04", needs=("INF-REP-02", "INF-REP-03", "INF-REP-09"))
def test_index_of_ready_models_has_no_others(http: HttpSubject, budget: Budget) -> None:
    name = movable(http)[0]

    def body(what: str) -> None:
        every, ready = entries(http, {}), entries(http, {"ready": True})
        unfiltered = {entry["name"] for entry in entries(http, {"ready": False})}
        if unfiltered != {entry["name"] for entry in every}:
            raise SubjectFault(
                f'sent POST {INDEX} with "ready": false and without; found unlike names, expected every model'
            )
        other = next((entry for entry in ready if entry.get("state") != READY), None)
        if other is not None:
            raise SubjectFault(
                f'sent POST {INDEX} with "ready": true; found the entry {other!r:.200}, expected {READY}'
            )
        if ready_names(every) != ready_names(ready):
            lost = sorted(ready_names(every) ^ ready_names(ready))
            raise SubjectFault(
                f'sent POST {INDEX} with and without "ready": true; found {lost!r:.200} in the state {READY} '
                "in one of them only"
            )
        if what == "one unloaded" and name not in {entry["name"] for entry in every}:
            raise SubjectFault(
                f"sent POST {INDEX}; found no entry {name}, expected every model that can be loaded"
            )

    each(budget, ["all loaded"], body)
    with unloaded(http, name):
        each(budget, ["one unloaded"], body)


@requirement("INF-REP-05", needs=("INF-REP-02", "INF-REP-07", "INF-REP-09"))
def test_empty_bodies_are_empty_objects(http: HttpSubject, budget: Budget) -> None:
    name = movable(http)[0]

    def body(asked: Any) -> None:
        if index(http, asked).status != 200:
            raise SubjectFault(f"sent POST {INDEX} with the body {asked!r}; found it refused, expected 200")
        with left_as_found(http, name):
            for ask, verb, ready in ((unload, "unload", False), (load, "load", True)):
                what = f"the {verb} request for {name} with the body {asked!r}"
                expect_done(ask(http, name, asked), what)
                if is_ready(http, name) is not ready:
                    raise SubjectFault(f"sent {what}; found 200 and nothing done, expected it {verb}ed")

    def same(_: str) -> None:
        with_object, without = entries(http, {}), entries(http, None)
        if ready_names(with_object) != ready_names(without) or len(with_object) != len(without):
            raise SubjectFault(f"sent POST {INDEX} with an empty body and with {{}}; found unlike answers")

    each(budget, [None, {}, {"parameters": {}}], body)
    each(budget, ["index"], same)
    with unloaded(http, name):
        each(budget, ["index with a model unloaded"], same)


@requirement("INF-REP-06", needs=("INF-REP-02", "INF-REP-09"))
def test_states_are_the_four(http: HttpSubject, budget: Budget) -> None:
    name = movable(http)[0]

    def body(_: str) -> None:
        for entry in entries(http):
            if "state" in entry and entry["state"] not in STATES:
                raise SubjectFault(
                    f"the index entry of {entry['name']!r:.80}: found the state {entry['state']!r:.80}, "
                    f"expected one of {', '.join(STATES)}"
                )

    each(budget, ["all loaded"], body)
    with unloaded(http, name):
        each(budget, ["one unloaded"], body)
    each(budget, ["loaded again"], body)
