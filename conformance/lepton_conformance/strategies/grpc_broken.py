"""Bytes that no reader of Protocol Buffers takes for a ModelInferRequest.

Owns them and the question whether bytes may be one; leaves requests that are messages and wrong to
`grpc_malformed`. Serves `inference` (INF-GRP-32).
"""

from collections.abc import Iterator

from lepton_conformance.strategies.grpc_malformed import Wrong
from lepton_conformance.strategies.grpc_requests import request
from lepton_conformance.strategies.tensors import Given
from lepton_conformance.subject.grpc_messages import CONTENTS
from lepton_conformance.subject.protobuf import LENGTH, VARINT, NotAMessage, last, messages, read, scalars

__all__ = ["broken", "may_be_request"]


def broken(case: Given) -> Iterator[Wrong]:
    """Yield bytes that no reader of Protocol Buffers takes for a message."""
    valid = request(case).encode()
    yield Wrong(case, "a request without its last byte", valid[:-1])
    yield Wrong(case, "the first byte of a request", valid[:1])
    yield Wrong(case, "half a field", valid[: len(case.model.name) // 2])
    yield Wrong(case, "a length beyond the end", b"\x0a\x7f" + b"x")
    yield Wrong(case, "a length of 2^31 - 1", b"\x0a\xff\xff\xff\xff\x07x")
    yield Wrong(case, "a length of 2^64 - 1", b"\x0a" + b"\xff" * 9 + b"\x01x")
    yield Wrong(case, "a varint of 11 bytes", valid + b"\xf8\x3f" + b"\xff" * 10 + b"\x01")
    yield Wrong(case, "the field number 0", valid + b"\x02\x01x")
    yield Wrong(case, "the wire type 7", valid + b"\x0f\x01")
    yield Wrong(case, "the wire type 6", valid + b"\x0e\x01")
    yield Wrong(case, "an end of a group that did not begin", valid + b"\xfc\x3f")
    yield Wrong(case, "a group without end", valid + b"\xfb\x3f\x08\x01")
    yield Wrong(case, "a cut-off 32-bit field", valid + b"\xfd\x3f\x01\x02")
    yield Wrong(case, "bytes of 0xff", b"\xff" * 64)
    yield Wrong(case, "JSON", b'{"model_name": "x", "inputs": []}')
    yield Wrong(case, "a model name that is not UTF-8", valid + b"\x0a\x02\xc3\x28")
    yield Wrong(case, "an id that is not UTF-8", valid + b"\x1a\x01\xff")
    yield Wrong(case, "an input that is no message", valid + b"\x2a\x02\x0a\x7f")
    yield Wrong(case, "contents that are no message", valid + b"\x2a\x04\x2a\x02\x32\x7f")
    yield Wrong(case, "a packed run of floats that is cut off", valid + b"\x2a\x07\x2a\x05\x32\x03abc")


def may_be_request(message: bytes) -> bool:
    """Say whether bytes may be taken for a ModelInferRequest; False only for what surely is none."""
    try:
        outer = read(message)
        for field in (1, 2, 3):
            last(outer, field)
        for part in messages(outer, 5):
            inner = read(part)
            last(inner, 1)
            last(inner, 2)
            list(scalars(inner, 3, VARINT))
            for contents in messages(inner, 5):
                elements = read(contents)
                for number, kind in CONTENTS.values():
                    if kind != LENGTH:
                        list(scalars(elements, number, kind))
        for part in messages(outer, 6):
            last(read(part), 1)
    except NotAMessage:
        return False
    return True
