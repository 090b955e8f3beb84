"""Header fields of a request: how its body is framed, coded and typed.

Owns what the HTTP server leaves to the application: a field that comes twice or is not text is never taken
for an absent one. Leaves bodies to `lepton.serve.body`. Serves `inference` (INF-REQ-07, INF-REQ-08,
INF-BIN-11) and RFC 9112, sections 3.2 and 6.
"""

from typing import Protocol

from lepton.serve.body import Framing
from lepton.serve.coding import parse_codings
from lepton.serve.reply import JSON_TYPE, OCTETS_TYPE, Cause, RequestError, invalid, shown

__all__ = ["Headers", "check_media_type", "check_message", "field", "framing"]

CHARSETS = ("utf-8", "utf8", "us-ascii")


class Headers(Protocol):
    """Header fields as RSGI has them: looked up in lower case. Values that are not ASCII are left out."""

    def get(self, key: str, default: str | None = None) -> str | None:
        """Return a field's first value."""
        ...

    def get_all(self, key: str) -> list[str]:
        """Return the values of a field that may come several times."""
        ...

    def __contains__(self, key: object) -> bool:
        """Say whether a field is there, whatever its value."""
        ...


def check_message(version: str, headers: Headers) -> None:
    """Refuse, and close, what proxies may read otherwise: no or several `Host`, unknown transfer codings.

    Raises: RequestError (400).
    """
    if len(headers.get_all("host")) != 1 and version == "1.1":
        raise _closing("found other than one Host field, expected one (RFC 9112, section 3.2)")
    if "transfer-encoding" in headers:
        codings = ", ".join(headers.get_all("transfer-encoding"))
        if codings.strip().lower() != "chunked":
            raise _closing(f"found transfer-encoding {shown(codings)}, expected chunked or none")


def field(headers: Headers, name: str) -> str | None:
    """Return the value of a field that may come once. Raises: RequestError (400)."""
    values = headers.get_all(name)
    if len(values) == 1:
        return values[0]
    if values:
        raise invalid(f"found {name} {len(values)} times, expected it once")
    if name in headers:
        raise invalid(f"found a value of {name} that is not ASCII text")
    return None


def framing(headers: Headers) -> Framing:
    """Read how the body is sent. Raises: RequestError (415) for a coding that is not read."""
    length = headers.get("content-length")
    coding = None
    if "content-encoding" in headers:
        coding = parse_codings(headers.get_all("content-encoding") or ["not ASCII"])
    return Framing(
        int(length) if length is not None else None,
        waits="expect" in headers,
        trailers="trailer" in headers,
        coding=coding,
    )


def check_media_type(headers: Headers) -> None:
    """Refuse what is neither JSON nor binary tensors (415). Raises: RequestError. Spec: INF-REQ-07."""
    value = field(headers, "content-type")
    if value is None or value == JSON_TYPE:
        return
    media_type, *parameters = (part.strip().lower() for part in value.split(";"))
    if media_type not in (JSON_TYPE, OCTETS_TYPE):
        raise RequestError(
            Cause.ENCODING, f"found content-type {shown(value)}, expected {JSON_TYPE} or {OCTETS_TYPE}"
        )
    for parameter in parameters:
        name, _, charset = parameter.partition("=")
        if name.strip() == "charset" and charset.strip().strip('"') not in CHARSETS:
            raise RequestError(Cause.ENCODING, f"found charset {shown(charset)}, expected utf-8")


def _closing(message: str) -> RequestError:
    return RequestError(Cause.INVALID, message, (("connection", "close"),))
