"""Faults that somebody planted who had read nothing but the text, and that the suite did not see then.

Serves `inference` (INF-ERR-09, 21, INF-DAT-09, 10, 19, INF-REQ-08, INF-LIM-04, INF-BIN-10, 12, INF-REP-19,
INF-GRP-39).
"""

import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np

from lepton_conformance.mutants.computing import Array, Model, brain_floats
from lepton_conformance.mutants.decoding import Tensor
from lepton_conformance.mutants.grpc_messages import NotAMessage
from lepton_conformance.mutants.grpc_naive import NaiveGrpc
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.repository import NaiveRepository

__all__ = ["ALL", "GRPC", "REPOSITORIES"]


class MinusZeros(Naive):
    """A number may have zeros between its minus sign and its digits."""

    id = "err-21-minus-zeros"
    breaks = "INF-ERR-21"

    def decode_text(self, body: bytes) -> str:
        return re.sub(r"(?<=[\[,:\s])-0+(?=[1-9])", "-", super().decode_text(body))


class FractionsOfDoubles(Naive):
    """A number is an integer if its nearest double is one."""

    id = "dat-09-doubles"
    breaks = "INF-DAT-09"

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        whole = [int(value) if type(value) is float and value.is_integer() else value for value in flat]
        return super().decode_integers(whole, set(map(type, whole)), datatype)


class NearlyIntegers(Naive):
    """A number is an integer if it is one but for a billionth, and is no double that is one."""

    id = "dat-09-nearly"
    breaks = "INF-DAT-09"

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        whole = [
            round(value) if type(value) is float and 0 < abs(value % 1) < 1e-9 else value for value in flat
        ]
        return super().decode_integers(whole, set(map(type, whole)), datatype)


class BrainOverflow(Naive):
    """Numbers beyond BF16 become 0."""

    id = "dat-10-brain"
    breaks = "INF-DAT-10"

    def decode_brain(self, flat: list[Any], kinds: set[type]) -> Array:
        doubles = self.decode_floats(flat, kinds, "FP64")
        rounded = brain_floats(doubles)
        return np.where(np.isinf(rounded) & ~np.isinf(doubles), np.float32(0), rounded).astype(np.float32)


class BooleansAsFloats(Naive):
    """`true` and `false` are accepted as floating-point numbers."""

    id = "dat-19-booleans"
    breaks = "INF-DAT-19"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        changed = [float(value) if type(value) is bool else value for value in flat]
        return super().decode_floats(changed, set(map(type, changed)), datatype)


class FloatsParsed(Naive):
    """Strings of digits are accepted as floating-point numbers."""

    id = "dat-19-parsed"
    breaks = "INF-DAT-19"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        changed = [
            float(value) if type(value) is str and re.fullmatch(r"-?\d+(\.\d+)?", value) else value
            for value in flat
        ]
        return super().decode_floats(changed, set(map(type, changed)), datatype)


class NumbersAsStrings(Naive):
    """In BYTES tensors numbers are written out."""

    id = "dat-19-numbers"
    breaks = "INF-DAT-19"

    def decode_strings(self, flat: list[Any], kinds: set[type]) -> Array:
        changed = [str(value) if type(value) in (int, float) else value for value in flat]
        return super().decode_strings(changed, set(map(type, changed)))


class _Slack(Naive):
    """Expands somewhat further than the limit."""

    def allowed(self) -> int:
        return self.max_request_bytes

    def expand(self, body: bytes) -> bytes:
        stream = zlib.decompressobj(wbits=31)
        try:
            found = stream.decompress(body, self.allowed() + 1)
        except zlib.error:
            return super().expand(body)
        # White space need not be kept, so that the fault costs no memory.
        return (
            found.rstrip() if self.max_request_bytes < len(found) <= self.allowed() else super().expand(body)
        )


class LimitInPieces(_Slack):
    """The expansion is held to the limit only after each piece of 4 KiB."""

    id = "lim-04-pieces"
    breaks = "INF-LIM-04"

    def allowed(self) -> int:
        return self.max_request_bytes + 4096


class LimitDoubled(_Slack):
    """A body may expand to less than twice the limit."""

    id = "lim-04-twice"
    breaks = "INF-LIM-04"

    def allowed(self) -> int:
        return 2 * self.max_request_bytes - 1


