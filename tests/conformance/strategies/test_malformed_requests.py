"""Requests that are wrong in one way are wrong indeed, for a strict reader of our own."""

import json

import pytest

from lepton_conformance.strategies import malformed
from lepton_conformance.strategies.malformed import Wrong
from lepton_conformance.strategies.requests import STYLES, infer_request, spell
from lepton_conformance.strategies.tensors import Given, cases, given
from lepton_conformance.subject import strict_json

MODELS = ("lepton_id_fp32", "lepton_id_int32", "lepton_id_bytes", "lepton_sub")


@pytest.mark.parametrize("name", MODELS)
def test_extensions_are_no_json(name: str) -> None:
    for wrong in malformed.extensions(given(name)):
        assert not _is_json(wrong.body), wrong.what


def _is_json(body: bytes) -> bool:
    try:
        strict_json.parse(body)
    except strict_json.NotJson:
        return False
    return True


@pytest.mark.parametrize("name", MODELS)
def test_what_is_no_object_is_no_object_for_lenient_readers_either(name: str) -> None:
    for wrong in malformed.not_objects(given(name)):
        try:
            value = strict_json.parse_leniently(wrong.body)
        except strict_json.NotJson:
            continue
        assert not isinstance(value, dict), wrong.what


@pytest.mark.parametrize("name", MODELS)
def test_duplicate_names_are_the_only_fault(name: str) -> None:
    for wrong in malformed.duplicate_names(given(name)):
        assert strict_json.parse(wrong.body).duplicates, wrong.what


@pytest.mark.parametrize("make", [malformed.extensions, malformed.duplicate_names, malformed.not_objects])
def test_each_wrong_request_is_unlike_the_valid_one_and_named_once(make: object) -> None:
    assert callable(make)
    made: list[Wrong] = make(given("lepton_id_fp32"))
    assert len({wrong.what for wrong in made}) == len(made)
    assert all(wrong.body != json.dumps(infer_request(wrong.case)).encode() for wrong in made)


@pytest.mark.parametrize("name", MODELS)
def test_every_spelling_is_read_back_as_the_same_values(name: str) -> None:
    domain = cases(name)
    assert domain.decode is not None
    written: set[bytes] = set()
    for case in (*domain.boundary, domain.decode(0x1234_5678_9ABC_DEF1), domain.decode(77)):
        value = infer_request(case)
        for spelling in range(STYLES * 12):
            text = spell(value, spelling)
            assert strict_json.parse(text).value == value
            written.add(text)
    assert len(written) > STYLES * 12


def test_floats_are_spelled_in_every_way() -> None:
    case = Given(given("lepton_id_fp32").model, given("lepton_id_fp32").inputs)
    texts = b" ".join(spell(infer_request(case), 3 + STYLES * seed) for seed in range(60))
    for spelling in (b"0.1", b"E+0", b"e+00", b"e-16", b"E+00", b"1.0"):
        assert spelling in texts
