"""What comes with a package and is a trap: bundles, envelopes, files of lines, arrays, OCI manifests."""

import base64
import functools
import io
import json
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lepton.errors import LeptonError
from lepton.transport.modelpack import artifact, layers_of, model
from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.pipelines import LABELS, TOKENS, text_draft
from lepton_conformance.forge.signing import ATTESTATION, BUNDLE, attested, signed
from lepton_conformance.forge.valid import linear_draft

Judge = Callable[..., Any]
MEGABYTE = 1_000_000
MEBIBYTE = 1024 * 1024


def payload_of(document: dict[str, Any], data: bytes) -> bytes:
    document.get("dsseEnvelope", document)["payload"] = base64.b64encode(data).decode()
    return json.dumps(document).encode()


def statement(document: dict[str, Any], **members: Any) -> bytes:
    value = json.loads(base64.b64decode(document.get("dsseEnvelope", document)["payload"]))
    return payload_of(document, json.dumps({**value, **members}).encode())


#: What is made of a sound bundle or envelope.
DOCUMENTS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "depth": lambda document: b'{"a":' * MEGABYTE,
    "small objects": lambda document: b'{"a":[' + b'{"a":1},' * 150_000 + b"0]}",
    "no payload": lambda document: payload_of(document, b""),
    "a payload of depth": lambda document: payload_of(document, b"[" * 3 * MEGABYTE),
    "a payload of small objects": lambda document: payload_of(
        document, b'{"a":[' + b'{"a":1},' * 150_000 + b"0]}"
    ),
    "a payload of zeros": lambda document: payload_of(document, bytes(6 * MEGABYTE)),
    "a payload of no base64": lambda document: json.dumps(
        {**document, "payload": "=" * 3 * MEGABYTE, "dsseEnvelope": {"payload": "=" * 3 * MEGABYTE}}
    ).encode(),
    "subjects by the thousand": lambda document: statement(
        document, subject=[{"name": "x", "digest": {"sha256": "0" * 64}}] * 50_000
    ),
    "resources by the thousand": lambda document: statement(
        document, predicate={"resources": [{"name": f"f{n}", "digest": "0" * 64} for n in range(50_000)]}
    ),
    "a predicate of small objects": lambda document: statement(document, predicate=[{"a": 1}] * 150_000),
}


