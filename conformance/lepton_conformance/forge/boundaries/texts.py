"""JSON texts at the boundary: encodings, names, surrogates, numbers, grammar, canonical bytes, size, depth.

Owns the spellings, for the manifest, the card and vectors documents alike; leaves what they say to
`documents`. Serves PKG-MAN-01 to PKG-MAN-03, COR-LIM-01, PKG-DOC-02 and PKG-VEC-02.
"""

import functools
import json
from collections.abc import Iterator
from typing import Any

from lepton_conformance.forge.boundaries.sealed import broken, sealed, sound, written
from lepton_conformance.forge.boundaries.spellings import CANONICAL, MALFORMED, NOT_CANONICAL
from lepton_conformance.forge.draft import MANIFEST, Forged, Member
from lepton_conformance.forge.package import CARD, VECTORS
from lepton_conformance.forge.valid import ValidPackage, linear_draft
from lepton_conformance.forge.violation import Violation

__all__ = ["near_misses", "sound_texts", "text_faults"]

MEBIBYTE = 1 << 20
MAX_MANIFEST_BYTES, MAX_DOCUMENT_BYTES, MAX_DEPTH = 16 * MEBIBYTE, 64 * MEBIBYTE, 64
MORE = "vectors/more.json"


def text_faults() -> Iterator[Violation]:
    """Yield packages with a document whose text breaks a rule."""
    for number, (name, text) in enumerate(MALFORMED.items()):
        yield broken("PKG-MAN-02", name, _manifest_with, text)
        if number % 3:
            yield broken("PKG-DOC-02", f"text-{name}", _document_with, CARD, text)
        else:
            yield broken("PKG-VEC-02", f"text-{name}", _document_with, VECTORS, text)
    for requirement, path in (("PKG-MAN-02", MANIFEST), ("PKG-DOC-02", CARD), ("PKG-VEC-02", VECTORS)):
        for name, change in _whole_texts().items():
            yield broken(requirement, f"whole-{name}", _whole, path, change)
    for name, change in _members_twice().items():
        yield broken("PKG-MAN-02", f"member-twice-{name}", _whole, MANIFEST, change)
    for name, text in NOT_CANONICAL.items():
        yield broken("PKG-MAN-03", name, _manifest_with, text)
    for name, (old, new) in _FRAMES.items():
        yield broken("PKG-MAN-03", f"frame-{name}", _replaced, old, new)
    yield broken("PKG-MAN-01", "16-MiB-and-1", _manifest_of, MAX_MANIFEST_BYTES + 1)
    yield broken("PKG-MAN-01", "64-MiB", _manifest_of, MAX_DOCUMENT_BYTES)
    yield broken("PKG-MAN-01", "16-MiB-and-1-of-spaces", _spaced, MANIFEST, MAX_MANIFEST_BYTES + 1)
    for name, text in _too_deep().items():
        yield broken("PKG-MAN-01", f"depth-{name}", _manifest_with, text)
        yield broken("COR-LIM-01", f"card-depth-{name}", _document_with, CARD, text)
        yield broken("COR-LIM-01", f"vectors-depth-{name}", _document_with, VECTORS, text)
        yield broken("COR-LIM-01", f"second-vectors-depth-{name}", _document_with, MORE, text)
    for name, text in {
        "brackets": b"[" * 70,
        "braces": b'{"a":' * 65,
        "closed": b"[" * 65 + b"]" * 65,
    }.items():
        yield broken("PKG-MAN-01", f"whole-{name}", _other_text, MANIFEST, text)
        yield broken("COR-LIM-01", f"whole-card-{name}", _other_text, CARD, text)
        yield broken("COR-LIM-01", f"whole-vectors-{name}", _other_text, MORE, text)
    for path in (CARD, VECTORS, MORE):
        yield broken("COR-LIM-01", f"{path}-64-MiB-and-1", _spaced, path, MAX_DOCUMENT_BYTES + 1)


