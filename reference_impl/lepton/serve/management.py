"""The repository API: documents of `index`, `load` and `unload`, and the thread that loads.

Owns what those routes take and answer, and the bound on loads that wait; leaves models to the repository's
`Control`. Knows no transport. Serves `inference` (INF-REP).
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from lepton.serve.envelope import check_utf8, parse_parameters
from lepton.serve.reply import Cause, Reply, RequestError, invalid, json_reply
from lepton.serve.repository import Control, IndexEntry, State
from lepton.serve.uniqueness import check_names

__all__ = ["Management"]

#: Loads and unloads that may wait for the one under way.
MAX_WAITING = 64

_CONFIGURATION = "config"
_FILE = "file:"


class _IndexRequest(msgspec.Struct, frozen=True):
    ready: bool = False


class _ChangeRequest(msgspec.Struct, frozen=True):
    parameters: Raw | UnsetType = UNSET


_INDEX = msgspec.json.Decoder(_IndexRequest)
_CHANGE = msgspec.json.Decoder(_ChangeRequest)


class Management:
    """Answers the repository API. Loading takes one thread of its own, so that the event loop stays free."""

    __slots__ = ("_control", "_thread", "_waiting")

    def __init__(self, control: Control) -> None:
        """Ask `control`."""
        self._control = control
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="load")
        self._waiting = 0

    def index(self, body: bytes) -> Reply:
        """List the models. Raises: RequestError. Spec: INF-REP-02, INF-REP-04, INF-REP-05, INF-REP-19."""
        request = _parsed(_INDEX, body)
        entries = self._control.index()
        return json_reply(
            [_document(entry) for entry in entries if not request.ready or entry.state is State.READY]
        )

    async def load(self, name: str, body: bytes) -> Reply:
        """Load or reload a model, and answer when it serves. Raises: RequestError.

        Spec: INF-REP-07, INF-REP-17, INF-REP-21.
        """
        parameters = parse_parameters(_parsed(_CHANGE, body).parameters)
        for parameter in parameters:
            if parameter == _CONFIGURATION or parameter.startswith(_FILE):
                raise invalid(
                    f"found parameter {parameter[:80]!r}, expected none: this server loads what is in its "
                    "repository, and takes neither configurations nor files from clients"
                )
        await self._changed(self._control.load, name)
        return json_reply({})

    async def unload(self, name: str, body: bytes) -> Reply:
        """Unload a model. Raises: RequestError. Spec: INF-REP-09, INF-REP-11."""
        parse_parameters(_parsed(_CHANGE, body).parameters)
        await self._changed(self._control.unload, name)
        return json_reply({})

    def close(self) -> None:
        """Drop what waits; what is under way finishes."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _changed(self, change: Any, name: str) -> None:
        if self._waiting >= MAX_WAITING:
            raise RequestError(
                Cause.UNAVAILABLE, "found too many loads waiting; try again", (("retry-after", "1"),)
            )
        self._waiting += 1
        future = asyncio.wrap_future(self._thread.submit(change, name))
        future.add_done_callback(self._finished)
        # A client that leaves takes nothing back: the change is made.
        await asyncio.shield(future)

    def _finished(self, _: object) -> None:
        self._waiting -= 1


def _parsed(reader: "msgspec.json.Decoder[Any]", body: bytes) -> Any:
    """Read a body; none is an empty object. Raises: RequestError. Spec: INF-REP-05, INF-REP-19."""
    body = body or b"{}"
    try:
        parsed = reader.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"request: {error}; expected a JSON object, or no body") from error
    check_utf8(body)
    check_names(body, ())
    return parsed


def _document(entry: IndexEntry) -> dict[str, str]:
    document = {"name": entry.name, "state": entry.state.value, "reason": entry.reason}
    if entry.version is not None:
        document["version"] = entry.version
    return document
