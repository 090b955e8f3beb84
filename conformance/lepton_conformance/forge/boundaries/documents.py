"""Documents with one constraint of their schema broken, each at every place, and with values just within.

Owns documents in which every member stands somewhere, and the table of PKG-MAN-04 that says which requirement
a failure is; leaves the walk along a schema to `schemas`. Serves PKG-MAN-04, PKG-DOC-02, PKG-VEC-02 and the
requirements in that table.
"""

import copy
import functools
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from lepton_conformance.forge.boundaries.schemas import (
    Break,
    Place,
    breaks,
    is_valid,
    limits,
    replaced,
)
from lepton_conformance.forge.boundaries.sealed import broken, sealed, sound, written
from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.package import CARD, VECTORS
from lepton_conformance.forge.pictures import pictures_draft
from lepton_conformance.forge.pipelines import text_draft
from lepton_conformance.forge.readings import boxes_draft, coarse_draft, lines_draft
from lepton_conformance.forge.valid import (
    ValidPackage,
    external_draft,
    linear_draft,
    threshold_draft,
    vision_draft,
)
from lepton_conformance.forge.violation import Violation

__all__ = ["document_faults", "sound_documents"]

_TEXT = {"en": "words", "fr-CA": "mots"}
_TENSOR = r"/(signature|interface)/(inputs|outputs)/\d+"
_PATHS = r"/files/\d+/path|/artifacts/\d+/entry|/artifacts/\d+/external/\d+|/vectors/\d+|/card"
#: What breaks a place of a schema is tried whole where it first binds, and then one in so many, in turn.
ONE_IN = 37
#: The same in an alternative, of which there are many and alike, where it first binds.
ONE_ALTERNATIVE_IN = 3


def document_faults() -> Iterator[Violation]:
    """Yield packages with a document that breaks its schema in one place."""
    chosen = _Chosen()
    for base, value in _manifests().items():
        for one in chosen.of(base, "manifest.schema.json", value):
            yield broken(_of_manifest(one), f"{base}{_shown(one)}", _with_manifest, base, one)
    chosen = _Chosen()
    for one in chosen.of("", "card.schema.json", _full_card()):
        yield broken(_of_card(one), f"card{_shown(one)}", _with_card, one)
    chosen = _Chosen()
    for base, value in _vectors().items():
        for one in chosen.of(base, "vectors.schema.json", value):
            yield broken(_of_vectors(one), f"vectors-{base}{_shown(one)}", _with_vectors, base, one)
    yield from _conditions()


def sound_documents() -> Iterator[ValidPackage]:
    """Yield packages whose documents have values just within each keyword, as many as fit into few."""
    for name, manifest in _within_the_manifest():
        yield sound(f"manifest-{name}", _sound_manifest, manifest)
    for name, card in _within_the_card():
        yield sound(f"card-{name}", _sound_card, card)


class _Chosen:
    """Chooses among failures: all of a rule of a schema where it first binds, some elsewhere."""

    def __init__(self) -> None:
        self.first: dict[str, tuple[str, Place]] = {}
        self.count = 0

    def of(self, base: str, schema: str, value: Any) -> Iterator[Break]:
        """Yield those that are tried on a document."""
        for one in breaks(schema, value):
            first = self.first.setdefault(one.rule, (base, one.place))
            self.count += 1
            alike = one.inside is not None and one.name.startswith(("type-", "enum-", "pattern-", "member-"))
            share = ONE_ALTERNATIVE_IN if alike else 1
            tried = self.count % (share if (base, one.place) == first else ONE_IN) == 0
            if tried and not is_valid(schema, replaced(value, one.place, one.value)):
                yield one


def _pointer(place: Place) -> str:
    return "".join(f"/{part}" for part in place)


def _shown(one: Break) -> str:
    return f"{_pointer(one.place)}:{one.name}"


def _failing(one: Break) -> str:
    """Return the place of a failure: of a missing or unknown member it is where that is or ought to be."""
    if one.inside is not None:
        return _pointer(one.inside)
    name = one.missing or one.unknown
    return _pointer((*one.place, name) if name or one.name.startswith("member-") else one.place)


