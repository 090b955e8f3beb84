"""The registered tasks and metrics, as the standard publishes them.

Owns reading `tasks.json` and `metrics.json`; leaves what they mean to the other modules of this package.
Serves APP-TSK-01 and APP-MET-01.
"""

import functools
import json
from collections.abc import Mapping
from typing import Any

import lepton_spec

__all__ = ["metrics", "tasks"]


@functools.cache
def tasks() -> Mapping[str, Mapping[str, Any]]:
    """Return the registered tasks by name."""
    entries = json.loads(lepton_spec.path("tasks.json").read_bytes())["tasks"]
    return {entry["task"]: entry for entry in entries}


@functools.cache
def metrics() -> Mapping[str, Mapping[str, Any]]:
    """Return the registered metrics by name."""
    entries = json.loads(lepton_spec.path("metrics.json").read_bytes())["metrics"]
    return {entry["metric"]: entry for entry in entries}
