"""Limits: the published one, room for real requests, hostile JSON. Runs last: it may hurt."""

from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.subject.http import HttpSubject, encode
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import accepted, goes_on, plain

LIMIT = "max_request_bytes"
#: A published limit above this many bytes is not tried.
MAX_TRIED_BYTES = 512 * 1024 * 1024
ROOM_BYTES = 64 * 1024 * 1024
TOO_LARGE = 413
UPLOAD_SECONDS = 60.0
HOSTILE = 100_000


def published_limit(http: HttpSubject) -> int:
    """Return the published limit. Raises: SubjectFault when there is none."""
    metadata = accepted(http.metadata(), "GET v2")
    parameters = metadata.get("parameters")
    limit = parameters.get(LIMIT) if isinstance(parameters, dict) else None
    if type(limit) is not int or limit < 1:
        raise SubjectFault(
            f"server metadata: found {LIMIT} {limit!r:.80} in parameters, expected a positive integer"
        )
    return limit


@requirement("INF-LIM-01", needs=("INF-MET-01", "INF-RSP-01", "INF-ERR-08"))
def test_body_over_the_published_limit_is_413(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    request = encode(infer_request(case))
    found: list[int] = []
    each(budget, ["GET v2"], lambda _: found.append(published_limit(http)))
    limit = found[0]
    if limit > MAX_TRIED_BYTES:
        raise NotTested(f"the published limit of {limit} bytes is larger than the {MAX_TRIED_BYTES} tried")

    def body(what: str) -> None:
        size = limit if what == "at the limit" else limit + 1
        padded = request + b" " * (size - len(request))
        answer = http.infer(
            case.model.name, padded, chunked=what == "over the limit, chunked", timeout=UPLOAD_SECONDS
        )
        if what == "at the limit":
            if answer.status == TOO_LARGE:
                raise SubjectFault(f"sent {size} bytes, the published limit; found status 413")
        elif answer.status != TOO_LARGE:
            raise SubjectFault(
                f"sent {size} bytes, over the published limit of {limit}; found status {answer.status}, "
                f"expected {TOO_LARGE}"
            )
        goes_on(http, case, f"a body of {size} bytes")

    each(budget, ["over the limit", "over the limit, chunked", "at the limit"], body)


@requirement("INF-LIM-02", needs=("INF-LIM-01",))
def test_published_limit_leaves_room(http: HttpSubject, budget: Budget) -> None:
    def body(_: str) -> None:
        limit = published_limit(http)
        if limit < ROOM_BYTES:
            raise SubjectFault(f"found a published limit of {limit} bytes, expected at least {ROOM_BYTES}")

    each(budget, ["GET v2"], body)


@requirement("INF-LIM-03", needs=("INF-RSP-01", "INF-ERR-02", "INF-ERR-08", "INF-ERR-10"))
def test_hostile_json_is_refused_and_survived(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    request = encode(infer_request(case))
    data = request.index(b'"data":[') + len(b'"data":')
    nested = b"[" * HOSTILE + b"]" * HOSTILE
    bodies = {
        f"{HOSTILE} nested arrays": nested,
        f"{HOSTILE} arrays left open": b"[" * HOSTILE,
        f"data of {HOSTILE} nested arrays": request[:data] + nested + b"}]}",
        f"parameters of {HOSTILE} nested objects": b'{"parameters":'
        + b'{"a":' * HOSTILE
        + b"1"
        + b"}" * HOSTILE
        + b","
        + request[1:],
        f"a number of {HOSTILE} digits": request[: data + 1] + b"9" * HOSTILE + b"]}]}",
    }

    def body(what: str) -> None:
        answer = http.infer(case.model.name, bodies[what])
        if not 400 <= answer.status < 500:
            raise SubjectFault(f"sent {what}; found status {answer.status}, expected 400 to 499")
        goes_on(http, case, what)

    each(budget, bodies, body)