def sound_texts() -> Iterator[ValidPackage]:
    """Yield packages whose texts are as long, as deep and as odd as may be."""
    yield sound("text-canonical", _manifest_with, written(CANONICAL))
    for name, text in _deepest().items():
        yield sound(f"text-depth-{name}", _manifest_with, text)
        yield sound(f"text-depth-{name}-card", _document_with, CARD, text)
        yield sound(f"text-depth-{name}-vectors", _document_with, MORE, text)
    yield sound("text-of-16-MiB", _manifest_of, MAX_MANIFEST_BYTES)
    yield sound("card-of-64-MiB", _spaced, CARD, MAX_DOCUMENT_BYTES)
    yield sound("vectors-of-64-MiB", _spaced, MORE, MAX_DOCUMENT_BYTES)
    for path in (CARD, VECTORS):
        yield sound(f"{path}-loose", _whole, path, _loose)
        for name, text in NOT_CANONICAL.items():
            if path == CARD:
                yield sound(f"{path}-{name}", _document_with, path, text)


def near_misses(identifier: str) -> Iterator[ValidPackage]:
    """Yield packages whose texts break another rule than the one named."""
    if identifier in ("PKG-MAN-01", "PKG-MAN-02"):
        for name, text in NOT_CANONICAL.items():
            yield sound(name, _manifest_with, text)
    if identifier in ("PKG-MAN-03", "PKG-MAN-01"):
        for name in ("name-twice", "surrogate-high", "bytes-ff", "nan", "comma-behind", "two-values"):
            yield sound(name, _manifest_with, MALFORMED[name])
    if identifier == "PKG-MAN-02":
        yield sound("too-deep", _manifest_with, b"[" * 63 + b"]" * 63)


def _manifest_with(text: bytes) -> Forged:
    """Return the package with an extension spelt as given, in its canonical place."""
    base = sealed(linear_draft)
    member = b'"extensions":{"org.example.x":' + text + b'},"files":['
    return base.with_text(base.files[MANIFEST].replace(b'"files":[', member, 1))


def _two_documents() -> Any:
    """Return a package with a second vectors document."""
    draft = sealed(linear_draft).draft()
    document = json.loads(draft.member(VECTORS).data)
    document = {**document, "controls": [], "vectors": document["vectors"][:1]}
    del document["mutation"]
    draft.members.append(Member(MORE, written(document), "application/json", "vectors"))
    draft.manifest["vectors"] = [VECTORS, MORE]
    return draft


def _document_with(path: str, text: bytes) -> Forged:
    """Return the package with a document whose extension is spelt as given."""
    base = sealed(_two_documents)
    member = b',"extensions":{"org.example.x":' + text + b"}}"
    return base.with_file(path, base.files[path].removesuffix(b"}") + member)


def _other_text(path: str, text: bytes) -> Forged:
    base = sealed(_two_documents)
    return base.with_text(text) if path == MANIFEST else base.with_file(path, text)


def _whole(path: str, change: Any) -> Forged:
    return _other_text(path, change(sealed(_two_documents).files[path]))


def _replaced(old: bytes, new: bytes) -> Forged:
    base = sealed(linear_draft)
    assert old in base.files[MANIFEST]
    return base.with_text(base.files[MANIFEST].replace(old, new, 1))


#: Spaces and orders around members that every manifest has.
_FRAMES = {
    "space-first": (b'{"artifacts"', b' {"artifacts"'),
    "space-inside": (b'{"artifacts"', b'{ "artifacts"'),
    "line-feed-first": (b'{"artifacts"', b'\n{"artifacts"'),
    "space-after-a-name": (b'"card":', b'"card" :'),
    "space-after-a-colon": (b'"card":', b'"card": '),
    "space-after-a-comma": (b',"card":', b', "card":'),
    "line-feed-between": (b',"card":', b',\n"card":'),
    "order-of-a-symbol": (b'{"max":64,"min":1}', b'{"min":1,"max":64}'),
    "number-of-a-symbol": (b'"max":64', b'"max":64.00'),
    "exponent-of-a-symbol": (b'"max":64', b'"max":64e0'),
    "exponent-of-a-size": (b'"min":1}', b'"min":10e-1}'),
    "escaped-name": (b'"card":', b'"c\\u0061rd":'),
    "escaped-value": (b'"language":"en"', b'"language":"\\u0065n"'),
    "escaped-slash": (b'"vectors/golden.json"]', b'"vectors\\/golden.json"]'),
}