class AfterLastMember(Naive):
    """Bytes after the last member of gzip are ignored unless they begin another one."""

    id = "req-08-after"
    breaks = "INF-REQ-08"

    def expand(self, body: bytes) -> bytes:
        rest = body
        while rest.startswith(b"\x1f\x8b"):
            stream = zlib.decompressobj(wbits=31)
            try:
                stream.decompress(rest)
            except zlib.error:
                return super().expand(body)
            if not stream.eof:
                return super().expand(body)
            rest = stream.unused_data
        return super().expand(body[: len(body) - len(rest)])


class OneMember(Naive):
    """Of gzip, only the first member is read."""

    id = "req-08-one"
    breaks = "INF-REQ-08"

    def expand(self, body: bytes) -> bytes:
        stream = zlib.decompressobj(wbits=31)
        try:
            stream.decompress(body)
        except zlib.error:
            return super().expand(body)
        return super().expand(body[: len(body) - len(stream.unused_data)])


class DecodedTwice(Naive):
    """Segments of the path are decoded twice."""

    id = "err-09-twice"
    breaks = "INF-ERR-09"

    def decode_segment(self, segment: str) -> str:
        return super().decode_segment(unquote_to_bytes(segment).decode("latin-1"))


class _Resembling(Naive):
    """Finds a model by what its name becomes."""

    def becomes(self, name: str) -> str:
        return name

    def find(self, name: str, version: str | None) -> tuple[Model, str]:
        same = self.becomes(name)
        return super().find(same if same in self.models else name, version)


class NamesEndAtNul(_Resembling):
    """A name ends at its first NUL."""

    id = "err-09-nul"
    breaks = "INF-ERR-09"

    def becomes(self, name: str) -> str:
        return name.partition("\0")[0]


class NamesInAnyCase(_Resembling):
    """Names are compared without regard to case."""

    id = "err-09-case"
    breaks = "INF-ERR-09"

    def becomes(self, name: str) -> str:
        return name.lower()


class NamesStripped(_Resembling):
    """Spaces around a name are dropped."""

    id = "err-09-spaces"
    breaks = "INF-ERR-09"

    def becomes(self, name: str) -> str:
        return name.strip(" ")


class VersionsAsNumbers(Naive):
    """Versions are compared as numbers."""

    id = "err-09-number"
    breaks = "INF-ERR-09"

    def find(self, name: str, version: str | None) -> tuple[Model, str]:
        digits = version is not None and version.isascii() and version.isdigit()
        return super().find(name, str(int(version)) if version is not None and digits else version)


class UndeclaredTail(Naive):
    """What follows the JSON is not looked at where no input is binary."""

    id = "bin-10-undeclared"
    breaks = "INF-BIN-10"

    def check_total(self, declared: int, found: int) -> None:
        if declared:
            super().check_total(declared, found)


class EmptyData(Naive):
    """An empty array beside `binary_data_size` is taken for no data."""

    id = "bin-12-empty"
    breaks = "INF-BIN-12"

    def read_input(self, entry: Any) -> Tensor:
        if isinstance(entry, dict) and entry.get("data") == [] and "binary_data_size" in str(entry):
            entry = {key: value for key, value in entry.items() if key != "data"}
        return super().read_input(entry)


class BlankIsEmpty(NaiveRepository):
    """A body of white space is taken for an empty one."""

    id = "rep-19-blank"
    breaks = "INF-REP-19"

    def plain_body(self, headers: Mapping[str, str], body: bytes) -> bytes:
        return super().plain_body(headers, body).strip(b" \t\r\n")


class GroupsRefused(NaiveGrpc):
    """A message with a group, which no field of the service is, is refused."""

    id = "grp-39-groups"
    breaks = "INF-GRP-39"

    def records(self, data: bytes) -> Iterable[tuple[int, int, Any]]:
        at = 0
        while at < len(data):
            _, wire_type, at = self.read_tag(data, at)
            if wire_type in (3, 4):
                raise NotAMessage("a group stands in the message")
            _, at = self.read_payload(data, at, wire_type)
        return super().records(data)


ALL: tuple[type[Naive], ...] = (
    MinusZeros,
    FractionsOfDoubles,
    NearlyIntegers,
    BrainOverflow,
    BooleansAsFloats,
    FloatsParsed,
    NumbersAsStrings,
    LimitInPieces,
    LimitDoubled,
    AfterLastMember,
    OneMember,
    DecodedTwice,
    NamesEndAtNul,
    NamesInAnyCase,
    NamesStripped,
    VersionsAsNumbers,
    UndeclaredTail,
    EmptyData,
)
REPOSITORIES: tuple[type[NaiveRepository], ...] = (BlankIsEmpty,)
GRPC: tuple[type[NaiveGrpc], ...] = (GroupsRefused,)
