"""`GET /metrics`: what was asked is what is counted, in a format that Prometheus' own reader takes."""

import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from lepton.serve.metrics import METRICS_TYPE, Metrics
from lepton.serve.repository import IndexEntry, State

LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)')


def scrape(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=15) as answer:
        assert answer.headers["content-type"] == METRICS_TYPE
        return samples(answer.read().decode())


def samples(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    kinds: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in kinds
            kinds[name] = kind
        elif not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match is not None, line
            assert match[1] in kinds or match[1].rsplit("_", 1)[0] in kinds
            key = f"{match[1]}{{{match[2] or ''}}}"
            assert key not in found
            found[key] = float(match[3])
    assert text.endswith("\n")
    return found


def ask(port: int, model: str, data: object, shape: list[int], datatype: str) -> int:
    document = {"inputs": [{"name": "x", "shape": shape, "datatype": datatype, "data": data}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v2/models/{model}/infer",
        json.dumps(document).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        refusal.read()
        return refusal.code


def test_counts_what_was_asked_by_route_model_and_status(start: Callable[..., Any]) -> None:
    port = start().port
    for _ in range(3):
        assert ask(port, "id_int32", [1], [1, 1], "INT32") == 200
    assert ask(port, "id_int32", ["a"], [1, 1], "INT32") == 400
    for name in ("made-up-1", "made-up-2"):
        assert ask(port, name, [1], [1, 1], "INT32") == 404
    found = scrape(port)
    infer = 'route="infer",model="id_int32"'
    assert found[f'lepton_requests_total{{{infer},code="200"}}'] == 3
    assert found[f'lepton_requests_total{{{infer},code="400"}}'] == 1
    assert found['lepton_requests_total{route="infer",model="",code="404"}'] == 2
    assert not any("made-up" in key for key in found)
    assert found[f"lepton_request_duration_seconds_count{{{infer}}}"] == 4
    assert found[f'lepton_request_duration_seconds_bucket{{{infer},le="+Inf"}}'] == 4
    assert 0 < found[f"lepton_request_duration_seconds_sum{{{infer}}}"] < 4
    assert found[f"lepton_request_body_bytes_total{{{infer}}}"] > 4 * 60
    assert found['lepton_model_state{model="id_int32",version="0.9.0",state="READY"}'] == 1
    assert found["lepton_requests_in_flight{}"] == 1
    assert found["process_resident_memory_bytes{}"] > 1 << 20
    assert scrape(port)['lepton_requests_total{route="metrics",model="",code="200"}'] == 1


def test_shows_requests_in_flight_and_what_their_bodies_hold(start: Callable[..., Any]) -> None:
    port = start().port
    asking = threading.Thread(target=ask, args=(port, "sleep", [1.0], [1], "FP32"))
    asking.start()
    end = time.monotonic() + 5
    while scrape(port)["lepton_requests_in_flight{}"] < 2 and time.monotonic() < end:
        time.sleep(0.01)
    found = scrape(port)
    assert found["lepton_requests_in_flight{}"] == 2
    assert found["lepton_held_body_bytes{}"] > 60
    asking.join()
    found = scrape(port)
    assert found["lepton_requests_in_flight{}"] == 1
    assert found["lepton_held_body_bytes{}"] == 0


def test_buckets_add_up_and_labels_are_escaped() -> None:
    metrics = Metrics('1"\\\n', worker="7")
    for _ in range(5):
        seen = metrics.begin()
        seen.route, seen.model = "infer", "m"
        seen.started -= 0.02
        metrics.end(seen, 200, 10)
    found = samples(metrics.text([IndexEntry("m", None, State.UNAVAILABLE, "why")], 0).decode())
    bucket = 'lepton_request_duration_seconds_bucket{route="infer",model="m",le="%s",worker="7"}'
    assert found[bucket % "0.01"] == 0
    assert found[bucket % "0.025"] == found[bucket % "30.0"] == found[bucket % "+Inf"] == 5
    assert found['lepton_response_body_bytes_total{route="infer",model="m",worker="7"}'] == 50
    assert found['lepton_model_state{model="m",version="",state="UNAVAILABLE",worker="7"}'] == 1
    assert found['lepton_server_info{version="1\\"\\\\\\n",worker="7"}'] == 1
