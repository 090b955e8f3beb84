"""Signature bundles at the boundary: each row of their form broken, and all that is free.

Owns what is other; leaves bundles to `forge.signing`, right ones to `bundle_forms`. Serves PKG-SGN-01 to
PKG-SGN-03.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lepton_conformance.forge.boundaries.sealed import broken, sealed
from lepton_conformance.forge.boundaries.spellings import MALFORMED
from lepton_conformance.forge.draft import MANIFEST, Draft, Forged, Member
from lepton_conformance.forge.package import CARD, MODEL
from lepton_conformance.forge.signing import BUNDLE, signed
from lepton_conformance.forge.valid import linear_draft
from lepton_conformance.forge.violation import Violation

__all__ = [
    "ODD",
    "RAW",
    "bundle_faults",
    "bundled",
    "drop",
    "many_files",
    "nothing",
    "pinned",
    "put",
    "second_bundle",
    "zipped_bundle",
]

_FORM, _FILES, _SUBJECT = "PKG-SGN-01", "PKG-SGN-02", "PKG-SGN-03"
_TYPE = "application/vnd.dev.sigstore.bundle"
RAW = base64.b64encode(b"\x30\x03\x02\x01\x05").decode()
#: Values that are no text, no object and no array.
ODD: tuple[Any, ...] = (None, True, 0, "", "x", [], {}, ["x"], [{}], {"x": 1})
Change = Callable[[Any], object]


def nothing(document: Any) -> None:
    """Change nothing."""


def bundled(statement: Change = nothing, bundle: Change = nothing, path: str = BUNDLE) -> Forged:
    """Return the package with a bundle at a path."""
    draft = signed(sealed(many_files).draft(), statement=statement, bundle=bundle)
    draft.unlisted[path] = draft.unlisted.pop(BUNDLE)
    return draft.directory()


def many_files() -> Draft:
    """Return a package whose paths are in another order by segments than as wholes."""
    paths = ("a/b", "a.txt", "a-b", "a/b.c", "é", "z/\U0001f600", "z/\ufb01", "Y", "model.txt")
    return sealed(linear_draft).draft(*(Member(path, path.encode(), "text/plain", "other") for path in paths))


def put(place: tuple[str | int, ...], value: Any) -> Change:
    """Return a change that puts a value at a place."""

    def change(document: Any) -> None:
        for part in place[:-1]:
            document = document[part]
        document[place[-1]] = value

    return change


def drop(place: tuple[str | int, ...]) -> Change:
    """Return a change that takes a member away."""

    def change(document: Any) -> None:
        for part in place[:-1]:
            document = document[part]
        del document[place[-1]]

    return change


def bundle_faults() -> Iterator[Violation]:
    """Yield packages with a bundle or an attestation that breaks a rule."""
    yield from _forms()
    yield from _statements()
    yield from _resources()
    yield from _subjects()
    yield from _texts()


def _forms() -> Iterator[Violation]:
    types = ("", f"{_TYPE}.v0.2+json", f"{_TYPE}.v0.3", f"{_TYPE}+json;version=0.3", f"{_TYPE}.v0.3+JSON")
    places: Mapping[tuple[str | int, ...], tuple[Any, ...]] = {
        ("mediaType",): (*ODD, *types, f"{_TYPE}.v0.3+json ", "application/json", f"{_TYPE}.v0.31+json"),
        ("verificationMaterial",): (*ODD, {"publicKeys": {"hint": "a"}}, {"tlogEntries": []}),
        ("verificationMaterial", "publicKey"): (None, True, 0, "", "x", [], ["x"], [{}]),
        ("verificationMaterial", "publicKey", "hint"): (True, 0, [], {}),
        ("dsseEnvelope",): ODD,
        ("dsseEnvelope", "payloadType"): (*ODD, "application/vnd.in-toto", "Application/vnd.in-toto+json"),
        ("dsseEnvelope", "payload"): (*ODD, "e30", "e30=\n", "{}", "e3 0=", "_-==", "====", "e30=e30="),
        ("dsseEnvelope", "signatures"): (*ODD, [None], ["x"], [[]], [{"keyid": "a"}]),
        ("dsseEnvelope", "signatures", 0, "sig"): (
            None,
            True,
            0,
            [],
            {},
            "*",
            "AA",
            "AA==\n",
            "A A=",
            "_w==",
        ),
    }
    for place, values in places.items():
        name = "-".join(map(str, place))
        if place[-1] != "hint":
            yield broken(_FORM, f"without-{name}", bundled, nothing, drop(place))
        for number, value in enumerate(values):
            yield broken(_FORM, f"{name}-{number}", bundled, nothing, put(place, value))
    certificate, key = {"rawBytes": RAW}, {"hint": "a"}
    chain = {"certificates": [certificate]}
    for number, material in enumerate(
        (
            {"publicKey": key, "certificate": certificate},
            {"publicKey": key, "x509CertificateChain": chain},
            {"certificate": certificate, "x509CertificateChain": chain},
            {"publicKey": key, "certificate": certificate, "x509CertificateChain": chain},
            {"certificate": {}},
            {"certificate": {"rawBytes": 1}},
            {"certificate": {"rawBytes": "*"}},
            {"certificate": RAW},
            {"certificate": [certificate]},
            {"x509CertificateChain": {}},
            {"x509CertificateChain": [certificate]},
            {"x509CertificateChain": {"certificates": certificate}},
            {"x509CertificateChain": {"certificates": [{}]}},
            {"x509CertificateChain": {"certificates": [certificate, {"rawBytes": "*"}]}},
            {"x509CertificateChain": {"certificates": [certificate, RAW]}},
            {"publicKey": key, "tlogEntries": {}},
            {"publicKey": key, "tlogEntries": "x"},
            {"Certificate": certificate},
        )
    ):
        yield broken(_FORM, f"material-{number}", bundled, nothing, put(("verificationMaterial",), material))
    two = put(("dsseEnvelope", "signatures"), [{"sig": "AA=="}, {"sig": "AQ=="}])
    yield broken(_FORM, "two-signatures", bundled, nothing, two)
    for path in ("signatures/a/b.sigstore.json", "signatures/.sigstore.json", "signatures/é.sigstore.json"):
        yield broken(_FORM, f"at-{path}", bundled, nothing, drop(("mediaType",)), path)
    yield broken(_FORM, "second-of-two", second_bundle, drop(("mediaType",)))
    yield broken(_FORM, "zip", zipped_bundle, drop(("mediaType",)))


def _statements() -> Iterator[Violation]:
    ours = "https://model_signing/signature/v1.0"
    places: Mapping[tuple[str | int, ...], tuple[Any, ...]] = {
        ("_type",): (*ODD, "https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1/"),
        ("subject",): (*ODD, [None], ["x"], [[]]),
        ("subject", 0, "name"): (None, True, 0, "", [], {}),
        ("subject", 0, "digest"): ODD,
        ("subject", 0, "digest", "sha256"): (
            None,
            True,
            0,
            "x",
            [],
            {},
            ["x"],
            "0" * 63,
            "0" * 65,
            "g" * 64,
            "0" * 63 + "\n",
        ),
        ("predicateType",): (*ODD, f"{ours}/", "https://model_signing/signature/v0.1", ours.upper()),
        ("predicate",): ODD,
        ("predicate", "serialization"): ODD,
        ("predicate", "serialization", "method"): (*ODD, "Files", "shards", "files ", ["files"]),
        ("predicate", "serialization", "hash_type"): (*ODD, "SHA256", "sha512", "sha-256", "blake2b"),
    }
    for place, values in places.items():
        name = "-".join(map(str, place))
        yield broken(_FORM, f"statement-without-{name}", bundled, drop(place))
        for number, value in enumerate(values):
            yield broken(_FORM, f"statement-{name}-{number}", bundled, put(place, value))
    yield broken(
        _FORM, "statement-two-subjects", bundled, lambda said: said["subject"].append(said["subject"][0])
    )
    sha1 = put(("subject", 0, "digest"), {"sha1": "0" * 40})
    yield broken(_FORM, "statement-sha1", bundled, sha1)


def _two_subjects(said: Any) -> None:
    said["subject"].append(said["subject"][0])


def _listed(change: Change) -> Change:
    """Return a change of the resources of a statement."""
    return lambda said: change(said["predicate"]["resources"])


def _named(path: str, change: Callable[[list[Any], Any], object]) -> Change:
    """Return a change of one resource, which is told where it stands."""

    def every(resources: Any) -> None:
        change(resources, next(one for one in resources if one["name"] == path))

    return _listed(every)


def _with_members(path: str, **members: Any) -> Change:
    return _named(path, lambda every, one: one.update(members))


def _resources() -> Iterator[Violation]:
    base = sealed(many_files)
    paths = [MANIFEST, *(one["path"] for one in base.manifest["files"])]
    for path in paths:
        yield broken(_FILES, f"without-{path}", bundled, _named(path, lambda every, one: every.remove(one)))
        yield broken(_FILES, f"digest-of-{path}", bundled, _with_members(path, digest="0" * 64))
    for path in (MANIFEST, CARD, MODEL, "Y", "é"):
        for number, algorithm in enumerate(("sha512", "SHA256", "", None, "sha-256", ["sha256"])):
            change = _with_members(path, algorithm=algorithm)
            yield broken(_FILES, f"algorithm-{path}-{number}", bundled, change)
        digest = hashlib.sha256(base.files[path]).hexdigest() if path != MANIFEST else "f" * 64
        last = "0" if digest[-1] != "0" else "1"
        for number, text in enumerate((digest[:-1], digest[:-1] + last, None, "")):
            yield broken(_FILES, f"digest-{path}-{number}", pinned, _with_members(path, digest=text))
        for number, name in enumerate((f"{path.upper()}x", f"./{path}", f"/{path}", f"{path} ", "", None)):
            yield broken(_FILES, f"name-{path}-{number}", bundled, _with_members(path, name=name))
        twice = _named(path, lambda every, one: every.append(dict(one)))
        yield broken(_FILES, f"twice-{path}", bundled, twice)
    for name, order in _orders().items():
        yield broken(_FILES, f"order-{name}", bundled, _sorted_by(order))
    yield broken(_FILES, "order-reversed", bundled, _listed(lambda every: every.reverse()))
    for place in range(0, len(paths) - 1, 2):
        yield broken(_FILES, f"order-exchanged-{place}", bundled, _listed(_exchange(place)))
    for name in ("nowhere", "signatures/x", "attestations/x", BUNDLE, "model", "a", ""):
        more = {"name": name, "algorithm": "sha256", "digest": "0" * 64}
        yield broken(_FILES, f"more-{name}", _more_resource, more)
    values: tuple[Any, ...] = (None, {}, "x", [], [None], ["x"], [[]], [{}])
    for number, value in enumerate(values):
        yield broken(_FILES, f"resources-{number}", pinned, put(("predicate", "resources"), value))
    yield broken(_FILES, "resources-gone", pinned, drop(("predicate", "resources")))
    for member in ("name", "algorithm", "digest"):
        place_of = ("predicate", "resources", 3, member)
        yield broken(_FILES, f"resource-without-{member}", pinned, drop(place_of))
    yield broken(_FILES, "second-of-two", _second_statement, _with_members(CARD, digest="0" * 64))
    yield broken(_FILES, "file-added", _file_added)


def _sorted_by(order: Callable[[Any], Any]) -> Change:
    return _listed(lambda every: every.sort(key=order))


def _exchange(place: int) -> Change:
    def change(every: Any) -> None:
        every[place], every[place + 1] = every[place + 1], every[place]

    return change


def _orders() -> dict[str, Callable[[Any], Any]]:
    """Return orders that are another one than that of segments by code points."""
    return {
        "of-whole-paths": lambda one: one["name"],
        "of-lower-case": lambda one: one["name"].lower().split("/"),
        "of-utf-16": lambda one: [part.encode("utf-16-be") for part in one["name"].split("/")],
        "manifest-first": lambda one: (one["name"] != MANIFEST, one["name"].split("/")),
        "of-digests": lambda one: one["digest"],
        "of-depth": lambda one: (one["name"].count("/"), one["name"].split("/")),
        "folders-last": lambda one: one["name"].rpartition("/")[::2],
    }


def pinned(change: Change) -> Forged:
    """Return a package whose statement has a digest of its own, so that it need not be computed."""

    def statement(said: Any) -> None:
        said["subject"][0]["digest"] = {"sha256": "1" * 64}
        change(said)

    return bundled(statement)


def _more_resource(more: Mapping[str, str]) -> Forged:
    """Return a package whose bundle lists one name more, in its place."""

    def change(said: Any) -> None:
        said["predicate"]["resources"].append(dict(more))
        said["predicate"]["resources"].sort(key=lambda one: one["name"].split("/"))

    return bundled(change)


def _file_added() -> Forged:
    """Return a package to which a listed file was added after it was signed."""
    before = bundled().files[BUNDLE]
    draft = sealed(many_files).draft(Member("added", b"x", "text/plain", "other"), unlisted={BUNDLE: before})
    return draft.directory()


def second_bundle(change: Change) -> Forged:
    """Return a package with a right bundle and another one beside it."""
    other = bundled(bundle=change).files[BUNDLE]
    files = bundled().files
    return Forged({**files, "signatures/second.sigstore.json": other})


def _second_statement(change: Change) -> Forged:
    other = bundled(change).files[BUNDLE]
    return Forged({**bundled().files, "signatures/second.sigstore.json": other})


def zipped_bundle(change: Change) -> Forged:
    """Return the container with a bundle that is changed."""
    return signed(sealed(many_files).draft(), bundle=change).archive()


def _segments(path: str) -> list[str]:
    return path.split("/")


def _subjects() -> Iterator[Violation]:
    for number, name in enumerate(
        ("linea", "linear ", "Linear", "linear:1.0.0", "sha256:linear", "x", "lineаr")
    ):
        yield broken(_SUBJECT, f"name-{number}", bundled, put(("subject", 0, "name"), name))
    files = sealed(many_files).files
    digests = [
        hashlib.sha256(files[path]).digest() for path in sorted(files, key=lambda path: path.split("/"))
    ]
    identity = hashlib.sha256(files[MANIFEST]).hexdigest()
    for name, digest in {
        "zero": "0" * 64,
        "identity": identity,
        "of-hexadecimal": hashlib.sha256("".join(one.hex() for one in digests).encode()).hexdigest(),
        "of-sorted-digests": hashlib.sha256(b"".join(sorted(digests))).hexdigest(),
        "of-the-reverse": hashlib.sha256(b"".join(reversed(digests))).hexdigest(),
        "without-the-first": hashlib.sha256(b"".join(digests[1:])).hexdigest(),
        "without-the-last": hashlib.sha256(b"".join(digests[:-1])).hexdigest(),
        "of-lines": hashlib.sha256(b"\n".join(digests)).hexdigest(),
        "of-nothing": hashlib.sha256(b"").hexdigest(),
    }.items():
        yield broken(_SUBJECT, f"digest-{name}", bundled, put(("subject", 0, "digest"), {"sha256": digest}))
    yield broken(_SUBJECT, "of-the-second-bundle", _second_statement, put(("subject", 0, "name"), "x"))
    yield broken(_SUBJECT, "of-listed-resources", _root_of_the_package)


def _root_of_the_package() -> Forged:
    """Return a package whose bundle lists a wrong digest, and whose subject is that of the right ones."""
    files = sealed(many_files).files
    digests = [
        hashlib.sha256(files[path]).digest() for path in sorted(files, key=lambda path: path.split("/"))
    ]
    root = hashlib.sha256(b"".join(digests)).hexdigest()

    def change(said: Any) -> None:
        said["predicate"]["resources"][0]["digest"] = "0" * 64
        said["subject"][0]["digest"] = {"sha256": root}

    return bundled(change)


def _texts() -> Iterator[Violation]:
    """Yield packages with a bundle or a statement that is no well-formed text."""
    for number, (name, text) in enumerate(MALFORMED.items()):
        if number % 2 == 0:
            yield broken(_FORM, f"text-{name}", _bundle_with, text)
        if number % 4 == 1:
            yield broken(_FORM, f"statement-text-{name}", _statement_with, text)
    for name, data in {
        "empty": b"",
        "list": b"[]",
        "null": b"null",
        "text": b"signed, believe me\n",
        "object": b"{}",
        "mark": b"\xef\xbb\xbf{}",
        "two": b"{}{}",
        "latin": b'{"a":"\xe9"}',
    }.items():
        files = sealed(many_files).files
        yield broken(_FORM, f"content-{name}", Forged, {**files, BUNDLE: data})


def _bundle_with(text: bytes) -> Forged:
    files = bundled().files
    return Forged({**files, BUNDLE: files[BUNDLE][:-1] + b',"x":' + text + b"}"})


def _statement_with(text: bytes) -> Forged:
    files = bundled().files
    bundle = json.loads(files[BUNDLE])
    statement = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    payload = statement[:-1] + b',"x":' + text + b"}"
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    return Forged({**files, BUNDLE: json.dumps(bundle).encode()})
