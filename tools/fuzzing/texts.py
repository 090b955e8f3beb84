"""Targets: texts. JSON, the standard's schemas, YAML of authors, licence expressions, safetensors headers.

Owns what is asked of those readers; leaves documents inside packages to `packages`.
"""

import functools
import json
import math
import struct
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import orjson
import safetensors
import yaml
from packaging.licenses import canonicalize_license_expression

import lepton_spec
from fuzzing.changes import change_bytes, change_json
from fuzzing.target import Disagreement, Target, expect
from lepton.checks.licence import licence_fault
from lepton.errors import RecipeError
from lepton.formats.source import MemorySource
from lepton.pack.yamltext import read_yaml
from lepton.package.canonical import canonical, canonical_fault
from lepton.package.jsontext import JsonFault, Kind, read_json
from lepton.package.limits import MAX_DEPTH
from lepton.package.schema import schema_faults
from lepton.package.tensorfile import read_header
from lepton_conformance.forge.package import CARD, VECTORS
from lepton_conformance.forge.valid import threshold_draft, vision_draft

__all__ = ["TARGETS"]

MAX_BYTES = 65536


def _documents() -> Iterator[tuple[str, Any]]:
    for draft in (vision_draft(), threshold_draft()):
        yield "manifest", draft.sealed()
        yield "card", json.loads(draft.member(CARD).data)
        yield "vectors", json.loads(draft.member(VECTORS).data)


def _json_seeds() -> Iterator[bytes]:
    yield from (
        b"{}",
        b"[]",
        b'""',
        b"0",
        b"-0.0",
        b"1e5",
        b"true",
        b"null",
        b'{"a":{"b":[1,2.5,"\\u00e9"]}}',
    )
    yield from (
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b"9007199254740993",
    )
    yield from (
        b"\xef\xbb\xbf{}",
        b"[" * 65 + b"]" * 65,
        b'{"\xf0\x9f\x98\x80":1,"\xef\xbf\xbd":2}',
        b"1E400",
    )


def _json(data: bytes) -> None:
    text = read_json(data, max_bytes=MAX_BYTES)
    if text.fault is None:
        expect(_strict(data) == text.value, "the library reads another value")
        expect(_alike(orjson.loads(data), text.value), "orjson reads another value")
        plain = canonical(text.value)
        again = read_json(plain, max_bytes=2 * MAX_BYTES)
        expect(again.value == text.value, "the canonical form reads as another value")
        expect(canonical_fault(plain, again) is None, "the canonical form is not canonical")
        expect((canonical_fault(data, text) is None) == (data == plain), "canonical bytes are judged wrong")
    elif text.fault.kind is Kind.TEXT:
        _must_be_refused(data, text.fault)
    elif text.fault.kind is Kind.DEPTH:
        _must_be_deep(data)


def _strict(data: bytes) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        expect(len(dict(found)) == len(found), "a name that stands twice was accepted")
        return dict(found)

    def number(text: str) -> float:
        value = float(text)
        expect(math.isfinite(value), "a number beyond a double was accepted")
        return value

    def constant(text: str) -> float:
        raise ValueError(f"{text} is not JSON")

    value = json.loads(
        data.decode(), object_pairs_hook=pairs, parse_float=number, parse_int=number, parse_constant=constant
    )
    json.dumps(value, ensure_ascii=False).encode()
    return value


def _must_be_refused(data: bytes, fault: JsonFault) -> None:
    """Find, with the library, a reason why a text is no I-JSON."""
    try:
        _strict(data)
    except (ValueError, Disagreement, RecursionError):
        return
    if not data.startswith(b"\xef\xbb\xbf"):
        raise Disagreement(f"refused sound JSON: {fault.message}")


def _must_be_deep(data: bytes) -> None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    expect(_depth(value) > MAX_DEPTH, "refused a text for a depth that it has not")


def _depth(value: Any) -> int:
    if isinstance(value, (dict, list)):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max((_depth(one) for one in inner), default=0)
    return 0