def _of_manifest(one: Break) -> str:
    """Return the requirement that a failure in the manifest is."""
    place = _failing(one)
    if place == "/lepton":
        return "COR-VER-01"
    if not one.place and one.name.startswith("type-"):
        return "PKG-MAN-04"
    if place.startswith("/extensions"):
        return "COR-EXT-01"
    if re.fullmatch(r"/processing/(pre|post)(/.*)?", place):
        return "PKG-PRO-01"
    if one.name.startswith("member-") and one.inside is None:
        return "COR-EXT-01"
    if re.fullmatch(f"{_TENSOR}/datatype", place) and not one.missing:
        return "COR-TYP-01"
    if re.fullmatch(_PATHS, place) and not one.missing:
        return "PKG-LAY-02"
    if re.fullmatch(rf"{_TENSOR}/(optional|default)", place):
        return "PKG-SIG-09"
    return "PKG-MAN-04"


def _of_card(one: Break) -> str:
    place = _failing(one)
    if re.match(r"/(intendedUse|outOfScopeUse|limitations)(/|$)", place):
        return "PKG-DOC-03"
    if place.startswith("/evaluations"):
        return "PKG-DOC-04"
    return "PKG-PRV-01" if place.startswith("/personalData") else "PKG-DOC-02"


def _of_vectors(one: Break) -> str:
    datatype = r"/vectors/\d+/(inputs|expected)/\d+/datatype"
    return "COR-TYP-01" if re.fullmatch(datatype, _failing(one)) and not one.missing else "PKG-VEC-02"


_MANIFESTS = {
    "linear": linear_draft,
    "external": external_draft,
    "vision": vision_draft,
    "threshold": threshold_draft,
    "text": text_draft,
    "pictures": pictures_draft,
    "boxes": boxes_draft,
    "lines": lines_draft,
}


@functools.cache
def _manifests() -> dict[str, Any]:
    """Return manifests that are valid against the schema and have every member somewhere."""
    found = {}
    for name, make in _MANIFESTS.items():
        manifest = copy.deepcopy(dict(sealed(make).manifest))
        if name == "vision":
            manifest.update(_decoration())
            first = manifest["signature"]["inputs"][0]
            first.update(unit="K", description=_TEXT, content={"kind": "audio", "sampleRate": 16_000})
            manifest["signature"]["outputs"][0].update(labels={"axis": 1, "names": {"en": ["a", "b", "c"]}})
        if name == "external":
            manifest["artifacts"][0]["derivedFrom"] = {"sha256": "0" * 64, "tool": "export 1"}
            manifest["artifacts"].append({**manifest["artifacts"][0], "id": "again"})
        assert is_valid("manifest.schema.json", manifest)
        found[name] = manifest
    return found


def _decoration() -> dict[str, Any]:
    return {
        "description": _TEXT,
        "supplier": {"name": "Someone", "url": "https://example.org/"},
        "extensions": {"org.example.note": {"any": 1}},
    }


@functools.cache
def _full_card() -> Any:
    card = json.loads(sealed(linear_draft).files[CARD])
    data = {"name": "d", "sha256": "0" * 64, "license": "MIT", "url": "https://example.org/d"}
    evaluation = {"metric": "m", "value": 0.5, "direction": "lower", "n": 3, "dataset": data, "group": "g"}
    card |= {"personalData": {"status": "present", "basis": _TEXT}, "trainedOn": [data, {"name": "e"}]}
    card |= {"evaluations": [evaluation, {**evaluation, "value": 1}], "extensions": {"org.example.a": 1}}
    card |= {"intendedUse": _TEXT}
    assert is_valid("card.schema.json", card)
    return card


@functools.cache
def _vectors() -> dict[str, Any]:
    found = {}
    for name, make in (("linear", _coarse), ("vision", vision_draft), ("text", text_draft)):
        document = json.loads(sealed(make).files[VECTORS])
        document["extensions"] = {"org.example.a": 1}
        document["mutation"]["survivors"] = [{"mutant": "a", "reason": "b"}, {"mutant": "c"}]
        if name == "linear":
            document["vectors"] = document["vectors"][:2]
        assert is_valid("vectors.schema.json", document)
        found[name] = document
    return found


