"""Valid requests changed a little: bytes of any kind, and the catalogue of faults on generated requests.

Owns where a request is changed and what then must happen; leaves single faults to `strategies.malformed` and
sending to the suite. A changed text is judged by what it has become: no JSON is refused, JSON with the same
value is answered as before, and of other JSON only what holds for every request is expected. Serves
`inference` (INF-ERR).
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from lepton_conformance.strategies import malformed
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.malformed import Wrong
from lepton_conformance.strategies.requests import STYLES, infer_request, spell
from lepton_conformance.strategies.tensors import Given, given, merged, smaller
from lepton_conformance.subject import strict_json

__all__ = ["CATALOGUE", "Becomes", "Edited", "Faulty", "edited", "faulty"]


class Becomes(StrEnum):
    """What a changed text has become."""

    NO_OBJECT = "no JSON object for any reader"
    EXTENDED = "no JSON, though a lenient reader may accept it"
    SAME = "another spelling of the same request"
    OTHER = "another JSON object"


#: What is put into a text, replaces a byte of it, or stands in it twice.
_PIECES = (
    *(b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"-", b"0", b"e9", b".", b"null", b"true", b" "),
    *(
        b"\0",
        b"\x1f",
        b"\x7f",
        b"\x80",
        b"\xff",
        b"\xc3",
        "é".encode(),
        b"\\u0000",
        b"\\ud800",
        b"1e999",
        b"NaN",
    ),
    b"99999999999999999999",
)
_ACTIONS = ("insert", "replace", "delete", "double", "swap", "cut")
_LONGEST_PART = 32


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a text: what is done, where, and with which piece or how many bytes."""

    action: str
    place: int
    piece: int

    def apply(self, text: bytes) -> bytes:
        """Return the changed text."""
        at = self.place % (len(text) + 1)
        piece = _PIECES[self.piece % len(_PIECES)]
        length = 1 + self.piece % _LONGEST_PART
        before, rest = text[:at], text[at:]
        if self.action == "insert":
            return before + piece + rest
        if self.action == "replace":
            return before + piece + rest[1:]
        if self.action == "delete":
            return before + rest[length:]
        if self.action == "double":
            return before + rest[:length] + rest
        if self.action == "swap":
            return before + rest[length : 2 * length] + rest[:length] + rest[2 * length :]
        return before


@dataclass(frozen=True, slots=True)
class Edited:
    """A valid request in some spelling, and the changes of its text."""

    case: Given
    spelling: int
    edits: tuple[Edit, ...]

    @property
    def body(self) -> bytes:
        """Return the changed text."""
        text = spell(infer_request(self.case), self.spelling)
        for edit in self.edits:
            text = edit.apply(text)
        return text

    @property
    def becomes(self) -> Becomes:
        """Say what the text has become."""
        body = self.body
        try:
            document = strict_json.parse(body)
        except strict_json.NotJson:
            cut_short = all(edit.action == "cut" for edit in self.edits)
            return Becomes.NO_OBJECT if cut_short else Becomes.EXTENDED
        if not isinstance(document.value, dict):
            return Becomes.NO_OBJECT
        same = _canonical(document.value) == _canonical(infer_request(self.case))
        return Becomes.SAME if same and not document.duplicates else Becomes.OTHER

    def what(self) -> str:
        """Return what was changed, for a message."""
        edits = ", ".join(f"{edit.action} at {edit.place}" for edit in self.edits)
        return f"{self.case.model.name} a request changed by {edits}: {self.body[:120]!r}"


def _canonical(value: Any) -> str:
    """Return a text that tells 1 from 1.0 and true, and -0.0 from 0.0."""
    return json.dumps(value, sort_keys=True)


def edited(names: tuple[str, ...]) -> Cases[Edited]:
    """Return requests to several models whose text is changed in one to three places."""
    domain = merged(names)
    assert domain.decode is not None
    decode = domain.decode

    def edit(digits: Digits) -> Edit:
        return Edit(_ACTIONS[digits.take(len(_ACTIONS))], digits.take(1 << 9), digits.take(1 << 5))

    def decoded(number: int) -> Edited:
        digits = Digits(number)
        edits = tuple(edit(digits) for _ in range(1 + digits.take(2)))
        spelling = digits.take(STYLES)
        return Edited(decode(digits.rest), spelling, edits)

    def simpler(item: Edited) -> Iterator[Edited]:
        for index in range(len(item.edits)):
            if len(item.edits) > 1:
                yield replace(item, edits=item.edits[:index] + item.edits[index + 1 :])
        if item.spelling:
            yield replace(item, spelling=0)
        for case in smaller(item.case):
            yield replace(item, case=case)

    plain = given(names[0])
    length = len(spell(infer_request(plain), 0))
    boundary = [Edited(plain, 0, (Edit("cut", at, 0),)) for at in range(0, length, 11)]
    boundary += [Edited(plain, 0, (Edit("insert", 1 + 7 * index, index),)) for index in range(len(_PIECES))]
    return Cases(boundary, decoded, simpler)


#: The catalogue: what makes the wrong requests of a class from a valid one, by the requirement that says how
#: they are refused. Each is refused with 400 under `inference-rest`.
CATALOGUE: dict[str, Callable[[Given], Iterable[Wrong]]] = {
    "INF-ERR-02": malformed.not_objects,
    "INF-ERR-03": malformed.members,
    "INF-ERR-04": malformed.names,
    "INF-ERR-05": malformed.datatypes,
    "INF-ERR-06": malformed.counts,
    "INF-ERR-07": malformed.shapes,
    "INF-ERR-13": malformed.duplicate_inputs,
    "INF-ERR-14": malformed.outputs,
    "INF-ERR-15": malformed.dimensions,
    "INF-ERR-16": malformed.trailing,
    "INF-ERR-17": malformed.parameters,
    "INF-ERR-21": malformed.extensions,
}


@dataclass(frozen=True, slots=True)
class Faulty:
    """A generated valid request with one fault of the catalogue: `pick` chooses among those of its class."""

    case: Given
    clause: str
    pick: int

    def wrong(self) -> Wrong | None:
        """Return the wrong request, or None when the class has none for it."""
        made = list(CATALOGUE[self.clause](self.case))
        return made[self.pick % len(made)] if made else None


def faulty(names: tuple[str, ...], *clauses: str) -> Cases[Faulty]:
    """Return generated requests to several models, each with one fault of one of these classes."""
    domain = merged(names)
    assert domain.decode is not None
    decode = domain.decode

    def decoded(number: int) -> Faulty:
        digits = Digits(number)
        clause, pick = clauses[digits.take(len(clauses))], digits.take(1 << 7)
        return Faulty(decode(digits.rest), clause, pick)

    boundary = [
        Faulty(given(name, 3, 5), clause, pick) for name in names for clause in clauses for pick in (0, 1)
    ]
    return Cases(boundary, decoded, lambda item: (replace(item, case=case) for case in smaller(item.case)))
