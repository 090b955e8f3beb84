"""Names, references, texts and digests at the boundary: repeated, unresolved, untranslated, one bit other.

Owns what the members of a manifest say of each other and of files; leaves their shape to `documents`. Serves
PKG-MAN-05, PKG-MAN-06, COR-TXT-01, COR-TXT-02, PKG-DIG-01 to PKG-DIG-03, PKG-DOC-05 and PKG-DOC-06.
"""

import copy
import hashlib
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
    WEIGHTS,
    ValidPackage,
    external_draft,
    linear_draft,
    threshold_draft,
    two_artifacts_draft,
    vision_draft,
)
from lepton_conformance.forge.violation import Violation

__all__ = ["name_faults", "near_misses", "sound_names"]

_ROLES = ("artifact", "weights", "graph", "tokenizer", "vocabulary", "vectors", "card", "license")
_ALL_ROLES = (*_ROLES, "documentation", "other")
MORE = "vectors/more.json"
_BIG = "zz/big.bin"
#: An e and a combining accent, which have a composed form.
_LOOSE = "e\u0301"


def name_faults() -> Iterator[Violation]:
    """Yield packages whose names, references, texts or digests break a rule."""
    yield from _repeated()
    yield from _unresolved()
    yield from _without_language()
    yield from _not_composed()
    yield from _digests()
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
    yield sound("big-files", lambda: sealed(_with_files).draft().directory())
    yield sound("big-files-zip", lambda: sealed(_with_files).draft().archive(deflated=("zz/other",)))
    yield sound("evaluations-with-digests", _digested)


def near_misses(identifier: str) -> Iterator[ValidPackage]:
    """Yield packages that break another rule than the one named."""
    if identifier == "PKG-DIG-03":
        for path in (CARD, MODEL):
            data = sealed(linear_draft).files[path]
            yield sound(f"longer-{path}", _file_as, linear_draft, path, data + b"\n")
            yield sound(f"shorter-{path}", _file_as, linear_draft, path, data[:-1])
        yield sound("gone", _without_file, linear_draft, CARD)
    if identifier == "PKG-DIG-02":
        yield sound("another-bit", _flipped, linear_draft, MODEL, 0)
        yield sound("gone", _without_file, linear_draft, CARD)
    if identifier == "PKG-MAN-06":
        yield sound("gone", _without_file, linear_draft, CARD)


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


def _with_files() -> Draft:
    """Return the external package with a file of each role, and one of more than a mebibyte."""
    roles = [Member(f"zz/{role}", b"%s: text" % role.encode(), "text/plain", role) for role in _ALL_ROLES]
    big = Member(_BIG, bytes(range(256)) * 4200, "application/octet-stream", "other")
    empty = [Member("zz/empty", b"", "text/plain", "other"), Member("zz/one", b"x", "text/plain", "other")]
    return sealed(external_draft).draft(*roles, big, *empty)


