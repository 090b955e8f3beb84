"""Faults of BF16 and of bytes that JSON cannot carry (Spec: INF-DAT-17, INF-BIN-16 to 18)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array, Spec
from lepton_conformance.mutants.decoding import Tensor
from lepton_conformance.mutants.listener import HttpResponse
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]


class BrainRefused(Naive):
    """BF16 in JSON is refused."""

    id = "dat-17-refused"
    breaks = "INF-DAT-17"

    def decode_brain(self, flat: list[Any], kinds: set[type]) -> Array:
        raise Refusal(400, "BF16 has no form in JSON")


class BrainBits(Naive):
    """BF16 elements are answered as the integers of their bits."""

    id = "dat-17-bits"
    breaks = "INF-DAT-17"

    def encode_brain(self, flat: Array) -> list[Any]:
        found: list[Any] = (flat.view(np.uint32) >> 16).tolist()
        return found


class BrainHalf(Naive):
    """BF16 passes through FP16: what is beyond 65504 is refused, what is small is lost."""

    id = "dat-17-half"
    breaks = "INF-DAT-17"

    def decode_brain(self, flat: list[Any], kinds: set[type]) -> Array:
        return self.decode_floats(flat, kinds, "FP16").astype(np.float32)


class BrainSubnormals(Naive):
    """Subnormal BF16 becomes zero."""

    id = "dat-17-subnormal"
    breaks = "INF-DAT-17"

    def encode_brain(self, flat: Array) -> list[Any]:
        tiny = np.abs(flat) < np.finfo(np.float32).tiny
        return super().encode_brain(np.where(tiny, np.float32(0), flat))


class BrainSign(Naive):
    """A BF16 of -0.0 becomes 0.0."""

    id = "dat-17-sign"
    breaks = "INF-DAT-17"

    def encode_brain(self, flat: Array) -> list[Any]:
        return super().encode_brain(flat + np.float32(0))


class BrainDigits(Naive):
    """BF16 is printed with two digits."""

    id = "dat-17-digits"
    breaks = "INF-DAT-17"

    def encode_brain(self, flat: Array) -> list[Any]:
        return [
            float(f"{value:.1e}") if np.isfinite(value) else value for value in super().encode_brain(flat)
        ]


class WholeNumbersRefused(Naive):
    """Whole numbers beyond 64 bits are refused in floating-point tensors."""

    id = "dat-18-large"
    breaks = "INF-DAT-18"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if any(type(value) is int and abs(value) >= 2**64 for value in flat):
            raise Refusal(400, "an integer is too large")
        return super().decode_floats(flat, kinds, datatype)


class WholeNumbersMixed(Naive):
    """Whole numbers among others are refused in floating-point tensors."""

    id = "dat-18-mixed"
    breaks = "INF-DAT-18"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if {int, float} <= kinds:
            raise Refusal(400, "elements have different kinds")
        return super().decode_floats(flat, kinds, datatype)


class TextReplaced(Naive):
    """Bytes that are not UTF-8 become U+FFFD in JSON."""

    id = "bin-16-replaced"
    breaks = "INF-BIN-16"

    def encode_strings(self, flat: Array, spec: Spec) -> list[Any]:
        return [value.decode("utf-8", "replace") for value in flat]


class TextLatin(Naive):
    """Bytes that are not UTF-8 are answered as Latin-1."""

    id = "bin-16-latin"
    breaks = "INF-BIN-16"

    def encode_strings(self, flat: Array, spec: Spec) -> list[Any]:
        return [value.decode("latin-1") for value in flat]


class TextEscaped(Naive):
    """Bytes that are not UTF-8 are answered with backslashes."""

    id = "bin-16-escaped"
    breaks = "INF-BIN-16"

    def encode_strings(self, flat: Array, spec: Spec) -> list[Any]:
        return [value.decode("utf-8", "backslashreplace") for value in flat]


class TextServerError(Naive):
    """Bytes that JSON cannot carry are an error of the server."""

    id = "bin-16-500"
    breaks = "INF-BIN-16"

    def encode_strings(self, flat: Array, spec: Spec) -> list[Any]:
        try:
            return super().encode_strings(flat, spec)
        except Refusal as refusal:
            raise Refusal(500, refusal.message) from None


class TextNameless(Naive):
    """The refusal because of bytes that JSON cannot carry does not name the output."""

    id = "bin-16-nameless"
    breaks = "INF-BIN-16"

    def encode_strings(self, flat: Array, spec: Spec) -> list[Any]:
        try:
            return super().encode_strings(flat, spec)
        except Refusal:
            raise Refusal(400, "OUTPUT HAS BYTES THAT ARE NOT UTF-8") from None


class TextLatest(Naive):
    """Only the first element is looked at; in the others bytes that are not UTF-8 are left out."""

    id = "bin-16-first"
    breaks = "INF-BIN-16"

    def encode_strings(self, flat: Array, spec: Spec) -> list[Any]:
        first = super().encode_strings(flat[:1], spec)
        return first + [value.decode("utf-8", "ignore") for value in flat[1:]]


class LengthlessZeros(Naive):
    """Without the length of the JSON a binary input is read as zeros."""

    id = "bin-17-zeros"
    breaks = "INF-BIN-17"

    def split_tail(self, inputs: Sequence[Tensor], tail: bytes, announced: bool) -> list[bytes | None]:
        if not announced:
            return [None if tensor.binary_size is None else bytes(tensor.binary_size) for tensor in inputs]
        return super().split_tail(inputs, tail, announced)


class LengthlessFound(Naive):
    """Without the length of the JSON, the end of the JSON is looked for."""

    id = "bin-17-found"
    breaks = "INF-BIN-17"

    def split_body(self, headers: Any, body: bytes) -> tuple[bytes, bytes]:
        if "inference-header-content-length" not in headers and b"binary_data_size" in body:
            depth = 0
            for index, byte in enumerate(body):
                depth += (byte == ord("{")) - (byte == ord("}"))
                if depth == 0 and byte == ord("}"):
                    return body[: index + 1], body[index + 1 :]
        return super().split_body(headers, body)

    def split_tail(self, inputs: Sequence[Tensor], tail: bytes, announced: bool) -> list[bytes | None]:
        return super().split_tail(inputs, tail, True)


class LengthlessServerError(Naive):
    """A binary size without the length of the JSON is an error of the server."""

    id = "bin-17-500"
    breaks = "INF-BIN-17"

    def split_tail(self, inputs: Sequence[Tensor], tail: bytes, announced: bool) -> list[bytes | None]:
        if not announced and any(tensor.binary_size is not None for tensor in inputs):
            raise Refusal(500, "IndexError")
        return super().split_tail(inputs, tail, announced)


class LengthlessEmpty(Naive):
    """A binary size of 0 is accepted without the length of the JSON."""

    id = "bin-17-empty"
    breaks = "INF-BIN-17"

    def split_tail(self, inputs: Sequence[Tensor], tail: bytes, announced: bool) -> list[bytes | None]:
        nothing = all(tensor.binary_size in (None, 0) for tensor in inputs)
        return super().split_tail(inputs, tail, announced or nothing)


class LengthlessUnprocessable(Naive):
    """A binary size without the length of the JSON is refused with 422."""

    id = "bin-17-422"
    breaks = "INF-BIN-17"

    def refuse(self, refusal: Refusal) -> HttpResponse:
        missing = "Inference-Header-Content-Length is missing" in refusal.message
        return super().refuse(Refusal(422, refusal.message) if missing else refusal)


class BrainSwapped(Naive):
    """The bytes of a BF16 are swapped on the way out."""

    id = "bin-18-swapped"
    breaks = "INF-BIN-18"

    def encode_binary_brain(self, array: Array) -> bytes:
        return np.frombuffer(super().encode_binary_brain(array), "<u2").byteswap().tobytes()


class BrainHalves(Naive):
    """BF16 is read as FP16."""

    id = "bin-18-half"
    breaks = "INF-BIN-18"

    def decode_binary_brain(self, part: bytes) -> Array:
        return np.frombuffer(part, "<f2").astype(np.float32)


class BrainFlushed(Naive):
    """Subnormal BF16 becomes zero in binary."""

    id = "bin-18-subnormal"
    breaks = "INF-BIN-18"

    def encode_binary_brain(self, array: Array) -> bytes:
        tiny = np.abs(array) < np.finfo(np.float32).tiny
        return super().encode_binary_brain(np.where(tiny, np.float32(0), array))


class BrainWide(Naive):
    """BF16 is expected and sent as four bytes."""

    id = "bin-18-wide"
    breaks = "INF-BIN-18"

    def encode_binary_brain(self, array: Array) -> bytes:
        return np.ascontiguousarray(array).astype("<f4").tobytes()


ALL: tuple[type[Naive], ...] = (
    BrainRefused,
    BrainBits,
    BrainHalf,
    BrainSubnormals,
    BrainSign,
    BrainDigits,
    WholeNumbersRefused,
    WholeNumbersMixed,
    TextReplaced,
    TextLatin,
    TextEscaped,
    TextServerError,
    TextNameless,
    TextLatest,
    LengthlessZeros,
    LengthlessFound,
    LengthlessServerError,
    LengthlessEmpty,
    LengthlessUnprocessable,
    BrainSwapped,
    BrainHalves,
    BrainFlushed,
    BrainWide,
)
