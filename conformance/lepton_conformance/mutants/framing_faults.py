"""Faults of HTTP: pipelining, lengths, versions, targets (Spec: INF-REQ-09 to 16, ERR-19, 20)."""

import contextlib
import json
import re
import time
from collections.abc import Mapping
from typing import Any

from lepton_conformance.mutants.computing import Array, Model
from lepton_conformance.mutants.decoding import InferRequest, Tensor
from lepton_conformance.mutants.listener import Handler, HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]


class QueryRefused(Naive):
    """A target with a query string has no route."""

    id = "req-09-query"
    breaks = "INF-REQ-09"

    def segments(self, target: str) -> list[str]:
        return super().segments(target.replace("?", "%3F"))


class SlashRefused(Naive):
    """A target that ends with a slash has no route."""

    id = "req-09-slash"
    breaks = "INF-REQ-09"

    def segments(self, target: str) -> list[str]:
        if target.split("?")[0].endswith("/"):
            raise self.no_route([target])
        return super().segments(target)


class SlashRedirected(Naive):
    """A target that ends with a slash is redirected."""

    id = "req-09-redirect"
    breaks = "INF-REQ-09"

    def dispatch(self, request: HttpRequest) -> HttpResponse:
        path = request.target.split("?")[0]
        if path.endswith("/"):
            return HttpResponse(308, b"", {"Location": path.rstrip("/")})
        return super().dispatch(request)


class InferSlashRefused(Naive):
    """The route of inference has no trailing slash; the others may."""

    id = "req-09-infer"
    breaks = "INF-REQ-09"

    def segments(self, target: str) -> list[str]:
        if target.split("?")[0].endswith("/infer/"):
            raise self.no_route([target])
        return super().segments(target)


class QueryAfterSlash(Naive):
    """A slash in the query string parts segments."""

    id = "req-09-split"
    breaks = "INF-REQ-09"

    def segments(self, target: str) -> list[str]:
        path, question, query = target.partition("?")
        return super().segments(path + "/" + query if question and "/" in query else path)


class QueryVersion(Naive):
    """A version in the query string is obeyed, and none is called `2`."""

    id = "req-09-version"
    breaks = "INF-REQ-09"

    def dispatch(self, request: HttpRequest) -> HttpResponse:
        query = request.target.partition("?")[2]
        if "=" in query:
            raise Refusal(400, "a query parameter is unknown")
        return super().dispatch(request)


class _Backwards(Handler):
    def setup(self) -> None:
        super().setup()
        self.held: list[HttpResponse] = []

    def send(self, response: HttpResponse) -> None:
        self.held.append(response)
        # Without waiting: what has arrived already stands in the reader's buffer.
        self.connection.settimeout(0)
        waiting = bool(self.rfile.peek(1))  # type: ignore[attr-defined]
        self.connection.settimeout(self.timeout)
        if waiting and not self.close_connection:
            return
        for held in reversed(self.held):
            super().send(held)
        self.held = []


class PipelineBackwards(Naive):
    """Answers to requests that arrive together leave last first."""

    id = "req-10-backwards"
    breaks = "INF-REQ-10"
    handler = _Backwards


class _QuickFirst(_Backwards):
    def send(self, response: HttpResponse) -> None:
        self.held.append(response)
        self.connection.settimeout(0)
        waiting = bool(self.rfile.peek(1))  # type: ignore[attr-defined]
        self.connection.settimeout(self.timeout)
        if waiting and not self.close_connection:
            return
        for held in sorted(self.held, key=lambda each: len(each.body)):
            Handler.send(self, held)
        self.held = []


class PipelineQuickFirst(Naive):
    """Of the answers to requests that arrive together the shortest leaves first."""

    id = "req-10-quick"
    breaks = "INF-REQ-10"
    handler = _QuickFirst


