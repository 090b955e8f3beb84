"""What the tables of boundary packages promise; the suite asks the reference validator for each of them."""

from collections import Counter

import pytest

import lepton_spec
from lepton_conformance.forge import boundaries
from lepton_conformance.forge.boundaries.schemas import breaks, is_valid, replaced

CHECKED = {
    key
    for key, entry in lepton_spec.requirements().items()
    if entry["role"] == "package" and {"schema", "check"} & set(entry["verify"])
}
#: Requirements that have packages beyond their boundaries here.
GROUPS = ("COR-", "PKG-LAY", "PKG-ZIP", "PKG-MAN", "PKG-DIG", "PKG-DOC", "PKG-PRV", "PKG-SGN")
OWN = sorted(key for key in CHECKED if key.startswith(GROUPS))


@pytest.mark.parametrize("identifier", OWN)
def test_a_requirement_has_packages_beyond_its_boundaries_each_of_a_name(identifier: str) -> None:
    names = [one.name for one in boundaries.beyond(identifier)]
    assert names
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert all(one.requirement == identifier for one in boundaries.beyond(identifier))


def test_a_valid_package_has_a_name_of_its_own() -> None:
    names = Counter(one.name for one in boundaries.within())
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("identifier", ["PKG-LAY-02", "PKG-ZIP-03", "PKG-MAN-02", "PKG-SGN-02", "COR-TYP-02"])
def test_forging_is_byte_stable(identifier: str) -> None:
    for one in boundaries.beyond(identifier)[::10]:
        assert one.forge() == one.forge()


def test_every_keyword_of_a_schema_is_broken() -> None:
    symbol = {"min": 1, "max": 4, "multipleOf": 2}
    reference = "manifest.schema.json#/$defs/symbol"
    wrong = [
        one
        for one in breaks(reference, symbol)
        if not is_valid(reference, replaced(symbol, one.place, one.value))
    ]
    found = {(one.place, one.name) for one in wrong}
    assert {((), "without-min"), ((), "without-max"), (("min",), "below"), (("max",), "above")} <= found
    assert {(("multipleOf",), "below"), (("multipleOf",), "fraction"), (("min",), "type-string")} <= found
    assert any(one.unknown for one in wrong)
