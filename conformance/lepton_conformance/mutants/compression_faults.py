"""Faults of content codings and of text that is no JSON (Spec: INF-REQ-08, RSP-13, LIM-04, ERR-18, 21)."""

import gzip
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from lepton_conformance.mutants.listener import HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]


class CodingUnread(Naive):
    """Content-Encoding is not looked at: gzip is read as JSON and refused as such."""

    id = "req-08-identity"
    breaks = "INF-REQ-08"

    def plain_body(self, headers: Mapping[str, str], body: bytes) -> bytes:
        return body


class UnknownCodingRead(Naive):
    """A coding that the server does not know is taken for none."""

    id = "req-08-unknown"
    breaks = "INF-REQ-08"

    def plain_body(self, headers: Mapping[str, str], body: bytes) -> bytes:
        known = headers.get("content-encoding", "") == "gzip"
        return super().plain_body(headers, body) if known else body


class UnknownCodingBad(Naive):
    """A coding that the server does not know is refused with 400."""

    id = "req-08-400"
    breaks = "INF-REQ-08"

    def unknown_coding(self, coding: str) -> Refusal:
        return Refusal(400, super().unknown_coding(coding).message)


class BrotliRead(Naive):
    """The coding `br` is taken for none."""

    id = "req-08-br"
    breaks = "INF-REQ-08"

    def plain_body(self, headers: Mapping[str, str], body: bytes) -> bytes:
        return body if headers.get("content-encoding") == "br" else super().plain_body(headers, body)


class GzipServerError(Naive):
    """Gzip is announced by nothing and is an error of the server."""

    id = "req-08-500"
    breaks = "INF-REQ-08"

    def expand(self, body: bytes) -> bytes:
        raise Refusal(500, "UnicodeDecodeError")


class GzipCut(Naive):
    """Only the first 64 bytes of an expanded body are read."""

    id = "req-08-cut"
    breaks = "INF-REQ-08"

    def expand(self, body: bytes) -> bytes:
        return super().expand(body)[:64]


class GzipLargeOnly(Naive):
    """A compressed body of less than 20 bytes of text per byte is refused with 400."""

    id = "req-08-ratio"
    breaks = "INF-REQ-08"

    def expand(self, body: bytes) -> bytes:
        found = super().expand(body)
        if len(found) < 20 * len(body):
            raise Refusal(400, "the body is not compressed well")
        return found


class GzipEmpty(Naive):
    """A compressed body is answered with the outputs of no elements."""

    id = "req-08-stale"
    breaks = "INF-REQ-08"

    def __init__(self) -> None:
        super().__init__()
        self.last = b""

    def expand(self, body: bytes) -> bytes:
        found = super().expand(body)
        self.last = self.last or found
        return self.last


class AnswersGzip(Naive):
    """Answers are compressed whatever the request accepts."""

    id = "rsp-13-always"
    breaks = "INF-RSP-13"

    def accepts(self, headers: Mapping[str, str]) -> bool:
        return True

    def answer(self, request: HttpRequest) -> HttpResponse:
        found = super().answer(request)
        if not self.concerns(found) or not self.accepts(request.headers):
            return found
        return HttpResponse(
            found.status, gzip.compress(found.body), {**found.headers, "Content-Encoding": "gzip"}
        )

    def concerns(self, response: HttpResponse) -> bool:
        return bool(response.body)


class RefusalsGzip(AnswersGzip):
    """Refusals are compressed whatever the request accepts."""

    id = "rsp-13-refusals"
    breaks = "INF-RSP-13"

    def concerns(self, response: HttpResponse) -> bool:
        return response.status >= 400


class AnswersGzipZero(AnswersGzip):
    """Gzip with the weight 0 in Accept-Encoding is taken for a wish."""

    id = "rsp-13-zero"
    breaks = "INF-RSP-13"

    def accepts(self, headers: Mapping[str, str]) -> bool:
        return "gzip" in headers.get("accept-encoding", "")


class AnswersGzipOther(AnswersGzip):
    """Any Accept-Encoding that is not `identity` brings gzip."""

    id = "rsp-13-other"
    breaks = "INF-RSP-13"

    def accepts(self, headers: Mapping[str, str]) -> bool:
        return headers.get("accept-encoding", "identity") != "identity"


class AnswersAlike(AnswersGzip):
    """The answer to a compressed request is compressed."""

    id = "rsp-13-alike"
    breaks = "INF-RSP-13"

    def accepts(self, headers: Mapping[str, str]) -> bool:
        return "gzip" in headers.get("content-encoding", "")


class AnswersGzipLarge(AnswersGzip):
    """Answers of more than 4 KiB are compressed."""

    id = "rsp-13-large"
    breaks = "INF-RSP-13"

    def answer(self, request: HttpRequest) -> HttpResponse:
        found = Naive.answer(self, request)
        return super().answer(request) if len(found.body) > 4096 else found


class BombExpanded(Naive):
    """A body may expand to any size: the limit holds for what is sent only."""

    id = "lim-04-expanded"
    breaks = "INF-LIM-04"

    def expand(self, body: bytes) -> bytes:
        # White space is thrown away piece by piece, so that the fault costs time and no memory.
        try:
            return super().expand(body)
        except Refusal as refusal:
            if refusal.status != 413:
                raise
        stream = zlib.decompressobj(wbits=31)
        kept = stream.decompress(body, 1 << 20)
        while stream.unconsumed_tail:
            kept += stream.decompress(stream.unconsumed_tail, 1 << 20).strip(b" \n\r\t")
            if len(kept) > self.max_request_bytes:
                raise self.bomb()
        return kept


class BombServerError(Naive):
    """A body that expands beyond the limit is an error of the server."""

    id = "lim-04-500"
    breaks = "INF-LIM-04"

    def bomb(self) -> Refusal:
        return Refusal(500, "MemoryError")


