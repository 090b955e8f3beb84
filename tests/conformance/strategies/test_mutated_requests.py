"""Changed requests: what a changed text has become, and the catalogue of faults."""

import pytest

from lepton_conformance.strategies.mutations import CATALOGUE, Becomes, Edit, Edited, Faulty, edited, faulty
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import given
from lepton_conformance.subject.http import encode

NAMES = ("lepton_id_fp32", "lepton_id_int32", "lepton_id_bytes", "lepton_sub")
PLAIN = given("lepton_id_fp32")
TEXT = encode(infer_request(PLAIN))


def at(piece: bytes) -> int:
    return TEXT.index(piece)


@pytest.mark.parametrize(
    ("edit", "becomes"),
    [
        (Edit("cut", at(b"inputs"), 0), Becomes.NO_OBJECT),
        (Edit("cut", 0, 0), Becomes.NO_OBJECT),
        (Edit("insert", at(b"inputs"), 16), Becomes.EXTENDED),  # a NUL in a name
        (Edit("insert", 1, 14), Becomes.SAME),  # a space
        (Edit("insert", at(b"lepton-1"), 22), Becomes.OTHER),  # an accent in the id
        (Edit("insert", at(b"1.0"), 11), Becomes.EXTENDED),  # a point before a number
        (Edit("delete", at(b"1.0,"), 3), Becomes.OTHER),
    ],
)
def test_a_changed_text_is_what_it_has_become(edit: Edit, becomes: Becomes) -> None:
    assert Edited(PLAIN, 0, (edit,)).becomes is becomes


def test_an_integer_is_not_the_same_as_a_float() -> None:
    place = at(b"[1.0") + 2
    assert Edited(PLAIN, 0, (Edit("delete", place, 1),)).body[place - 1 : place + 1] == b"1,"
    assert Edited(PLAIN, 0, (Edit("delete", place, 1),)).becomes is Becomes.OTHER


def test_generated_texts_become_everything() -> None:
    domain = edited(NAMES)
    assert domain.decode is not None
    cases = [*domain.boundary, *(domain.decode(0x9E3779B97F4A7C15 * number % 2**64) for number in range(400))]
    assert {case.becomes for case in cases} == set(Becomes)
    assert len({case.body for case in cases}) > 400


def test_changed_texts_shrink_to_one_change_in_the_plain_spelling() -> None:
    domain = edited(NAMES)
    assert domain.decode is not None
    made = [domain.decode(0x9E3779B97F4A7C15 * number % 2**64) for number in range(100)]
    case = next(one for one in made if len(one.edits) > 1 and one.spelling)
    simpler = list(domain.smaller(case))
    assert any(len(one.edits) < len(case.edits) for one in simpler)
    assert any(one.spelling == 0 for one in simpler)


@pytest.mark.parametrize("clause", CATALOGUE)
@pytest.mark.parametrize("name", NAMES)
def test_every_fault_of_the_catalogue_changes_the_request(clause: str, name: str) -> None:
    case = given(name, 3, 5)
    for wrong in CATALOGUE[clause](case):
        assert wrong.body != encode(infer_request(case)), wrong.what


def test_a_faulty_request_keeps_its_class_when_it_gets_smaller() -> None:
    domain = faulty(NAMES, *CATALOGUE)
    case = Faulty(given("lepton_id_fp32", 5, 3), "INF-ERR-06", 1)
    for simpler in domain.smaller(case):
        assert (simpler.clause, simpler.pick) == (case.clause, case.pick)
        simpler.wrong()
