"""What `inference-rest` refuses beyond the Open Inference Protocol, and how: status, method, message."""

import re
from collections.abc import Callable, Iterable, Sequence

from lepton_conformance.models.catalog import BF16, model
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies import malformed, malformed_elements
from lepton_conformance.strategies.malformed import Wrong
from lepton_conformance.strategies.requests import infer_request, tensor_entry
from lepton_conformance.strategies.tensors import Given, given, ordinary
from lepton_conformance.subject.http import JSON_HEADERS, Answer, HttpSubject, encode
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.inference_data import FLOAT_MODELS, INTEGER_MODELS
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    JSON_MODELS,
    UNKNOWN_MODELS,
    available,
    error_text,
    goes_on,
    has_bf16,
    plain,
    refused,
    require,
)

BAD_REQUEST = 400
#: What a stack trace looks like in the languages that servers are written in, and paths of a file system.
_TRACES = re.compile(
    r"Traceback \(most recent call last\)|\bFile \"[^\"]+\", line \d+|\.(?:py|cc|cpp|rs|go|java|js|ts):\d+"
    r"|\n\s+at [\w$.<>]+|\bgoroutine \d+ \["
)
_PATHS = re.compile(
    r"(?<![\w.:/])/(?:usr|home|opt|root|tmp|var|app|srv|etc|proc|mnt|data|workspace|models|repo\w*)/[\w.+-]+"
    r"|(?<!\w)[A-Za-z]:\\\\?[\w.+-]+"
)


def _refuses(http: HttpSubject, wrong: Wrong) -> None:
    refused(http.infer(wrong.model, wrong.body), f"{wrong.model} {wrong.what}", BAD_REQUEST)
    goes_on(http, wrong.case, wrong.what)


def _each_refused(
    http: HttpSubject, budget: Budget, names: Sequence[str], make: Callable[[Given], Iterable[Wrong]]
) -> None:
    """Send the wrong requests of one kind to those of the models that there are; all must be there."""
    found = available(http, names)
    each(
        budget,
        [wrong for name in found for wrong in make(given(name))],
        lambda wrong: _refuses(http, wrong),
    )


def _expect(answer: Answer, status: int, what: str) -> None:
    if answer.status != status:
        raise SubjectFault(f"sent {what}; found status {answer.status}, expected {status}")