class _RefusalsFirst(_Backwards):
    def send(self, response: HttpResponse) -> None:
        self.held.append(response)
        self.connection.settimeout(0)
        waiting = bool(self.rfile.peek(1))  # type: ignore[attr-defined]
        self.connection.settimeout(self.timeout)
        if waiting and not self.close_connection:
            return
        for held in sorted(self.held, key=lambda each: each.status < 400):
            Handler.send(self, held)
        self.held = []


class PipelineRefusalsFirst(Naive):
    """Refusals of requests that arrive together leave before the answers to earlier ones."""

    id = "req-10-refusals"
    breaks = "INF-REQ-10"
    handler = _RefusalsFirst


class SpacesRefused(Naive):
    """White space before the first bracket is refused."""

    id = "req-11-space"
    breaks = "INF-REQ-11"

    def decode_text(self, body: bytes) -> str:
        text = super().decode_text(body)
        if text[:1].isspace():
            raise Refusal(400, "the body does not begin with a bracket")
        return text


class TabsRefused(Naive):
    """Tabulators and carriage returns between tokens are refused."""

    id = "req-11-tab"
    breaks = "INF-REQ-11"

    def decode_text(self, body: bytes) -> str:
        text = super().decode_text(body)
        if "\t" in text or "\r" in text:
            raise Refusal(400, "the body has a control character")
        return text


class NamesSearched(Naive):
    """Members are looked for in the text: an escape in a member's name hides it."""

    id = "req-11-names"
    breaks = "INF-REQ-11"

    def parse_json(self, body: bytes) -> Any:
        found = super().parse_json(body)
        if isinstance(found, dict) and b'"inputs"' not in body:
            found.pop("inputs", None)
        return found


class InnerNamesSearched(Naive):
    """The member `datatype` is looked for in the text."""

    id = "req-11-inner"
    breaks = "INF-REQ-11"

    def parse_json(self, body: bytes) -> Any:
        found = super().parse_json(body)
        if isinstance(found, dict) and b"datatype" not in body:
            raise Refusal(400, "member 'datatype' is missing")
        return found


class OrderMatters(Naive):
    """`inputs` must stand before `outputs`."""

    id = "req-11-order"
    breaks = "INF-REQ-11"

    def parse_json(self, body: bytes) -> Any:
        found = super().parse_json(body)
        if isinstance(found, dict):
            names = list(found)
            if "inputs" in names and "id" in names and names.index("id") > names.index("inputs"):
                raise Refusal(400, "member 'id' comes too late")
        return found


class InputOrderMatters(Naive):
    """`data` must be the last member of an input."""

    id = "req-11-data"
    breaks = "INF-REQ-11"

    def read_input(self, entry: Any) -> Tensor:
        if isinstance(entry, dict) and "data" in entry and list(entry)[-1] == "name":
            raise Refusal(400, "member 'name' comes after the data")
        return super().read_input(entry)


class EscapesKept(Naive):
    """An escaped slash in a string stays escaped."""

    id = "req-11-slash"
    breaks = "INF-REQ-11"

    def decode_text(self, body: bytes) -> str:
        return super().decode_text(body).replace("\\/", "\\\\/")


class PairsSplit(Naive):
    """A character that is written as a pair of escapes becomes two question marks."""

    id = "req-11-pair"
    breaks = "INF-REQ-11"

    def decode_text(self, body: bytes) -> str:
        text = super().decode_text(body)
        return re.sub(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}", "??", text)


class ExponentsRefused(Naive):
    """A number with a capital E is refused."""

    id = "req-11-exponent"
    breaks = "INF-REQ-11"

    def decode_text(self, body: bytes) -> str:
        text = super().decode_text(body)
        if re.search(r"[0-9]E[-+]?[0-9]", text):
            raise Refusal(400, "a number is not spelled as expected")
        return text


class _Silent(Handler):
    def invite(self, headers: Mapping[str, str]) -> None:
        return


class ExpectUnread(Naive):
    """A client that waits to be asked for its body is not asked."""

    id = "req-12-silent"
    breaks = "INF-REQ-12"
    handler = _Silent


class _LateInvitation(Handler):
    def invite(self, headers: Mapping[str, str]) -> None:
        if int(headers.get("content-length", "0")) > 1024:
            super().invite(headers)