class BombDropped(Naive):
    """A body that expands beyond the limit breaks the connection, and those after it."""

    id = "lim-04-dead"
    breaks = "INF-LIM-04"

    dead = False

    def bomb(self) -> Refusal:
        self.dead = True
        return super().bomb()

    def answer(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(0) if self.dead else super().answer(request)


class BombTruncated(Naive):
    """A body that expands beyond the limit is cut there, and answered if its beginning is a request."""

    id = "lim-04-cut"
    breaks = "INF-LIM-04"

    def expand(self, body: bytes) -> bytes:
        try:
            return super().expand(body)
        except Refusal as refusal:
            if refusal.status != 413:
                raise
        stream = zlib.decompressobj(wbits=31)
        return stream.decompress(body, self.max_request_bytes).rstrip(b" \n\t\r\0")


class BombUnprocessable(Naive):
    """A body that expands beyond the limit is refused with 422."""

    id = "lim-04-422"
    breaks = "INF-LIM-04"

    def bomb(self) -> Refusal:
        return Refusal(422, super().bomb().message)


class DuplicateLast(Naive):
    """Of two members of one name the last one counts."""

    id = "err-18-last"
    breaks = "INF-ERR-18"

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(pairs)


class DuplicateFirst(Naive):
    """Of two members of one name the first one counts, except in the outermost object."""

    id = "err-18-inner"
    breaks = "INF-ERR-18"

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if "inputs" in dict(pairs):
            return super().members(pairs)
        return dict(reversed(pairs))


class DuplicateUnprocessable(Naive):
    """Two members of one name are refused with 422."""

    id = "err-18-422"
    breaks = "INF-ERR-18"

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise Refusal(422, "a JSON object has two members of one name")
        return dict(pairs)


class BytesReplaced(Naive):
    """Bytes that are not UTF-8 become U+FFFD."""

    id = "err-21-replaced"
    breaks = "INF-ERR-21"

    def decode_text(self, body: bytes) -> str:
        return body.decode("utf-8", "replace")


class BytesLatin(Naive):
    """A body that is not UTF-8 is read as Latin-1."""

    id = "err-21-latin"
    breaks = "INF-ERR-21"

    def decode_text(self, body: bytes) -> str:
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            return body.decode("latin-1")


class Overlong(Naive):
    """Surrogates that are encoded as three bytes each pass as UTF-8."""

    id = "err-21-surrogates"
    breaks = "INF-ERR-21"

    def decode_text(self, body: bytes) -> str:
        return (
            body.decode("utf-8", "surrogatepass")
            .encode("utf-16", "surrogatepass")
            .decode("utf-16", "replace")
        )


class TextGuessed(Naive):
    """UTF-16 is recognised and read."""

    id = "err-21-utf16"
    breaks = "INF-ERR-21"

    def decode_text(self, body: bytes) -> str:
        return body.decode(json.detect_encoding(body))


class TrailingCommas(Naive):
    """A comma may stand before a closing bracket."""

    id = "err-21-comma"
    breaks = "INF-ERR-21"

    def decode_text(self, body: bytes) -> str:
        text = super().decode_text(body)
        for close in "]}":
            text = text.replace(f",{close}", close).replace(f", {close}", close)
        return text


class Comments(Naive):
    """Comments are white space."""

    id = "err-21-comments"
    breaks = "INF-ERR-21"

    def decode_text(self, body: bytes) -> str:
        text = super().decode_text(body)
        text = re.sub(r'//[^"\n]*(\n|$)', r"\1", text)
        while "/*" in text and "*/" in text.split("/*", 1)[1]:
            head, rest = text.split("/*", 1)
            text = head + rest.split("*/", 1)[1]
        return text


class SingleQuotes(Naive):
    """Strings may stand in single quotes."""

    id = "err-21-quotes"
    breaks = "INF-ERR-21"

    def decode_text(self, body: bytes) -> str:
        text = super().decode_text(body)
        return text if '"' in text else text.replace("'", '"')


class ControlsInStrings(Naive):
    """Control characters stand in strings as they are."""

    id = "err-21-controls"
    breaks = "INF-ERR-21"

    def parse_json(self, body: bytes) -> Any:
        try:
            return json.loads(
                self.decode_text(body),
                strict=False,
                parse_constant=self.bare_constant,
                object_pairs_hook=self.members,
            )
        except (RecursionError, ValueError):
            return super().parse_json(body)


class LeadingZeros(Naive):
    """Numbers may begin with a zero or with a plus sign."""

    id = "err-21-zeros"
    breaks = "INF-ERR-21"

    def decode_text(self, body: bytes) -> str:
        text = super().decode_text(body)
        for before in "[,: ":
            for digit in "0123456789":
                text = text.replace(f"{before}0{digit}", f"{before}{digit}")
                text = text.replace(f"{before}+{digit}", f"{before}{digit}")
        return text


ALL: tuple[type[Naive], ...] = (
    CodingUnread,
    UnknownCodingRead,
    UnknownCodingBad,
    BrotliRead,
    GzipServerError,
    GzipCut,
    GzipLargeOnly,
    GzipEmpty,
    AnswersGzip,
    RefusalsGzip,
    AnswersGzipZero,
    AnswersGzipOther,
    AnswersAlike,
    AnswersGzipLarge,
    BombExpanded,
    BombServerError,
    BombDropped,
    BombTruncated,
    BombUnprocessable,
    DuplicateLast,
    DuplicateFirst,
    DuplicateUnprocessable,
    BytesReplaced,
    BytesLatin,
    Overlong,
    TextGuessed,
    TrailingCommas,
    Comments,
    SingleQuotes,
    ControlsInStrings,
    LeadingZeros,
)
