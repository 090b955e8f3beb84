"""What an operator watches: counts, durations and bytes of requests, in Prometheus' text format 0.0.4.

Owns counting and printing; leaves the models' states to the repository. One process counts its own requests:
where several workers share a port, each series has the label `worker`, and a scrape sees one of them. Serves
`inference` (INF-OPS-01).

Series are made for routes, statuses and models of this server only, never for names that clients make up.
"""

import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from pathlib import Path

from lepton.serve.repository import IndexEntry

__all__ = ["METRICS_TYPE", "Metrics", "Observation"]

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Upper bounds of durations, in seconds.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class Observation:
    """One request as far as it is known: its `route`, its `model` where that exists, and its body's bytes."""

    __slots__ = ("model", "route", "started", "taken")

    def __init__(self) -> None:
        """Begin now."""
        self.route = "other"
        self.model = ""
        self.taken = 0
        self.started = time.perf_counter()


class _Durations:
    """The durations and bytes of one route and model."""

    __slots__ = ("counts", "given", "seconds", "taken")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.taken = 0
        self.given = 0


class Metrics:
    """Counts the requests of one process. To be used from one thread, that of the event loop."""

    __slots__ = ("_durations", "_in_flight", "_labels", "_requests", "_started", "_version")

    def __init__(self, version: str, worker: str = "") -> None:
        """Begin at nothing; `version` is the server's own, `worker` names one of several processes."""
        self._version = version
        self._labels = {"worker": worker} if worker else {}
        self._started = time.time()
        self._in_flight = 0
        self._requests: dict[tuple[str, str, int], int] = {}
        self._durations: dict[tuple[str, str], _Durations] = {}

    def begin(self) -> Observation:
        """Count a request that has begun."""
        self._in_flight += 1
        return Observation()

    def end(self, seen: Observation, status: int, given: int) -> None:
        """Count a request that was answered with `status` and a body of `given` bytes."""
        self._in_flight -= 1
        route, model = seen.route, seen.model
        series = (route, model, status)
        self._requests[series] = self._requests.get(series, 0) + 1
        durations = self._durations.get((route, model))
        if durations is None:
            durations = self._durations[route, model] = _Durations()
        spent = time.perf_counter() - seen.started
        durations.counts[bisect_left(BUCKETS, spent)] += 1
        durations.seconds += spent
        durations.taken += seen.taken
        durations.given += given

    def text(self, models: Iterable[IndexEntry], held_bytes: int) -> bytes:
        """Print everything. `models` are all that the server knows; `held_bytes` is what bodies hold."""
        page = _Page(self._labels)
        page.family("lepton_server_info", "gauge", "The server's version.")
        page.sample("lepton_server_info", {"version": self._version}, 1)
        page.family("process_start_time_seconds", "gauge", "Start of the process, since 1970.")
        page.sample("process_start_time_seconds", {}, self._started)
        if (resident := _resident_bytes()) is not None:
            page.family("process_resident_memory_bytes", "gauge", "Resident memory of the process.")
            page.sample("process_resident_memory_bytes", {}, resident)
        page.family("lepton_requests_in_flight", "gauge", "HTTP requests begun and not yet answered.")
        page.sample("lepton_requests_in_flight", {}, self._in_flight)
        page.family("lepton_held_body_bytes", "gauge", "Bytes of request bodies held in memory.")
        page.sample("lepton_held_body_bytes", {}, held_bytes)
        page.family("lepton_model_state", "gauge", "1 for the state that a model is in.")
        for entry in models:
            labels = {"model": entry.name, "version": entry.version or "", "state": entry.state.value}
            page.sample("lepton_model_state", labels, 1)
        page.family("lepton_requests_total", "counter", "HTTP requests answered.")
        for (route, model, status), count in sorted(self._requests.items()):
            page.sample("lepton_requests_total", {"route": route, "model": model, "code": str(status)}, count)
        page.family("lepton_request_duration_seconds", "histogram", "From the header section to the answer.")
        for (route, model), durations in sorted(self._durations.items()):
            page.histogram("lepton_request_duration_seconds", {"route": route, "model": model}, durations)
        for name, help_text in (
            ("lepton_request_body_bytes_total", "Bytes of request bodies, expanded."),
            ("lepton_response_body_bytes_total", "Bytes of response bodies."),
        ):
            page.family(name, "counter", help_text)
            for (route, model), durations in sorted(self._durations.items()):
                value = durations.taken if name.startswith("lepton_request_") else durations.given
                page.sample(name, {"route": route, "model": model}, value)
        return page.octets()


class _Page:
    """Lines of the text format."""

    __slots__ = ("_labels", "_lines")

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._lines: list[str] = []

    def family(self, name: str, kind: str, help_text: str) -> None:
        self._lines += (f"# HELP {name} {help_text}", f"# TYPE {name} {kind}")

    def sample(self, name: str, labels: Mapping[str, str], value: float) -> None:
        every = {**labels, **self._labels}
        shown = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in every.items())
        self._lines.append(f"{name}{{{shown}}} {value!r}" if shown else f"{name} {value!r}")

    def histogram(self, name: str, labels: Mapping[str, str], durations: _Durations) -> None:
        total = 0
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), durations.counts, strict=True):
            total += count
            self.sample(f"{name}_bucket", {**labels, "le": bound}, total)
        self.sample(f"{name}_sum", labels, durations.seconds)
        self.sample(f"{name}_count", labels, total)

    def octets(self) -> bytes:
        return ("\n".join(self._lines) + "\n").encode()


def _resident_bytes() -> int | None:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None  # no Linux