@requirement("INF-ERR-09", needs=("INF-HLT-04", "INF-MET-04", "INF-ERR-01"))
def test_what_is_not_there_is_404(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    name = case.model.name
    valid = encode(infer_request(case))
    asked = [("POST", http.model_path(unknown) + "/infer") for unknown in UNKNOWN_MODELS]
    asked += [("GET", http.model_path(unknown)) for unknown in UNKNOWN_MODELS]
    for version in ("lepton-none", "99999", "v0"):
        path = http.model_path(name, version)
        asked += [("GET", path), ("GET", f"{path}/ready"), ("POST", f"{path}/infer")]
    asked += [
        ("GET", "v2/lepton_nothing"),
        ("GET", "v2/health/lepton_nothing"),
        ("GET", http.model_path(name) + "/lepton_nothing"),
        ("POST", http.model_path(name) + "/lepton_nothing"),
        ("GET", "lepton_nothing"),
    ]

    def body(item: tuple[str, str]) -> None:
        method, path = item
        sent = valid if method == "POST" else None
        answer = http.call(method, path, sent, JSON_HEADERS if sent else ())
        # A front may refuse a target with NUL before anybody looks for the model.
        if not ("%00" in path and answer.status == 400):
            _expect(answer, 404, f"{method} {path}")

    asked += [("POST" if path.endswith("infer") else "GET", path) for path in _nearly(http, name)]
    each(budget, asked, body)


def _nearly(http: HttpSubject, name: str) -> list[str]:
    """Return routes to what only resembles a model: a segment is decoded once and compared byte for byte."""
    twice = "".join(f"%25{byte:02X}" if byte == ord("_") else chr(byte) for byte in name.encode())
    names = (f"{name}%00", f"{name}%00xyz", twice, name.upper(), f"%20{name}%20", f"{name}%20")
    stems = [f"v2/models/{odd}" for odd in names]
    listed = [version for version in http.model(name).versions if isinstance(version, str)]
    stems += [
        http.model_path(name, odd)
        for version in listed
        for odd in (f"0{version}", f"{version} ", f" {version}", f"{version}.0", f"+{version}")
        if odd not in listed
    ]
    return [f"{stem}{tail}" for stem in stems for tail in ("", "/ready", "/infer")]


@requirement("INF-ERR-11", needs=("INF-RSP-01", "INF-HLT-01", "INF-MET-01"))
def test_wrong_method_is_405_with_allow(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    path = http.model_path(case.model.name)
    asked = [(method, f"{path}/infer", "POST") for method in ("GET", "PUT", "DELETE", "PATCH")]
    for route in ("v2/health/live", "v2/health/ready", "v2", path, f"{path}/ready"):
        asked += [(method, route, "GET") for method in ("POST", "PUT", "DELETE")]

    def body(item: tuple[str, str, str]) -> None:
        method, target, wanted = item
        sent = None if method in ("GET", "DELETE") else b"{}"
        answer = http.call(method, target, sent, JSON_HEADERS if sent else ())
        _expect(answer, 405, f"{method} {target}")
        allowed = [token.strip().upper() for token in (answer.header("Allow") or "").split(",")]
        if wanted not in allowed:
            raise SubjectFault(
                f"sent {method} {target}; found Allow {answer.header('Allow')!r}, expected {wanted} in it"
            )

    each(budget, asked, body)


@requirement("INF-ERR-12", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_error_messages_help_and_do_not_leak(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    wrong: list[Wrong | str] = [
        *UNKNOWN_MODELS[:2],
        *malformed.not_objects(case),
        *malformed.members(case),
        *malformed.names(case),
        *malformed.datatypes(case)[:2],
        *malformed.counts(case),
        *malformed.shapes(case),
        *malformed.outputs(case),
        *malformed.dimensions(case),
    ]

    def body(item: Wrong | str) -> None:
        if isinstance(item, str):
            answer, what = http.infer(item, infer_request(case)), f"a request to {item!r}"
        else:
            answer, what = http.infer(item.model, item.body), item.what
        if answer.status < 400:
            return  # other requirements judge whether it is refused
        try:
            text = error_text(answer)
        except SubjectFault:
            return  # other requirements judge whether there is an error object
        if not text.strip():
            raise SubjectFault(f"sent {what}; found an empty error message")
        leak = _TRACES.search(text) or _PATHS.search(text)
        if leak is not None:
            raise SubjectFault(
                f"sent {what}; found {leak.group()!r} in the error message, expected neither a stack trace "
                "nor a path of the server"
            )

    each(budget, wrong, body)


@requirement("INF-ERR-13", needs=("INF-RSP-01", "INF-ERR-10"))
def test_duplicate_input_is_refused(http: HttpSubject, budget: Budget) -> None:
    names = available(http, ("lepton_id_fp32", "lepton_sub", "lepton_id_bytes", *JSON_MODELS))[:3]
    _each_refused(http, budget, names, malformed.duplicate_inputs)


@requirement("INF-ERR-14", needs=("INF-RSP-01", "INF-ERR-10"))
def test_unknown_and_duplicate_requested_outputs_are_refused(http: HttpSubject, budget: Budget) -> None:
    names = available(http, ("lepton_split", "lepton_id_fp32", *JSON_MODELS))[:2]
    _each_refused(http, budget, names, malformed.outputs)


@requirement("INF-ERR-15", needs=("INF-RSP-01", "INF-ERR-10"))
def test_impossible_dimensions_are_refused(http: HttpSubject, budget: Budget) -> None:
    names = available(http, ("lepton_id_fp32", "lepton_id_int64", "lepton_id_bytes", *JSON_MODELS))[:3]
    _each_refused(http, budget, names, malformed.dimensions)


@requirement("INF-ERR-16", needs=("INF-RSP-01", "INF-ERR-10", "INF-ERR-02"))
def test_bytes_after_the_request_are_refused(http: HttpSubject, budget: Budget) -> None:
    _each_refused(http, budget, (plain(http).model.name,), malformed.trailing)


@requirement("INF-ERR-17", needs=("INF-RSP-01", "INF-ERR-10"))
def test_parameters_of_wrong_types_are_refused(http: HttpSubject, budget: Budget) -> None:
    _each_refused(http, budget, (plain(http).model.name,), malformed.parameters)


@requirement("INF-DAT-09", needs=("INF-RSP-01", "INF-ERR-10", "INF-DAT-03"))
def test_integers_are_not_coerced(http: HttpSubject, budget: Budget) -> None:
    _each_refused(http, budget, INTEGER_MODELS, malformed_elements.no_integers)
    require(http, *INTEGER_MODELS)


@requirement("INF-DAT-10", needs=("INF-RSP-01", "INF-ERR-10", "INF-DAT-05", "INF-DAT-13"))
def test_decimals_beyond_the_datatype_are_refused(http: HttpSubject, budget: Budget) -> None:
    _each_refused(http, budget, FLOAT_MODELS, malformed_elements.beyond_floats)
    if has_bf16(http):
        each(budget, _BEYOND_BRAIN, lambda token: _refuses_in_brain(http, token))
    require(http, *FLOAT_MODELS)


#: The largest BF16 is 0x1.FEp127, about 3.3895e38; from halfway to 2^128 on, a number rounds to an infinity.
_BEYOND_BRAIN = ("3.4e38", "-3.4e38", "3.3961775292304601e38", "3.5e38", "-1e39", "1e400")


def _refuses_in_brain(http: HttpSubject, token: str) -> None:
    for data in (f"[{token}]", f"[1.5,{token},2.5]"):
        shape = f"[1,{data.count(',') + 1}]"
        text = f'{{"inputs":[{{"name":"x","datatype":"BF16","shape":{shape},"data":{data}}}]}}'
        refused(http.infer(BF16.name, text.encode()), f"{BF16.name} the data {data}", BAD_REQUEST)


@requirement("INF-DAT-11", needs=("INF-RSP-01", "INF-ERR-10", "INF-DAT-06"))
def test_booleans_are_not_coerced(http: HttpSubject, budget: Budget) -> None:
    _each_refused(http, budget, ("lepton_id_bool",), malformed_elements.no_booleans)


@requirement("INF-DAT-19", needs=("INF-RSP-01", "INF-ERR-10", "INF-DAT-01"))
def test_elements_of_another_kind_are_refused(http: HttpSubject, budget: Budget) -> None:
    floats = available(http, FLOAT_MODELS)
    _each_refused(http, budget, floats, malformed_elements.no_floats)
    _each_refused(http, budget, ("lepton_id_bytes",), malformed_elements.no_strings)


@requirement("INF-DAT-14", needs=("INF-RSP-01", "INF-ERR-10", "INF-ERR-02"))
def test_bare_tokens_and_null_are_refused(http: HttpSubject, budget: Budget) -> None:
    names = ("lepton_id_fp32", "lepton_id_fp64", "lepton_id_int32", "lepton_id_bool", "lepton_id_bytes")
    _each_refused(http, budget, names, malformed_elements.bare_tokens)


@requirement("INF-DAT-15", needs=("INF-RSP-01", "INF-ERR-10", "INF-DAT-01"))
def test_nesting_that_contradicts_the_shape_is_refused(http: HttpSubject, budget: Budget) -> None:
    names = ("lepton_id_fp32", "lepton_id_int32", "lepton_id_bytes", "lepton_affine")
    _each_refused(http, budget, names, malformed.nestings)


@requirement("INF-REQ-06", needs=("INF-RSP-01", "INF-ERR-10"))
def test_equal_symbols_bind_equal_sizes(http: HttpSubject, budget: Budget) -> None:
    require(http, "lepton_sub")
    entry = model("lepton_sub")

    def body(item: tuple[tuple[int, int], tuple[int, int]]) -> None:
        arrays = {
            tensor.name: ordinary(tensor, {"N": sizes[0], "M": sizes[1]})
            for tensor, sizes in zip(entry.inputs, item, strict=True)
        }
        request = {"inputs": [tensor_entry(name, "FP32", array) for name, array in arrays.items()]}
        what = f"lepton_sub inputs of the shapes {[list(sizes) for sizes in item]}"
        refused(http.infer("lepton_sub", request), what, BAD_REQUEST)
        goes_on(http, given("lepton_sub"), what)

    each(
        budget,
        [
            ((1, 3), (2, 3)),
            ((2, 3), (1, 3)),
            ((2, 1), (2, 3)),
            ((1, 1), (2, 2)),
            ((2, 3), (3, 2)),
            ((2, 3), (2, 4)),
        ],
        body,
    )
