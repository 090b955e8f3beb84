"""Tables: what Python's csv module writes is read as it was written; pieces of any size read alike."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton.data import tables
from lepton.data.tables import TableFault, csv_records, json_records

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(TEXTS, min_size=width, max_size=width), min_size=1, max_size=6)
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 7),
    st.booleans(),
)
def test_what_a_csv_library_writes_is_read_as_it_was_written(
    rows: list[list[str]], end: str, size: int, last: bool
) -> None:
    text = io.StringIO(newline="")
    header = [f"column {at}" for at in range(len(rows[0]))]
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    data = text.getvalue().encode()
    data = data if last else data.removesuffix(end.encode())
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert list(csv_records(pieces)) == [header, *rows]


def _read(pieces: list[bytes]) -> list[list[str]] | None:
    try:
        return list(csv_records(pieces))
    except TableFault:
        return None


@given(st.lists(st.sampled_from(['"', ",", "\n", "\r", "a", "\0", "\ufeff"]), max_size=12))
def test_any_text_is_a_table_or_a_fault(marks: list[str]) -> None:
    data = ("a,b\n" + "".join(marks)).encode()
    whole = _read([data])
    assert whole == _read([data[at : at + 1] for at in range(len(data))])
    assert whole is None or all(len(one) == 2 for one in whole)


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"a\n1\n", [["a"], ["1"]]),
        (b"a,b\n,\n", [["a", "b"], ["", ""]]),
        (b'a\n""\n', [["a"], [""]]),
        (b'a\n"x\n""y"""\n', [["a"], ['x\n"y"']]),
        (b'"a,b","c"\r\n1,2\r\n', [["a,b", "c"], ["1", "2"]]),
        (b"a\n 1 \n", [["a"], [" 1 "]]),
        (b"a\n", [["a"]]),
        (b'a,b\n"1",2', [["a", "b"], ["1", "2"]]),
    ],
)
def test_the_grammar_has_one_reading(data: bytes, rows: list[list[str]]) -> None:
    assert list(csv_records([data])) == rows


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"a,\n1,2\n",
        b"a,a\n1,2\n",
        b"a\n1\n\n",
        b"a\n\r\n",
        b"a,b\n1\n",
        b'a\n"1"2\n',
        b'a\n1"2"\n',
        b'a\n"1\n',
        b"a\r1\n",
        b"a\n\xff\n",
        b"a\n\0\n",
        b"\xef\xbb\xbfa\n1\n",
    ],
)
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(TableFault):
        list(csv_records([data]))


def test_the_limit_of_a_record_is_met_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_RECORD_BYTES", 8)
    assert list(csv_records([b"a\n1234567\n"])) == [["a"], ["1234567"]]
    with pytest.raises(TableFault) as fault:
        list(csv_records([b"a\n12345678\n"]))
    assert fault.value.record == 0
    with pytest.raises(TableFault):
        list(json_records([b'{"a":12}\n', b'{"a":123}\n']))
    assert list(json_records([b'{"a":12}\n'])) == [{"a": 12}]


def test_lines_are_objects_and_may_end_in_a_carriage_return() -> None:
    assert list(json_records([b'{"a": 1}\r\n{"a"', b": 2}"])) == [{"a": 1}, {"a": 2}]
    for data in (b"1\n", b"\n", b"{}\n\n", b"{} {}\n", b'{"a":1,"a":1}\n', b"\xef\xbb\xbf{}\n"):
        with pytest.raises(TableFault):
            list(json_records([data]))
