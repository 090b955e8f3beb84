"""The Chinese text follows the English one, block for block."""

from typing import Any

import pytest

ZH = "spec/zh/core.md"
EN = "spec/en/core.md"


def failing(standard: Any) -> list[str]:
    return [each.found for each in standard.problems() if not each.warning]


def warnings(standard: Any) -> list[str]:
    return [each.found for each in standard.problems() if each.warning]


def without_net(standard: Any) -> None:
    text = standard.read(ZH)
    standard.write(ZH, text[: text.index("### COR-NET-01")])
    assert standard.run("build") == 0


def test_a_missing_chinese_block_warns_and_fails_a_release(standard: Any) -> None:
    without_net(standard)
    assert failing(standard) == []
    assert warnings(standard) == ["no Chinese block of COR-NET-01"]
    assert standard.run("check") == 0
    assert standard.run("check", "--release") == 1


def test_a_stale_chinese_block_warns_and_fails_a_release(standard: Any) -> None:
    standard.replace(EN, "be positive.", "be positive and odd.")
    standard.replace(EN, "`rev 1`", "`rev 2`")
    assert standard.run("build") == 0
    problem = standard.problems()[0]
    assert (problem.file, problem.line, problem.warning) == (ZH, standard.line(ZH, "### COR-VER-01"), True)
    assert problem.found.endswith("in the Chinese block of COR-VER-01")
    assert standard.run("check") == 0
    assert standard.run("check", "--release") == 1


def test_a_stale_translation_is_not_published(standard: Any) -> None:
    assert "大小必须为正" in standard.read("schemas/1.0/requirements.json")
    standard.replace(EN, "be positive.", "be positive and odd.")
    standard.replace(EN, "`rev 1`", "`rev 2`")
    assert standard.run("build") == 0
    assert "大小必须为正" not in standard.read("schemas/1.0/requirements.json")


@pytest.mark.parametrize(
    ("before", "after", "used"),
    [
        ("大小必须为正", "大小应为正", "应"),
        ("大小必须为正", "大小不得为负", "不得"),
        ("大小必须为正", "大小为正", "none"),
        ("大小必须为正", "大小必须为正，且必须为奇", "必须, 必须"),
        ("大小必须为正", "大小必须为正，不应过大", "必须, 不应"),
    ],
)
def test_a_chinese_keyword_unlike_the_english_one_fails(
    standard: Any, before: str, after: str, used: str
) -> None:
    standard.replace(ZH, before, after)
    assert failing(standard) == [f"the keywords {used} in the Chinese block of COR-VER-01"]


@pytest.mark.parametrize(
    "words", ["对应的值", "HTTP 响应", "应用程序", "相应地", "可以省略", "不得不说", "`必须`"]
)
def test_everyday_words_are_no_keywords(standard: Any, words: str) -> None:
    standard.replace(ZH, "大小必须为正", f"大小必须为正（{words}）")
    assert failing(standard) == ["a generated file that is out of date"]


def test_a_chinese_keyword_outside_a_block_fails(standard: Any) -> None:
    standard.replace(ZH, "# 核心", "# 核心\n\n客户端必须读取。")
    assert failing(standard) == ["the keyword 必须 outside a requirement block"]


def test_an_orphan_chinese_block_fails(standard: Any) -> None:
    text = standard.read(ZH)
    standard.write(ZH, text + "\n" + text[text.index("### COR-NET-01") :].replace("NET-01", "NET-02"))
    assert failing(standard) == ["a Chinese block of COR-NET-02"]


def test_a_doubled_chinese_block_fails(standard: Any) -> None:
    text = standard.read(ZH)
    standard.write(ZH, text + "\n" + text[text.index("### COR-NET-01") :])
    assert failing(standard) == ["a second Chinese block of COR-NET-01"]


def test_another_order_of_blocks_fails(standard: Any) -> None:
    head, first, second = standard.read(ZH).split("### ")
    standard.write(ZH, "### ".join([head, second + "\n", first]))
    assert failing(standard) == ["COR-VER-01 after COR-NET-01"]


@pytest.mark.parametrize(("before", "after"), [("> *修正：* 关闭连接。\n", ""), ("> `source: ", "> `from: ")])
def test_a_malformed_chinese_block_fails(standard: Any, before: str, after: str) -> None:
    text = standard.read(ZH)
    at = text.rindex(before)
    standard.write(ZH, text[:at] + after + text[at + len(before) :])
    assert failing(standard) == ["a malformed Chinese block of COR-NET-01"]


def test_stamp_writes_only_new_sources(standard: Any) -> None:
    text = standard.read(ZH)
    at = text.index("`source: ")
    standard.write(ZH, text[:at] + "`source: new`" + text[at + len("`source: 123456789012`") :])
    assert warnings(standard)
    assert standard.run("stamp") == 0
    assert standard.read(ZH) == text
    stale = text.replace(text[at : at + len("`source: 123456789012`")], "`source: 000000000000`")
    standard.write(ZH, stale)
    assert standard.run("stamp") == 0
    assert standard.read(ZH) == stale