def _alike(one: Any, other: Any) -> bool:
    """Compare values; integers beyond 2^53 are read as doubles by one reader and exactly by another."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, bool) or isinstance(other, bool) or not isinstance(one, (int, float)):
        return type(one) is type(other) and bool(one == other)
    return isinstance(other, (int, float)) and float(one) == float(other)


@functools.cache
def _engines() -> dict[str, Any]:
    registry = jsonschema_rs.Registry(list(lepton_spec.schemas().items()))
    return {
        name: jsonschema_rs.validator_for(lepton_spec.schema(name), registry=registry)
        for name in ("manifest", "card", "vectors", "recipe", "findings")
    }


def _schema(data: bytes) -> None:
    text = read_json(data, max_bytes=MAX_BYTES)
    if text.fault is not None:
        return
    for name, engine in _engines().items():
        faults = schema_faults(text.value, f"{name}.schema.json")
        expect(engine.is_valid(text.value) == (not faults), f"{name}: another engine disagrees: {faults[:1]}")
        expect(faults == schema_faults(text.value, f"{name}.schema.json"), "the second reading differs")


def _yaml_seeds() -> Iterator[bytes]:
    yield b"id: digits\nversion: 1.0.0\ntitle:\n  en: Digits\nsymbols:\n  N: {min: 1, max: 16}\n"
    yield b"a: [1, 2.5, true, ~, 'x', \"y\"]\nb: |\n  text\nc: >-\n  more\n"
    yield b"a: &x [1]\nb: *x\n<<: {c: 1}\n"
    yield b"!!python/object/apply:os.system [id]\n"
    yield b"date: 2001-12-14\nsex: 190:20:30\nbig: 1e999\noct: 0o7\nint: " + b"9" * 400
    yield b"? [a]\n: b\n---\nc: d\n"
    yield b"%YAML 1.1\n%TAG ! tag:x,2000:\n--- !a\nx: y\n..."


def _yaml(data: bytes) -> None:
    try:
        value = read_yaml(data, "recipe.yml")
    except RecipeError:
        return
    expect(value == yaml.safe_load(data.decode("utf-8-sig")), "another reader reads another value")
    json.dumps(value, allow_nan=False)


def _licence_seeds() -> Iterator[bytes]:
    yield from (b"MIT", b"GPL-2.0+", b"(MIT OR Apache-2.0) AND CC-BY-4.0", b"Apache-2.0 WITH LLVM-exception")
    yield from (b"LicenseRef-X.1", b"MIT OR", b"((MIT))", b"mit")


def _licence(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    fault, references = licence_fault(text)
    expect((fault, references) == licence_fault(text), "the second reading differs")
    if fault is not None:
        return
    expect(licence_fault(f"({text}) AND MIT")[0] is None, "a sound expression in brackets is refused")
    if "+ " not in f"{text} ":
        # The other reader knows no sign of a later version.
        canonicalize_license_expression(text)


def _header_seeds() -> Iterator[bytes]:
    one = {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}
    two = {"dtype": "F32", "shape": [2, 1], "data_offsets": [1, 9]}
    for header, data in (
        ({}, b""),
        ({"__metadata__": {"a": "b"}, "a": one}, b"x"),
        ({"a": one, "b": two}, bytes(9)),
    ):
        text = json.dumps(header, separators=(",", ":")).encode()
        yield struct.pack("<Q", len(text)) + text + data
    yield from (struct.pack("<Q", 4) + b"{}  ", struct.pack("<Q", 3) + b" {}", b"\xff" * 8)


def _change_header(data: bytes, chance: Any) -> bytes:
    if chance.random() < 0.3 or len(data) < 8:
        return change_bytes(data, chance)
    length = min(int.from_bytes(data[:8], "little"), len(data) - 8)
    header = change_json(data[8 : 8 + length], chance)
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def _header(data: bytes) -> None:
    found = read_header(MemorySource(data))
    expect(found == read_header(MemorySource(data)), "the second reading differs")
    if found.fault or found.limit:
        return
    tensors = dict(safetensors.deserialize(data))  # type: ignore[no-untyped-call]
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    expect(tensors.keys() == header.keys(), "the format's library reads other tensors")
    for name, tensor in tensors.items():
        start, end = header[name]["data_offsets"]
        expect(list(tensor["shape"]) == header[name]["shape"], "the format's library reads another shape")
        expect(bytes(tensor["data"]) == data[8 + length + start : 8 + length + end], "and other bytes")


TARGETS = (
    Target("json", _json_seeds, _json, change_json, 4096),
    Target(
        "schema",
        lambda: [canonical(value) for _, value in _documents()],
        _schema,
        change_json,
        share=2,
    ),
    Target("yaml", _yaml_seeds, _yaml, None, 2048),
    Target("licence", _licence_seeds, _licence, None, 256, share=0.5),
    Target("safetensors", _header_seeds, _header, _change_header, 4096),
)