class ExpectLargeOnly(Naive):
    """Only the clients of bodies beyond a KiB are asked."""

    id = "req-12-small"
    breaks = "INF-REQ-12"
    handler = _LateInvitation


class _WrongInvitation(Handler):
    def invite(self, headers: Mapping[str, str]) -> None:
        if "expect" in headers:
            self.send_response_only(102)
            self.end_headers()
            self.wfile.flush()


class ExpectProcessing(Naive):
    """A client that waits to be asked gets status 102."""

    id = "req-12-102"
    breaks = "INF-REQ-12"
    handler = _WrongInvitation


class LengthGuessed(Naive):
    """The digits at the beginning of Content-Length count."""

    id = "req-13-guessed"
    breaks = "INF-REQ-13"

    def body_framing(self, headers: Mapping[str, str]) -> int | None:
        length = headers.get("content-length")
        if length is None or "transfer-encoding" in headers:
            return super().body_framing(headers)
        found = re.match(r"[+]?([0-9]+)", length)
        return super().body_framing({**headers, "content-length": found[1] if found else "0"})


class LengthFirst(Naive):
    """Of two unlike Content-Lengths the first counts."""

    id = "req-13-first"
    breaks = "INF-REQ-13"

    def header_map(self, headers: list[tuple[str, str]]) -> dict[str, str]:
        found = super().header_map(headers)
        if "content-length" in found:
            found["content-length"] = found["content-length"].split(",")[0].strip()
        return found


class LengthLast(LengthFirst):
    """Of two unlike Content-Lengths the last counts."""

    id = "req-13-last"
    breaks = "INF-REQ-13"

    def header_map(self, headers: list[tuple[str, str]]) -> dict[str, str]:
        found = Naive.header_map(self, headers)
        if "content-length" in found:
            found["content-length"] = found["content-length"].split(",")[-1].strip()
        return found


class LengthPlus(Naive):
    """A plus sign before the digits of Content-Length is accepted."""

    id = "req-13-plus"
    breaks = "INF-REQ-13"

    def header_map(self, headers: list[tuple[str, str]]) -> dict[str, str]:
        found = super().header_map(headers)
        if "content-length" in found:
            found["content-length"] = found["content-length"].removeprefix("+")
        return found


class LengthHexadecimal(Naive):
    """Content-Length may be hexadecimal."""

    id = "req-13-hexadecimal"
    breaks = "INF-REQ-13"

    def header_map(self, headers: list[tuple[str, str]]) -> dict[str, str]:
        found = super().header_map(headers)
        if found.get("content-length", "").lower().startswith("0x"):
            with contextlib.suppress(ValueError):
                found["content-length"] = str(int(found["content-length"], 16))
        return found


class LengthServerError(Naive):
    """A Content-Length that is not digits is an error of the server."""

    id = "req-13-500"
    breaks = "INF-REQ-13"

    def body_framing(self, headers: Mapping[str, str]) -> int | None:
        length = headers.get("content-length", "0")
        if not length.isdigit():
            raise Refusal(500, "ValueError")
        return super().body_framing(headers)


class LengthNegative(Naive):
    """A negative Content-Length is taken for none."""

    id = "req-13-negative"
    breaks = "INF-REQ-13"

    def body_framing(self, headers: Mapping[str, str]) -> int | None:
        if headers.get("content-length", "").startswith("-"):
            return 0
        return super().body_framing(headers)


class _Stays(Handler):
    def closes(self, refused: bool) -> bool:
        return False

    def drain(self) -> None:
        return


class LengthStays(Naive):
    """A connection whose Content-Length made no sense stays open."""

    id = "req-13-open"
    breaks = "INF-REQ-13"
    handler = _Stays


class BothByLength(Naive):
    """A request with Content-Length and Transfer-Encoding is read by its length."""

    id = "req-14-length"
    breaks = "INF-REQ-14"

    def body_framing(self, headers: Mapping[str, str]) -> int | None:
        if "content-length" in headers:
            headers = {key: value for key, value in headers.items() if key != "transfer-encoding"}
        return super().body_framing(headers)


