"""Packages whose vectors or documentation break the topics PKG-VEC, PKG-DOC and PKG-PRV.

Owns the table `VECTOR_FAULTS`. Serves `package`.
"""

from collections.abc import Callable
from typing import Any

from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.package import CARD, VECTORS
from lepton_conformance.forge.violation import Base, Forge, Violation, card, manifest, vectors

__all__ = ["VECTOR_FAULTS"]


def _first(**members: Any) -> Callable[[Any], object]:
    return lambda document: document["vectors"][0].update(members)


def _keep(*identifiers: str) -> Callable[[Any], object]:
    """Return a change that keeps only the vectors with these identifiers."""
    return lambda document: document.update(
        vectors=[vector for vector in document["vectors"] if vector["id"] in identifiers]
    )


def _drop(*identifiers: str) -> Callable[[Any], object]:
    """Return a change that drops the vectors with these identifiers."""
    return lambda document: document.update(
        vectors=[vector for vector in document["vectors"] if vector["id"] not in identifiers]
    )


def _without_control(control: str, step: int | None = None) -> Forge:
    def change(document: dict[str, Any]) -> None:
        kept = [c for c in document["controls"] if (c["control"], c.get("step")) != (control, step)]
        assert len(kept) == len(document["controls"]) - 1
        document["controls"] = kept

    return vectors(change, Bases.vision)


def _control(**members: Any) -> Forge:
    return vectors(lambda v: v["controls"].append(members))


def _loose(*identifiers: str, base: Base) -> Forge:
    """Return a forge in which some vectors let every number pass."""

    def change(document: dict[str, Any]) -> None:
        for vector in document["vectors"]:
            if vector["id"] in identifiers:
                for rule in vector["comparisons"]:
                    if rule["comparator"] == "allclose":
                        rule["atol"] = 1e30

    return vectors(change, base)


def _useless_step(bases: Bases) -> Forged:
    """Return the vision package whose rescaling multiplies by one, with vectors that know it."""
    draft = bases.vision()
    draft.manifest["processing"]["pre"].insert(
        1, {"op": "rescale", "version": 1, "in": "f", "out": "g", "scale": 1, "offset": 0}
    )
    draft.manifest["processing"]["pre"][2]["in"] = "g"

    def change(document: dict[str, Any]) -> None:
        for control in document["controls"]:
            if "step" in control:
                control["step"] += 1
        document["controls"].append({"control": "step-omitted", "step": 1, "killedBy": "image-1"})

    return bases.finish(draft.edit(VECTORS, change))


def _evaluation(**changes: Any) -> Forge:
    value: dict[str, Any] = {"metric": "accuracy", "value": 0.5, "direction": "higher", "n": 7}
    value["dataset"] = {"name": "seven points", "sha256": "0" * 64}
    value.update(changes)
    return card(lambda c: c.update(evaluations=[{k: v for k, v in value.items() if v is not None}]))


def _license(expression: str) -> Forge:
    return manifest(lambda m: m.update(license=expression))


def _license_file(name: str, role: str) -> Forge:
    def forge(bases: Bases) -> Forged:
        draft = bases.linear().add(f"LICENSES/{name}", b"Do as you like.\n", "text/plain", role)
        draft.manifest["license"] = "LicenseRef-Own"
        return bases.finish(draft)

    return forge


def _put(path: str, data: bytes) -> Forge:
    return lambda bases: bases.finish(bases.linear().put(path, data))


def _replaced(path: str, old: bytes, new: bytes) -> Forge:
    """Return a forge that replaces bytes of a member, once."""

    def forge(bases: Bases) -> Forged:
        draft = bases.linear()
        data = draft.member(path).data
        assert old in data
        return bases.finish(draft.put(path, data.replace(old, new, 1)))

    return forge


def _oracle(name: str) -> Forge:
    return vectors(lambda v: v["provenance"]["oracle"].update(name=name))


def _mutation(base: Base = Bases.linear, **members: Any) -> Forge:
    """Return a forge whose mutation score says something else than is so; None removes it."""

    def forge(bases: Bases) -> Forged:
        draft = base(bases)
        draft.sealed()
        draft.score = None

        def change(document: dict[str, Any]) -> None:
            if not members:
                del document["mutation"]
            else:
                document["mutation"].update(members)

        return bases.finish(draft.edit(VECTORS, change))

    return forge


def _hidden_survivor(bases: Bases) -> Forged:
    """Return the linear package with tolerances that let a perturbed bias pass, which its score denies."""
    draft = bases.linear()
    draft.sealed()
    draft.score = None

    def change(document: dict[str, Any]) -> None:
        for vector in document["vectors"]:
            for rule in vector["comparisons"]:
                rule["atol"] = 0.04

    return bases.finish(draft.edit(VECTORS, change))