def _whole_texts() -> dict[str, Any]:
    return {
        "byte-order-mark": lambda data: b"\xef\xbb\xbf" + data,
        "two-byte-order-marks": lambda data: b"\xef\xbb\xbf" * 2 + data,
        "utf-16": lambda data: data.decode().encode("utf-16"),
        "utf-16-le": lambda data: data.decode().encode("utf-16-le"),
        "utf-16-be": lambda data: data.decode().encode("utf-16-be"),
        "utf-32": lambda data: data.decode().encode("utf-32"),
        "utf-7": lambda data: b"+AHs-" + data[1:],
        "empty": lambda data: b"",
        "spaces": lambda data: b" \n",
        "cut": lambda data: data[:-1],
        "cut-in-half": lambda data: data[: len(data) // 2],
        "brace-behind": lambda data: data + b"}",
        "comma-behind": lambda data: data + b",",
        "nul-behind": lambda data: data + b"\0",
        "text-behind": lambda data: data + b"x",
        "mark-behind": lambda data: data + b"\xef\xbb\xbf",
        "object-behind": lambda data: data + b"{}",
        "line-of-json-behind": lambda data: data + b"\n" + data,
        "invalid-byte-behind": lambda data: data + b"\xff",
        "in-a-comment": lambda data: b"/**/" + data,
        "comma-before-the-end": lambda data: data[:-1] + b",}",
        "gzip": lambda data: b"\x1f\x8b\x08" + data,
        "yaml": lambda data: b"lepton: 1.0\n",
    }


def _members_twice() -> dict[str, Any]:
    """Return changes that write a member of the manifest twice, in each kind of object."""

    def twice(old: bytes, new: bytes) -> Any:
        return lambda data: data.replace(old, new, 1)

    return {
        "first": twice(b'{"artifacts":', b'{"artifacts":[],"artifacts":'),
        "last": lambda data: data[:-1] + b',"version":"1.0.0"}',
        "alike": lambda data: data[:-1] + b',"language":"en"}',
        "unknown": lambda data: data[:-1] + b',"zz":1,"zz":1}',
        "file": twice(b'"role":"card"', b'"role":"card","role":"card"'),
        "last-file": twice(b'"role":"vectors"', b'"role":"other","role":"vectors"'),
        "symbol": twice(b'"min":1}', b'"min":1,"min":1}'),
        "symbols": twice(b'"symbols":{', b'"symbols":{"N":{"max":1,"min":1},'),
        "tensor": twice(b'"datatype":"FP32"', b'"datatype":"FP32","datatype":"FP64"'),
        "artifact": twice(b'"executable":false', b'"executable":false,"executable":true'),
        "opsets": twice(b'"ai.onnx":17', b'"ai.onnx":17,"ai.onnx":18'),
        "title": twice(b'"title":{', b'"title":{"en":"y",'),
    }


def _loose(data: bytes) -> bytes:
    """Return a document in a form that is well formed and far from canonical."""
    text = json.dumps(dict(reversed(json.loads(data).items())), indent=3, ensure_ascii=True)
    return b"\r\n\t " + text.encode().replace(b"/", b"\\/") + b" \n\n"


@functools.cache
def _too_deep() -> dict[str, bytes]:
    """Return values that are one level too deep behind a document, `extensions` and a member of it."""
    room = MAX_DEPTH - 2
    return _nested(room + 1)


@functools.cache
def _deepest() -> dict[str, bytes]:
    return _nested(MAX_DEPTH - 2)


def _nested(depth: int) -> dict[str, bytes]:
    half = depth // 2
    mixed = b'[{"a":' * half + b"[]" * (depth % 2) + b"0" * (1 - depth % 2) + b"}]" * half
    return {
        "lists": b"[" * depth + b"]" * depth,
        "objects": b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1),
        "mixed": mixed,
        "behind-a-flat-one": b"[[],{}," + b"[" * (depth - 1) + b"]" * (depth - 1) + b"]",
        "behind-texts": b'["\\"","[[","\\\\",' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"]",
        "before-a-flat-one": b"[" + b"[" * (depth - 1) + b"]" * (depth - 1) + b',"]]",{}]',
        "behind-closing-texts": b'["]]]]]]]]","}\\"}",' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"]",
    }


def _manifest_of(size: int) -> Forged:
    """Return the package with a manifest of so many bytes."""
    less = len(_manifest_with(b'""').files[MANIFEST])
    return _manifest_with(b'"' + b"x" * (size - less) + b'"')


def _spaced(path: str, size: int) -> Forged:
    """Return the package with a document of so many bytes, spaces at the end."""
    data = sealed(_two_documents).files[path]
    return _other_text(path, data + b" " * (size - len(data)))
