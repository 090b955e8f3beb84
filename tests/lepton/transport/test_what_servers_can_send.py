"""What a server can send, and that none of it gets a path, memory, or a secret: hostile registries and files.

Real HTTP servers on 127.0.0.1 that answer as each test says.
"""

import datetime
import hashlib
import ipaddress
import json
import re
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lepton.errors import LeptonError, SourceError
from lepton.package.canonical import canonical
from lepton.remote import validate_remote
from lepton.transport import fetch, ranges, registry
from lepton.transport.carried import Carried
from lepton.transport.credentials import Credentials
from lepton.transport.http import Client, Trust
from lepton.transport.modelpack import MANIFEST_TYPE, referrer
from lepton.transport.pull import Pulled, pull
from lepton.transport.push import push
from lepton.transport.reference import parse
from lepton.transport.registry import Registry
from lepton.validate import validate_package
from lepton_conformance.forge import VIOLATIONS
from lepton_conformance.forge.bases import Bases, Variation
from lepton_conformance.forge.valid import linear_draft

NOBODY = Credentials()
ZIPPED = Bases(Variation(zipped=True))


@dataclass
class Reply:
    """One answer: `length` is the announced one (None: that of the body, -1: none), `cut` ends it early."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    cut: int | None = None
    endless: bool = False


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


#: Answers a request; None is 404.
Script = Callable[[Asked], Reply | None]


class Server:
    """A running server: where it is, and what it was asked."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        log = self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def _answer(self) -> None:
                length = int(self.headers.get("content-length", 0))
                named = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, named, self.rfile.read(length))
                log.append(asked)
                reply = script(asked) or Reply(404)
                self.send_response(reply.status)
                announced = len(reply.body) if reply.length is None else reply.length
                if announced >= 0:
                    self.send_header("Content-Length", str(announced))
                else:
                    self.send_header("Connection", "close")
                    self.close_connection = True
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "HEAD":
                    return
                try:
                    self.wfile.write(reply.body[: reply.cut])
                    for _ in range(4096 if reply.endless else 0):
                        self.wfile.write(bytes(65536))
                except OSError:
                    self.close_connection = True
                if reply.cut is not None or announced > len(reply.body):
                    self.close_connection = True

            do_GET = _answer  # noqa: N815
            do_HEAD = do_POST = do_PUT = do_PATCH = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server for the time of a test."""
    server = Server(script, tls)
    try:
        yield server
    finally:
        server.close()


def ranged(data: bytes, asked: Asked, etag: str = '"v1"') -> Reply:
    """Answer as an honest server of one file does."""
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("range", ""))
    if found is None:
        return Reply(200, data, {"ETag": etag})
    start = int(found[1])
    end = min(int(found[2] or len(data)), len(data) - 1)
    if start >= len(data):
        return Reply(416)
    stated = f"bytes {start}-{end}/{len(data)}"
    return Reply(206, data[start : end + 1], {"ETag": etag, "Content-Range": stated})


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (fetch, ranges, registry):
        monkeypatch.setattr(module, "WAITS_SECONDS", (0.0, 0.0))


class Store:
    """The manifest and blobs of a small package, as an honest registry answers for them."""

    def __init__(self, package: Path) -> None:
        with Carried(package) as carried:
            self.artifact = carried.artifact
            self.identity = carried.identity
            self.manifest: bytes = carried.artifact.data
            self.blobs = {
                one.digest: b"".join(bytes(piece) for piece in carried.pieces(one))
                for one in carried.artifact.layers
            }
        self.first = self.artifact.layers[0].digest
        self.last = max(self.artifact.layers, key=lambda one: one.size)

    def change(self, change: Callable[[Any], object]) -> None:
        """Change the OCI manifest."""
        document = json.loads(self.manifest)
        change(document)
        self.manifest = canonical(document)

    def answer(self, asked: Asked) -> Reply | None:
        kind, _, target = asked.path.rpartition("/")
        if kind.endswith("/manifests") and target == "1":
            return Reply(200, self.manifest)
        data = self.blobs.get(target) if kind.endswith("/blobs") else None
        return None if data is None else ranged(data, asked)


@pytest.fixture
def store(package: Path) -> Store:
    return Store(package)


def taken(server: Server, out: Path) -> Pulled:
    with Client(Trust()) as client:
        return pull(Registry(client, parse(f"oci://{server.host}/a/b:1"), NOBODY), out)


def refused(script: Script, out: Path, match: str) -> str:
    """Pull, expect a refusal, and that no file of the package has appeared."""
    with serving(script) as server, pytest.raises(LeptonError, match=match) as error:
        taken(server, out)
    assert not out.exists()
    return str(error.value)


@pytest.mark.requirement("PKG-OCI-04")
def test_an_honest_server_is_believed_after_all_is_verified(store: Store, tmp_path: Path) -> None:
    with serving(store.answer) as server:
        assert taken(server, tmp_path / "out.lepton").identity == store.identity
    assert not list(tmp_path.glob(".*"))


@pytest.mark.requirement("PKG-OCI-03")
def test_a_blob_of_other_bytes_is_refused_and_dropped(store: Store, tmp_path: Path) -> None:
    data = store.blobs[store.last.digest]
    store.blobs[store.last.digest] = data[:-1] + bytes([data[-1] ^ 1])
    refused(store.answer, tmp_path / "out.lepton", "found the digest")
    assert not list((tmp_path / ".out.lepton.pull").glob(f"{store.last.digest[7:]}*"))


@pytest.mark.requirement("PKG-OCI-03")
def test_a_manifest_of_a_package_that_is_not_the_named_one_is_refused(store: Store, tmp_path: Path) -> None:
    store.blobs[store.first] = store.blobs[store.first].replace(b"1.0.0", b"1.0.1")
    refused(store.answer, tmp_path / "out.lepton", "found .* for 'lepton.json'")


def test_a_manifest_asked_by_digest_has_that_digest(store: Store, tmp_path: Path) -> None:
    wrong = "sha256:" + "0" * 64

    def script(asked: Asked) -> Reply | None:
        return Reply(200, store.manifest) if "/manifests/" in asked.path else store.answer(asked)

    with serving(script) as server, Client(Trust()) as client:
        one = Registry(client, parse(f"oci://{server.host}/a/b@{wrong}"), NOBODY)
        with pytest.raises(SourceError, match="found a manifest of the digest"):
            pull(one, tmp_path / "out.lepton")


def test_a_body_that_breaks_off_is_taken_up_where_it_broke(store: Store, tmp_path: Path) -> None:
    cuts = [7]

    def script(asked: Asked) -> Reply | None:
        reply = store.answer(asked)
        if reply is not None and asked.path.endswith(store.last.digest) and cuts:
            reply.cut = cuts.pop()
        return reply

    with serving(script) as server:
        assert taken(server, tmp_path / "out.lepton").identity == store.identity
        starts = [one.headers.get("range") for one in server.asked if one.path.endswith(store.last.digest)]
    assert starts == [None, "bytes=7-"]


def test_a_server_that_knows_no_ranges_is_asked_from_the_beginning(store: Store, tmp_path: Path) -> None:
    cuts = [7]

    def script(asked: Asked) -> Reply | None:
        asked.headers.pop("range", None)
        reply = store.answer(asked)
        if reply is not None and asked.path.endswith(store.last.digest) and cuts:
            reply.cut = cuts.pop()
        return reply

    with serving(script) as server:
        assert taken(server, tmp_path / "out.lepton").identity == store.identity


def test_a_pull_that_was_given_up_goes_on_the_next_time(store: Store, tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply | None:
        reply = store.answer(asked)
        if reply is not None and asked.path.endswith(store.last.digest):
            reply.cut = 5
        return reply

    message = refused(script, tmp_path / "out.lepton", "broke off")
    assert "the same command goes on" in message
    with serving(store.answer) as server:
        assert taken(server, tmp_path / "out.lepton").identity == store.identity
        again = [one for one in server.asked if one.path.endswith(store.last.digest)]
    assert again[0].headers["range"].startswith("bytes=")
    blobs = {one.path for one in server.asked if "/blobs/" in one.path}
    assert blobs == {f"/v2/a/b/blobs/{store.first}", f"/v2/a/b/blobs/{store.last.digest}"}


def test_what_was_altered_between_two_pulls_is_fetched_again(store: Store, tmp_path: Path) -> None:
    other = next(one for one in store.artifact.layers if one.digest not in (store.first, store.last.digest))
    staging = tmp_path / ".out.lepton.pull"
    staging.mkdir(mode=0o700)
    (staging / other.digest[7:]).write_bytes(bytes(other.size))
    with serving(store.answer) as server:
        assert taken(server, tmp_path / "out.lepton").identity == store.identity


@pytest.mark.parametrize("announced", [-1, 10**15])
@pytest.mark.requirement("PKG-OCI-03")
def test_an_endless_body_ends_at_the_size_that_was_stated(
    store: Store, tmp_path: Path, announced: int
) -> None:
    def script(asked: Asked) -> Reply | None:
        if asked.path.endswith(store.last.digest):
            return Reply(200, length=announced, endless=True)
        return store.answer(asked)

    refused(script, tmp_path / "out.lepton", "more than|announced")


def test_a_huge_manifest_takes_no_memory(store: Store, tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply | None:
        return Reply(200, length=-1, endless=True) if "/manifests/" in asked.path else None

    tracemalloc.start()
    try:
        refused(script, tmp_path / "out.lepton", "more than 4194304 bytes")
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


PATHS = ["../out", "/etc/passwd", "a\\b", "C:x", "model/../../x", "NUL", "x\u202ey", "lepton.json/x", ""]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.requirement("PKG-OCI-03")
def test_a_path_that_leads_elsewhere_is_refused_before_a_blob_is_asked(
    store: Store, tmp_path: Path, path: str
) -> None:
    store.change(lambda one: one["layers"][-1].update(annotations={"org.cncf.model.filepath": path}))
    with serving(store.answer) as server:
        with pytest.raises(LeptonError):
            taken(server, tmp_path / "out")
        assert not [one for one in server.asked if "/blobs/" in one.path]
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda one: one["layers"].pop(), "found no layer for"),
        (
            lambda one: one["layers"].append(
                {**one["layers"][-1], "annotations": {"org.cncf.model.filepath": "x"}}
            ),
            "does not list",
        ),
        (lambda one: one["layers"][-1].update(size=1), "another size or digest"),
        (lambda one: one["layers"][-1].update(digest="sha256:" + "0" * 64), "another size or digest"),
        (lambda one: one["layers"][-1].update(digest="md5:00"), "expected sha256"),
        (lambda one: one["layers"][-1].update(size=-1), "found the size"),
        (
            lambda one: one["layers"][-1].update(mediaType="application/vnd.cncf.model.weight.v1.tar"),
            "archive",
        ),
        (
            lambda one: one["layers"].append(
                {**one["layers"][-1], "annotations": {"org.cncf.model.filepath": "signatures/x"}}
            ),
            "does not list",
        ),
        (lambda one: one["layers"].pop(0), "found 0 layers with the path"),
        (lambda one: one.update(layers={}), "without layers"),
        (
            lambda one: one.update(mediaType="application/vnd.oci.image.index.v1+json"),
            "expected 'application",
        ),
        (lambda one: one["layers"][0].update(size=10**12), "expected at most"),
    ],
)
@pytest.mark.requirement("PKG-OCI-03")
def test_an_artifact_that_contradicts_its_package_is_refused(
    store: Store, tmp_path: Path, change: Callable[[Any], object], match: str
) -> None:
    store.change(change)
    refused(store.answer, tmp_path / "out.lepton", match)


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://example.org/x",
        "//example.org/x",
        "gopher://x/",
        "http://[::",
    ],
)
def test_a_redirect_to_another_scheme_or_to_plain_http_is_not_followed(
    store: Store, tmp_path: Path, target: str
) -> None:
    def script(asked: Asked) -> Reply | None:
        return Reply(307, headers={"Location": target}) if "/blobs/" in asked.path else store.answer(asked)

    refused(script, tmp_path / "out.lepton", "not followed|is no address")


def test_a_redirect_in_a_circle_ends(store: Store, tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply | None:
        return (
            Reply(302, headers={"Location": asked.path}) if "/blobs/" in asked.path else store.answer(asked)
        )

    refused(script, tmp_path / "out.lepton", "redirects more than")


def test_a_redirect_to_another_host_goes_without_the_credentials(store: Store, tmp_path: Path) -> None:
    with serving(store.answer) as other:

        def script(asked: Asked) -> Reply | None:
            if asked.headers.get("authorization") is None:
                return Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
            if "/blobs/" in asked.path:
                return Reply(307, headers={"Location": f"http://{other.host}{asked.path}"})
            return store.answer(asked)

        with serving(script) as server, Client(Trust()) as client:
            one = Registry(client, parse(f"oci://{server.host}/a/b:1"), Credentials("me", "secret"))
            assert pull(one, tmp_path / "out.lepton").identity == store.identity
            assert any("authorization" in asked.headers for asked in server.asked)
    assert other.asked
    assert not any("authorization" in asked.headers for asked in other.asked)


def test_a_token_is_fetched_once_and_its_secret_stays_out_of_messages(store: Store, tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply | None:
        if asked.path.startswith("/token"):
            assert asked.headers["authorization"] == Credentials("me", "pass-word").basic
            assert "scope=repository%3Aa%2Fb%3Apull" in asked.path
            return Reply(200, b'{"token": "t0ken"}')
        if asked.headers.get("authorization") != "Bearer t0ken":
            realm = (
                f'Bearer realm="http://{asked.headers["host"]}/token",service="s",scope="repository:a/b:pull"'
            )
            return Reply(401, headers={"WWW-Authenticate": realm})
        return store.answer(asked)

    with serving(script) as server, Client(Trust()) as client:
        who = Credentials("me", "pass-word")
        one = Registry(client, parse(f"oci://{server.host}/a/b:1"), who)
        assert pull(one, tmp_path / "out.lepton").identity == store.identity
        assert sum(asked.path.startswith("/token") for asked in server.asked) == 1
    assert "pass-word" not in repr(who)


@pytest.mark.parametrize("realm", ["http://example.org/token", "file:///etc/passwd", ""])
def test_a_token_service_on_plain_http_elsewhere_gets_no_secret(
    store: Store, tmp_path: Path, realm: str
) -> None:
    def script(_: Asked) -> Reply:
        return Reply(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}"'})

    with serving(script) as server, Client(Trust()) as client:
        one = Registry(client, parse(f"oci://{server.host}/a/b:1"), Credentials("me", "secret"))
        with pytest.raises(SourceError, match="expected an https address"):
            pull(one, tmp_path / "out.lepton")


def test_a_stranger_who_is_not_let_in_is_told_how_to_log_in(tmp_path: Path) -> None:
    refused(
        lambda _: Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'}),
        tmp_path / "out.lepton",
        "does not let a stranger in",
    )


def test_plain_http_and_credentials_over_it_stay_on_this_machine() -> None:
    with Client(Trust()) as client:
        one = Registry(client, parse("oci://registry.example.org/a/b:1"), NOBODY)
        assert one._base.startswith("https://")
    with Client(Trust(plain_http=True)) as client, pytest.raises(LeptonError, match="over TLS only"):
        Registry(client, parse("oci://registry.example.org/a/b:1"), Credentials("me", "secret"))


def test_an_upload_goes_on_where_the_registry_says_that_it_stopped(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "CHUNK_BYTES", 64)
    stored: dict[str, bytes] = {}
    session = bytearray()
    breaks = [True]

    def script(asked: Asked) -> Reply | None:
        here = {"Location": "/v2/a/b/blobs/uploads/1?state=x"}
        if asked.method == "POST":
            session.clear()
            return Reply(202, headers=here)
        if asked.method == "PATCH":
            start = int(asked.headers["content-range"].partition("-")[0])
            if start != len(session):
                return Reply(416)
            session.extend(asked.body[:40] if breaks and start >= 64 else asked.body)
            if breaks and start >= 64:
                breaks.clear()
                return Reply(503)
            return Reply(202, headers=here)
        if asked.method == "GET" and "/uploads/" in asked.path:
            return Reply(204, headers={**here, "Range": f"0-{len(session) - 1}"}, length=-1)
        if asked.method == "PUT" and "/uploads/" in asked.path:
            digest = re.search(r"digest=sha256%3A([0-9a-f]{64})", asked.path)
            assert digest is not None
            assert hashlib.sha256(session).hexdigest() == digest[1]
            stored[f"sha256:{digest[1]}"] = bytes(session)
            return Reply(201)
        if asked.method == "PUT":
            stored["manifest"] = asked.body
            return Reply(201)
        found = stored.get(asked.path.rpartition("/")[2])
        return None if found is None else Reply(200, found)

    with Carried(package) as carried, serving(script) as server, Client(Trust()) as client:
        push(carried, Registry(client, parse(f"oci://{server.host}/a/b:1"), NOBODY))
        assert stored["manifest"] == carried.artifact.data
        assert set(stored) - {"manifest"} >= {one.digest for one in carried.artifact.layers}
        resumed = [one for one in server.asked if one.method == "GET" and "/uploads/" in one.path]
    assert not breaks
    assert len(resumed) == 1


def test_an_upload_is_not_sent_to_where_plain_http_leads(package: Path) -> None:
    def script(asked: Asked) -> Reply | None:
        return Reply(202, headers={"Location": "http://example.org/up"}) if asked.method == "POST" else None

    with Carried(package) as carried, serving(script) as server, Client(Trust()) as client:
        one = Registry(client, parse(f"oci://{server.host}/a/b:1"), NOBODY)
        with pytest.raises(SourceError, match="names no address to send to"):
            push(carried, one)


def looked(server: Server, level: str = "quick") -> Any:
    with Client(Trust()) as client:
        return validate_remote(f"http://{server.host}/x.lepton", client, NOBODY, level=level)


def test_a_quick_look_at_a_file_reads_its_ends_and_passes_nothing_unread(package: Path) -> None:
    draft = linear_draft()
    draft.add("far.bin", bytes(3_000_000), "application/octet-stream", "other")
    data = draft.archive().archive
    assert data is not None
    with serving(lambda asked: ranged(data, asked)) as server:
        report = looked(server)
        fetched = sum(min(65536, len(data)) for _ in server.asked)
    assert fetched < 1_000_000
    assert report.verdict == "inconclusive"
    assert report.findings == ()
    assert "PKG-DIG-03" in report.not_checked
    assert "PKG-ART-01" in report.not_checked
    assert {"PKG-LAY-02", "PKG-ZIP-04", "PKG-MAN-03", "PKG-DOC-02"} <= set(report.checked)
    assert not set(report.checked) & set(report.not_checked)


def test_a_quick_look_finds_what_the_headers_and_the_manifest_show() -> None:
    data = linear_draft().archive().archive
    assert data is not None
    with serving(lambda asked: ranged(data + b"x", asked)) as server:
        report = looked(server)
    assert report.verdict == "fail"
    assert [one.requirement for one in report.findings] == ["PKG-ZIP-04"]


def test_a_full_look_downloads_first_and_is_the_local_verdict(package: Path) -> None:
    data = package.read_bytes()
    cuts = [100]

    def script(asked: Asked) -> Reply:
        reply = ranged(data, asked)
        if cuts:
            reply.cut = cuts.pop()
        return reply

    with serving(script) as server:
        report = looked(server, "full")
        assert [one.headers.get("range") for one in server.asked] == [None, "bytes=100-"]
    local = validate_package(package, level="full")
    assert report == local._replace(path=report.path)
    assert report.path == f"http://{server.host}/x.lepton"


def test_a_file_that_changes_between_two_ranges_is_noticed() -> None:
    draft = linear_draft()
    draft.add("far.bin", bytes(300_000), "application/octet-stream", "other")
    data = draft.archive().archive
    assert data is not None
    tags = iter(['"v1"', '"v2"', '"v3"'])
    with (
        serving(lambda asked: ranged(data, asked, next(tags))) as server,
        pytest.raises(SourceError, match="changed while it was read"),
    ):
        looked(server)


@pytest.mark.parametrize(
    ("reply", "match"),
    [
        (Reply(200, b"PK\3\4"), "knows no ranges"),
        (Reply(404), "answered 404"),
        (Reply(206, b"x", {"Content-Range": "bytes 5-9/10"}), "expected one from byte 0"),
        (Reply(206, b"x", {"Content-Range": "bytes 0-9/*"}), "with the size"),
        (Reply(206, b"short", {"Content-Range": "bytes 0-9/10"}), "found 5 bytes"),
        (
            Reply(206, length=-1, headers={"Content-Range": "bytes 0-9/10"}, endless=True),
            "more than 10 bytes",
        ),
        (Reply(301, headers={"Location": "file:///etc/passwd"}), "not followed"),
    ],
)
def test_a_file_server_that_lies_is_an_error_and_no_verdict(reply: Reply, match: str) -> None:
    with serving(lambda _: reply) as server, pytest.raises(LeptonError, match=match):
        looked(server)


def test_a_body_that_drips_is_given_up(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lepton.transport import http

    monkeypatch.setattr(http, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(http, "MIN_RATE", 10**12)
    began = time.monotonic()
    refused(store.answer, tmp_path / "out.lepton", "too slowly")
    assert time.monotonic() - began < 10


def test_a_quick_look_at_every_sixth_violation_finds_only_what_is_there_and_never_passes() -> None:
    zips = {
        f"/{index}.lepton": (one.requirement, forged.archive)
        for index, one in enumerate(VIOLATIONS[::6])
        if one.varies and (forged := one.forge(ZIPPED)).archive is not None
    }
    assert len(zips) > 25
    with (
        serving(lambda asked: ranged(zips[asked.path][1] or b"", asked)) as server,
        Client(Trust()) as client,
    ):
        found = 0
        for path, (requirement, _) in zips.items():
            report = validate_remote(f"http://{server.host}{path}", client, NOBODY, level="quick")
            assert {one.requirement for one in report.findings} <= {requirement}, path
            assert report.verdict != "pass"
            found += bool(report.findings)
    assert found > len(zips) // 4


def certified(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate that vouches for itself; return it and what a server with it needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / f"{host}.pem", folder / f"{host}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return certificate, context


def test_tls_is_for_those_whose_certificate_leads_to_a_trusted_root(store: Store, tmp_path: Path) -> None:
    ours, context = certified(tmp_path, "127.0.0.1")
    stranger, other = certified(tmp_path, "127.0.0.2")

    def fetched(host: str, roots: Path, out: Path) -> Pulled:
        with Client(Trust(roots=roots)) as client:
            return pull(Registry(client, parse(f"oci://{host}/a/b:1"), NOBODY), out)

    with serving(store.answer, context) as server:
        assert fetched(server.host, ours, tmp_path / "out.lepton").identity == store.identity
        with pytest.raises(SourceError, match="cannot trust"):
            fetched(server.host, stranger, tmp_path / "other.lepton")
    with serving(store.answer, other) as server, pytest.raises(SourceError, match="cannot trust"):
        fetched(server.host, stranger, tmp_path / "other.lepton")
    with pytest.raises(LeptonError, match="as roots for TLS"):
        Client(Trust(roots=tmp_path / "none"))


def test_a_redirect_from_https_to_plain_http_on_this_machine_is_refused(store: Store, tmp_path: Path) -> None:
    ours, context = certified(tmp_path, "127.0.0.1")
    with serving(store.answer) as plain:

        def script(asked: Asked) -> Reply | None:
            return Reply(307, headers={"Location": f"http://{plain.host}{asked.path}"})

        with (
            serving(script, context) as server,
            Client(Trust(roots=ours)) as client,
            pytest.raises(SourceError, match="expected an https address"),
        ):
            pull(Registry(client, parse(f"oci://{server.host}/a/b:1"), NOBODY), tmp_path / "out.lepton")
    assert not plain.asked


def test_the_proxy_of_the_environment_is_used_for_other_machines_only(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(asked: Asked) -> Reply | None:
        return store.answer(asked) if asked.path.startswith("http://registry.example.org/v2/") else None

    with serving(script) as proxy, Client(Trust(plain_http=True)) as client:
        monkeypatch.setenv("http_proxy", f"http://{proxy.host}")
        there = Registry(client, parse("oci://registry.example.org/a/b:1"), NOBODY)
        assert pull(there, tmp_path / "out.lepton").identity == store.identity
        count = len(proxy.asked)
        with serving(store.answer) as server:
            assert taken(server, tmp_path / "near.lepton").identity == store.identity
        assert len(proxy.asked) == count


class Referred(Store):
    """A registry that keeps referrers itself: artifacts that refer to the package, and lies about them."""

    def __init__(self, package: Path) -> None:
        super().__init__(package)
        self.manifests: dict[str, bytes] = {}
        self.listed: list[dict[str, Any]] = []

    def refer(
        self, path: str, data: bytes, *, subject: str = "", change: Callable[[Any], object] | None = None
    ) -> None:
        made = referrer(data, path, self.artifact.descriptor)
        document = json.loads(made.data)
        if subject:
            document["subject"]["digest"] = subject
        if change is not None:
            change(document)
        stored = canonical(document)
        digest = f"sha256:{hashlib.sha256(stored).hexdigest()}"
        self.manifests[digest] = stored
        self.blobs[made.layers[0].digest] = data
        self.listed.append({"mediaType": MANIFEST_TYPE, "digest": digest, "size": len(stored)})

    def answer(self, asked: Asked) -> Reply | None:
        kind, _, target = asked.path.rpartition("/")
        if kind.endswith("/referrers"):
            assert target == self.artifact.descriptor.digest
            index = {"schemaVersion": 2, "mediaType": registry.INDEX_TYPE, "manifests": self.listed}
            return Reply(200, canonical(index), {"Content-Type": registry.INDEX_TYPE})
        if kind.endswith("/manifests") and target in self.manifests:
            return Reply(200, self.manifests[target])
        return super().answer(asked)


@pytest.fixture
def referred(package: Path) -> Referred:
    return Referred(package)


@pytest.mark.requirement("PKG-OCI-05")
def test_referrers_of_a_registry_that_keeps_them_come_along(referred: Referred, tmp_path: Path) -> None:
    referred.refer("signatures/k.sigstore.json", b"{}")
    referred.refer("attestations/a/b.dsse.json", b"[]")
    with serving(referred.answer) as server:
        pulled = taken(server, tmp_path / "out")
    assert sorted(pulled.attached) == ["attestations/a/b.dsse.json", "signatures/k.sigstore.json"]
    assert pulled.ignored == ()
    assert pulled.identity == referred.identity
    assert (tmp_path / "out" / "attestations" / "a" / "b.dsse.json").read_bytes() == b"[]"


@pytest.mark.parametrize(
    ("path", "subject", "change", "match"),
    [
        ("model/evil.bin", "", None, "no single small file"),
        ("signatures/../lepton.json", "", None, "cannot write"),
        ("signatures/NUL", "", None, "cannot write"),
        ("signatures/x", "sha256:" + "0" * 64, None, "to something else"),
        ("signatures/x", "", lambda one: one.pop("subject"), "to something else"),
        ("signatures/x", "", lambda one: one["layers"].append(one["layers"][0]), "no single small file"),
        ("signatures/x", "", lambda one: one["layers"][0].update(size=10**9), "no single small file"),
        ("signatures/x", "", lambda one: one.update(layers=[]), "without layers"),
    ],
)
def test_a_referrer_that_is_none_is_left_and_named(
    referred: Referred,
    tmp_path: Path,
    path: str,
    subject: str,
    change: Callable[[Any], object] | None,
    match: str,
) -> None:
    referred.refer(path, b"{}", subject=subject, change=change)
    with serving(referred.answer) as server:
        pulled = taken(server, tmp_path / "out")
    assert pulled.attached == ()
    assert len(pulled.ignored) == 1
    assert match in pulled.ignored[0]
    assert validate_package(tmp_path / "out", level="quick").verdict == "pass"


def test_of_two_referrers_for_one_path_the_first_counts(referred: Referred, tmp_path: Path) -> None:
    referred.refer("signatures/x", b"one")
    referred.refer("signatures/x", b"two")
    with serving(referred.answer) as server:
        pulled = taken(server, tmp_path / "out")
    assert (tmp_path / "out" / "signatures" / "x").read_bytes() == b"one"
    assert "a second file for 'signatures/x'" in pulled.ignored[0]


@pytest.mark.parametrize("second", ["signatures/X", "signatures/x/y"])
def test_referrers_that_a_file_system_confuses_do_not_keep_a_package_away(
    referred: Referred, tmp_path: Path, second: str
) -> None:
    referred.refer("signatures/x", b"one")
    referred.refer(second, b"two")
    with serving(referred.answer) as server:
        pulled = taken(server, tmp_path / "out")
    assert pulled.attached == ("signatures/x",)
    assert len(pulled.ignored) == 1


def test_no_more_than_64_referrers_are_looked_at(referred: Referred, tmp_path: Path) -> None:
    for at in range(70):
        referred.refer(f"signatures/{at}", str(at).encode())
    with serving(referred.answer) as server:
        pulled = taken(server, tmp_path / "out")
    assert len(pulled.attached) == 64
    assert pulled.ignored == ("6 referrers beyond the first 64",)
