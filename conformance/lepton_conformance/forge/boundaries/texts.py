"""JSON texts at the boundary: encodings, names, surrogates, numbers, grammar, canonical bytes, size, depth.

Owns the spellings, for the manifest, the card and vectors documents alike; leaves what they say to
`documents`. Serves PKG-MAN-01 to PKG-MAN-03, COR-LIM-01, PKG-DOC-02 and PKG-VEC-02.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from lepton_conformance.forge.boundaries.sealed import broken, sealed, sound, written
from lepton_conformance.forge.draft import MANIFEST, Forged, Member
from lepton_conformance.forge.package import CARD, VECTORS
from lepton_conformance.forge.valid import ValidPackage, linear_draft
from lepton_conformance.forge.violation import Violation

__all__ = ["MALFORMED", "near_misses", "sound_texts", "text_faults"]

MEBIBYTE = 1 << 20
MAX_MANIFEST_BYTES, MAX_DOCUMENT_BYTES, MAX_DEPTH = 16 * MEBIBYTE, 64 * MEBIBYTE, 64
MORE = "vectors/more.json"

#: Values of an extension that make a document no I-JSON. They are written where `"?"` stands in the text.
MALFORMED: Mapping[str, bytes] = {
    "name-twice": b'{"a":1,"a":2}',
    "name-twice-alike": b'{"a":1,"a":1}',
    "name-twice-apart": b'{"a":1,"b":{"c":[]},"d":0,"a":2}',
    "name-thrice": b'{"a":1,"a":1,"a":1}',
    "name-twice-in-a-list": b'[0,[{"b":{}},{"b":{},"b":{}}]]',
    "name-twice-deep": b'{"x":{"y":[{"z":{"a":null,"a":null}}]}}',
    "empty-name-twice": b'{"":1,"":2}',
    "name-twice-by-escape": b'{"a":1,"\\u0061":2}',
    "name-twice-by-escape-of-a-slash": b'{"/":1,"\\/":2}',
    "name-twice-by-escape-of-two": b'{"\xf0\x9f\x98\x80":1,"\\ud83d\\ude00":2}',
    "name-twice-by-capital-escape": b'{"\\u00e9":1,"\\u00E9":2}',
    "name-twice-of-objects": b'{"a":{"b":1},"a":{"c":2}}',
    "surrogate-high": b'"\\ud800"',
    "surrogate-high-last": b'"\\udbff"',
    "surrogate-low": b'"\\udc00"',
    "surrogate-low-last": b'"\\udfff"',
    "surrogate-capitals": b'"x\\uD83Dy"',
    "surrogates-turned": b'"\\ude00\\ud83d"',
    "surrogate-high-twice": b'"\\ud83d\\ud83d\\ude00"',
    "surrogate-and-letter": b'"\\ud83dA"',
    "surrogate-and-escape": b'"\\ud83d\\n"',
    "surrogate-and-other-escape": b'"\\ud83d\\u0041"',
    "surrogate-in-a-name": b'{"\\udc00":1}',
    "surrogate-in-a-deep-name": b'[{"a":[{"b\\ud800":1}]}]',
    "surrogate-in-a-deep-text": b'{"a":[{"b":["","\\udfff"]}]}',
    "surrogate-behind-a-pair": b'"\\ud83d\\ude00\\ude00"',
    "bytes-ff": b'"\xff"',
    "bytes-overlong": b'"\xc0\x80"',
    "bytes-overlong-slash": b'"\xc0\xaf"',
    "bytes-overlong-of-three": b'"\xe0\x9f\xbf"',
    "bytes-overlong-of-four": b'"\xf0\x8f\xbf\xbf"',
    "bytes-of-a-surrogate": b'"\xed\xa0\x80"',
    "bytes-of-a-pair": b'"\xed\xa0\xbd\xed\xb8\x80"',
    "bytes-beyond": b'"\xf4\x90\x80\x80"',
    "bytes-cut": b'"\xe6\x96"',
    "bytes-latin": b'"caf\xe9"',
    "bytes-in-a-name": b'{"\x80":1}',
    "bytes-continued": b'"a\x80"',
    "bytes-outside": b"\xc2\xa01",
    "nan": b"NaN",
    "minus-nan": b"-NaN",
    "infinity": b"Infinity",
    "minus-infinity": b"-Infinity",
    "beyond-binary64": b"1e309",
    "minus-beyond-binary64": b"-1e309",
    "just-beyond-binary64": b"1.7976931348623159e308",
    "digits-beyond-binary64": b"1" + b"0" * 309,
    "minus-digits-beyond-binary64": b"-2" + b"0" * 308,
    "digits-beyond-binary64-and-fraction": b"9" * 310 + b".5",
    "leading-zero": b"01",
    "leading-zeros": b"-007",
    "zero-and-digits": b"00",
    "plus": b"+1",
    "no-digit-before": b".5",
    "no-digit-behind": b"1.",
    "no-digit-before-exponent": b"1.e3",
    "no-exponent": b"1e",
    "no-digits-in-exponent": b"1e+",
    "minus-alone": b"-",
    "two-minuses": b"--1",
    "two-points": b"1.2.3",
    "hexadecimal": b"0x1F",
    "underscore": b"1_000",
    "long-suffix": b"1L",
    "other-digits": "１".encode(),
    "capital-true": b"True",
    "capital-null": b"NULL",
    "none": b"None",
    "undefined": b"undefined",
    "true-cut": b"tru",
    "true-and-more": b"truely",
    "comma-behind": b"[1,]",
    "comma-behind-member": b'{"a":1,}',
    "comma-before": b"[,1]",
    "comma-alone": b"[,]",
    "two-commas": b"[1,,2]",
    "no-comma": b"[1 2]",
    "no-comma-in-object": b'{"a":1 "b":2}',
    "semicolon": b"[1;2]",
    "no-colon": b'{"a" 1}',
    "equals": b'{"a"=1}',
    "no-value": b'{"a":}',
    "no-name": b"{:1}",
    "name-without-quotes": b"{a:1}",
    "name-is-a-number": b"{1:1}",
    "single-quotes": b"'a'",
    "single-quotes-in-a-name": b"{'a':1}",
    "nothing": b"",
    "line-comment": b"1//x\n",
    "block-comment": b"/*x*/1",
    "hash-comment": b"1#x\n",
    "tab-in-a-text": b'"a\tb"',
    "line-feed-in-a-text": b'"a\nb"',
    "nul-in-a-text": b'"a\0b"',
    "control-in-a-text": b'"a\x1fb"',
    "control-in-a-name": b'{"a\rb":1}',
    "escape-x": b'"\\x41"',
    "escape-a": b'"\\a"',
    "escape-v": b'"\\v"',
    "escape-zero": b'"\\0"',
    "escape-quote": b'"\\\'"',
    "escape-capital-n": b'"\\N"',
    "escape-capital-u": b'"\\U0041"',
    "escape-line-feed": b'"a\\\nb"',
    "escape-of-three": b'"\\u004"',
    "escape-of-no-digits": b'"\\u00G0"',
    "escape-with-sign": b'"\\u+041"',
    "escape-with-space": b'"\\u 041"',
    "text-without-end": b'"a',
    "bracket-without-end": b"[1",
    "brace-without-end": b'{"a":1',
    "bracket-too-many": b"[1]]",
    "brackets-crossed": b'[{"a":1]}',
    "vertical-tab": b"\x0b1",
    "form-feed": b"[1,\x0c2]",
    "no-break-space": "\xa01".encode(),
    "line-separator": "\u20281".encode(),
    "mark-inside": "\ufeff1".encode(),
    "nul-outside": b"1\0",
    "two-values": b"1 2",
}
#: Values in another form than the canonical one.
_NOT_CANONICAL: Mapping[str, bytes] = {
    "space-after-colon": b'{"a": 1}',
    "space-before-colon": b'{"a" :1}',
    "space-after-comma": b"[1, 2]",
    "space-before-comma": b"[1 ,2]",
    "space-in-an-empty-list": b"[ ]",
    "space-in-an-empty-object": b"{ }",
    "space-before": b" 1",
    "line-feed": b"[\n1]",
    "tab": b"[1\t]",
    "carriage-return": b"[1\r]",
    "order": b'{"b":1,"a":2}',
    "order-of-a-prefix": b'{"ab":1,"a":2}',
    "order-of-case": b'{"a":1,"B":2}',
    "order-of-numbers": b'{"2":1,"10":2}',
    "order-of-empty": b'{"a":1,"":2}',
    "order-deep": b'[[{"x":{"b":1,"a":2}}]]',
    "order-of-accents": '{"é":1,"z":2}'.encode(),
    "order-of-code-points": '{"\ue000":1,"\U0001f600":2}'.encode(),
    "order-of-code-points-ffff": '{"\uffff":1,"\U00010000":2}'.encode(),
    "order-of-a-later-code-point": '{"a\ufb01":1,"a\U0001f600":2}'.encode(),
    "one-point-zero": b"1.0",
    "minus-zero": b"-0",
    "minus-zero-point": b"-0.0",
    "zero-point": b"0.0",
    "zero-exponent": b"0e0",
    "zero-behind": b"1.50",
    "exponent-of-one": b"1e0",
    "exponent-for-hundred": b"1e2",
    "exponent-of-a-fraction": b"1.5e1",
    "exponent-for-a-tenth": b"1e-1",
    "exponent-without-plus": b"1e21",
    "exponent-capital": b"1E+21",
    "exponent-with-zero": b"1e+021",
    "exponent-of-two-digits": b"1e-07",
    "exponent-too-early": b"1e+20",
    "exponent-too-late": b"1000000000000000000000",
    "exponent-of-small-too-early": b"1e-6",
    "exponent-of-small-too-late": b"0.0000001",
    "exponent-as-python-writes": b"1e+16",
    "mantissa-of-two-digits": b"12e+21",
    "mantissa-with-zero": b"1.0e+21",
    "integer-between-two": b"9007199254740993",
    "minus-integer-between-two": b"-9007199254740993",
    "integer-of-64-bits": b"18446744073709551615",
    "integer-too-exact": b"123456789012345678901",
    "fraction-too-long": b"0.1000000000000000055511151231257827",
    "fraction-of-18-digits": b"0.30000000000000004441",
    "fraction-too-short": b"5e-325",
    "least-too-long": b"4.9406564584124654e-324",
    "largest-too-long": b"1.79769313486231570e+308",
    "largest-without-exponent": b"17976931348623157" + b"0" * 292,
    "escape-of-a-letter": b'"\\u0061"',
    "escape-of-an-accent": b'"\\u00e9"',
    "escape-of-a-pair": b'"\\ud83d\\ude00"',
    "escape-of-a-slash": b'"\\/"',
    "escape-of-a-delete": b'"\\u007f"',
    "escape-of-a-line-separator": b'"\\u2028"',
    "escape-of-a-c1-control": b'"\\u0085"',
    "escape-of-a-mark": b'"\\ufeff"',
    "escape-long-backspace": b'"\\u0008"',
    "escape-long-tab": b'"\\u0009"',
    "escape-long-line-feed": b'"\\u000a"',
    "escape-long-form-feed": b'"\\u000c"',
    "escape-long-carriage-return": b'"\\u000d"',
    "escape-long-quote": b'"\\u0022"',
    "escape-long-backslash": b'"\\u005c"',
    "escape-capitals": b'"\\u001F"',
    "escape-of-less": b'"\\u003c"',
    "escape-in-a-name": b'{"\\u0061":1}',
    "escape-in-a-deep-name": b'[{"a":{"\\/":1}}]',
}
#: Values in their canonical form that writers get wrong.
_CANONICAL: list[Any] = [
    *("\b\t\n\f\r\"\\/", "\0\x01\x07\x0b\x0e\x1f\x7f\x80\x85\xa0", "\u2028\u2029\ufeff\ufffd\uffff"),
    *("\U0001f600\U0010ffff", "e\u0301", "\u202e", "[{" * 70, '"}]', "\\", '\\"[[', '"\\', "//"),
    *("/*x*/", "é<>&'"),
    *(0, -1, 1, 10, 1e21, 1e20, 1e-6, 1e-7, 1.5e-7, 123456789.125, 0.1, -0.1, 5e-324),
    2.2250738585072014e-308,
    *(1.7976931348623157e308, -1.7976931348623157e308, 9007199254740991, -9007199254740991),
    333333333.3333333,
    *(9007199254740992.0, 295147905179352830000.0, 9.999999999999997e22, 1e23, 1.0000000000000001e23, 1e22),
    *(999999999999999700000.0, 999999999999999900000.0, 9.999999999999997e-7, 333333333.33333325, 4.5, 2e-3),
    *(-0.0000033333333333333333, 1424953923781206.2, 1e16, 123456789012345680000.0, 1e100, 1.1e-10, 1e-5),
    *(True, False, None, [], {}, [[]], [{}], {"": ""}, {"a": {"": {}}}),
    {"10": 1, "2": 2, "A": 3, "a": 4, "ab": 5, "\xe9": 6, "\u20ac": 7, "\ud7ff": 8},
    {"\U0001f600": 9, "\ue000": 10},
    {"\uffff": 1, "\U00010000": 2, "\ufb33": 3, "\r": 4, "1": 5, "\x80": 6, "\ufb01": 7, "~": 8, "é": 9},
]  # fmt: skip


def text_faults() -> Iterator[Violation]:
    """Yield packages with a document whose text breaks a rule."""
    for number, (name, text) in enumerate(MALFORMED.items()):
        yield broken("PKG-MAN-02", name, _manifest_with, text)
        if number % 3:
            yield broken("PKG-DOC-02", f"text-{name}", _document_with, CARD, text)
        else:
            yield broken("PKG-VEC-02", f"text-{name}", _document_with, VECTORS, text)
    for requirement, path in (("PKG-MAN-02", MANIFEST), ("PKG-DOC-02", CARD), ("PKG-VEC-02", VECTORS)):
        for name, change in _whole_texts().items():
            yield broken(requirement, f"whole-{name}", _whole, path, change)
    for name, change in _members_twice().items():
        yield broken("PKG-MAN-02", f"member-twice-{name}", _whole, MANIFEST, change)
    for name, text in _NOT_CANONICAL.items():
        yield broken("PKG-MAN-03", name, _manifest_with, text)
    for name, (old, new) in _FRAMES.items():
        yield broken("PKG-MAN-03", f"frame-{name}", _replaced, old, new)
    yield broken("PKG-MAN-01", "16-MiB-and-1", _manifest_of, MAX_MANIFEST_BYTES + 1)
    yield broken("PKG-MAN-01", "64-MiB", _manifest_of, MAX_DOCUMENT_BYTES)
    yield broken("PKG-MAN-01", "16-MiB-and-1-of-spaces", _spaced, MANIFEST, MAX_MANIFEST_BYTES + 1)
    for name, text in _too_deep().items():
        yield broken("PKG-MAN-01", f"depth-{name}", _manifest_with, text)
        yield broken("COR-LIM-01", f"card-depth-{name}", _document_with, CARD, text)
        yield broken("COR-LIM-01", f"vectors-depth-{name}", _document_with, VECTORS, text)
        yield broken("COR-LIM-01", f"second-vectors-depth-{name}", _document_with, MORE, text)
    for name, text in {
        "brackets": b"[" * 70,
        "braces": b'{"a":' * 65,
        "closed": b"[" * 65 + b"]" * 65,
    }.items():
        yield broken("PKG-MAN-01", f"whole-{name}", _other_text, MANIFEST, text)
        yield broken("COR-LIM-01", f"whole-card-{name}", _other_text, CARD, text)
        yield broken("COR-LIM-01", f"whole-vectors-{name}", _other_text, MORE, text)
    for path in (CARD, VECTORS, MORE):
        yield broken("COR-LIM-01", f"{path}-64-MiB-and-1", _spaced, path, MAX_DOCUMENT_BYTES + 1)


def sound_texts() -> Iterator[ValidPackage]:
    """Yield packages whose texts are as long, as deep and as odd as may be."""
    yield sound("text-canonical", _manifest_with, written(_CANONICAL))
    for name, text in _deepest().items():
        yield sound(f"text-depth-{name}", _manifest_with, text)
        yield sound(f"text-depth-{name}-card", _document_with, CARD, text)
        yield sound(f"text-depth-{name}-vectors", _document_with, MORE, text)
    yield sound("text-of-16-MiB", _manifest_of, MAX_MANIFEST_BYTES)
    yield sound("card-of-64-MiB", _spaced, CARD, MAX_DOCUMENT_BYTES)
    yield sound("vectors-of-64-MiB", _spaced, MORE, MAX_DOCUMENT_BYTES)
    for path in (CARD, VECTORS):
        yield sound(f"{path}-loose", _whole, path, _loose)
        for name, text in _NOT_CANONICAL.items():
            if path == CARD:
                yield sound(f"{path}-{name}", _document_with, path, text)


def near_misses(identifier: str) -> Iterator[ValidPackage]:
    """Yield packages whose texts break another rule than the one named."""
    if identifier in ("PKG-MAN-01", "PKG-MAN-02"):
        for name, text in _NOT_CANONICAL.items():
            yield sound(name, _manifest_with, text)
    if identifier in ("PKG-MAN-03", "PKG-MAN-01"):
        for name in ("name-twice", "surrogate-high", "bytes-ff", "nan", "comma-behind", "two-values"):
            yield sound(name, _manifest_with, MALFORMED[name])
    if identifier == "PKG-MAN-02":
        yield sound("too-deep", _manifest_with, b"[" * 63 + b"]" * 63)


def _manifest_with(text: bytes) -> Forged:
    """Return the package with an extension spelt as given, in its canonical place."""
    base = sealed(linear_draft)
    member = b'"extensions":{"org.example.x":' + text + b'},"files":['
    return base.with_text(base.files[MANIFEST].replace(b'"files":[', member, 1))


def _two_documents() -> Any:
    """Return a package with a second vectors document."""
    draft = sealed(linear_draft).draft()
    document = json.loads(draft.member(VECTORS).data)
    document = {**document, "controls": [], "vectors": document["vectors"][:1]}
    del document["mutation"]
    draft.members.append(Member(MORE, written(document), "application/json", "vectors"))
    draft.manifest["vectors"] = [VECTORS, MORE]
    return draft


def _document_with(path: str, text: bytes) -> Forged:
    """Return the package with a document whose extension is spelt as given."""
    base = sealed(_two_documents)
    member = b',"extensions":{"org.example.x":' + text + b"}}"
    return base.with_file(path, base.files[path].removesuffix(b"}") + member)


def _other_text(path: str, text: bytes) -> Forged:
    base = sealed(_two_documents)
    return base.with_text(text) if path == MANIFEST else base.with_file(path, text)


def _whole(path: str, change: Any) -> Forged:
    return _other_text(path, change(sealed(_two_documents).files[path]))


def _replaced(old: bytes, new: bytes) -> Forged:
    base = sealed(linear_draft)
    assert old in base.files[MANIFEST]
    return base.with_text(base.files[MANIFEST].replace(old, new, 1))


#: Spaces and orders around members that every manifest has.
_FRAMES = {
    "space-first": (b'{"artifacts"', b' {"artifacts"'),
    "space-inside": (b'{"artifacts"', b'{ "artifacts"'),
    "line-feed-first": (b'{"artifacts"', b'\n{"artifacts"'),
    "space-after-a-name": (b'"card":', b'"card" :'),
    "space-after-a-colon": (b'"card":', b'"card": '),
    "space-after-a-comma": (b',"card":', b', "card":'),
    "line-feed-between": (b',"card":', b',\n"card":'),
    "order-of-a-symbol": (b'{"max":64,"min":1}', b'{"min":1,"max":64}'),
    "number-of-a-symbol": (b'"max":64', b'"max":64.00'),
    "exponent-of-a-symbol": (b'"max":64', b'"max":64e0'),
    "exponent-of-a-size": (b'"min":1}', b'"min":10e-1}'),
    "escaped-name": (b'"card":', b'"c\\u0061rd":'),
    "escaped-value": (b'"language":"en"', b'"language":"\\u0065n"'),
    "escaped-slash": (b'"vectors/golden.json"]', b'"vectors\\/golden.json"]'),
}


def _whole_texts() -> dict[str, Any]:
    return {
        "byte-order-mark": lambda data: b"\xef\xbb\xbf" + data,
        "two-byte-order-marks": lambda data: b"\xef\xbb\xbf" * 2 + data,
        "utf-16": lambda data: data.decode().encode("utf-16"),
        "utf-16-le": lambda data: data.decode().encode("utf-16-le"),
        "utf-16-be": lambda data: data.decode().encode("utf-16-be"),
        "utf-32": lambda data: data.decode().encode("utf-32"),
        "utf-7": lambda data: b"+AHs-" + data[1:],
        "empty": lambda data: b"",
        "spaces": lambda data: b" \n",
        "cut": lambda data: data[:-1],
        "cut-in-half": lambda data: data[: len(data) // 2],
        "brace-behind": lambda data: data + b"}",
        "comma-behind": lambda data: data + b",",
        "nul-behind": lambda data: data + b"\0",
        "text-behind": lambda data: data + b"x",
        "mark-behind": lambda data: data + b"\xef\xbb\xbf",
        "object-behind": lambda data: data + b"{}",
        "line-of-json-behind": lambda data: data + b"\n" + data,
        "invalid-byte-behind": lambda data: data + b"\xff",
        "in-a-comment": lambda data: b"/**/" + data,
        "comma-before-the-end": lambda data: data[:-1] + b",}",
        "gzip": lambda data: b"\x1f\x8b\x08" + data,
        "yaml": lambda data: b"lepton: 1.0\n",
    }


def _members_twice() -> dict[str, Any]:
    """Return changes that write a member of the manifest twice, in each kind of object."""

    def twice(old: bytes, new: bytes) -> Any:
        return lambda data: data.replace(old, new, 1)

    return {
        "first": twice(b'{"artifacts":', b'{"artifacts":[],"artifacts":'),
        "last": lambda data: data[:-1] + b',"version":"1.0.0"}',
        "alike": lambda data: data[:-1] + b',"language":"en"}',
        "unknown": lambda data: data[:-1] + b',"zz":1,"zz":1}',
        "file": twice(b'"role":"card"', b'"role":"card","role":"card"'),
        "last-file": twice(b'"role":"vectors"', b'"role":"other","role":"vectors"'),
        "symbol": twice(b'"min":1}', b'"min":1,"min":1}'),
        "symbols": twice(b'"symbols":{', b'"symbols":{"N":{"max":1,"min":1},'),
        "tensor": twice(b'"datatype":"FP32"', b'"datatype":"FP32","datatype":"FP64"'),
        "artifact": twice(b'"executable":false', b'"executable":false,"executable":true'),
        "opsets": twice(b'"ai.onnx":17', b'"ai.onnx":17,"ai.onnx":18'),
        "title": twice(b'"title":{', b'"title":{"en":"y",'),
    }


def _loose(data: bytes) -> bytes:
    """Return a document in a form that is well formed and far from canonical."""
    text = json.dumps(dict(reversed(json.loads(data).items())), indent=3, ensure_ascii=True)
    return b"\r\n\t " + text.encode().replace(b"/", b"\\/") + b" \n\n"


@functools.cache
def _too_deep() -> dict[str, bytes]:
    """Return values that are one level too deep behind a document, `extensions` and a member of it."""
    room = MAX_DEPTH - 2
    return _nested(room + 1)


@functools.cache
def _deepest() -> dict[str, bytes]:
    return _nested(MAX_DEPTH - 2)


def _nested(depth: int) -> dict[str, bytes]:
    half = depth // 2
    mixed = b'[{"a":' * half + b"[]" * (depth % 2) + b"0" * (1 - depth % 2) + b"}]" * half
    return {
        "lists": b"[" * depth + b"]" * depth,
        "objects": b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1),
        "mixed": mixed,
        "behind-a-flat-one": b"[[],{}," + b"[" * (depth - 1) + b"]" * (depth - 1) + b"]",
        "behind-texts": b'["\\"","[[","\\\\",' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"]",
        "before-a-flat-one": b"[" + b"[" * (depth - 1) + b"]" * (depth - 1) + b',"]]",{}]',
        "behind-closing-texts": b'["]]]]]]]]","}\\"}",' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"]",
    }


def _manifest_of(size: int) -> Forged:
    """Return the package with a manifest of so many bytes."""
    less = len(_manifest_with(b'""').files[MANIFEST])
    return _manifest_with(b'"' + b"x" * (size - less) + b'"')


def _spaced(path: str, size: int) -> Forged:
    """Return the package with a document of so many bytes, spaces at the end."""
    data = sealed(_two_documents).files[path]
    return _other_text(path, data + b" " * (size - len(data)))
