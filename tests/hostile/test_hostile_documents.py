"""Documents that are traps: deep, wide, long, numbers beyond all numbers. Each is judged, cheaply.

They are of a size that shows what would grow without bounds; `make hostile` judges them five times as large.
"""

import functools
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from lepton_conformance.forge import valid
from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.package import CARD, VECTORS

Judge = Callable[..., Any]
MEGABYTE = 1_000_000
SCALE = int(os.environ.get("HOSTILE_SCALE", "1"))
#: How many of something a manifest has that has far too many.
MANY = 12_000 * SCALE


def linear_draft() -> Draft:
    """Return the plainest package, with no score that would be brought up to date with a bomb."""
    made = valid.linear_draft()
    made.score = None
    return made


def vision_draft() -> Draft:
    """Return the package with an image, likewise."""
    made = valid.vision_draft()
    made.score = None
    return made


def filled(unit: bytes, size: int) -> bytes:
    """Return a list of `unit` as a member of an object."""
    return b'{"a":[' + unit * (size // len(unit)) + b"0]}"


@functools.cache
def named(size: int) -> bytes:
    return b"{" + b",".join(b'"%07d":1' % number for number in range(size // 12)) + b"}"


DOCUMENTS: dict[str, Callable[[int], bytes]] = {
    "depth": lambda size: b"[" * size,
    "depth of objects": lambda size: b'{"a":' * (size // 5),
    "closing brackets": lambda size: b"]" * size,
    "empty lists": lambda size: filled(b"[],", size),
    "small objects": lambda size: filled(b'{"a":1},', size),
    "lists in lists": lambda size: filled(b"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],", size),
    "digits": lambda size: b'{"a":' + b"9" * size + b"}",
    "fraction digits": lambda size: b'{"a":0.' + b"9" * size + b"}",
    "a large exponent": lambda size: b'{"a":1e' + b"9" * size + b"}",
    "numbers of 300 digits": lambda size: filled(b"9" * 300 + b",", size),
    "numbers of 5,000 digits": lambda size: filled(b"9" * 5000 + b",", size),
    "small floats": lambda size: filled(b"1.5e-300,", size),
    "names": named,
    "one name": lambda size: b"{" + b'"a":1,' * (size // 6) + b'"a":1}',
    "a text": lambda size: b'{"a":"' + b"x" * size + b'"}',
    "a text with a wide character": lambda size: b'{"a":"\xf0\x9f\x98\x80' + b"x" * size + b'"}',
    "a name": lambda size: b'{"' + b"x" * size + b'":1}',
    "escapes": lambda size: b'{"a":"' + b"\\u00e9" * (size // 6) + b'"}',
    "backslashes": lambda size: b'{"a":"' + b"\\\\" * (size // 2) + b'"}',
    "quotes": lambda size: b'"' * size,
    "a text without an end": lambda size: b'{"a":"' + b"[" * size,
    "surrogates": lambda size: b'{"a":"' + b"\\ud800" * (size // 6) + b'"}',
    "NUL": lambda size: bytes(size),
    "UTF-16": lambda size: b"\xff\xfe" + "{}".encode("utf-16-le") * (size // 4),
    "spaces": lambda size: b" " * size + b"{}",
}


@pytest.mark.parametrize("made", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_manifest_that_is_a_bomb_ends_cheaply(
    made: Callable[[int], bytes], tmp_path: Path, measured: Judge
) -> None:
    package = linear_draft().directory(made(3 * MEGABYTE * SCALE)).write(tmp_path)
    found = measured(package)
    assert found.verdict in ("fail", "inconclusive")
    assert len(str(found.findings)) < 20_000


@pytest.mark.parametrize("path", [CARD, VECTORS])
@pytest.mark.parametrize("kind", ["small objects", "names", "a text with a wide character", "quotes"])
def test_a_compressed_document_that_is_a_bomb_ends_cheaply(
    kind: str, path: str, tmp_path: Path, measured: Judge
) -> None:
    """20 MB in some ten thousand bytes."""
    draft = linear_draft().put(path, DOCUMENTS[kind](20 * MEGABYTE))
    found = measured(draft.archive(deflated=[path]).write(tmp_path))
    assert found.verdict in ("fail", "inconclusive")


@pytest.mark.parametrize("kind", ["small objects", "names", "a text with a wide character"])
@pytest.mark.parametrize("zipped", [False, True])
def test_many_documents_together_take_no_more(
    zipped: bool, kind: str, tmp_path: Path, measured: Judge
) -> None:
    draft = linear_draft()
    data = DOCUMENTS[kind](MEGABYTE * SCALE)
    paths = [f"vectors/{number}.json" for number in range(12)]
    for path in paths:
        draft.add(path, data, "application/json", "vectors")
    draft.manifest["vectors"] = paths
    forged = draft.archive(deflated=paths) if zipped else draft.directory()
    found = measured(forged.write(tmp_path))
    assert found.verdict in ("fail", "inconclusive")


def changed(change: Callable[[Any], object], draft: Callable[[], Draft] = linear_draft) -> Draft:
    made = draft()
    made.manifest = made.sealed()
    change(made.manifest)
    return made


MANIFESTS: dict[str, Callable[[], Draft]] = {
    "sizes of 2^53 in a shape without an end": lambda: changed(
        lambda m: m["signature"]["inputs"][0].update(shape=[2**53 - 1] * MANY)
    ),
    "symbols by the thousand": lambda: changed(
        lambda m: m["symbols"].update({f"S{n}": {"min": 1, "max": 2} for n in range(MANY)})
    ),
    "a symbol with bounds without a multiple": lambda: changed(
        lambda m: m["symbols"]["N"].update(min=2**52 + 1, max=2**53 - 1, multipleOf=2**53 - 1)
    ),
    "inputs by the thousand": lambda: changed(
        lambda m: m["signature"]["inputs"].extend(m["signature"]["inputs"] * (2 * MANY))
    ),
    "steps by the thousand": lambda: changed(
        lambda m: m["processing"]["pre"].extend(m["processing"]["pre"][:1] * MANY), vision_draft
    ),
    "artifacts by the thousand": lambda: changed(
        lambda m: m["artifacts"].extend({**m["artifacts"][0], "id": f"a{n}"} for n in range(MANY // 2))
    ),
    "files by the thousand": lambda: changed(
        lambda m: m["files"].extend({**m["files"][0], "path": f"f/{n}"} for n in range(min(MANY, 60_000)))
    ),
    "one file listed again and again": lambda: changed(lambda m: m["files"].extend(m["files"] * (MANY // 5))),
    "one vectors document named again and again": lambda: changed(
        lambda m: m["vectors"].extend(m["vectors"] * MANY)
    ),
    "brackets in a licence": lambda: changed(
        lambda m: m.update(license="(" * 500_000 + "MIT" + ")" * 500_000)
    ),
    "a licence of thousands of words": lambda: changed(
        lambda m: m.update(license=" AND ".join(["MIT"] * MANY))
    ),
    "a language tag of a million letters": lambda: changed(lambda m: m.update(language="a-" * 500_000)),
    "a version of a million digits": lambda: changed(lambda m: m.update(version="1." * 500_000)),
    "a version with a long pre-release": lambda: changed(
        lambda m: m.update(version="1.0.0-" + "0a-." * 200_000 + "!")
    ),
    "an identifier of a million hyphens": lambda: changed(lambda m: m.update(id="a" + "-" * 1_000_000)),
    "a path of a million folders": lambda: changed(lambda m: m["files"][0].update(path="a/" * 500_000 + "b")),
    "unknown members by the thousand": lambda: changed(lambda m: m.update({f"x{n}": n for n in range(MANY)})),
    "a title in languages by the thousand": lambda: changed(
        lambda m: m["title"].update({f"en-x-{n}": "t" for n in range(MANY)})
    ),
    "labels by the thousand": lambda: changed(
        lambda m: m["signature"]["outputs"][0].update(labels={"axis": 1, "names": {"en": ["x"] * (5 * MANY)}})
    ),
    "an axis of 2^53": lambda: changed(
        lambda m: m["signature"]["outputs"][0].update(labels={"axis": 2**53 - 1, "names": {"en": ["x"]}})
    ),
}


@pytest.mark.parametrize("made", MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_that_asks_for_much_ends_cheaply(
    made: Callable[[], Draft], tmp_path: Path, measured: Judge
) -> None:
    found = measured(made().directory().write(tmp_path))
    assert found.verdict in ("fail", "inconclusive") or set(found.requirements) == {"PKG-SIG-04"}
    assert len(str(found.findings)) < 200_000


def vector(change: Callable[[Any], object]) -> Draft:
    return linear_draft().edit(VECTORS, lambda document: change(document["vectors"][0]["inputs"][0]))


VECTOR_TRAPS: dict[str, Callable[[], Draft]] = {
    "2^62 elements": lambda: vector(lambda t: t.update(shape=[2**31, 2**31])),
    "2^1060 elements": lambda: vector(lambda t: t.update(shape=[2**53 - 1] * 20)),
    "elements of rank 100,000": lambda: vector(lambda t: t.update(shape=[2**53 - 1] * 100_000)),
    "no elements of rank 100,000": lambda: vector(lambda t: t.update(shape=[2**53 - 1] * 100_000 + [0])),
    "no base64": lambda: vector(lambda t: t.update(data="=" * 1_000_000)),
    "base64 with line ends": lambda: vector(lambda t: t.update(data=t["data"] + "\n")),
    "texts of 4 GB": lambda: vector(lambda t: t.update(datatype="BYTES", data="/////w==")),
    "a datatype that nobody has": lambda: vector(lambda t: t.update(datatype="OBJECT")),
}


@pytest.mark.parametrize("made", VECTOR_TRAPS.values(), ids=VECTOR_TRAPS)
def test_vectors_that_ask_for_much_end_cheaply(
    made: Callable[[], Draft], tmp_path: Path, measured: Judge
) -> None:
    found = measured(made().directory().write(tmp_path))
    assert found.verdict == "fail"
    assert set(found.requirements) <= {"COR-TYP-01", "COR-TYP-02", "PKG-VEC-02", "PKG-VEC-03", "PKG-MAN-05"}


def test_a_package_that_is_right_but_for_its_size_is_judged(tmp_path: Path, measured: Judge) -> None:
    """10 MB of honest vectors: beside the traps, what is allowed."""
    draft = linear_draft()
    document = json.loads(draft.member(VECTORS).data)
    document["provenance"]["tolerance"] = "x" * (10 * MEGABYTE)
    data = rfc8785.dumps(document)
    assert hashlib.sha256(data)
    found = measured(draft.put(VECTORS, data).directory().write(tmp_path))
    assert found.verdict in ("pass", "fail")