class BothStays(Naive):
    """A request with both is read by Transfer-Encoding, and the connection stays open."""

    id = "req-14-open"
    breaks = "INF-REQ-14"

    def body_framing(self, headers: Mapping[str, str]) -> int | None:
        if "transfer-encoding" in headers:
            headers = {key: value for key, value in headers.items() if key != "content-length"}
        return super().body_framing(headers)


class BothRefusedOpen(Naive):
    """A request with both is refused, and the connection stays open."""

    id = "req-14-refused"
    breaks = "INF-REQ-14"
    handler = _Stays


class _Modern(Handler):
    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if self.request_version == "HTTP/1.0":
            self.send_error(505, "HTTP/1.0 is not spoken")
            return False
        return True


class OldRefused(Naive):
    """HTTP/1.0 is refused."""

    id = "req-15-refused"
    breaks = "INF-REQ-15"
    handler = _Modern


class _ChunksForAll(Handler):
    def send(self, response: HttpResponse) -> None:
        if self.request_version != "HTTP/1.0":
            super().send(response)
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(response.body), response.body))
        self.wfile.flush()


class OldChunked(Naive):
    """The answer to a request of HTTP/1.0 is chunked."""

    id = "req-15-chunked"
    breaks = "INF-REQ-15"
    handler = _ChunksForAll


class TraceParsed(Naive):
    """A `traceparent` that is not well formed is refused."""

    id = "req-16-strict"
    breaks = "INF-REQ-16"

    def answer(self, request: HttpRequest) -> HttpResponse:
        found = request.headers.get("traceparent")
        if found is not None and not re.fullmatch("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", found):
            return self.refuse(Refusal(400, "traceparent is not well formed"))
        return super().answer(request)


class TraceServerError(Naive):
    """A `traceparent` without hyphens is an error of the server."""

    id = "req-16-500"
    breaks = "INF-REQ-16"

    def answer(self, request: HttpRequest) -> HttpResponse:
        if "-" not in request.headers.get("traceparent", "-"):
            return self.refuse(Refusal(500, "IndexError"))
        return super().answer(request)


class TraceId(Naive):
    """The trace's id is answered as the id of the request."""

    id = "req-16-id"
    breaks = "INF-REQ-16"

    def decode(self, model: Model, headers: Mapping[str, str], body: bytes) -> Any:
        request, arrays = super().decode(model, headers, body)
        parts = headers.get("traceparent", "").split("-")
        if len(parts) == 4:
            request = InferRequest(parts[1], request.parameters, request.inputs, request.outputs)
        return request, arrays


class TraceState(Naive):
    """A `tracestate` with an empty or a wrong member is refused."""

    id = "req-16-state"
    breaks = "INF-REQ-16"

    def answer(self, request: HttpRequest) -> HttpResponse:
        state = request.headers.get("tracestate")
        if state is not None and not all("=" in part for part in state.split(",")):
            return self.refuse(Refusal(400, "tracestate is not well formed"))
        return super().answer(request)


class ErrorNameless(Naive):
    """Refusals name nothing."""

    id = "err-19-nameless"
    breaks = "INF-ERR-19"

    def error_body(self, refusal: Refusal) -> dict[str, Any]:
        return {"error": "the request is not valid"}


class ErrorOutputNameless(Naive):
    """Refusals because of a requested output do not name it."""

    id = "err-19-output"
    breaks = "INF-ERR-19"

    def error_body(self, refusal: Refusal) -> dict[str, Any]:
        return {"error": "an output is wrong" if "output" in refusal.message else refusal.message}


class ErrorModelNameless(Naive):
    """A refusal because of an unknown model does not name it."""

    id = "err-19-model"
    breaks = "INF-ERR-19"

    def unknown_model(self, name: str) -> Refusal:
        return Refusal(404, "no such model")


