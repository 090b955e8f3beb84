"""SPDX licence expressions, by the grammar of the standard.

Owns the grammar; the identifiers come from the published list `spdx.json`. Serves PKG-DOC-01.
"""

import functools
import json
import re

import lepton_spec

__all__ = ["licence_fault"]

_TOKEN = re.compile(r"[ ]+|[()]|[A-Za-z0-9.+-]+")
_REFERENCE = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
_OPERATORS = frozenset(["AND", "OR", "WITH"])


class _Fault(Exception):
    """The text is no licence expression."""


def licence_fault(expression: str) -> tuple[str | None, list[str]]:
    """Say what is wrong with a licence expression, or None, and which LicenseRefs it names."""
    try:
        reader = _Reader(expression)
        reader.expression()
        reader.end()
    except _Fault as fault:
        return str(fault), []
    return None, reader.references


@functools.cache
def _identifiers() -> tuple[frozenset[str], frozenset[str]]:
    listed = json.loads(lepton_spec.path("spdx.json").read_bytes())
    licences = frozenset(one.lower() for one in listed["licenses"])
    return licences, frozenset(one.lower() for one in listed["exceptions"])


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise _Fault(f"the character {text[at]!r} has no place in an SPDX expression")
            self._tokens.append(match[0])
            at = match.end()
        self._at = 0
        self.references: list[str] = []

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _operator(self, name: str) -> bool:
        """Take ` NAME ` when it comes next."""
        ahead = self._tokens[self._at : self._at + 3]
        if len(ahead) == 3 and ahead[0].isspace() and ahead[1] == name and ahead[2].isspace():
            self._at += 3
            return True
        return False

    def end(self) -> None:
        """Expect the end."""
        if self._at < len(self._tokens):
            rest = "".join(self._tokens[self._at :]).strip() or "a space"
            raise _Fault(f"{rest[:40]!r} stands where the end should (operators are AND, OR, WITH)")

    def expression(self) -> None:
        """Read terms joined by AND and OR; both bind alike as far as soundness goes."""
        opened = 0
        while True:
            while self._peek() == "(":
                self._take()
                self._space()
                opened += 1
            self._simple()
            if self._operator("WITH"):
                exception = self._take()
                if exception.lower() not in _identifiers()[1]:
                    raise _Fault(f"{exception!r} is no SPDX exception")
            while opened and self._closes():
                opened -= 1
            if not self._operator("AND") and not self._operator("OR"):
                break
        if opened:
            raise _Fault("a parenthesis is not closed")

    def _closes(self) -> bool:
        """Take a closing parenthesis, with the space before it, when it comes next."""
        ahead = self._tokens[self._at : self._at + 2]
        place = next((at for at, token in enumerate(ahead) if not token.isspace()), len(ahead))
        if ahead[place : place + 1] != [")"]:
            return False
        self._at += place + 1
        return True

    def _space(self) -> None:
        if self._peek().isspace():
            self._take()

    def _simple(self) -> None:
        token = self._take()
        if not token or token.isspace() or token in ("(", ")") or token in _OPERATORS:
            raise _Fault(f"{token.strip() or 'nothing'!r} stands where a licence should")
        if _REFERENCE.fullmatch(token):
            self.references.append(token)
            return
        if (
            token.lower() not in _identifiers()[0]
            and token.removesuffix("+").lower() not in _identifiers()[0]
        ):
            raise _Fault(f"{token!r} is no SPDX licence identifier and no LicenseRef")