def _coarse() -> Draft:
    return coarse_draft(linear_draft())


def _with_manifest(base: str, one: Break) -> Forged:
    value = replaced(_manifests()[base], one.place, one.value)
    return sealed(_MANIFESTS[base]).with_text(written(value))


def _with_card(one: Break) -> Forged:
    return sealed(linear_draft).with_file(CARD, written(replaced(_full_card(), one.place, one.value)))


def _with_vectors(base: str, one: Break) -> Forged:
    make = {"linear": _coarse, "vision": vision_draft, "text": text_draft}[base]
    return sealed(make).with_file(VECTORS, written(replaced(_vectors()[base], one.place, one.value)))


def _conditions() -> Iterator[Violation]:
    """Yield packages that break a rule about two members at once."""
    vision = _manifests()["vision"]
    for name in ("interface", "processing"):
        rest = {key: one for key, one in vision.items() if key != name}
        yield broken("PKG-PRO-03", f"without-{name}", _text_of, rest)
    yield broken(
        "PKG-PRO-03", "empty-processing-alone", _text_of, _linear(processing={"pre": [], "post": []})
    )
    yield broken("PKG-PRO-03", "interface-alone", _text_of, _linear(interface=_linear()["signature"]))
    for side in ("inputs", "outputs"):
        for number, more in enumerate(
            (
                {"optional": True},
                {"optional": False, "default": 1},
                {"default": 1},
                {"default": 0},
                {"optional": True, "default": None},
                {"optional": 1, "default": 1},
                {"optional": "true", "default": 1},
                {"optional": True, "default": [1]},
                {"optional": True, "default": {}},
                {"optional": None},
            )
        ):
            manifest = _linear()
            manifest["signature"][side][0].update(more)
            yield broken("PKG-SIG-09", f"optional-{side}-{number}", _text_of, manifest)
    for number, executable in enumerate((False,)):
        manifest = _linear()
        second = {**manifest["artifacts"][0], "id": "t", "format": "pt2", "executable": executable}
        del second["opsets"]
        manifest["artifacts"].append(second)
        yield broken("PKG-ART-08", f"pt2-{number}", _text_of, manifest)
    manifest = _linear()
    manifest["artifacts"].append({**manifest["artifacts"][0], "id": "t", "format": "pt2", "executable": True})
    yield broken("PKG-MAN-04", "pt2-with-opsets", _text_of, manifest)
    manifest = _linear()
    del manifest["artifacts"][0]["opsets"]
    yield broken("PKG-MAN-04", "onnx-without-opsets", _text_of, manifest)
    for name, number in (("integer", 2**53), ("beyond-int64", 2**64)):
        manifest = _linear()
        manifest["symbols"]["N"]["max"] = float(number)
        yield broken("PKG-MAN-04", f"size-{name}", _text_of, manifest)
    for number, data in enumerate(
        (
            {"status": "present"},
            {},
            {"basis": _TEXT},
            {"status": "present", "basis": {}},
            {"status": ["none"]},
        )
    ):
        one = Break(("personalData",), "", data)
        yield broken("PKG-PRV-01", f"condition-{number}", _with_card, one)


def _linear(**more: Any) -> Any:
    return copy.deepcopy({**_manifests()["linear"], **more})


def _text_of(manifest: Any) -> Forged:
    make = vision_draft if manifest["id"] == "vision" else linear_draft
    return sealed(make).with_text(written(manifest))


#: Places of the manifest of which the rest of a package says nothing.
_FREE = (
    r"/(version|title|description|supplier)(/.*)?",
    r"/files/\d+/mediaType",
    rf"{_TENSOR}/(unit|description)(/.*)?",
    r"/signature/outputs/0/labels/names/en/\d",
    r"/artifacts/0/derivedFrom/.*",
    r"/symbols/N/max",
    r"/id",
)


