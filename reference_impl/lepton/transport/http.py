"""HTTP with suspicion: TLS unless the host is this machine, bounded bodies, and no redirect that leaks.

Owns connections, time limits, redirects and the size of answers; leaves what is asked for to `registry` and
`ranges`, and who asks to `credentials`. Serves the topic PKG-OCI.
"""

import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from lepton.errors import LeptonError, SourceError
from lepton.package.paths import displayed
from lepton.transport.reference import is_loopback

if TYPE_CHECKING:
    import urllib3

__all__ = ["Answer", "Client", "Interrupted", "Trust", "joined", "origin_of"]

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
#: Bytes a second that a body has to bring on average, after a grace in seconds.
MIN_RATE = 16 * 1024
GRACE_SECONDS = 60.0
MAX_REDIRECTS = 5
#: Bytes of an answer that is only read to say what went wrong.
MAX_ERROR_BYTES = 64 * 1024
PIECE_BYTES = 1024 * 1024

_REDIRECTS = frozenset([301, 302, 303, 307, 308])


class Interrupted(LeptonError):
    """The connection broke, stalled or was refused: trying again may help."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to talk to: roots for TLS beside the system's, and whether plain http may leave the machine."""

    roots: Path | None = None
    plain_http: bool = False

    def scheme(self, host: str) -> str:
        """Return the scheme for a registry at `host`."""
        plain = self.plain_http or (self.roots is None and is_loopback(host))
        return "http" if plain else "https"

    def allows(self, url: str) -> bool:
        """Say whether a URL may be asked at all."""
        parts = urlsplit(url)
        if parts.scheme == "https":
            return bool(parts.hostname)
        return (
            parts.scheme == "http"
            and bool(parts.hostname)
            and (self.plain_http or is_loopback(parts.hostname or ""))
        )


