"""Spellings of one request: the same JSON values, written otherwise."""

import json
import re

from lepton_conformance.strategies.requests import spell

FLOATS = [0.0, -0.0, 1.0, 5.0, -240.0, 0.5, 1e22, 16777216.0, 1e-45]


def test_floats_never_lose_their_fraction_and_exponent_both() -> None:
    """OIP: each element may be an integer, floating-point number, string or boolean; a server may refuse one
    that it does not expect. So a valid request spells floating-point numbers as such."""
    for number in range(400):
        text = spell({"data": FLOATS}, number).decode()
        assert json.loads(text) == {"data": FLOATS}
        elements = re.findall(r"-?[0-9][0-9.eE+-]*", text[text.index("[") :])
        assert len(elements) == len(FLOATS)
        assert all(re.search(r"[.eE]", element) for element in elements), text