def _within_the_manifest() -> Iterator[tuple[str, Any]]:
    """Yield manifests in which every free place has the next of the values that its schema just admits."""
    manifest = _linear(**_decoration())
    manifest["signature"]["inputs"][0].update(unit="K", description=_TEXT)
    manifest["signature"]["outputs"][0].update(labels={"axis": 1, "names": {"en": ["a", "b"]}})
    manifest["artifacts"][0]["derivedFrom"] = {"sha256": "0" * 64, "tool": "export 1"}
    free = [
        (place, values)
        for place, values in limits("manifest.schema.json", manifest)
        if any(re.fullmatch(one, _pointer(place)) for one in _FREE)
    ]
    for number in range(max(len(values) for _, values in free)):
        changed = manifest
        for place, values in free:
            changed = replaced(changed, place, values[number % len(values)])
        yield str(number), changed
    for number, content in enumerate(_contents()):
        changed = copy.deepcopy(manifest)
        changed["signature"]["inputs"][0].update(content=content)
        yield f"content-{number}", changed
    for name, members in _members().items():
        yield name, {**manifest, **members}


def _contents() -> Iterator[dict[str, Any]]:
    kinds = ("audio", "text", "bytes", "tokens", "tabular", "embedding", "probabilities", "logits", "other")
    yield from ({"kind": kind} for kind in kinds)
    yield {"kind": "audio", "sampleRate": 1}
    yield {"kind": "other", "sampleRate": 1e300}


def _members() -> dict[str, dict[str, Any]]:
    """Return members of the manifest with as many, or as odd members as may be."""
    names = ("a.b", "0.0", "-.-", "org.example.x-y", "a." * 127 + "b", "xn--bcher-kva.example")
    languages = {f"en-{one}": "x" for one in ("GB", "x1", "1997", "a" * 8)}
    return {
        "extensions": {"extensions": dict.fromkeys(names, "e\u0301\u202e")},
        "no-extensions": {"extensions": {}},
        "languages": {"title": {"en": "x", **languages, "zh-Hant": "x", "EN": "y", "sl": "z" * 65_536}},
        "supplier-without-url": {"supplier": {"name": "x"}},
        "edition": {"lepton": "1.99999999999999"},
        "edition-ten": {"lepton": "1.10"},
        "text-not-in-nfc": {"title": {"en": "cafe\u0301 \u2126"}, "description": {"en": "\0\n\ufeff"}},
    }


def _within_the_card() -> Iterator[tuple[str, Any]]:
    """Yield cards in which every place has the next of the values that its schema just admits."""
    card = _full_card()
    free = [one for one in limits("card.schema.json", card) if _pointer(one[0]) != "/personalData/status"]
    for number in range(max(len(values) for _, values in free)):
        changed = card
        for place, values in free:
            changed = replaced(changed, place, values[number % len(values)])
        yield str(number), changed
    for status, basis in itertools.product(("none", "possible", "present", "unknown"), (False, True)):
        if status != "present" or basis:
            data = {"status": status, **({"basis": {"en": "b"}} if basis else {})}
            yield f"{status}-{basis}", {**card, "personalData": data}
    evaluation = card["evaluations"][0]
    yield "many", {**card, "evaluations": [evaluation] * 4096, "trainedOn": [{"name": "x"}] * 1024}
    yield "none", {**card, "evaluations": [], "trainedOn": []}
    for name in ("evaluations", "trainedOn", "extensions"):
        yield f"without-{name}", {key: one for key, one in card.items() if key != name}
    for name in ("intendedUse", "outOfScopeUse", "limitations"):
        yield f"no-{name}", {**card, name: {"notProvided": {"en": "x", "de": "y" * 65_536}}}
        yield f"language-{name}", {**card, name: {"en": "x", "not-Provided": "y"}}


def _sound_manifest(manifest: Any) -> Forged:
    if manifest["symbols"]["N"]["max"] < 2:
        manifest = replaced(manifest, ("symbols", "N", "max"), 2)
    return sealed(linear_draft).with_text(written(manifest))


def _sound_card(card: Any) -> Forged:
    return sealed(linear_draft).with_file(CARD, written(card))