@dataclass(slots=True)
class Answer:
    """One answer; `read` it within bounds. `url` is where it came from after redirects."""

    status: int
    headers: Mapping[str, str]
    url: str
    _response: "urllib3.BaseHTTPResponse" = field(repr=False)

    @property
    def length(self) -> int | None:
        """Return the announced length of the body in bytes, if it is a number."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None

    def pieces(self, limit: int) -> Iterator[bytes]:
        """Yield the body, at most `limit` bytes and one more of it.

        Raises: Interrupted when it breaks off, stalls or comes slower than `MIN_RATE`.
        """
        from urllib3.exceptions import HTTPError

        began = time.monotonic()
        left, count = limit + 1, 0
        try:
            while left > 0 and (piece := self._response.read(min(PIECE_BYTES, left), decode_content=False)):
                left -= len(piece)
                count += len(piece)
                yield piece
                if time.monotonic() - began > GRACE_SECONDS + count / MIN_RATE:
                    raise Interrupted(f"{_shown(self.url)} answers too slowly; try again later")
        except (HTTPError, OSError, http.client.HTTPException) as error:
            raise Interrupted(
                f"{_shown(self.url)} broke off after {count} bytes: {_reason(error)}"
            ) from error

    def read(self, limit: int, what: str) -> bytes:
        """Return the whole body. Raises: SourceError when it is longer than `limit` bytes, Interrupted."""
        data = b"".join(self.pieces(limit))
        if len(data) > limit:
            raise SourceError(f"{_shown(self.url)} sent more than {limit} bytes, the limit of {what}")
        return data

    def close(self) -> None:
        """Drop the connection if the body was not read to its end."""
        self._response.close()
        self._response.release_conn()


class Client:
    """Connections to any number of hosts, until `close`. A context manager."""

    def __init__(self, trust: Trust) -> None:
        """Set up TLS. Raises: LeptonError when urllib3 is not installed or the roots cannot be read."""
        try:
            import urllib3
        except ImportError as error:
            raise LeptonError(
                "urllib3 is not installed; run pip install 'lepton-standard[transport]'"
            ) from error
        import ssl

        self.trust = trust
        context = ssl.create_default_context()
        try:
            if trust.roots is not None:
                context.load_verify_locations(trust.roots)
        except (OSError, ssl.SSLError) as error:
            raise LeptonError(
                f"cannot use {displayed(str(trust.roots))!r} as roots for TLS: {error}"
            ) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._settings: dict[str, Any] = {
            "num_pools": 8,
            "maxsize": 2,
            "ssl_context": context,
            "retries": False,
            "timeout": urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        }
        #: By the address of the proxy, empty for none.
        self._pools: dict[str, urllib3.PoolManager] = {}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            pool.clear()

    def _pool(self, url: str) -> "urllib3.PoolManager":
        """Return the connections for a URL: through the proxy of the environment, never for this machine."""
        import urllib3

        parts = urlsplit(url)
        host = parts.hostname or ""
        proxy = "" if is_loopback(host) or proxy_bypass(host) else getproxies().get(parts.scheme, "")
        if proxy not in self._pools:
            self._pools[proxy] = (
                urllib3.ProxyManager(proxy, **self._settings)
                if proxy
                else urllib3.PoolManager(**self._settings)
            )
        return self._pools[proxy]

    @contextmanager
    def ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Iterator[Answer]:
        """Send one request and hand out the answer.

        Redirects are followed for GET and HEAD only, never from https to http, never to another scheme, and
        without `Authorization` to another origin. Raises: SourceError, Interrupted.
        """
        answer = self._follow(method, url, dict(headers or {}), body)
        try:
            yield answer
        finally:
            answer.close()

    def _follow(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._send(method, url, headers, body)
            target = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not target or method not in ("GET", "HEAD"):
                return answer
            answer.close()
            following = joined(url, target)
            if urlsplit(url).scheme == "https" and urlsplit(following).scheme != "https":
                raise SourceError(
                    f"{_shown(url)} redirects to {_shown(following)}, expected an https address"
                )
            if not self.trust.allows(following):
                raise SourceError(f"{_shown(url)} redirects to {_shown(following)}, which is not followed")
            if origin_of(following) != origin_of(url):
                headers.pop("Authorization", None)
            url = following
        raise SourceError(f"{_shown(url)} redirects more than {MAX_REDIRECTS} times")

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        from urllib3.exceptions import HTTPError, LocationParseError, SSLError

        joined(url, "")
        if not self.trust.allows(url):
            raise SourceError(
                f"found {_shown(url)}, expected https; plain http is for this machine, or with --plain-http"
            )
        named = {"User-Agent": "lepton", "Accept-Encoding": "identity", **headers}
        try:
            response = self._pool(url).request(
                method, url, body=body, headers=named, redirect=False, preload_content=False
            )
        except SSLError as error:
            raise SourceError(f"cannot trust {_shown(url)}: {_reason(error)}") from error
        except LocationParseError as error:
            raise SourceError(f"found {_shown(url)}, which is no address: {_reason(error)}") from error
        except (HTTPError, OSError, ValueError, http.client.HTTPException) as error:
            raise Interrupted(f"cannot reach {_shown(url)}: {_reason(error)}") from error
        found: dict[str, Any] = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, found, url, response)


def joined(url: str, target: str) -> str:
    """Return where a header of an answer from `url` leads. Raises: SourceError when it is no address."""
    try:
        found = urljoin(url, target)
        _ = urlsplit(found).port
    except ValueError as error:
        raise SourceError(f"{_shown(url)} names {displayed(target)[:100]!r}, which is no address") from error
    return found


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    port = parts.port if parts.port is not None else {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


def _shown(url: str) -> str:
    """Return a URL for a message, without user, password and query, which may hold secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    host = parts.netloc.rpartition("@")[2]
    return displayed(f"{parts.scheme}://{host}{parts.path}"[:300])


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return " ".join(str(reason).split())[:300]
