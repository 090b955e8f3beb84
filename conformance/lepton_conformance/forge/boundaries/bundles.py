"""Signature bundles and attestations at the boundary: each row of their form broken, and all that is free.

Owns what is other; leaves bundles and envelopes to `forge.signing`. Serves PKG-SGN-01 to PKG-SGN-03 and
PKG-SGN-06.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lepton_conformance.forge.boundaries.sealed import broken, sealed, sound
from lepton_conformance.forge.boundaries.texts import MALFORMED
from lepton_conformance.forge.draft import MANIFEST, Draft, Forged, Member
from lepton_conformance.forge.package import CARD, MODEL
from lepton_conformance.forge.signing import ATTESTATION, BUNDLE, attested, signed
from lepton_conformance.forge.valid import ValidPackage, decorated_draft, linear_draft
from lepton_conformance.forge.violation import Violation

__all__ = ["bundle_faults", "near_misses", "sound_bundles"]

_FORM, _FILES, _SUBJECT, _ATTESTED = "PKG-SGN-01", "PKG-SGN-02", "PKG-SGN-03", "PKG-SGN-06"
_TYPE = "application/vnd.dev.sigstore.bundle"
_RAW = base64.b64encode(b"\x30\x03\x02\x01\x05").decode()
#: Values that are no text, no object and no array.
_ODD: tuple[Any, ...] = (None, True, 0, "", "x", [], {}, ["x"], [{}], {"x": 1})
Change = Callable[[Any], object]


def _nothing(document: Any) -> None:
    """Change nothing."""


def _both(statement: Change = _nothing, bundle: Change = _nothing, path: str = BUNDLE) -> Forged:
    """Return the package with a bundle at a path."""
    draft = signed(sealed(_files).draft(), statement=statement, bundle=bundle)
    draft.unlisted[path] = draft.unlisted.pop(BUNDLE)
    return draft.directory()


def _attested(statement: Change = _nothing, envelope: Change = _nothing, path: str = ATTESTATION) -> Forged:
    draft = attested(sealed(_files).draft(), statement=statement, envelope=envelope)
    draft.unlisted[path] = draft.unlisted.pop(ATTESTATION)
    return draft.directory()


def _files() -> Draft:
    """Return a package whose paths are in another order by segments than as wholes."""
    paths = ("a/b", "a.txt", "a-b", "a/b.c", "é", "z/\U0001f600", "z/\ufb01", "Y", "model.txt")
    return sealed(linear_draft).draft(*(Member(path, path.encode(), "text/plain", "other") for path in paths))


def _put(place: tuple[str | int, ...], value: Any) -> Change:
    def change(document: Any) -> None:
        for part in place[:-1]:
            document = document[part]
        document[place[-1]] = value

    return change


def _drop(place: tuple[str | int, ...]) -> Change:
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
    yield from _attestations()
    yield from _texts()


def _forms() -> Iterator[Violation]:
    types = ("", f"{_TYPE}.v0.2+json", f"{_TYPE}.v0.3", f"{_TYPE}+json;version=0.3", f"{_TYPE}.v0.3+JSON")
    places: Mapping[tuple[str | int, ...], tuple[Any, ...]] = {
        ("mediaType",): (*_ODD, *types, f"{_TYPE}.v0.3+json ", "application/json", f"{_TYPE}.v0.31+json"),
        ("verificationMaterial",): (*_ODD, {"publicKeys": {"hint": "a"}}, {"tlogEntries": []}),
        ("verificationMaterial", "publicKey"): (None, True, 0, "", "x", [], ["x"], [{}]),
        ("verificationMaterial", "publicKey", "hint"): (True, 0, [], {}),
        ("dsseEnvelope",): _ODD,
        ("dsseEnvelope", "payloadType"): (*_ODD, "application/vnd.in-toto", "Application/vnd.in-toto+json"),
        ("dsseEnvelope", "payload"): (*_ODD, "e30", "e30=\n", "{}", "e3 0=", "_-==", "====", "e30=e30="),
        ("dsseEnvelope", "signatures"): (*_ODD, [None], ["x"], [[]], [{"keyid": "a"}]),
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
            yield broken(_FORM, f"without-{name}", _both, _nothing, _drop(place))
        for number, value in enumerate(values):
            yield broken(_FORM, f"{name}-{number}", _both, _nothing, _put(place, value))
    certificate, key = {"rawBytes": _RAW}, {"hint": "a"}
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
            {"certificate": _RAW},
            {"certificate": [certificate]},
            {"x509CertificateChain": {}},
            {"x509CertificateChain": [certificate]},
            {"x509CertificateChain": {"certificates": certificate}},
            {"x509CertificateChain": {"certificates": [{}]}},
            {"x509CertificateChain": {"certificates": [certificate, {"rawBytes": "*"}]}},
            {"x509CertificateChain": {"certificates": [certificate, _RAW]}},
            {"publicKey": key, "tlogEntries": {}},
            {"publicKey": key, "tlogEntries": "x"},
            {"Certificate": certificate},
        )
    ):
        yield broken(_FORM, f"material-{number}", _both, _nothing, _put(("verificationMaterial",), material))
    two = _put(("dsseEnvelope", "signatures"), [{"sig": "AA=="}, {"sig": "AQ=="}])
    yield broken(_FORM, "two-signatures", _both, _nothing, two)
    for path in ("signatures/a/b.sigstore.json", "signatures/.sigstore.json", "signatures/é.sigstore.json"):
        yield broken(_FORM, f"at-{path}", _both, _nothing, _drop(("mediaType",)), path)
    yield broken(_FORM, "second-of-two", _second_bundle, _drop(("mediaType",)))
    yield broken(_FORM, "zip", _zipped_bundle, _drop(("mediaType",)))


def _statements() -> Iterator[Violation]:
    ours = "https://model_signing/signature/v1.0"
    places: Mapping[tuple[str | int, ...], tuple[Any, ...]] = {
        ("_type",): (*_ODD, "https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1/"),
        ("subject",): (*_ODD, [None], ["x"], [[]]),
        ("subject", 0, "name"): (None, True, 0, "", [], {}),
        ("subject", 0, "digest"): _ODD,
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
        ("predicateType",): (*_ODD, f"{ours}/", "https://model_signing/signature/v0.1", ours.upper()),
        ("predicate",): _ODD,
        ("predicate", "serialization"): _ODD,
        ("predicate", "serialization", "method"): (*_ODD, "Files", "shards", "files ", ["files"]),
        ("predicate", "serialization", "hash_type"): (*_ODD, "SHA256", "sha512", "sha-256", "blake2b"),
    }
    for place, values in places.items():
        name = "-".join(map(str, place))
        yield broken(_FORM, f"statement-without-{name}", _both, _drop(place))
        for number, value in enumerate(values):
            yield broken(_FORM, f"statement-{name}-{number}", _both, _put(place, value))
    yield broken(
        _FORM, "statement-two-subjects", _both, lambda said: said["subject"].append(said["subject"][0])
    )
    sha1 = _put(("subject", 0, "digest"), {"sha1": "0" * 40})
    yield broken(_FORM, "statement-sha1", _both, sha1)


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
    base = sealed(_files)
    paths = [MANIFEST, *(one["path"] for one in base.manifest["files"])]
    for path in paths:
        yield broken(_FILES, f"without-{path}", _both, _named(path, lambda every, one: every.remove(one)))
        yield broken(_FILES, f"digest-of-{path}", _both, _with_members(path, digest="0" * 64))
    for path in (MANIFEST, CARD, MODEL, "Y", "é"):
        for number, algorithm in enumerate(("sha512", "SHA256", "", None, "sha-256", ["sha256"])):
            change = _with_members(path, algorithm=algorithm)
            yield broken(_FILES, f"algorithm-{path}-{number}", _both, change)
        digest = hashlib.sha256(base.files[path]).hexdigest() if path != MANIFEST else "f" * 64
        last = "0" if digest[-1] != "0" else "1"
        for number, text in enumerate((digest[:-1], digest[:-1] + last, None, "")):
            yield broken(_FILES, f"digest-{path}-{number}", _pinned, _with_members(path, digest=text))
        for number, name in enumerate((f"{path.upper()}x", f"./{path}", f"/{path}", f"{path} ", "", None)):
            yield broken(_FILES, f"name-{path}-{number}", _both, _with_members(path, name=name))
        twice = _named(path, lambda every, one: every.append(dict(one)))
        yield broken(_FILES, f"twice-{path}", _both, twice)
    for name, order in _orders().items():
        yield broken(_FILES, f"order-{name}", _both, _sorted_by(order))
    yield broken(_FILES, "order-reversed", _both, _listed(lambda every: every.reverse()))
    for place in range(0, len(paths) - 1, 2):
        yield broken(_FILES, f"order-exchanged-{place}", _both, _listed(_exchange(place)))
    for name in ("nowhere", "signatures/x", "attestations/x", BUNDLE, "model", "a", ""):
        more = {"name": name, "algorithm": "sha256", "digest": "0" * 64}
        yield broken(_FILES, f"more-{name}", _more_resource, more)
    values: tuple[Any, ...] = (None, {}, "x", [], [None], ["x"], [[]], [{}])
    for number, value in enumerate(values):
        yield broken(_FILES, f"resources-{number}", _pinned, _put(("predicate", "resources"), value))
    yield broken(_FILES, "resources-gone", _pinned, _drop(("predicate", "resources")))
    for member in ("name", "algorithm", "digest"):
        place_of = ("predicate", "resources", 3, member)
        yield broken(_FILES, f"resource-without-{member}", _pinned, _drop(place_of))
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


def _pinned(change: Change) -> Forged:
    """Return a package whose statement has a digest of its own, so that it need not be computed."""

    def statement(said: Any) -> None:
        said["subject"][0]["digest"] = {"sha256": "1" * 64}
        change(said)

    return _both(statement)


def _more_resource(more: Mapping[str, str]) -> Forged:
    """Return a package whose bundle lists one name more, in its place."""

    def change(said: Any) -> None:
        said["predicate"]["resources"].append(dict(more))
        said["predicate"]["resources"].sort(key=lambda one: one["name"].split("/"))

    return _both(change)


def _file_added() -> Forged:
    """Return a package to which a listed file was added after it was signed."""
    before = _both().files[BUNDLE]
    draft = sealed(_files).draft(Member("added", b"x", "text/plain", "other"), unlisted={BUNDLE: before})
    return draft.directory()


def _second_bundle(change: Change) -> Forged:
    """Return a package with a right bundle and another one beside it."""
    other = _both(bundle=change).files[BUNDLE]
    files = _both().files
    return Forged({**files, "signatures/second.sigstore.json": other})


def _second_statement(change: Change) -> Forged:
    other = _both(change).files[BUNDLE]
    return Forged({**_both().files, "signatures/second.sigstore.json": other})


def _zipped_bundle(change: Change) -> Forged:
    return signed(sealed(_files).draft(), bundle=change).archive()


def _segments(path: str) -> list[str]:
    return path.split("/")


def _subjects() -> Iterator[Violation]:
    for number, name in enumerate(
        ("linea", "linear ", "Linear", "linear:1.0.0", "sha256:linear", "x", "lineаr")
    ):
        yield broken(_SUBJECT, f"name-{number}", _both, _put(("subject", 0, "name"), name))
    files = sealed(_files).files
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
        yield broken(_SUBJECT, f"digest-{name}", _both, _put(("subject", 0, "digest"), {"sha256": digest}))
    yield broken(_SUBJECT, "of-the-second-bundle", _second_statement, _put(("subject", 0, "name"), "x"))
    yield broken(_SUBJECT, "of-listed-resources", _root_of_the_package)


def _root_of_the_package() -> Forged:
    """Return a package whose bundle lists a wrong digest, and whose subject is that of the right ones."""
    files = sealed(_files).files
    digests = [
        hashlib.sha256(files[path]).digest() for path in sorted(files, key=lambda path: path.split("/"))
    ]
    root = hashlib.sha256(b"".join(digests)).hexdigest()

    def change(said: Any) -> None:
        said["predicate"]["resources"][0]["digest"] = "0" * 64
        said["subject"][0]["digest"] = {"sha256": root}

    return _both(change)


def _attestations() -> Iterator[Violation]:
    envelopes: Mapping[tuple[str | int, ...], tuple[Any, ...]] = {
        ("payloadType",): (*_ODD, "application/vnd.in-toto", "Application/vnd.in-toto+json", "text/plain"),
        ("payload",): (*_ODD, "e30", "{}", "e30=\n", "e3 0="),
        ("signatures",): (None, True, 0, "", "x", [], {}, {"sig": "AA=="}),
        ("signatures", 0): (None, True, 0, "x", [], {}, {"keyid": "a"}),
        ("signatures", 0, "sig"): (None, True, 0, [], {}, "*", "AA"),
    }
    for place, values in envelopes.items():
        name = "-".join(map(str, place))
        if name != "signatures-0":
            yield broken(_ATTESTED, f"without-{name}", _attested, _nothing, _drop(place))
        for number, value in enumerate(values):
            yield broken(_ATTESTED, f"{name}-{number}", _attested, _nothing, _put(place, value))
    statements: Mapping[tuple[str | int, ...], tuple[Any, ...]] = {
        ("_type",): (*_ODD, "https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1/"),
        ("subject",): _ODD,
        ("subject", 0, "digest"): _ODD,
        ("subject", 0, "digest", "sha256"): (*_ODD, "0" * 64),
    }
    for place, values in statements.items():
        name = "-".join(map(str, place))
        yield broken(_ATTESTED, f"statement-without-{name}", _attested, _drop(place))
        for number, value in enumerate(values):
            yield broken(_ATTESTED, f"statement-{name}-{number}", _attested, _put(place, value))
    for name, digest in _almost_identities().items():
        yield broken(_ATTESTED, f"digest-{name}", _attested, _put(("subject", 0, "digest", "sha256"), digest))
    yield broken(_ATTESTED, "digest-of-sha512", _attested, _renamed_digest)
    for path in ("attestations/a/b.dsse.json", "attestations/.dsse.json", "attestations/é.dsse.json"):
        yield broken(_ATTESTED, f"at-{path}", _attested, _nothing, _drop(("payloadType",)), path)
    yield broken(_ATTESTED, "second-of-two", _second_attestation)
    yield broken(_ATTESTED, "zip", _zipped_attestation)


def _renamed_digest(said: Any) -> None:
    digest = said["subject"][0]["digest"]
    digest["sha512"] = digest.pop("sha256")


def _almost_identities() -> dict[str, str]:
    identity = hashlib.sha256(sealed(_files).files[MANIFEST]).hexdigest()
    return {
        "with-prefix": f"sha256:{identity}",
        "cut": identity[:-1],
        "longer": f"{identity}0",
        "last-digit": identity[:-1] + ("0" if identity[-1] != "0" else "1"),
        "first-digit": ("0" if identity[0] != "0" else "1") + identity[1:],
        "capitals": identity.upper(),
        "spaced": f"{identity} ",
        "of-the-card": hashlib.sha256(sealed(_files).files[CARD]).hexdigest(),
        "of-a-line-more": hashlib.sha256(sealed(_files).files[MANIFEST] + b"\n").hexdigest(),
    }


def _second_attestation() -> Forged:
    other = _attested(_put(("subject", 0, "digest", "sha256"), "0" * 64)).files[ATTESTATION]
    return Forged({**_attested().files, "attestations/second.dsse.json": other})


def _zipped_attestation() -> Forged:
    return attested(sealed(_files).draft(), envelope=_drop(("payloadType",))).archive()


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
        files = sealed(_files).files
        yield broken(_FORM, f"content-{name}", Forged, {**files, BUNDLE: data})
        yield broken(_ATTESTED, f"content-{name}", Forged, {**files, ATTESTATION: data})


def _bundle_with(text: bytes) -> Forged:
    files = _both().files
    return Forged({**files, BUNDLE: files[BUNDLE][:-1] + b',"x":' + text + b"}"})


def _statement_with(text: bytes) -> Forged:
    files = _both().files
    bundle = json.loads(files[BUNDLE])
    statement = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    payload = statement[:-1] + b',"x":' + text + b"}"
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    return Forged({**files, BUNDLE: json.dumps(bundle).encode()})


def sound_bundles() -> Iterator[ValidPackage]:
    """Yield packages with bundles and attestations that use what the form leaves free."""
    yield sound("bundle", _both)
    yield sound("attestation", _attested)
    certificate = {"rawBytes": _RAW}
    for number, material in enumerate(
        (
            {"certificate": certificate},
            {"x509CertificateChain": {"certificates": [certificate]}},
            {"x509CertificateChain": {"certificates": [certificate] * 3}},
            {"publicKey": {"hint": "any text"}, "tlogEntries": []},
            {"publicKey": {"hint": "a"}, "tlogEntries": [{}], "timestampVerificationData": {}},
            {"certificate": certificate, "tlogEntries": [{"logIndex": "1"}], "timestampVerificationData": {}},
        )
    ):
        yield sound(f"bundle-material-{number}", _both, _nothing, _put(("verificationMaterial",), material))
    yield sound("bundle-keyid", _both, _nothing, _put(("dsseEnvelope", "signatures", 0, "keyid"), ""))
    serialization = ("predicate", "serialization")
    for number, ignored in enumerate(([], ["a", ".git"], [".git", "signatures"])):
        yield sound(f"bundle-ignores-{number}", _both, _put((*serialization, "ignore_paths"), ignored))
    for path in ("signatures/a/b.sigstore.json", "signatures/.sigstore.json", "signatures/A.sigstore.json"):
        yield sound(f"bundle-at-{path}", _both, _nothing, _nothing, path)
    yield sound("bundles-two", _second_bundle, _nothing)
    yield sound("bundle-loose", _loose)
    yield sound("bundle-zip", _zipped_bundle, _nothing)
    yield sound("not-bundles", _not_judged)
    yield sound("signed-and-attested", lambda: attested(signed(decorated_draft())).directory())
    for number in range(3):
        yield sound(f"attestation-of-{number}-others", _attested, _among_others(number))
    many = _put(("signatures",), [{"sig": "AA=="}, {"sig": "AQ==", "keyid": "k"}])
    yield sound("attestation-two-signatures", _attested, _nothing, many)
    yield sound("attestation-of-any-name", _attested, _put(("subject", 0, "name"), "other"))
    yield sound("attestation-without-name", _attested, _drop(("subject", 0, "name")))
    yield sound("attestation-of-any-predicate", _attested, _put(("predicateType",), "https://example.org/p"))


def _among_others(place: int) -> Change:
    """Put the subject among others, at a place."""

    def change(said: Any) -> None:
        others = [{"name": str(at), "digest": {"sha256": f"{at}" * 64}} for at in range(2)]
        others.insert(place, said["subject"][0])
        said["subject"] = others

    return change


def _loose() -> Forged:
    files = _both().files
    bundle = json.dumps(json.loads(files[BUNDLE]), indent=2).encode() + b"\n"
    return Forged({**files, BUNDLE: bundle})


def _not_judged() -> Forged:
    """Return a package with files beside bundles that end otherwise."""
    names = (
        *(
            "signatures/a.json",
            "signatures/a.sigstore.json.bak",
            "signatures/a.SIGSTORE.JSON",
            "signatures/b.sig",
        ),
        *("signatures/sigstore.json", "attestations/a.sigstore.json", "signatures/a.dsse.json"),
        *("attestations/a.DSSE.json", "attestations/dsse.json", "attestations/a.dsse.json.txt"),
        *("signatures/a.sigstore.jsonl", "attestations/a.dsse.jsonl", "signatures/asigstore.json"),
    )
    return sealed(linear_draft).with_members(unlisted=dict.fromkeys(names, b"not judged"))


def near_misses(identifier: str) -> Iterator[ValidPackage]:
    """Yield packages whose bundles break another rule than the one named."""
    if identifier == _SUBJECT:
        wrong = _put(("predicate", "resources", 0, "digest"), "0" * 64)
        yield sound("another-digest-and-its-root", _both, wrong)
        yield sound("reversed", _both, lambda said: said["predicate"]["resources"].reverse())
    if identifier == _FILES:
        yield sound("another-name", _both, _put(("subject", 0, "name"), "x"))
        yield sound("another-root", _both, _put(("subject", 0, "digest"), {"sha256": "0" * 64}))
    if identifier == _FORM:
        yield sound("another-name", _both, _put(("subject", 0, "name"), "x"))
        yield sound("no-resource", _pinned, _put(("predicate", "resources"), []))
