"""Lines that are equal are found in small files and in files of millions of lines."""

from lepton.formats.lines import MAX_HELD_BYTES, each_line, first_repeat, split_lines


def numbers(count: int) -> bytes:
    return b"".join(b"%x\n" % number for number in range(count))


def test_lines_one_by_one_are_the_lines_of_the_file() -> None:
    for data in (b"a", b"a\n", b"a\n\nb", b"\n", b"\na\n", numbers(100)):
        assert list(each_line(data)) == split_lines(data)


def test_a_line_that_stands_twice_is_found_whatever_the_size() -> None:
    large = numbers(300_000)
    assert len(large) > MAX_HELD_BYTES
    assert first_repeat(large) is None
    assert first_repeat(large + b"7\n") == (300_000, 7)
    assert first_repeat(b"a\nb\na") == (2, 0)
    assert first_repeat(b"a\nb") is None