class ErrorShapeNameless(Naive):
    """A refusal because of the count of elements does not name the input."""

    id = "err-19-count"
    breaks = "INF-ERR-19"

    def error_body(self, refusal: Refusal) -> dict[str, Any]:
        return {"error": "the count is wrong" if "elements" in refusal.message else refusal.message}


class TargetServerError(Naive):
    """Percent-encoding that is not UTF-8 is an error of the server."""

    id = "err-20-utf8"
    breaks = "INF-ERR-20"

    def decode_segment(self, segment: str) -> str:
        try:
            return super().decode_segment(segment)
        except UnicodeDecodeError:
            raise Refusal(500, "UnicodeDecodeError") from None


class NulServerError(Naive):
    """NUL in a target is an error of the server."""

    id = "err-20-nul"
    breaks = "INF-ERR-20"

    def decode_segment(self, segment: str) -> str:
        if "%00" in segment:
            raise Refusal(500, "embedded null byte")
        return super().decode_segment(segment)


class DotsServerError(Naive):
    """A model's name that goes up is an error of the server."""

    id = "err-20-dots"
    breaks = "INF-ERR-20"

    def decode_segment(self, segment: str) -> str:
        found = super().decode_segment(segment)
        if ".." in found and "/" in found:
            raise Refusal(500, "PermissionError")
        return found


class LongServerError(Naive):
    """A target of more than 4 KiB is an error of the server."""

    id = "err-20-long"
    breaks = "INF-ERR-20"

    def segments(self, target: str) -> list[str]:
        if len(target) > 4096:
            raise Refusal(500, "OSError: File name too long")
        return super().segments(target)


class PercentServerError(Naive):
    """Percent-encoding that is broken is an error of the server."""

    id = "err-20-percent"
    breaks = "INF-ERR-20"

    def decode_segment(self, segment: str) -> str:
        if re.search("%(?![0-9a-fA-F]{2})", segment):
            raise Refusal(500, "ValueError")
        return super().decode_segment(segment)


class ReadyServerError(Naive):
    """The readiness of a model that the server does not have is an error of the server."""

    id = "err-20-ready"
    breaks = "INF-ERR-20"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        if name not in self.models:
            raise Refusal(500, "KeyError")
        return super().model_ready(name, version)


class VersionServerError(Naive):
    """A version that is no number is an error of the server on the route of metadata."""

    id = "err-20-version"
    breaks = "INF-ERR-20"

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Any:
        if version is not None and not rest and not version.isdigit():
            raise Refusal(500, "ValueError")
        return super().model_route(name, version, rest)


class MethodServerError(Naive):
    """A method that a route does not have is an error of the server, beyond inference."""

    id = "err-20-method"
    breaks = "INF-ERR-20"

    def wrong_method(self, found: str, expected: str) -> Refusal:
        return Refusal(500, "KeyError") if expected == "GET" else super().wrong_method(found, expected)


class MetadataBody(Naive):
    """A metadata request with a body is an error of the server."""

    id = "err-20-body"
    breaks = "INF-ERR-20"

    def dispatch(self, request: HttpRequest) -> HttpResponse:
        if request.method == "GET" and request.body:
            raise Refusal(500, "unexpected body")
        return super().dispatch(request)


class SurrogatesReplaced(Naive):
    """A lone surrogate in a string becomes U+FFFD."""

    id = "dat-16-replaced"
    breaks = "INF-DAT-16"

    def decode_strings(self, flat: list[Any], kinds: set[type]) -> Array:
        if not kinds - {str}:
            flat = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in flat]
        return super().decode_strings(flat, kinds)


class SurrogatesPassed(Naive):
    """A lone surrogate in a string becomes three bytes."""

    id = "dat-16-passed"
    breaks = "INF-DAT-16"

    def decode_strings(self, flat: list[Any], kinds: set[type]) -> Array:
        found = super().decode_strings(["" for _ in flat] if not kinds - {str} else flat, kinds)
        found[:] = [text.encode("utf-8", "surrogatepass") for text in flat]
        return found

    def encode_strings(self, flat: Array, spec: Any) -> list[Any]:
        return [value.decode("utf-8", "surrogatepass") for value in flat]


