"""Names, references and texts at the boundary: repeated, unresolved, without a language, not composed.

Owns what the members of a manifest say of each other; leaves their shape to `documents`. Serves
PKG-MAN-05, PKG-MAN-06, COR-TXT-01, COR-TXT-02, PKG-DOC-05 and PKG-DOC-06.
"""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from lepton_conformance.forge import models
from lepton_conformance.forge.boundaries.sealed import (
    Change,
    Sealed,
    broken,
    document_of,
    manifest_of,
    sealed,
    sound,
    written,
)
from lepton_conformance.forge.draft import MANIFEST, Draft, Forged, Member
from lepton_conformance.forge.package import CARD, MODEL, VECTORS, onnx_artifact
from lepton_conformance.forge.pipelines import text_draft
from lepton_conformance.forge.readings import boxes_draft
from lepton_conformance.forge.valid import (
    ValidPackage,
    external_draft,
    linear_draft,
    threshold_draft,
    two_artifacts_draft,
    vision_draft,
)
from lepton_conformance.forge.violation import Violation

__all__ = ["name_faults", "sound_names"]

_ROLES = ("artifact", "weights", "graph", "tokenizer", "vocabulary", "vectors", "card", "license")
_ALL_ROLES = (*_ROLES, "documentation", "other")
MORE = "vectors/more.json"
#: An e and a combining accent, which have a composed form.
_LOOSE = "e\u0301"


def name_faults() -> Iterator[Violation]:
    """Yield packages whose names, references, texts or digests break a rule."""
    yield from _repeated()
    yield from _unresolved()
    yield from _without_language()
    yield from _not_composed()
    for name in ("linear", "vision", "threshold", "text"):
        yield broken("PKG-DOC-05", f"{name}-without", manifest_of, _BASES[name], _without_description)
    for number, place in enumerate((0, 1, 2)):
        for digested in (True, False):
            yield broken("PKG-DOC-06", f"evaluation-{number}-{digested}", _evaluated, place, digested)


_BASES: dict[str, Callable[[], Draft]] = {
    "linear": linear_draft,
    "vision": vision_draft,
    "threshold": threshold_draft,
    "text": text_draft,
}


def sound_names() -> Iterator[ValidPackage]:
    """Yield packages with names that are alike and not the same, and texts in other languages."""
    yield sound("names-alike", _names_alike)
    yield sound("ids-alike-in-two-documents", _ids_alike)
    for language in ("de", "zh-Hant", "EN", "en-GB", "tlh"):
        yield sound(f"language-{language}", _in_language, language)
    yield sound("evaluations-with-digests", _digested)
    yield sound("names-of-both-sides", _both_sides)


def _without_description(manifest: Any) -> None:
    del manifest["description"]


def _repeated() -> Iterator[Violation]:
    key = "PKG-MAN-05"

    def again(place: tuple[str, ...], at: int, to: int) -> Change:
        def change(manifest: Any) -> None:
            entries = manifest
            for part in place:
                entries = entries[part]
            entries.insert(len(entries) if to < 0 else to, copy.deepcopy(entries[at]))

        return change

    lists: tuple[tuple[str, Callable[[], Draft], tuple[str, ...]], ...] = (
        ("files", linear_draft, ("files",)),
        ("files-of-text", text_draft, ("files",)),
        ("artifacts", linear_draft, ("artifacts",)),
        ("second-artifacts", two_artifacts_draft, ("artifacts",)),
        ("signature-inputs", threshold_draft, ("signature", "inputs")),
        ("signature-outputs", threshold_draft, ("signature", "outputs")),
        ("interface-inputs", threshold_draft, ("interface", "inputs")),
        ("interface-outputs", vision_draft, ("interface", "outputs")),
        ("outputs-of-boxes", boxes_draft, ("signature", "outputs")),
    )
    for name, make, place in lists:
        for at, to in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
            yield broken(key, f"{name}-{at}-{to}", manifest_of, make, again(place, at, to))
    for name, make, place, member in (
        ("file", linear_draft, ("files",), "path"),
        ("artifact", two_artifacts_draft, ("artifacts",), "id"),
        ("input", threshold_draft, ("signature", "inputs"), "name"),
        ("output", vision_draft, ("interface", "outputs"), "name"),
    ):

        def renamed(manifest: Any, place: tuple[str, ...] = place, member: str = member) -> None:
            entries = manifest
            for part in place:
                entries = entries[part]
            entries[-1][member] = entries[0][member]

        yield broken(key, f"{name}-of-other-members", manifest_of, make, renamed)
    for at, other in ((0, 1), (0, 2), (1, 2)):
        yield broken(key, f"vectors-{at}-{other}", document_of, linear_draft, VECTORS, _same_id(at, other))
    yield broken(key, "vectors-of-the-second-document", _second_repeats)


def _same_id(at: int, other: int) -> Change:
    def change(document: Any) -> None:
        document["vectors"][other]["id"] = document["vectors"][at]["id"]

    return change


