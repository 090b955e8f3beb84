"""Reading the JSON of a stranger: bounded, and only as I-JSON."""

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton.package.jsontext import Kind, read_json, walk

LIMIT = 1 << 20

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("data", "kind", "pointer"),
    [
        (b'{"a":{"b":1,"b":2}}', Kind.TEXT, "/a/b"),
        (b'[{"x":1},{"a/b~":1,"a\\u002fb~":2}]', Kind.TEXT, "/1/a~1b~0"),
        (b'{"a":[0,"\\ud800"]}', Kind.TEXT, "/a/1"),
        (b'"\\udc00\\ud800"', Kind.TEXT, ""),
        (b'{"\\ud800":1}', Kind.TEXT, ""),
        (b'{"a":\xff}', Kind.TEXT, "byte 5"),
        (b"\xef\xbb\xbf{}", Kind.TEXT, "byte 0"),
        ("{}".encode("utf-16"), Kind.TEXT, "byte 0"),
        (b"[NaN]", Kind.TEXT, ""),
        (b"[-Infinity]", Kind.TEXT, ""),
        (b"[1e400]", Kind.TEXT, ""),
        (b"[" + b"9" * 309 + b"]", Kind.TEXT, ""),
        (b"[" + b"9" * 400 + b"]", Kind.TEXT, ""),
        (b"[1" + b"0" * 5000 + b"]", Kind.TEXT, ""),
        (b"", Kind.TEXT, "byte 0"),
        (b"{} {}", Kind.TEXT, "byte 3"),
        (b"[" * 65 + b"]" * 65, Kind.DEPTH, ""),
        (b"[" * 1_000_000, Kind.DEPTH, ""),
        (b'{"a":' * 500_000, Kind.DEPTH, ""),
        (b" " * (LIMIT + 1), Kind.SIZE, ""),
    ],
)
def test_refuses_what_is_not_i_json_and_says_where(data: bytes, kind: Kind, pointer: str) -> None:
    fault = read_json(data, max_bytes=max(LIMIT, len(data) if kind is not Kind.SIZE else 0)).fault
    assert fault is not None
    assert (fault.kind, fault.pointer) == (kind, pointer)


@pytest.mark.parametrize(
    "text",
    [
        '"[[[[{{"',
        '{"a\\\\":"]]]\\"[[["}',
        "[" * 64 + "]" * 64,
        '"\\ud83d\\ude00"',
        "1.0",
        "-0",
        "1e5",
        '"\\\\"',
    ],
)
def test_reads_brackets_in_strings_escapes_and_numbers_as_json_does(text: str) -> None:
    read = read_json(text.encode(), max_bytes=LIMIT)
    assert read.fault is None
    assert read.value == json.loads(text)


def test_a_bomb_of_small_values_is_refused_before_it_is_parsed() -> None:
    bomb = b"[" + b"[]," * 3_000_000 + b"[]]"
    started = time.process_time()
    fault = read_json(bomb, max_bytes=1 << 26).fault
    seconds = time.process_time() - started
    assert fault is not None
    assert fault.kind is Kind.LIMIT
    assert seconds < 10


@pytest.mark.parametrize("unit", [b'"["', b'"[",', b'""', b"\\\\", b'{"a":"\\""},'])
def test_hostile_text_costs_bounded_memory(unit: bytes) -> None:
    hostile = b"[" + unit * 50_000
    tracemalloc.start()
    assert read_json(hostile, max_bytes=1 << 26).fault is not None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * len(hostile)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_reads_every_json_value_as_python_does(value: Any) -> None:
    data = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    read = read_json(data, max_bytes=LIMIT)
    if read.fault is None:
        assert read.value == value


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\u0d8e1.-\n ', max_size=100).map(str.encode))
def test_never_raises_whatever_the_bytes(data: bytes) -> None:
    read = read_json(data, max_bytes=LIMIT)
    assert (read.fault is None) or read.value is None


def test_walk_names_every_value_by_its_pointer() -> None:
    value = {"a": [1, {"b/c": [2]}], "d~": {}}
    assert [pointer for pointer, _ in walk(value)] == [
        "", "/a", "/a/0", "/a/1", "/a/1/b~1c", "/a/1/b~1c/0", "/d~0",
    ]  # fmt: skip
