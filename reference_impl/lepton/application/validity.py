"""Whether a typed request or answer is one of its task at all: its schema, and what no schema can say.

Serves APP-EXA-02 and the error `invalid-request`.
"""

import datetime
import math
from collections.abc import Mapping
from typing import Any

from lepton.application.elements import canonical_base64
from lepton.application.registry import tasks
from lepton.package.schema import schema_faults

__all__ = ["CHANNELS", "invalid_answer", "invalid_request"]

#: Samples of a pixel.
CHANNELS = {"GRAY": 1, "RGB": 3, "BGR": 3, "RGBA": 4}


def invalid_request(task: str, request: Any) -> tuple[str, str] | None:
    """Say where and why a document is no request of a task; None when it is one."""
    fault = _fault(request, tasks()[task]["requestSchema"])
    if fault is not None:
        return fault
    return (
        _image_fault(request.get("image"))
        or _audio_fault(request.get("audio"))
        or _documents_fault(request.get("documents", []))
        or _series_fault(request.get("series"))
    )


def invalid_answer(task: str, answer: Any) -> tuple[str, str] | None:
    """Say where and why a document is no answer of a task; None when it is one."""
    return _fault(answer, tasks()[task]["answerSchema"])


def _fault(value: Any, schema: str) -> tuple[str, str] | None:
    faults = schema_faults(value, schema)
    return (faults[0].pointer, faults[0].message) if faults else None


def _image_fault(image: Mapping[str, Any] | None) -> tuple[str, str] | None:
    if image is None:
        return None
    form = "png" if "png" in image else "pixels"
    data = canonical_base64(image[form])
    if data is None:
        return f"/image/{form}", "found text that is not canonical Base64"
    if form == "pixels":
        expected = math.prod((int(image["width"]), int(image["height"]), CHANNELS[image["channels"]]))
        if len(data) != expected:
            return "/image/pixels", f"found {len(data)} bytes, expected {expected}: width * height * channels"
    return None


def _audio_fault(audio: Mapping[str, Any] | None) -> tuple[str, str] | None:
    if audio is None:
        return None
    data = canonical_base64(audio["pcm"])
    if data is None:
        return "/audio/pcm", "found text that is not canonical Base64"
    if len(data) % 2:
        return "/audio/pcm", f"found {len(data)} bytes, expected two for each sample"
    return None


def _documents_fault(documents: list[Mapping[str, Any]]) -> tuple[str, str] | None:
    seen: set[str] = set()
    for at, one in enumerate(documents):
        if one["id"] in seen:
            return f"/documents/{at}/id", f"found {one['id'][:40]!r} again, expected each document once"
        seen.add(one["id"])
    return None


def _series_fault(series: Mapping[str, Any] | None) -> tuple[str, str] | None:
    if series is None:
        return None
    try:
        datetime.datetime.fromisoformat(series["start"][:-1])
    except ValueError:
        return "/series/start", f"found {series['start']!r}, which is no day of the calendar"
    return None