def _two_documents() -> Draft:
    """Return the linear package with a second vectors document, whose vectors have the same names."""
    draft = sealed(linear_draft).draft()
    document = json.loads(draft.member(VECTORS).data)
    del document["mutation"]
    document["controls"] = []
    draft.members.append(Member(MORE, written(document), "application/json", "vectors"))
    draft.manifest["vectors"] = [VECTORS, MORE]
    return draft


def _second_repeats() -> Forged:
    return sealed(_two_documents).with_document(MORE, _same_id(0, 2))


def _ids_alike() -> Forged:
    def change(document: Any) -> None:
        for vector, name in zip(document["vectors"], ("one", "ONE", "One"), strict=True):
            vector["id"] = name

    return sealed(_two_documents).with_document(MORE, change)


def _names_alike() -> Forged:
    """Return a package whose artifacts differ by the case of their names, and outputs by spaces."""

    def change(manifest: Any) -> None:
        first = manifest["artifacts"][0]
        manifest["artifacts"] = [first, *({**first, "id": name} for name in ("ONNX", "Onnx", "onnx_", "one"))]

    return manifest_of(linear_draft, change)


def _unresolved() -> Iterator[Violation]:
    key = "PKG-MAN-06"
    places: dict[str, tuple[Callable[[], Draft], Callable[[Any, str], object], str]] = {
        "entry": (linear_draft, lambda m, path: m["artifacts"][0].update(entry=path), "artifact"),
        "second-entry": (
            two_artifacts_draft,
            lambda m, path: m["artifacts"][1].update(entry=path),
            "artifact",
        ),
        "external": (external_draft, lambda m, path: m["artifacts"][0].update(external=[path]), "weights"),
        "more-external": (
            external_draft,
            lambda m, path: m["artifacts"][0]["external"].append(path),
            "weights",
        ),
        "vectors": (linear_draft, lambda m, path: m.update(vectors=[path]), "vectors"),
        "more-vectors": (linear_draft, lambda m, path: m["vectors"].append(path), "vectors"),
        "first-vectors": (linear_draft, lambda m, path: m["vectors"].insert(0, path), "vectors"),
        "card": (linear_draft, lambda m, path: m.update(card=path), "card"),
    }
    for name, (make, point, role) in places.items():
        for path in ("nowhere", "lepton.json", "signatures/a", "Card.json", "model", "model/model.onnx.bak"):
            yield broken(key, f"{name}-{path}", _pointed, make, point, path)
        for other in _ALL_ROLES:
            if other != role:
                yield broken(key, f"{name}-of-role-{other}", _of_role, make, point, other)
        for path, was in ((MODEL, "artifact"), (CARD, "card"), (VECTORS, "vectors")):
            if was != role:
                yield broken(key, f"{name}-to-the-{was}", _pointed, make, point, path)


def _pointed(make: Callable[[], Draft], point: Callable[[Any, str], object], path: str) -> Forged:
    base = sealed(make)
    files = {**base.files, "signatures/a": b"x"}
    return Sealed(base.manifest, files).with_manifest(lambda manifest: point(manifest, path))


def _of_role(make: Callable[[], Draft], point: Callable[[Any, str], object], role: str) -> Forged:
    """Return a package that refers to a file which is there, and has another role."""
    base = sealed(make)
    more = base.draft(Member("zz/file", base.files[CARD], "application/json", role))

    def change(manifest: Any) -> None:
        point(manifest, "zz/file")

    files = more.files()
    return Sealed(json.loads(files[MANIFEST]), files).with_manifest(change)


def _without_language() -> Iterator[Violation]:
    key = "COR-TXT-01"
    other = ({"fr": "x"}, {"en-GB": "x"}, {"EN": "x"}, {"eng": "x", "fr": "y"})

    def tensor(stage: str, side: str, at: int, text: Any) -> Change:
        return lambda manifest: manifest[stage][side][at].update(description=text)

    def labels(stage: str, side: str, at: int, text: Any) -> Change:
        names = {tag: ["a", "b", "c"] for tag in text}
        return lambda manifest: manifest[stage][side][at].update(labels={"axis": 1, "names": names})

    for number, text in enumerate(other):
        for name in ("title", "description"):
            yield broken(
                key, f"{name}-{number}", manifest_of, linear_draft, lambda m, n=name, t=text: m.update({n: t})
            )
        for stage, side, at in (
            ("signature", "inputs", 0),
            ("signature", "inputs", 1),
            ("signature", "outputs", 1),
            ("interface", "inputs", 1),
            ("interface", "outputs", 0),
        ):
            change = tensor(stage, side, at, text)
            yield broken(key, f"{stage}-{side}-{at}-{number}", manifest_of, threshold_draft, change)
        for stage, side, at in (("signature", "outputs", 0), ("interface", "outputs", 0)):
            change = labels(stage, side, at, text)
            yield broken(key, f"labels-{stage}-{side}-{number}", manifest_of, vision_draft, change)
        for name in ("intendedUse", "outOfScopeUse", "limitations"):
            for word, statement in (("", text), ("not-", {"notProvided": text})):
                yield broken(
                    key,
                    f"card-{word}{name}-{number}",
                    document_of,
                    linear_draft,
                    CARD,
                    lambda c, n=name, s=statement: c.update({n: s}),
                )
        for status in ("present", "none", "possible", "unknown"):
            basis = {"status": status, "basis": text}
            yield broken(
                key,
                f"card-basis-{status}-{number}",
                document_of,
                linear_draft,
                CARD,
                lambda c, b=basis: c.update(personalData=b),
            )
    for language in ("de", "EN", "en-US"):
        yield broken(key, f"language-{language}", manifest_of, linear_draft, _speaks(language))