@pytest.mark.parametrize("made", DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize(("path", "draft"), [(BUNDLE, signed), (ATTESTATION, attested)])
def test_what_is_attached_may_be_a_bomb(
    path: str,
    draft: Callable[[Draft], Any],
    made: Callable[[dict[str, Any]], bytes],
    tmp_path: Path,
    measured: Judge,
) -> None:
    package = draft(linear_draft())
    package.unlisted[path] = made(json.loads(package.unlisted[path]))
    found = measured(package.directory().write(tmp_path))
    assert found.requirements or "PKG-SGN-01" in found.open or path == ATTESTATION
    assert all(one.startswith("PKG-SGN-") for one in found.requirements)
    assert len(str(found.findings)) < 10_000


@pytest.mark.parametrize("kind", ["a predicate of small objects", "a payload of zeros", "small objects"])
def test_many_attachments_that_are_compressed_take_no_more(
    kind: str, tmp_path: Path, measured: Judge
) -> None:
    """A hundred documents in as many kilobytes."""
    package = attested(linear_draft())
    data = DOCUMENTS[kind](json.loads(package.unlisted[ATTESTATION]))
    for number in range(8):
        package.unlisted[f"attestations/{number}.dsse.json"] = data
    found = measured(package.archive(deflated=list(package.unlisted)).write(tmp_path))
    assert set(found.requirements) == {"PKG-SGN-06"} or "PKG-SGN-06" in found.open


@functools.cache
def counted(size: int) -> bytes:
    """Return different short lines."""
    return b"".join(b"%x\n" % number for number in range(size))


LINES: dict[str, Callable[[bytes], bytes]] = {
    "one line without an end": lambda lines: lines + b"x" * 15 * MEBIBYTE,
    "one line of wide characters": lambda lines: lines + "\U0001f600".encode() * 3 * MEBIBYTE,
    "empty lines": lambda lines: lines + b"\n" * 15 * MEBIBYTE,
    "lines of one byte": lambda lines: lines + b"x\n" * 4 * MEBIBYTE,
    "different lines": lambda lines: lines + counted(2_000_000),
    "more than a file may have": lambda lines: lines + b"x" * 16 * MEBIBYTE,
    "no UTF-8 at the end": lambda lines: lines + b"x\n" * MEBIBYTE + b"\xff",
}


@pytest.mark.parametrize("made", LINES.values(), ids=LINES)
@pytest.mark.parametrize("path", [TOKENS, LABELS])
@pytest.mark.parametrize("zipped", [False, True])
def test_files_of_lines_may_be_bombs(
    zipped: bool, path: str, made: Callable[[bytes], bytes], tmp_path: Path, measured: Judge
) -> None:
    draft = text_draft()
    draft.score = None
    draft.put(path, made(draft.member(path).data))
    found = measured((draft.archive(deflated=[path]) if zipped else draft.directory()).write(tmp_path))
    assert set(found.requirements) <= {"PKG-PRO-05", "PKG-MAN-03", "PKG-VEC-04"}
    assert len(str(found.findings)) < 10_000


def array_file(content: Any, dtype: Any, *, zipped: bool = False) -> bytes:
    out = io.BytesIO()
    (np.savez if zipped else np.save)(out, np.array(content, dtype=dtype))
    return out.getvalue()


HARMLESS = [pickle.dumps({"a": 1}, protocol) for protocol in (0, 1)]
DATA: dict[str, bytes] = {
    **{f"a pickle of protocol {n}": data for n, data in enumerate(HARMLESS)},
    "an array of objects in an archive": array_file([{"a": 1}], "O", zipped=True),
    "a pickle in compressed data, as of joblib": zlib.compress(pickle.dumps({"a": 1}, 4)),
    "an array of numbers": array_file([1.5], "f8"),
    "an array without an end of its header": b"\x93NUMPY\x02\0\xff\xff\xff\xff" + b" " * MEGABYTE,
}


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_what_has_no_sign_stays_data_and_is_not_run(data: bytes, tmp_path: Path, judge: Judge) -> None:
    """Nothing here unpickles or unpacks it: the watched process would tell."""
    draft = linear_draft().add("notes.bin", data, "application/octet-stream", "other")
    found = judge(draft.archive().write(tmp_path))
    assert (found.verdict, found.requirements) == ("pass", [])


def oci_manifest() -> dict[str, Any]:
    document = linear_draft().sealed()
    value: dict[str, Any] = json.loads(model(json.dumps(document).encode(), document).data)
    return value


MANIFESTS: dict[str, Callable[[Any], Any]] = {
    "a digest that is a path": lambda m: m["layers"][1].update(digest="sha256:../../../../etc/passwd"),
    "a digest of another kind": lambda m: m["layers"][1].update(digest="md5:" + "0" * 32),
    "a size below nothing": lambda m: m["layers"][1].update(size=-1),
    "a size that is true": lambda m: m["layers"][1].update(size=True),
    "a manifest of terabytes": lambda m: m["layers"][0].update(size=2**40),
    "an index that names itself": lambda m: m.update(manifests=m["layers"], layers=[]),
    "a layer that is a list": lambda m: m["layers"].append([]),
    "an archive": lambda m: m["layers"][1].update(mediaType="application/vnd.cncf.model.weight.v1.tar+gzip"),
    "layers by the thousand": lambda m: m["layers"].extend(m["layers"][1:2] * 70_000),
}


@pytest.mark.parametrize("change", MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_of_a_registry_that_is_a_trick_is_refused(change: Callable[[Any], Any]) -> None:
    """Paths are judged when they are given to files: see the tests of what servers can send."""
    found = oci_manifest()
    assert len(layers_of(artifact(json.dumps(found).encode()))) > 1
    change(found)
    with pytest.raises(LeptonError) as caught:
        layers_of(artifact(json.dumps(found).encode()))
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("data", [b"[" * MEGABYTE, b'{"a":' * MEGABYTE, b"9" * MEGABYTE, b"\xff", b""])
def test_a_manifest_of_a_registry_that_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(LeptonError):
        artifact(data)
