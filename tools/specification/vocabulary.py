"""The closed vocabularies of requirement blocks: chapters, keywords, roles, profiles, verification.

Owns the lists and the recognition of BCP 14 keywords in English and Chinese; leaves the structure of blocks
to `blocks`.
"""

import re

__all__ = [
    "CHAPTERS",
    "CHINESE_KEYWORDS",
    "HEADING",
    "IDENTIFIER",
    "LEVELS",
    "PROFILES",
    "ROLES",
    "VERIFICATIONS",
    "chinese_keywords",
    "keywords",
    "without_code",
]

#: Chapter (the file's stem) -> the first part of its requirements' IDs, in the order of the published text.
CHAPTERS = {
    "core": "COR",
    "data": "DAT",
    "package": "PKG",
    "inference": "INF",
    "runtime": "RUN",
    "application": "APP",
    "assurance": "ASR",
    "conformance": "CNF",
}
LEVELS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY")
ROLES = ("package", "dataset", "producer", "validator", "runtime", "server", "client", "certifier")
PROFILES = (
    "oip-rest",
    "inference-rest",
    "inference-binary",
    "inference-grpc",
    "inference-repository",
    "runtime",
    "package",
    "transport",
    "data",
    "application",
    "assurance",
    "certifier",
)
VERIFICATIONS = ("schema", "check", "test", "review")
#: BCP 14 keyword -> the only Chinese word that translates it in a block.
CHINESE_KEYWORDS = {
    "MUST": "必须",
    "MUST NOT": "不得",
    "SHOULD": "应",
    "SHOULD NOT": "不应",
    "MAY": "可以",
}
IDENTIFIER = re.compile(rf"\b(?:{'|'.join(CHAPTERS.values())})-[A-Z]{{3}}-[0-9]{{2}}\b")
#: `### ID: Title`, with a Chinese colon allowed.
HEADING = re.compile(r"^#{1,6}\s+([A-Z]{2,4}-[A-Z]{2,4}-[0-9]+)\s*(?:[:：]\s*(.*))?$")

_KEYWORD = re.compile(
    r"\b(MUST NOT|MUST|SHALL NOT|SHALL|SHOULD NOT|SHOULD|REQUIRED|NOT RECOMMENDED|RECOMMENDED|MAY|OPTIONAL)\b"
)
_CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
# 应 is also a part of everyday words (对应, 响应, 应用 ...), which are no keywords; 不得不 is one as well.
_CHINESE_KEYWORD = re.compile(
    r"必须|不得(?!不)|不应(?![答用])|可以|(?<![对响相适反供效回呼感照顺不])应(?![用答付急变力邀运])"
)


def without_code(text: str) -> str:
    """Return `text` with code spans blanked: a keyword in code is mentioned, not used."""
    return _CODE_SPAN.sub(lambda match: " " * len(match.group()), text)


def keywords(text: str) -> list[str]:
    """Return the BCP 14 keywords in capitals that `text` uses, in order, code spans aside."""
    return _KEYWORD.findall(" ".join(without_code(text).split()))


def chinese_keywords(text: str) -> list[str]:
    """Return the Chinese words in `text` that translate BCP 14 keywords, in order, code spans aside."""
    return _CHINESE_KEYWORD.findall("".join(without_code(text).split()))