def _speaks(language: str) -> Change:
    return lambda manifest: manifest.update(language=language)


def _in_language(language: str) -> Forged:
    """Return the package with all texts in another language, and some in English besides."""
    text = {language: "x"}

    def card(document: Any) -> None:
        document.update(
            intendedUse=text, outOfScopeUse={"notProvided": text}, limitations={**text, "en": "y"}
        )
        document.update(personalData={"status": "present", "basis": text})

    def manifest(document: Any) -> None:
        document.update(language=language, title={**text, "en": "y"}, description=text)
        document["signature"]["inputs"][0].update(description=text)

    changed = copy.deepcopy(json.loads(sealed(linear_draft).files[CARD]))
    card(changed)
    return sealed(linear_draft).with_file(CARD, written(changed), manifest)


def _not_composed() -> Iterator[Violation]:
    key = "COR-TXT-02"
    for stage, side, at in (
        ("signature", "inputs", 1),
        ("signature", "outputs", 0),
        ("interface", "inputs", 0),
        ("interface", "outputs", 1),
    ):
        for number, name in enumerate((_LOOSE, f"a{_LOOSE}b", "\u2126", "\u1100\u1161", "a\u0307\u0323")):

            def change(m: Any, where: Any = (stage, side, at), name: str = name) -> None:
                m[where[0]][where[1]][where[2]]["name"] = name

            yield broken(key, f"{stage}-{side}-{at}-{number}", manifest_of, threshold_draft, change)
    for make, chain, at, member in (
        (vision_draft, "pre", 0, "in"),
        (vision_draft, "pre", 1, "out"),
        (vision_draft, "post", 1, "in"),
        (vision_draft, "post", 0, "out"),
    ):

        def step(m: Any, where: Any = (chain, at, member)) -> None:
            m["processing"][where[0]][where[1]][where[2]] = _LOOSE

        yield broken(key, f"{chain}-{at}-{member}", manifest_of, make, step)
    for chain, at, member, place in (("pre", 0, "out", 1), ("post", 0, "in", 0), ("post", 1, "out", 1)):

        def listed(m: Any, where: Any = (chain, at, member, place)) -> None:
            m["processing"][where[0]][where[1]][where[2]][where[3]] = _LOOSE

        yield broken(key, f"list-{chain}-{at}-{member}", manifest_of, text_draft, listed)
    yield broken(key, "domain", _domain, f"org.{_LOOSE}")


def _domain(name: str) -> Forged:
    """Return a package whose model has an operator set of a domain that is not composed."""
    data = models.linear(domains=(("", 17), (name, 1)))
    artifact = onnx_artifact(data)
    return sealed(linear_draft).with_file(MODEL, data, lambda manifest: manifest.update(artifacts=[artifact]))


def _evaluations(without: int, digested: bool) -> list[Any]:
    """Return evaluations of which one has no digest, or, if `digested`, that one alone has."""
    value = {"metric": "accuracy", "value": 0.5, "direction": "higher", "n": 7}
    whole, bare = {"name": "points", "sha256": "0" * 64}, {"name": "points"}
    chosen, others = (whole, bare) if digested else (bare, whole)
    return [{**value, "dataset": chosen if at == without else others} for at in range(3)]


def _evaluated(place: int, digested: bool) -> Forged:
    evaluations = _evaluations(place, digested)
    return document_of(linear_draft, CARD, lambda card: card.update(evaluations=evaluations))


def _digested() -> Forged:
    evaluations = _evaluations(-1, digested=False)
    trained = [{"name": "without a digest"}]
    return document_of(
        linear_draft, CARD, lambda card: card.update(evaluations=evaluations, trainedOn=trained)
    )


def _both_sides() -> Forged:
    """Return a package whose interface has an input and an output of the same name."""
    base = sealed(vision_draft)

    def renamed(path: str) -> Any:
        return json.loads(base.files[path].replace(b'"probabilities"', b'"image"'))

    return base.with_file(
        VECTORS, written(renamed(VECTORS)), lambda manifest: manifest.update(_renamed(base))
    )


def _renamed(base: Sealed) -> Any:
    manifest = json.loads(base.files[MANIFEST].replace(b'"probabilities"', b'"image"'))
    del manifest["files"]
    return manifest