_WRONG_ANSWER = "AACAPwAAgD8="

VECTOR_FAULTS: tuple[Violation, ...] = (
    Violation("PKG-VEC-01", "one", vectors(lambda v: (_keep("batch")(v), v.update(controls=[])))),
    Violation(
        "PKG-VEC-01",
        "one-raw",
        vectors(_drop("image-2", "image-3"), Bases.vision),
    ),
    Violation("PKG-VEC-02", "no-provenance", vectors(lambda v: v.pop("provenance"))),
    Violation("PKG-VEC-02", "unknown-member", vectors(_first(note="x"))),
    Violation(
        "PKG-VEC-02",
        "unknown-comparator",
        vectors(_first(comparisons=[{"output": "y", "comparator": "near"}])),
    ),
    Violation("PKG-VEC-02", "not-json", _put(VECTORS, b"vectors: none\n")),
    Violation(
        "PKG-VEC-02",
        "name-twice",
        _replaced(VECTORS, b'{"controls"', b'{"lepton":"1.0","controls"'),
    ),
    Violation("PKG-VEC-03", "input-name", vectors(lambda v: v["vectors"][0]["inputs"][0].update(name="z"))),
    Violation("PKG-VEC-03", "shape", vectors(lambda v: v["vectors"][0]["inputs"][0].update(shape=[3, 1]))),
    Violation(
        "PKG-VEC-03", "datatype", vectors(lambda v: v["vectors"][0]["inputs"][0].update(datatype="INT32"))
    ),
    Violation("PKG-VEC-03", "size-beyond-the-bounds", manifest(lambda m: m["symbols"]["N"].update(max=1))),
    Violation(
        "PKG-VEC-03",
        "unequal-symbols",
        vectors(lambda v: v["vectors"][2].update(inputs=v["vectors"][0]["inputs"])),
    ),
    Violation("PKG-VEC-03", "input-missing", vectors(_first(inputs=[]))),
    Violation(
        "PKG-VEC-03",
        "output-twice",
        vectors(lambda v: v["vectors"][0].update(expected=v["vectors"][0]["expected"] * 2)),
    ),
    Violation(
        "PKG-VEC-03",
        "comparison-of-nothing",
        vectors(_first(comparisons=[{"output": "z", "comparator": "exact"}])),
    ),
    Violation(
        "PKG-VEC-03",
        "comparison-twice",
        vectors(_first(comparisons=[{"output": "y", "comparator": "exact"}] * 2)),
    ),
    Violation("PKG-VEC-03", "raw-without-interface", vectors(lambda v: v["vectors"][2].update(stage="raw"))),
    Violation(
        "PKG-VEC-04",
        "wrong-answer",
        vectors(lambda v: v["vectors"][1]["expected"][0].update(data=_WRONG_ANSWER)),
        full=True,
    ),
    Violation(
        "PKG-VEC-04",
        "wrong-class",
        vectors(
            lambda v: next(
                expected.update(data="AgAAAAAAAAA=" if expected["data"] != "AgAAAAAAAAA=" else "AAAAAAAAAAA=")
                for vector in v["vectors"]
                for expected in vector["expected"]
                if expected["name"] == "class"
            ),
            Bases.vision,
        ),
        full=True,
    ),
    Violation("PKG-VEC-05", "smallest-only", vectors(_keep("one", "other"))),
    Violation(
        "PKG-VEC-06",
        "boolean",
        vectors(
            _first(
                comparisons=[
                    {"output": "above", "comparator": "allclose", "atol": 0, "rtol": 0, "nan": "forbidden"},
                    {"output": "place", "comparator": "exact"},
                ]
            ),
            Bases.threshold,
        ),
    ),
    Violation("PKG-VEC-07", "no-constant-answer", _without_control("constant-answer")),
    Violation("PKG-VEC-07", "no-weights-reversed", _without_control("weights-reversed")),
    Violation("PKG-VEC-07", "no-channels-swapped", _without_control("channels-swapped")),
    Violation("PKG-VEC-07", "no-step-omitted", _without_control("step-omitted", 2)),
    Violation(
        "PKG-VEC-07", "killed-by-nobody", vectors(lambda v: v["controls"][1].update(killedBy="nobody"))
    ),
    Violation(
        "PKG-VEC-07",
        "constant-answer-of-the-first",
        vectors(lambda v: v["controls"][0].update(killedBy="one")),
    ),
    Violation("PKG-VEC-07", "does-not-apply", _control(control="channels-swapped", killedBy="one")),
    Violation("PKG-VEC-07", "step-of-no-list", _control(control="step-omitted", step=0, killedBy="one")),
    Violation("PKG-VEC-08", "constant-answer", _loose("other", base=Bases.linear), full=True),
    Violation("PKG-VEC-08", "weights-reversed", _loose("one", base=Bases.linear), full=True),
    Violation("PKG-VEC-08", "step-that-does-nothing", _useless_step, full=True),
    Violation("PKG-VEC-09", "engine", _oracle("onnxruntime")),
    Violation("PKG-VEC-09", "engine-in-capitals", _oracle("OnnxRuntime")),
    Violation("PKG-VEC-10", "no-step", vectors(_drop("step-one", "step-two", "step-three"), Bases.text)),
    Violation("PKG-VEC-10", "no-pre", vectors(_drop("prepared-2", "prepared-3"), Bases.vision)),
    Violation("PKG-VEC-10", "no-post", vectors(_drop("answered-2", "answered-3"), Bases.vision)),
    Violation("PKG-VEC-11", "no-score", _mutation()),
    Violation("PKG-VEC-11", "another-number", _mutation(mutants=5, killed=5)),
    Violation("PKG-VEC-11", "sum-is-another", _mutation(killed=3)),
    Violation(
        "PKG-VEC-11", "unknown-survivor", _mutation(killed=3, survivors=[{"mutant": "weights-perturbed:7"}])
    ),
    Violation(
        "PKG-VEC-11", "killed-too-few", _mutation(killed=3, survivors=[{"mutant": "weights-zeroed:1"}])
    ),
    Violation("PKG-VEC-12", "hidden-survivor", _hidden_survivor, full=True),
    Violation("PKG-DOC-01", "not-an-identifier", _license("Apache 2.0")),
    Violation("PKG-DOC-01", "unknown-identifier", _license("Apache-3.0")),
    Violation("PKG-DOC-01", "lower-case-operator", _license("MIT or Apache-2.0")),
    Violation("PKG-DOC-01", "half-an-expression", _license("MIT AND")),
    Violation("PKG-DOC-01", "open-parenthesis", _license("(MIT OR Apache-2.0")),
    Violation("PKG-DOC-01", "exception-unknown", _license("MIT WITH Anything-exception")),
    Violation("PKG-DOC-01", "no-assertion", _license("NOASSERTION")),
    Violation("PKG-DOC-01", "reference-without-text", _license("LicenseRef-Own")),
    Violation("PKG-DOC-01", "text-of-another-name", _license_file("LicenseRef-Ownership.txt", "license")),
    Violation("PKG-DOC-01", "text-of-another-role", _license_file("LicenseRef-Own.txt", "documentation")),
    Violation("PKG-DOC-02", "no-edition", card(lambda c: c.pop("lepton"))),
    Violation("PKG-DOC-02", "unknown-member", card(lambda c: c.update(usage={"en": "x"}))),
    Violation("PKG-DOC-02", "not-json", _put(CARD, b"# Model card\n")),
    Violation(
        "PKG-DOC-02",
        "name-twice",
        _replaced(CARD, b'"lepton":"1.0",', b'"lepton":"1.0","lepton":"1.0",'),
    ),
    Violation("PKG-DOC-03", "no-limitations", card(lambda c: c.pop("limitations"))),
    Violation(
        "PKG-DOC-03",
        "not-provided-without-reason",
        card(lambda c: c.update(limitations={"notProvided": True})),
    ),
    Violation("PKG-DOC-03", "intended-use-is-a-string", card(lambda c: c.update(intendedUse="Testing"))),
    Violation("PKG-DOC-04", "value-as-text", _evaluation(value="98 %")),
    Violation("PKG-DOC-04", "no-direction", _evaluation(direction=None)),
    Violation("PKG-DOC-04", "no-samples", _evaluation(n=0)),
    Violation("PKG-DOC-04", "no-dataset", _evaluation(dataset=None)),
    Violation("PKG-DOC-05", "no-description", manifest(lambda m: m.pop("description"))),
    Violation("PKG-DOC-06", "no-digest", _evaluation(dataset={"name": "seven points"})),
    Violation("PKG-PRV-01", "absent", card(lambda c: c.pop("personalData"))),
    Violation("PKG-PRV-01", "unknown-status", card(lambda c: c.update(personalData={"status": "maybe"}))),
    Violation(
        "PKG-PRV-01", "present-without-basis", card(lambda c: c.update(personalData={"status": "present"}))
    ),
)
