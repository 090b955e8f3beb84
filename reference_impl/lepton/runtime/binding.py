"""Check that arrays fit a signature: names, datatypes, ranks, sizes, symbols. Nothing is ever coerced.

Owns the numpy types of the registered datatypes, the check compiled once per signature, and the defaults of
optional inputs; leaves the rule that binds symbols to `lepton.tensor`. Serves PKG-SIG-09 and PKG-SIG-10.
"""

import functools
from collections.abc import Callable, Mapping, MutableMapping, Sequence

import numpy as np

from lepton.errors import BindError
from lepton.runtime.protocol import Array
from lepton.tensor import Symbol, TensorSpec, bind_shapes, datatype

__all__ = ["Binding", "numpy_dtype"]


@functools.cache
def numpy_dtype(name: str) -> "np.dtype[np.generic]":
    """Return the numpy type of a registered datatype (BYTES: object; BF16: `ml_dtypes.bfloat16`)."""
    native = datatype(name).numpy
    if native is not None:
        return np.dtype(native)
    import ml_dtypes  # numpy has no BF16, and few models need it

    brain: np.dtype[np.generic] = np.dtype(ml_dtypes.bfloat16)
    return brain


class Binding:
    """The check of one list of tensors, compiled once.

    `admits` is a fast test that never errs on the side of acceptance: False only means "look closer", which
    `bind` does; it alone raises, and it alone fills defaults.
    """

    __slots__ = ("_defaults", "_names", "admits", "specs", "symbols")

    def __init__(self, specs: Sequence[TensorSpec], symbols: Mapping[str, Symbol]) -> None:
        """Compile the check of `specs`; every symbol in their shapes is a key of `symbols`."""
        self.specs = tuple(specs)
        self.symbols = dict(symbols)
        self._names = frozenset(spec.name for spec in specs)
        self._defaults = {spec.name: _default_element(spec) for spec in specs if spec.optional}
        self.admits: Callable[[Mapping[str, Array]], bool] = _compile_admission(self.specs, self.symbols)

    def bind(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return `arrays` as a dict with the defaults of absent optional tensors added.

        Raises: BindError naming found, expected and remedy. Spec: PKG-SIG-09, PKG-SIG-10.
        """
        for name in arrays:
            if name not in self._names:
                raise BindError(f"found a tensor named {name!r}, expected only {sorted(self._names)}")
        for spec in self.specs:
            if spec.name in arrays:
                _check_elements(spec, arrays[spec.name])
            elif not spec.optional:
                raise BindError(f"tensor {spec.name!r} is missing: supply {spec.datatype} {list(spec.shape)}")
        shapes = {name: array.shape for name, array in arrays.items()}
        bound = bind_shapes(self.specs, self.symbols, shapes)
        complete = dict(arrays)
        for spec in self.specs:
            if spec.name not in complete:
                complete[spec.name] = self._filled(spec, bound)
        return complete

    def sizes(self, arrays: Mapping[str, Array]) -> MutableMapping[str, int]:
        """Return the size of each symbol that the shapes of `arrays` bind."""
        return bind_shapes(self.specs, self.symbols, {name: array.shape for name, array in arrays.items()})

    def _filled(self, spec: TensorSpec, bound: MutableMapping[str, int]) -> Array:
        """Fill an absent tensor; a symbol that no present tensor binds takes the smallest size it admits."""
        shape = []
        for dim in spec.shape:
            if isinstance(dim, str):
                dim = bound.setdefault(dim, smallest_size(self.symbols[dim]))
            shape.append(dim)
        filled: Array = np.full(shape, self._defaults[spec.name], dtype=numpy_dtype(spec.datatype))
        return filled


def smallest_size(symbol: Symbol) -> int:
    """Return the smallest size that `symbol` admits."""
    return -(-symbol.min // symbol.multiple_of) * symbol.multiple_of


def _default_element(spec: TensorSpec) -> object:
    """Turn the manifest's default into an element of the tensor's own datatype.

    Raises: BindError when the value is not exactly one of that datatype. Spec: PKG-SIG-09.
    """
    value, kind = spec.default, datatype(spec.datatype).kind
    problem = f"input {spec.name!r}: found default {value!r}, expected one element of {spec.datatype}"
    if kind == "bytes":
        if not isinstance(value, str):
            raise BindError(problem)
        return value.encode()
    if kind == "boolean":
        if not isinstance(value, bool):
            raise BindError(problem)
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BindError(problem)
    if kind == "float":
        with np.errstate(over="ignore"):
            exact = np.array(value, np.float64)
            # ml_dtypes goes by way of FP32, and so would round twice
            element = (_sticky(exact) if spec.datatype == "BF16" else exact).astype(
                numpy_dtype(spec.datatype)
            )
        if not np.isfinite(element):
            raise BindError(problem)
        return element[()]
    limits = np.iinfo(numpy_dtype(spec.datatype))  # type: ignore[type-var]  # an integer kind
    if value != int(value) or not limits.min <= value <= limits.max:
        raise BindError(problem)
    return int(value)


def _sticky(exact: Array) -> Array:
    """Round FP64 to FP32 to odd, the last bit standing for all that was cut: BF16 can be rounded from it."""
    single = exact.astype(np.float32)
    if not np.isfinite(single) or single == exact:
        return single
    bits = single.view(np.uint32)
    toward_zero = bits - 1 if abs(single) > abs(exact) else bits
    return np.asarray(toward_zero | np.uint32(1), np.uint32).view(np.float32)


def _check_elements(spec: TensorSpec, array: object) -> None:
    """Raise BindError unless `array` is an ndarray of the datatype; BYTES elements are `bytes` one by one."""
    if type(array) not in (np.ndarray, np.memmap):
        raise BindError(f"tensor {spec.name!r}: found {type(array).__name__}, expected numpy.ndarray")
    assert isinstance(array, np.ndarray)
    expected = numpy_dtype(spec.datatype)
    if array.dtype != expected:
        raise BindError(
            f"tensor {spec.name!r}: found elements of type {array.dtype} ({array.dtype.str}), expected "
            f"{spec.datatype} ({expected}, native byte order); convert them before the call"
        )
    if spec.datatype == "BYTES":
        _check_bytes(spec.name, array)


def _check_bytes(name: str, array: Array) -> None:
    for index, element in enumerate(array.flat):
        if type(element) is not bytes:
            raise BindError(
                f"tensor {name!r}: found {type(element).__name__} at element {index}, expected bytes"
            )


def _compile_admission(
    specs: Sequence[TensorSpec], symbols: Mapping[str, Symbol]
) -> Callable[[Mapping[str, Array]], bool]:
    """Compile the fast test to straight-line Python.

    A loop over the specs costs three times as much as the test may (a tenth of a tiny model's call). Only
    integers and names made here stand in the source; what comes from a package is handed in as a value.
    """
    scope: dict[str, object] = {"ndarray": np.ndarray}
    lines = [
        "def admits(arrays):",
        f" if type(arrays) is not dict or len(arrays) != {len(specs)}: return False",
    ]
    first_axis: dict[str, str] = {}
    for number, spec in enumerate(specs):
        scope[f"name{number}"], scope[f"dtype{number}"] = spec.name, numpy_dtype(spec.datatype)
        if spec.datatype == "BYTES":
            lines.append(" return False")  # each element needs a look
            break
        tensor = f"tensor{number}"
        lines.append(f" {tensor} = arrays.get(name{number})")
        lines.append(
            f" if type({tensor}) is not ndarray or {tensor}.dtype is not dtype{number}: return False"
        )
        lines.append(f" shape = {tensor}.shape")
        lines.append(f" if len(shape) != {len(spec.shape)}: return False")
        sizes = [f"size{number}_{axis}" for axis in range(len(spec.shape))]
        if sizes:
            lines.append(f" {', '.join(sizes)}, = shape")
        tests = []
        for size, dim in zip(sizes, spec.shape, strict=True):
            if isinstance(dim, int):
                tests.append(f"{size} != {dim:d}")
            elif dim in first_axis:
                tests.append(f"{size} != {first_axis[dim]}")
            else:
                first_axis[dim] = size
                tests += _symbol_tests(size, symbols[dim])
        if tests:
            lines.append(f" if {' or '.join(tests)}: return False")
    lines.append(" return True")
    exec("\n".join(lines), scope)  # see the docstring
    compiled: Callable[[Mapping[str, Array]], bool] = scope["admits"]  # type: ignore[assignment]
    return compiled


def _symbol_tests(size: str, symbol: Symbol) -> list[str]:
    tests = [f"{size} < {int(symbol.min)}"] if symbol.min > 0 else []
    if symbol.max is not None:
        tests.append(f"{size} > {int(symbol.max)}")
    if symbol.multiple_of > 1:
        tests.append(f"{size} % {int(symbol.multiple_of)}")
    return tests
