"""Paths at the boundary of the rules: a package for each that breaks one, and few for all sound ones.

Owns the characters, lengths, names and pairs; leaves files that are links or unlisted to `folders`. Serves
PKG-LAY-02, PKG-LAY-03 and PKG-LAY-04.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from lepton_conformance.forge.archive import Entry
from lepton_conformance.forge.boundaries.sealed import broken, manifest_of, sealed, sound, zipped
from lepton_conformance.forge.draft import Forged, Member
from lepton_conformance.forge.package import CARD
from lepton_conformance.forge.valid import ValidPackage, external_draft, linear_draft, two_artifacts_draft
from lepton_conformance.forge.violation import Violation

__all__ = ["near_misses", "path_faults", "sound_paths"]

_LAY_02, _LAY_03, _LAY_04 = "PKG-LAY-02", "PKG-LAY-03", "PKG-LAY-04"

#: Characters that no path has: each that is written, the ends and neighbours of each range of controls.
_MARKS = '\\:*?"<>|'
_CONTROLS = "\x01\x08\t\n\x0b\x0c\r\x0e\x1b\x1e\x1f\x7f\x80\x81\x84\x85\x86\x90\x9b\x9e\x9f"
_STEERING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
#: Their neighbours, and what is forbidden elsewhere: punctuation, formats, private and unassigned characters.
_ALLOWED = (
    "!#$%&'()+,;=@[]^_`{}~"
    "\xa0\xa1\xad\u061b\u061d\u180e\u200b\u200c\u200d\u2010\u2027\u202f\u2030\u2060\u2065\u206a\u206f"
    "\ufeff\ufffd\ufdd0\ue000\U0001f600\U000e0001\U0010ffff"
    "\uff0f\u2044\u2215\u2216\uff3c\uff1a\u2236\uff0a\uff1f\u201c\uff1c\u2039\uff5c\u2223\u2024\u2026"
)
#: Texts that are not in NFC, for a rule of UAX #15 each.
_NOT_NFC = {
    "base-and-mark": "cafe\u0301",
    "singleton": "\u2126",
    "angstrom": "\u212b",
    "jamo": "\u1100\u1161",
    "syllable-and-jamo": "\uac00\u11a8",
    "excluded": "\u0958",
    "marks-in-another-order": "a\u0307\u0323",
    "compatibility-ideograph": "\uf900",
    "beyond-the-basic-plane": "\U0001d15e",
    "tone-mark": "\u0340",
}
_NFC = ("é", "x\u0323\u0301", "\u0915\u093c", "\uac01", "q\u0323\u0307", "ﬁ", "①", "㎏", "Ａ", "ſ", "µ")

#: Pairs that one file system or another takes for one.
_PAIRS = (
    ("Readme", "README"),
    ("É", "é"),
    ("ſet", "set"),
    ("straße", "STRASSE"),
    ("GROẞ", "gross"),
    ("ﬁle", "FILE"),
    ("oﬃce", "office"),
    ("ŉ", "ʼN"),
    ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"),
    ("İ", "i\u0307"),
    ("ǅ", "ǆ"),
    ("µ", "μ"),
    ("ᾳ", "αι"),
    ("ᾼ", "ᾳ"),
    ("\u0390", "\u03aa\u0301"),
    ("\u03b0", "\u03ab\u0301"),
    ("\u1fe7", "\u03ab\u0342"),
    ("\u13a0", "\uab70"),
    ("\U00010400", "\U00010428"),
    ("\U0001e900", "\U0001e922"),
    ("Ω1", "ω1"),
    ("և", "եւ"),
    ("a/B/c", "a/b/C"),
    ("a/b", "A/B"),
    ("deep/er/x.bin", "deep/Er/X.BIN"),
)
#: Pairs of a file and a folder.
_FOLDERS = (
    ("notes", "Notes/a"),
    ("x/notes", "x/NOTES/a/b"),
    ("a/b/c", "A/b/C/d"),
    ("Straße", "strasse/a"),
    ("z", "Z/y"),
    ("\u0390", "\u03aa\u0301/a"),
    ("A/b", "a/B/c/d/e"),
)
_APART = (
    *(
        "A/x",
        "a/y",
        "ı",
        "i",
        "ss",
        "s",
        "a1",
        "a1b/c",
        "n.d",
        "n/e",
        "①",
        "1",
        "Ａ",
        "ａb",
        "q\u0301",
        "Q/2",
    ),
    *("ﬁ", "f/i", "ö", "o", "ö1", "o2", "dir/file", "dir2/file", "ΑΣ", "αΤ", "ŀ", "l"),
)

_PORTS = [f"{port}{digit}" for port in ("COM", "LPT") for digit in "123456789¹²³"]
_DEVICES = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", *_PORTS]
#: How a reserved name may be dressed; each name wears three of them.
_DRESSES = (
    "{upper}",
    "{lower}.txt",
    "{title}.tar.gz",
    "{lower} .x",
    "{upper}/a",
    "a/{lower}/b",
    "a/{upper}",
    "{title}.",
    "{lower}.b/c",
    "{upper}  ",
    "{title}   .txt",
    "a/b/{lower}.x y",
)
_ENDINGS = (
    "a.",
    "a..",
    "a ",
    "a. ",
    "a .",
    "d./x",
    "d /x",
    "x/ /y",
    "...",
    "x/...",
    "a/b/c.",
    " ",
    "é.",
    "é ",
)
_UNRESERVED = (
    *("COM0", "LPT0", "COM10", "COMA", "COM", "LPT", "LPT10", "CO", "CONS", "XCON", "CON1", "NULL", "a.con"),
    *("a.nul.b", "con_", "con-x", "aux$", "CLOCK$", "KEYBD$", "COM⁴", "COM₁", "COM①", "LPT⁰", " con", ".aux"),
    *("conin", "CONIN$$", "CONOUT", "ＣＯＮ", "сon", "con\u0131n$", "com1\xa0.txt", "prn\u2003.x", "a\xa0"),
    *("a。", "a\u3000", "a．", "lpt1²", "nul\u200b", "console.log", "auxiliary/prn_/null", "com 1", "com-1"),
    *("con$.x", "prn,v", "PRN~1", "aux'", "nul(1).txt", "com1x.com1", "..com1x", "lPt", "cön", "ǸUL"),
)


def path_faults() -> Iterator[Violation]:
    """Yield packages with a path that breaks a rule."""
    for number, mark in enumerate(_MARKS + _CONTROLS + _STEERING):
        code = f"{ord(mark):04x}"
        places = (f"{mark}x", f"a{mark}b", f"ab{mark}", f"d{mark}/e", f"d/{mark}", f"d/e/f{mark}g")
        yield _listed(_LAY_02, f"character-{code}", places[number % len(places)])
        yield _entry(_LAY_02, f"zip-character-{code}", places[(number + 3) % len(places)])
    for dress in ("{}x", "{}", "x{}", "a/{}/b", "a{}b/c", "a/b{}"):
        for mark in '\\:|\n\x85\u202e\u2028\x7f"':
            yield _listed(_LAY_02, f"character-{ord(mark):04x}-in-{dress.format('-')}", dress.format(mark))
    for name, text in _NOT_NFC.items():
        yield _listed(_LAY_02, f"not-nfc-{name}", text)
        yield _listed(_LAY_02, f"not-nfc-{name}-folder", f"a/{text}/b")
        yield _entry(_LAY_02, f"zip-not-nfc-{name}", f"a/b{text}")
    for path in ("a//b", "/a", "a/", "./a", "a/.", "a/./b", "../a", "a/..", "a/../b", "..", ".", "/", "a///"):
        yield _entry(_LAY_02, f"zip-segments-{path}", path)
        yield _unseen(_LAY_02, f"only-listed-{path}", path)
    yield _entry(_LAY_02, "zip-nul", "a\0b")
    for name, path in _too_long().items():
        if name.startswith("path"):  # no file system has the other ones
            yield _listed(_LAY_02, f"too-long-{name}", path)
        yield _entry(_LAY_02, f"zip-too-long-{name}", path)
    yield from _encoded()
    for number, path in enumerate(("signatures/a\nb", "attestations/e\u0301", "signatures/a:b/c")):
        yield broken(_LAY_02, f"unlisted-{number}", _unlisted, path)
    for name in ("a:b", "a\u202eb"):
        yield broken(_LAY_02, f"link-{ord(name[1]):04x}", _linked, name)
    for number, path in enumerate(
        ("a\\b", "../a", "/a", "cafe\u0301", "a\tb", "d" * 256, "a/./b", "\u2066a")
    ):
        yield from _references(_LAY_02, number, path)
    for one, other in _PAIRS:
        yield _both(_LAY_03, one, other)
        yield _both(_LAY_03, f"d/{other}/e", f"d/{one}/E")
    for one, other in _FOLDERS:
        yield _both(_LAY_03, one, other)
        yield _both(_LAY_03, f"x{other}", f"X{one}")
    yield from _confused_otherwise()
    for number, device in enumerate(_DEVICES):
        forms = {"upper": device.upper(), "lower": device.lower(), "title": device.title()}
        for turn in range(3):
            dress = _DRESSES[(number + 5 * turn) % len(_DRESSES)].format(**forms)
            yield (_listed if turn else _entry)(_LAY_04, f"{device}-{turn}", dress)
    for number, path in enumerate(_ENDINGS):
        yield (_listed if number % 3 else _entry)(_LAY_04, f"ending-{number}", path)
        yield _unseen(_LAY_04, f"only-listed-ending-{number}", path)
    for number, path in enumerate(("nul", "a/com¹.bin", "a.", "b /c", "Aux.onnx")):
        yield from _references(_LAY_04, number, path)
    yield broken(_LAY_04, "unlisted", _unlisted, "signatures/nul.sig")
    yield broken(_LAY_04, "link", _linked, "com1")


def sound_paths() -> Iterator[ValidPackage]:
    """Yield packages full of paths that break no rule."""
    marks = [f"{number:02x}a{mark}b" for number, mark in enumerate(_ALLOWED)]
    ends = [f"{mark}x{number:02x}/{number:02x}{mark}" for number, mark in enumerate(_ALLOWED)]
    texts = [f"nfc/{number}{text}" for number, text in enumerate(_NFC)]
    dots = ["..a", "a..b", ".a", ".a.b/..c", "...a/b", "- a", "a b/c d", "~", "~root/x", "$HOME", "%TEMP%"]
    lengths = [*_longest()]
    for name, paths in (
        ("characters", marks),
        ("characters-at-the-ends", ends),
        ("texts", [*texts, *dots]),
        ("lengths", lengths),
        ("apart", list(_APART)),
        ("unreserved", [f"{number}/{path}" for number, path in enumerate(_UNRESERVED)]),
    ):
        yield sound(f"paths-{name}", _with, paths)
        yield sound(f"paths-{name}-zip", _zip_with, paths)
    yield sound("ascii-names-with-the-flag-of-utf-8", _flagged)


def near_misses(identifier: str) -> Iterator[ValidPackage]:
    """Yield packages that break another rule for paths than the one named."""
    if identifier == "PKG-ZIP-02":
        for one, other in _PAIRS[:4]:
            yield sound(f"{one}-and-{other}", _zip_with, (one, other))
    if identifier in ("PKG-MAN-05", _LAY_02):
        for one, other in _PAIRS[:4]:
            yield sound(f"{one}-and-{other}", _with, (one, other))
    if identifier == _LAY_03:
        yield sound("forbidden", _with, ["a\\b", "a/b", "a:c", "q/c"])
    if identifier == _LAY_04:
        yield sound("forbidden", _with, ["a:nul", "com1\\x"])


def _member(path: str) -> Member:
    return Member(path, b"text", "text/plain", "other")


def _with(paths: Sequence[str]) -> Forged:
    return sealed(linear_draft).with_members(*map(_member, paths))


def _zip_with(paths: Sequence[str]) -> Forged:
    return sealed(linear_draft).draft(*map(_member, paths)).archive()


def _listed(requirement: str, name: str, *paths: str) -> Violation:
    """Return a package with listed files of these paths; a directory where a file system has such paths."""
    return broken(requirement, name, _with, paths)


def _entry(requirement: str, name: str, path: str) -> Violation:
    """Return a ZIP container with a listed file."""
    return broken(requirement, name, _zip_with, (path,))


def _unseen(requirement: str, name: str, path: str) -> Violation:
    """Return a package whose manifest lists a path that no file has."""

    def change(manifest: Any) -> None:
        manifest["files"].append({**manifest["files"][0], "path": path, "role": "other"})

    return broken(requirement, name, manifest_of, linear_draft, change)


def _both(requirement: str, one: str, other: str) -> Violation:
    return _listed(requirement, f"{one}-and-{other}", one, other)


def _too_long() -> dict[str, str]:
    """Return paths and segments of one byte too many."""
    return {
        "segment": "d" * 256,
        "segment-of-two-bytes": "é" * 128,
        "segment-of-three-bytes": "文" * 85 + "d",
        "segment-of-four-bytes": "😀" * 64,
        "first-segment": "d" * 256 + "/a",
        "last-segment": "a/b/" + "d" * 256,
        "path": "/".join(["d" * 204] * 4 + ["d" * 205]),
        "path-of-short-segments": "d/" * 512 + "e",
        "path-of-other-bytes": "/".join(["é" * 102] * 4 + ["é" * 102 + "d"]),
    }


def _longest() -> list[str]:
    """Return paths and segments that are as long as may be."""
    segments = ("d" * 255, "é" * 127 + "d", "文" * 85, "😀" * 63 + "ddd", "x/" + "e" * 255, "f" * 255 + "/y")
    short = "g/" * 511 + "hh"
    return [*segments, "/".join(["i" * 204] * 5), "/".join(["ë" * 102] * 5), short]


def _encoded() -> Iterator[Violation]:
    """Yield ZIP containers with names that are not UTF-8, or not said to be."""
    names = {
        "latin-1": b"caf\xe9",
        "invalid": b"a\xff",
        "overlong": b"a\xc0\xafb",
        "overlong-of-three": b"a\xe0\x80\xaf",
        "surrogate": b"a\xed\xa0\x80",
        "cut-off": b"a\xc3",
        "lone-continuation": b"\x80a",
        "beyond-unicode": b"\xf4\x90\x80\x80",
    }
    for name, data in names.items():
        for flags in (0, 2048):
            yield broken(_LAY_02, f"zip-name-{name}-{flags}", _raw, data, flags)
    for text in ("é", "signatures/文", "a/😀"):
        yield broken(_LAY_02, f"zip-without-flag-{text}", _raw, text.encode(), 0)
    yield broken(_LAY_02, "listed-without-flag", _listed_without_flag)
    for name in ("a\udcff", "signatures/a\udc80"):
        yield broken(_LAY_02, f"directory-{ord(name[-1]):x}", _unlisted, name)


def _raw(name: bytes, flags: int) -> Forged:
    """Return a container with an entry that stands in no manifest."""
    area = b"" if name.startswith(b"signatures/") else b"signatures/"
    more = Entry(area + name, b"x", local={"flags": flags}, central={"flags": flags})
    return zipped([*sealed(linear_draft).zip_entries(), more])


def _listed_without_flag() -> Forged:
    entries = sealed(linear_draft).draft(_member("é")).zip_entries()
    fields: dict[str, int | bytes] = {"flags": 0}
    return zipped(
        [Entry(one.name, one.data, one.method, one.aligned, None, fields, fields) for one in entries]
    )


def _flagged() -> Forged:
    fields: dict[str, int | bytes] = {"flags": 2048}
    entries = sealed(linear_draft).zip_entries()
    return zipped(
        [Entry(one.name, one.data, one.method, one.aligned, None, fields, fields) for one in entries]
    )


def _unlisted(*paths: str) -> Forged:
    return sealed(linear_draft).with_members(unlisted=dict.fromkeys(paths, b"x"))


def _linked(path: str) -> Forged:
    return Forged(sealed(linear_draft).files, links={path: CARD})


def _references(requirement: str, number: int, path: str) -> Iterator[Violation]:
    """Yield packages whose manifest refers to a path that breaks a rule, from each place that refers."""

    def entry(manifest: Any) -> None:
        manifest["artifacts"][-1]["entry"] = path

    def first(manifest: Any) -> None:
        manifest["artifacts"][0]["entry"] = path

    def external(manifest: Any) -> None:
        manifest["artifacts"][0]["external"].append(path)

    def card(manifest: Any) -> None:
        manifest["card"] = path

    def vectors(manifest: Any) -> None:
        manifest["vectors"].append(path)

    for name, base, change in (
        ("second-entry", two_artifacts_draft, entry),
        ("entry", linear_draft, first),
        ("external", external_draft, external),
        ("card", linear_draft, card),
        ("vectors", linear_draft, vectors),
    ):
        yield broken(requirement, f"{name}-{number}", manifest_of, base, change)


def _confused_otherwise() -> Iterator[Violation]:
    """Yield packages where one of the two is not a listed file."""
    for path in ("LEPTON.json", "lepton.JSON/a", "Card.json", "CARD.JSON/x", "Model", "MODEL/model.ONNX"):
        yield _listed(_LAY_03, f"beside-{path}", path)
        yield _unseen(_LAY_03, f"only-listed-{path}", path)
        yield broken(_LAY_03, f"link-{path}", _linked, path)
    both = ("signatures/a.sig", "signatures/A.sig")
    yield broken(_LAY_03, "unlisted", _unlisted, *both)
    folder = ("attestations/a", "attestations/A/b")
    yield broken(_LAY_03, "unlisted-folder", _unlisted, *folder)
