"""What the server says back: replies, and refusals that become replies.

Owns `Reply`, `RequestError` and the shape of an error body; leaves deciding when to refuse to the modules
that read requests, and sending to the transports. Serves `inference` (INF-ERR).
"""

from dataclasses import dataclass
from enum import Enum

import orjson

__all__ = ["JSON_TYPE", "OCTETS_TYPE", "Cause", "Reply", "RequestError", "invalid", "json_reply", "shown"]

JSON_TYPE = "application/json"
OCTETS_TYPE = "application/octet-stream"

#: How much of a client's own text an error repeats, in characters.
MAX_SHOWN_CHARACTERS = 80
#: The longest message: what it quotes of a request may be long.
MAX_MESSAGE_CHARACTERS = 360


class Cause(Enum):
    """Why a request is refused: the HTTP status and gRPC's name of the status (the error's `code`)."""

    INVALID = (400, "INVALID_ARGUMENT")
    REFUSED = (400, "FAILED_PRECONDITION")
    UNKNOWN = (404, "NOT_FOUND")
    METHOD = (405, "UNIMPLEMENTED")
    SLOW_CLIENT = (408, "DEADLINE_EXCEEDED")
    TOO_LARGE = (413, "RESOURCE_EXHAUSTED")
    ENCODING = (415, "INVALID_ARGUMENT")
    FAULT = (500, "INTERNAL")
    UNAVAILABLE = (503, "UNAVAILABLE")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, independent of the transport. `headers` are pairs with lower-case names."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class RequestError(Exception):
    """A request is refused; `message` names the offender, and holds no traceback or path of the server."""

    def __init__(self, cause: Cause, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Refuse for `cause`, with further `headers` where the status asks for them (Allow, Retry-After)."""
        if len(message) > MAX_MESSAGE_CHARACTERS:
            message = message[:MAX_MESSAGE_CHARACTERS] + "…"
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.headers = headers

    def reply(self) -> Reply:
        """Return the refusal as an answer. Spec: INF-ERR."""
        status, code = self.cause.value
        headers = (("content-type", JSON_TYPE), *self.headers)
        return Reply(status, headers, orjson.dumps({"error": self.message, "code": code}))


def invalid(message: str) -> RequestError:
    """Return the refusal of something wrong in a request (status 400). Spec: INF-ERR-10."""
    return RequestError(Cause.INVALID, message)


def json_reply(document: object) -> Reply:
    """Return `document` as a successful JSON answer."""
    return Reply(200, (("content-type", JSON_TYPE),), orjson.dumps(document))


def shown(text: str) -> str:
    """Quote a client's text for a message: short, printable, encodable."""
    if len(text) > MAX_SHOWN_CHARACTERS:
        text = text[:MAX_SHOWN_CHARACTERS] + "…"
    return repr(text)