class SurrogatesServerError(Naive):
    """A lone surrogate in a string is an error of the server."""

    id = "dat-16-500"
    breaks = "INF-DAT-16"

    def decode_strings(self, flat: list[Any], kinds: set[type]) -> Array:
        if any(isinstance(text, str) and re.search("[\ud800-\udfff]", text) for text in flat):
            raise Refusal(500, "UnicodeEncodeError")
        return super().decode_strings(flat, kinds)


class LowSurrogates(Naive):
    """A lone low surrogate in a string is dropped; a high one is refused."""

    id = "dat-16-low"
    breaks = "INF-DAT-16"

    def decode_strings(self, flat: list[Any], kinds: set[type]) -> Array:
        if not kinds - {str}:
            flat = [re.sub("[\udc00-\udfff]", "", text) for text in flat]
        return super().decode_strings(flat, kinds)


class MetricsMissing(Naive):
    """There are no metrics."""

    id = "ops-01-missing"
    breaks = "INF-OPS-01"

    def metrics(self) -> HttpResponse:
        raise self.no_route(["metrics"])


class MetricsJson(Naive):
    """Metrics are JSON."""

    id = "ops-01-json"
    breaks = "INF-OPS-01"

    def metrics(self) -> HttpResponse:
        return HttpResponse(200, json.dumps(self.answered).encode(), {"Content-Type": "application/json"})


class MetricsHtml(Naive):
    """Metrics have the type text/html."""

    id = "ops-01-html"
    breaks = "INF-OPS-01"

    def metrics(self) -> HttpResponse:
        return HttpResponse(200, super().metrics().body, {"Content-Type": "text/html"})


class MetricsProse(Naive):
    """Metrics are a sentence."""

    id = "ops-01-prose"
    breaks = "INF-OPS-01"

    def metrics(self) -> HttpResponse:
        text = f"{sum(self.answered.values())} requests were answered.\n"
        return HttpResponse(200, text.encode(), {"Content-Type": "text/plain"})


class SlowEcho(Naive):
    """A header section beyond 16 KiB is an error of the server."""

    id = "lim-07-500"
    breaks = "INF-LIM-07"

    def answer(self, request: HttpRequest) -> HttpResponse:
        if sum(map(len, request.headers.values())) > 16384:
            time.sleep(0.01)
            return self.refuse(Refusal(500, "buffer overflow"))
        return super().answer(request)


ALL: tuple[type[Naive], ...] = (
    QueryRefused,
    SlashRefused,
    SlashRedirected,
    InferSlashRefused,
    QueryAfterSlash,
    QueryVersion,
    PipelineBackwards,
    PipelineQuickFirst,
    PipelineRefusalsFirst,
    SpacesRefused,
    TabsRefused,
    NamesSearched,
    InnerNamesSearched,
    OrderMatters,
    InputOrderMatters,
    EscapesKept,
    PairsSplit,
    ExponentsRefused,
    ExpectUnread,
    ExpectLargeOnly,
    ExpectProcessing,
    LengthGuessed,
    LengthFirst,
    LengthLast,
    LengthPlus,
    LengthHexadecimal,
    LengthServerError,
    LengthNegative,
    LengthStays,
    BothByLength,
    BothStays,
    BothRefusedOpen,
    OldRefused,
    OldChunked,
    TraceParsed,
    TraceServerError,
    TraceId,
    TraceState,
    ErrorNameless,
    ErrorOutputNameless,
    ErrorModelNameless,
    ErrorShapeNameless,
    TargetServerError,
    NulServerError,
    DotsServerError,
    LongServerError,
    PercentServerError,
    ReadyServerError,
    VersionServerError,
    MethodServerError,
    MetadataBody,
    SurrogatesReplaced,
    SurrogatesPassed,
    SurrogatesServerError,
    LowSurrogates,
    MetricsMissing,
    MetricsJson,
    MetricsHtml,
    MetricsProse,
    SlowEcho,
)
