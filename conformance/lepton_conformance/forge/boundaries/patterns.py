"""Texts that the patterns of the published schemas refuse, and ones that they just take.

Owns the texts, by a piece of the pattern; leaves where patterns bind to `schemas`. Serves what is verified by
`schema`.
"""

from collections.abc import Sequence

__all__ = ["texts_of"]

#: Texts that a pattern refuses, and ones that it takes, by a piece of the pattern.
_PATTERNS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "^1\\.(0|": (
        (
            *(
                "1",
                "1.",
                ".0",
                "1.0.0",
                "01.0",
                "1.00",
                "1.01",
                "+1.0",
                "1.+0",
                "1.-0",
                " 1.0",
                "1.0 ",
                "1.0\n",
            ),
            *(
                "1,0",
                "v1.0",
                "1.0a",
                "１.0",
                "1.٣",
                "1.０",
                "2.0",
                "0.9",
                "10.0",
                "11.0",
                "1.0-rc",
                "",
                "1. 0",
            ),
            *("1..0", "1.0.", "1.1e1", "1.0x1", "2", "0.1", "-1.0", "1.²", "1.0\0", "\ufeff1.0", "1.1_0"),
        ),
        ("1.0", "1.1", "1.9", "1.10", "1.100", "1.4294967296", "1.99999999999999"),
    ),
    "^[A-Za-z0-9_]([": (
        ("", ".a", "a.", "-a", "a-", "a b", "é", "a\n", "a/b", "a+b", " a", "a:", "ａ", "a,b", "-", "."),
        ("a", "_", "_a_", "a-b.c_d", "0", "A9", "a..b", "a--b", "x" * 128),
    ),
    "^[0-9a-f]{64}": (
        (
            "a" * 63,
            "a" * 65,
            "A" * 64,
            "g" * 64,
            "a" * 63 + "A",
            " " + "a" * 63,
            "a" * 64 + "\n",
            "0x" + "a" * 62,
        ),
        ("0" * 64, "f" * 64, "0123456789abcdef" * 4),
    ),
    "^[a-zA-Z]{2,3}(-": (
        ("", "e", "engl", "en_GB", "en-", "-en", "en--GB", "en-x", "en-123456789", "é", "en\n", "1a", "en-é"),
        ("en", "eng", "EN", "en-GB", "zh-Hant-TW", "sl-rozaj-biske-1994", "de-1996", "en-ab-" + "a" * 8),
    ),
    "^[a-z0-9-]+(\\.": (
        (
            "a",
            "a.",
            ".a",
            "a..b",
            "A.b",
            "a.B",
            "a_b.c",
            "a b.c",
            "org.example.é",
            "",
            "a.b\n",
            "a/b.c",
            "a.b:c",
        ),
        ("a.b", "0.0", "-.-", "org.example.x-y", "a." * 100 + "b"),
    ),
    "^[a-z0-9]([a-z0-9._-]{0,126}": (
        ("", ".a", "a.", "-a", "a-", "_a", "a_", "A", "aB", "a b", "é", "a/b", "a\n", "a" * 129, "a:b"),
        ("a", "0", "a.b-c_d", "a--b", "a" * 128, "a..b"),
    ),
    "^(0|[1-9][0-9]*)\\.(0|": (
        (
            *(
                "1",
                "1.0",
                "1.0.0.0",
                "01.0.0",
                "1.00.0",
                "1.0.01",
                "1.0.0-",
                "1.0.0+",
                "1.0.0-01",
                "1.0.0-a..b",
            ),
            *(
                "1.0.0-a.",
                "v1.0.0",
                " 1.0.0",
                "1.0.0 ",
                "1.0.0\n",
                "1.0.0-é",
                "1.0.0+a+b",
                "1.0.0-a_b",
                "1.0.x",
            ),
            *("-1.0.0", "+1.0.0", "1.0.0-.a", "1.0.0+.a", "1.0.0-a.01", "1.0.０", ""),
        ),
        (
            *(
                "0.0.0",
                "1.10.100",
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-0.3.7",
                "1.0.0-x.7.z.92",
                "1.0.0+001",
            ),
            *("1.0.0-beta+exp.sha.5114f85", "1.0.0-0a.-", "1.0.0--", "1.0.0+-", "99999999999999999999.0.0"),
            *("1.0.0-rc.1+build.0-1", "1.0.0-" + "a" * 122),
        ),
    ),
    "^[a-z0-9!#$&^_.+-]+/": (
        (
            "",
            "text",
            "text/",
            "/plain",
            "Text/plain",
            "text/Plain",
            "text/plain; charset=utf-8",
            "text/a/b",
            "a b/c",
        ),
        ("a/b", "application/vnd.a+json", "x!#$&^_.+-/0", "a/" + "b" * 253),
    ),
    "^https://": (
        ("", "http://a", "HTTPS://a", " https://a", "ftp://a", "a", "https:/a", "//a"),
        ("https://a",),
    ),
    "^/processing/(pre|post)/": (
        (
            *("", "/processing/pre", "/processing/pre/", "/processing/pre/64", "/processing/pre/01", "0"),
            *("/processing/mid/0", "/processing/pre/-1", "processing/pre/0", "/processing/pre/0/", "/pre/0"),
        ),
        (),
    ),
}


def texts_of(pattern: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return the texts that a pattern refuses and those that it takes."""
    return next(texts for piece, texts in _PATTERNS.items() if pattern.startswith(piece))