def _digests() -> Iterator[Violation]:
    files = sealed(_with_files).files
    paths = [CARD, MODEL, VECTORS, WEIGHTS, *(f"zz/{role}" for role in _ALL_ROLES), "zz/empty", "zz/one"]
    for number, path in enumerate(paths):
        data = files[path]
        yield broken("PKG-DIG-01", f"gone-{path}", _without_file, _with_files, path)
        yield broken("PKG-DIG-02", f"longer-{path}", _file_as, _with_files, path, data + b"\0")
        if data:
            yield broken("PKG-DIG-02", f"shorter-{path}", _file_as, _with_files, path, data[:-1])
            yield broken("PKG-DIG-02", f"empty-{path}", _file_as, _with_files, path, b"")
            for at in {0, len(data) // 2, len(data) - 1}:
                yield broken("PKG-DIG-03", f"bit-{path}-{at}", _flipped, _with_files, path, at)
        for more in (-1, 1, 1 << 32, 1 << 40):
            if len(data) + more >= 0:
                change = _sized(path, len(data) + more)
                yield broken("PKG-DIG-02", f"size-{path}-{more}", manifest_of, _with_files, change)
        for at in (0, 1, 8, 16, 31, 32, 40, 63):
            if (number + at) % 3 == 0:
                yield broken("PKG-DIG-03", f"digit-{path}-{at}", manifest_of, _with_files, _digit(path, at))
        if number % 2:
            yield broken("PKG-DIG-01", f"zip-gone-{path}", _zip_of, path, None)
            yield broken("PKG-DIG-02", f"zip-longer-{path}", _zip_of, path, data + b"\0")
            yield broken("PKG-DIG-02", f"zip-shorter-{path}", _zip_of, path, data[:-1] or b"??")
            yield broken(
                "PKG-DIG-03", f"zip-bit-{path}", _zip_of, path, data[:-1] + b"\x7f" if data else None
            )
    for at in (0, 4095, 65_535, 65_536, 1 << 20, (1 << 20) + 1, len(files[_BIG]) - 1):
        yield broken("PKG-DIG-03", f"bit-of-a-big-file-{at}", _flipped, _with_files, _BIG, at)
    yield broken("PKG-DIG-02", "big-longer", _file_as, _with_files, _BIG, files[_BIG] + b"\0")
    yield broken("PKG-DIG-02", "big-shorter", _file_as, _with_files, _BIG, files[_BIG][:-1])
    yield broken("PKG-DIG-03", "empty-digest", manifest_of, _with_files, _sha("zz/one", b""))
    yield broken("PKG-DIG-03", "digest-of-another", manifest_of, _with_files, _sha(MODEL, files[CARD]))
    yield broken("PKG-DIG-03", "digest-of-sha1", manifest_of, _with_files, _sha1(CARD, files[CARD]))
    yield broken(
        "PKG-DIG-03", "digest-of-a-line-more", manifest_of, _with_files, _sha(CARD, files[CARD] + b"\n")
    )
    yield broken("PKG-DIG-03", "two-files-exchanged", _exchanged)
    yield broken("PKG-DIG-01", "folder-in-its-place", _folder_for_file)
    yield broken("PKG-DIG-01", "another-case", _other_case)


def _entry_of(manifest: Any, path: str) -> Any:
    return next(one for one in manifest["files"] if one["path"] == path)


def _sized(path: str, size: int) -> Change:
    return lambda manifest: _entry_of(manifest, path).update(size=size)


def _digit(path: str, at: int) -> Change:
    """Change one digit of a digest."""

    def change(manifest: Any) -> None:
        entry = _entry_of(manifest, path)
        text = entry["sha256"]
        entry["sha256"] = text[:at] + ("0" if text[at] != "0" else "f") + text[at + 1 :]

    return change


def _sha(path: str, data: bytes) -> Change:
    return lambda manifest: _entry_of(manifest, path).update(sha256=hashlib.sha256(data).hexdigest())


def _sha1(path: str, data: bytes) -> Change:
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest().ljust(64, "0")
    return lambda manifest: _entry_of(manifest, path).update(sha256=digest)


def _without_file(make: Callable[[], Draft], path: str) -> Forged:
    files = dict(sealed(make).files)
    del files[path]
    return Forged(files)


def _file_as(make: Callable[[], Draft], path: str, data: bytes) -> Forged:
    return Forged({**sealed(make).files, path: data})


def _flipped(make: Callable[[], Draft], path: str, at: int) -> Forged:
    data = sealed(make).files[path]
    return _file_as(make, path, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def _zip_of(path: str, data: bytes | None) -> Forged:
    """Return the container with another file, whose headers are right, or without it."""
    base = sealed(_with_files)
    draft = base.draft()
    draft.manifest["files"] = copy.deepcopy(base.manifest["files"])
    draft.members = [one for one in draft.members if one.path != path or data is not None]
    if data is not None:
        draft.put(path, data)
    plain = path if path not in (MODEL, WEIGHTS, "zz/artifact", "zz/weights") else ""
    return draft.archive(deflated=(plain,) if len(data or b"") % 2 else ())


def _exchanged() -> Forged:
    """Return a package of which two files of one length have each other's bytes."""
    more = (Member("zz/a", b"one", "text/plain", "other"), Member("zz/b", b"two", "text/plain", "other"))
    files = sealed(linear_draft).with_members(*more).files
    return Forged({**files, "zz/a": b"two", "zz/b": b"one"})


def _folder_for_file() -> Forged:
    files = dict(sealed(linear_draft).with_members(Member("zz", b"x", "text/plain", "other")).files)
    del files["zz"]
    return Forged({**files, "zz/signature": b""})


def _other_case() -> Forged:
    files = dict(sealed(linear_draft).files)
    data = files.pop(CARD)
    return Forged({**files, "CARD.JSON": data})


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
