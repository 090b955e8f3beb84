"""Names that occur twice in an object, wherever they stand; and texts that only look like that."""

import json
from typing import Any

import pytest

from lepton.serve import Repository
from lepton.serve.inference import infer
from lepton.serve.reply import Reply, RequestError

INPUT = '"name": "x", "datatype": "INT32", "shape": [1, 2], "data": [1, 2]'
LONG = ", ".join(["7"] * 2000)


def ask(repository: Repository, model: str, text: str) -> Reply:
    return infer(repository.find(model, None), text.encode(), None)


@pytest.mark.parametrize(
    "text",
    [
        '{"id": "a", "id": "a", "inputs": [{%s}]}',
        '{"inputs": [{%s}], "inputs": [{%s}]}',
        '{"inputs": [{%s, "name": "x"}]}',
        '{"inputs": [{%s, "data": [3, 4]}]}',
        '{"inputs": [{%s, "d\\u0061ta": [3, 4]}]}',
        '{"inputs": [{%s, "parameters": {"a": 1, "a": 1}}]}',
        '{"parameters": {"a": 1, "b": "x", "a": 2}, "inputs": [{%s}]}',
        '{"outputs": [{"name": "y", "name": "y"}], "inputs": [{%s}]}',
        '{"outputs": [{"name": "y", "parameters": {"a": 1, "a": 1}}], "inputs": [{%s}]}',
        '{"unknown": {"b": [{"c": 1, "c": 2}]}, "inputs": [{%s}]}',
        '{"unknown": 1, "unknown": 2, "inputs": [{%s}]}',
        '{"id": "\\u003a", "id": "\\u003a", "inputs": [{%s}]}',
        '{"id": "a:b", "id": "a", "inputs": [{%s}]}',
    ],
)
def test_a_name_that_occurs_twice_is_refused(repository: Repository, text: str) -> None:
    with pytest.raises(RequestError, match="twice in one JSON object") as caught:
        ask(repository, "id_int32", text.replace("%s", INPUT))
    assert caught.value.reply().status == 400


def test_long_data_is_left_out_of_the_search(repository: Repository) -> None:
    tensor = f'"name": "x", "datatype": "INT32", "shape": [1, 2000], "data": [{LONG}]'
    assert ask(repository, "id_int32", f'{{"id": ":", "inputs": [{{{tensor}}}]}}').status == 200
    with pytest.raises(RequestError, match="'data' twice"):
        ask(repository, "id_int32", f'{{"inputs": [{{{tensor}, "data": [{LONG}]}}]}}')


@pytest.mark.parametrize(
    "more",
    [
        {"id": "a:b:c"},
        {"id": '"id":"id"'},
        {"parameters": {"a:b": "c:d", "e": ":"}},
        {"unknown": {"id": 1, "deeper": {"id": 1}}, "id": "x"},
        {"unknown": [{"a": 1}, {"a": 1}], "number": 1e400},
    ],
)
def test_what_only_looks_like_it_is_answered(repository: Repository, more: dict[str, Any]) -> None:
    text = f'{json.dumps(more)[:-1]}, "inputs": [{{{INPUT}}}]}}'.replace("Infinity", "1e400")
    assert json.loads(ask(repository, "id_int32", text).body)["outputs"][0]["data"] == [1, 2]


def test_colons_in_strings_of_tensors_do_not_matter(repository: Repository) -> None:
    document = {
        "inputs": [{"name": "x", "shape": [1, 2], "datatype": "BYTES", "data": ["a:b", '{"x":1,"x":1}']}],
    }
    assert json.loads(ask(repository, "id_bytes", json.dumps(document)).body)["outputs"][0]["data"] == [
        "a:b",
        '{"x":1,"x":1}',
    ]


def test_a_long_number_in_an_unknown_member_is_nobodys_business(repository: Repository) -> None:
    text = f'{{"unknown": {"9" * 6000}, "inputs": [{{{INPUT}}}]}}'
    assert ask(repository, "id_int32", text).status == 200
