"""One repository of an OCI registry: blobs and manifests by digest, uploads that survive a cut, referrers.

Owns the distribution protocol and its two ways to authenticate; leaves bytes and redirects to `http`, what a
package is to `modelpack`. Serves PKG-OCI-03 and PKG-OCI-05.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from lepton.errors import LeptonError, SourceError
from lepton.package.jsontext import read_json
from lepton.package.paths import displayed
from lepton.transport.credentials import Credentials
from lepton.transport.http import MAX_ERROR_BYTES, Answer, Client, Interrupted, joined, origin_of
from lepton.transport.modelpack import MANIFEST_TYPE, MAX_OCI_MANIFEST_BYTES, Descriptor
from lepton.transport.reference import Reference, is_loopback

__all__ = ["INDEX_TYPE", "Registry"]

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
#: Bytes sent in one request of an upload; what a cut can cost.
CHUNK_BYTES = 16 * 1024 * 1024
#: How often one blob is taken up again after a cut, with the seconds waited before each.
WAITS_SECONDS = (0.2, 1.0, 3.0, 8.0)

_CHALLENGE = re.compile(r'([A-Za-z_]+)="((?:[^"\\]|\\.)*)"|([A-Za-z_]+)=([^",\s]+)')


class Registry:
    """A repository that is spoken to over `client`."""

    def __init__(self, client: Client, reference: Reference, credentials: Credentials) -> None:
        self._client = client
        self.reference = reference
        self._credentials = credentials
        scheme = client.trust.scheme(reference.host)
        self._base = f"{scheme}://{reference.host}/v2/{reference.name}/"
        if credentials and scheme == "http" and not is_loopback(reference.host):
            raise LeptonError(
                "found credentials for plain http to another machine; they are sent over TLS only"
            )
        self._authorization = ""

    def manifest(self, target: str, accept: str = MANIFEST_TYPE) -> bytes | None:
        """Return a manifest by tag or digest, verified if by digest; None when there is none."""
        with self._ask("GET", f"manifests/{target}", {"Accept": accept}) as answer:
            if answer.status == 404:
                return None
            self._expect(answer, 200)
            data = answer.read(MAX_OCI_MANIFEST_BYTES, "an OCI manifest")
        if target.startswith("sha256:") and _digest(data) != target:
            raise SourceError(f"found a manifest of the digest {_digest(data)}, expected {target}")
        return data

    def has(self, kind: str, target: str) -> bool:
        """Say whether `blobs` or `manifests` has something under a digest or tag."""
        with self._ask("HEAD", f"{kind}/{target}", {"Accept": f"{MANIFEST_TYPE}, {INDEX_TYPE}"}) as answer:
            if answer.status == 404:
                return False
            self._expect(answer, 200)
            return True

    @contextmanager
    def blob(self, layer: Descriptor, start: int = 0) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Hand out where the bytes begin (`start`, or 0 if the registry knows no ranges) and the bytes.

        They are not verified: whoever takes them does that, and gets at most one byte too many.
        """
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._ask("GET", f"blobs/{layer.digest}", headers) as answer:
            if answer.status == 416 and start:
                raise SourceError(f"the registry has fewer bytes than {start} of {layer.digest}")
            self._expect(answer, 200, 206)
            begins = start if answer.status == 206 else 0
            stated = answer.headers.get("content-range", "")
            if answer.status == 206 and not re.match(rf"bytes {start}-", stated):
                raise SourceError(f"found the range {stated[:60]!r}, expected one from byte {start}")
            expected = layer.size - begins
            if answer.length is not None and answer.length > expected:
                raise SourceError(
                    f"found {answer.length} bytes announced for {layer.digest}, expected {expected}"
                )
            yield begins, answer.pieces(expected)

    def put_manifest(self, data: bytes, target: str, media_type: str = MANIFEST_TYPE) -> None:
        """Store a manifest under a tag or its digest."""
        with self._ask("PUT", f"manifests/{target}", {"Content-Type": media_type}, data) as answer:
            self._expect(answer, 200, 201, 202)

    def put_blob(
        self,
        blob: Descriptor,
        pieces: Callable[[], Iterable[bytes | memoryview]],
        progress: Callable[[int], None] = lambda _: None,
    ) -> bool:
        """Store a blob unless it is there; return whether it was sent. `pieces` yields it anew on each call.

        After a cut it goes on where the registry says that it stopped. Raises: SourceError, Interrupted.
        """
        if self.has("blobs", blob.digest):
            return False
        waits = iter(WAITS_SECONDS)
        location, done = self._begin(), 0
        while True:
            try:
                for offset, chunk in _chunks(pieces(), done):
                    location, done = self._send(location, offset, chunk)
                    progress(done)
                if done != blob.size:
                    raise SourceError(f"{displayed(blob.path)!r} was changed while it was sent")
                self._finish(location, blob.digest)
                return True
            except Interrupted:
                wait = next(waits, None)
                if wait is None:
                    raise
                time.sleep(wait)
                if self.has("blobs", blob.digest):
                    return True
                location, done = self._resume(location)

    def referrers(self, subject: str) -> tuple[list[dict[str, Any]], bool]:
        """Return the descriptors of what refers to a manifest, and whether the registry itself keeps them."""
        with self._ask("GET", f"referrers/{subject}", {"Accept": INDEX_TYPE}) as answer:
            if answer.status == 200 and answer.headers.get("content-type", "").startswith(INDEX_TYPE):
                return _listed(answer.read(MAX_OCI_MANIFEST_BYTES, "an OCI index")), True
            if answer.status not in (200, 400, 404, 405):
                self._expect(answer, 200)
        data = self.manifest(subject.replace(":", "-"), INDEX_TYPE)
        return ([] if data is None else _listed(data)), False

    def tags(self) -> list[str]:
        """Return the first tags of the repository."""
        with self._ask("GET", "tags/list?n=20") as answer:
            if answer.status != 200:
                return []
            text = read_json(answer.read(MAX_OCI_MANIFEST_BYTES, "a list of tags"), max_bytes=1 << 22)
        found = text.value.get("tags") if isinstance(text.value, dict) else None
        return [str(one)[:128] for one in found[:20]] if isinstance(found, list) else []

    def _begin(self) -> str:
        with self._ask("POST", "blobs/uploads/") as answer:
            self._expect(answer, 202)
            return self._location(answer)

    def _send(self, location: str, offset: int, chunk: bytes) -> tuple[str, int]:
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"{offset}-{offset + len(chunk) - 1}",
        }
        with self._request("PATCH", location, headers, chunk) as answer:
            self._expect(answer, 202, 204)
            return self._location(answer), offset + len(chunk)

    def _finish(self, location: str, digest: str) -> None:
        mark = "&" if urlsplit(location).query else "?"
        with self._request("PUT", f"{location}{mark}{urlencode({'digest': digest})}", {}, b"") as answer:
            self._expect(answer, 201, 204)

    def _resume(self, location: str) -> tuple[str, int]:
        with self._request("GET", location) as answer:
            found = re.fullmatch(r"(?:bytes=)?0-(\d{1,18})", answer.headers.get("range", ""))
            if answer.status != 204 or found is None:
                return self._begin(), 0
            # A registry that has nothing says 0-0, as one that has a single byte does: then begin again.
            end = int(found[1])
            return (self._location(answer), end + 1) if end else (self._begin(), 0)

    def _location(self, answer: Answer) -> str:
        target = joined(answer.url, answer.headers.get("location", ""))
        if "location" not in answer.headers or not self._client.trust.allows(target):
            raise SourceError("the registry names no address to send to, expected one on https")
        return target

    def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> AbstractContextManager[Answer]:
        return self._request(method, self._base + quote(path, safe="/:?=&"), headers, body)

    @contextmanager
    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Iterator[Answer]:
        """Ask, and once more with credentials when the registry wants to know who asks."""
        ours = origin_of(url) == origin_of(self._base)
        named = dict(headers or {})
        if ours and self._authorization:
            named["Authorization"] = self._authorization
        with self._client.ask(method, url, named, body) as answer:
            if answer.status != 401 or not ours:
                yield answer
                return
            challenge = answer.headers.get("www-authenticate", "")
        self._authorization = named["Authorization"] = self._authorize(challenge, method)
        with self._client.ask(method, url, named, body) as answer:
            yield answer

    def _authorize(self, challenge: str, method: str) -> str:
        kind = challenge.partition(" ")[0].lower()
        if kind == "basic":
            if not self._credentials.user:
                raise self._denied()
            return self._credentials.basic
        if kind != "bearer":
            raise SourceError(f"the registry asks for {challenge[:60]!r}, expected Basic or Bearer")
        found = {one[0] or one[2]: one[1] or one[3] for one in _CHALLENGE.findall(challenge)}
        realm = found.get("realm", "")
        parts = urlsplit(joined(self._base, realm))
        if not self._client.trust.allows(realm) or (
            parts.scheme == "http" and not self._base.startswith("http://")
        ):
            raise SourceError(f"the registry sends to {realm[:100]!r} for a token, expected an https address")
        action = "pull" if method in ("GET", "HEAD") else "pull,push"
        scope = found.get("scope") or f"repository:{self.reference.name}:{action}"
        query = {"service": found.get("service", ""), "scope": scope}
        return f"Bearer {self._token(realm, query)}"

    def _token(self, realm: str, query: dict[str, str]) -> str:
        if self._credentials.identity_token:
            form = {"grant_type": "refresh_token", "refresh_token": self._credentials.identity_token}
            body = urlencode({**query, **form, "client_id": "lepton"}).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            asked = self._client.ask("POST", realm, headers, body)
        else:
            headers = {"Authorization": self._credentials.basic} if self._credentials else {}
            mark = "&" if urlsplit(realm).query else "?"
            asked = self._client.ask("GET", f"{realm}{mark}{urlencode(query)}", headers)
        with asked as answer:
            if answer.status != 200:
                raise self._denied()
            data = answer.read(MAX_ERROR_BYTES, "a token")
        try:
            value = json.loads(data)
            token = value.get("token") or value.get("access_token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise SourceError("the registry's token service answered no token")
        return token

    def _denied(self) -> SourceError:
        who = "these credentials" if self._credentials else "a stranger"
        return SourceError(
            f"{self.reference.host} does not let {who} in; log in with docker login, or give --username"
        )

    def _expect(self, answer: Answer, *statuses: int) -> None:
        if answer.status in statuses:
            return
        if answer.status in (401, 403):
            raise self._denied()
        text = b"".join(answer.pieces(MAX_ERROR_BYTES))[:MAX_ERROR_BYTES]
        said = displayed(text.decode("utf-8", "replace"))[:300]
        kind = Interrupted if answer.status in (408, 429) or answer.status >= 500 else SourceError
        raise kind(f"{self.reference.host} answered {answer.status} to {self.reference.name}: {said}")


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _chunks(pieces: Iterable[bytes | memoryview], skip: int) -> Iterator[tuple[int, bytes]]:
    """Yield the bytes after the first `skip` in chunks, each with its offset."""
    waiting = bytearray()
    offset, at = skip, 0
    for piece in pieces:
        waiting += piece[max(0, skip - at) :]
        at += len(piece)
        while len(waiting) >= CHUNK_BYTES:
            yield offset, bytes(waiting[:CHUNK_BYTES])
            offset += CHUNK_BYTES
            del waiting[:CHUNK_BYTES]
    if waiting:
        yield offset, bytes(waiting)


def _listed(data: bytes) -> list[dict[str, Any]]:
    text = read_json(data, max_bytes=MAX_OCI_MANIFEST_BYTES)
    manifests = text.value.get("manifests") if isinstance(text.value, dict) else None
    if not isinstance(manifests, list) or not all(isinstance(one, dict) for one in manifests):
        raise SourceError("found an index of referrers that is no OCI image index, expected one")
    return manifests
