"""config.pbtxt of one model in a Triton repository, as typed values, and the origin that it describes.

Owns which members of a configuration mean what; leaves the text format to `lepton.convert.pbtxt`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lepton.convert.folder import inside, licenses_in, text_in
from lepton.convert.modelcard import card_facts
from lepton.convert.pbtxt import Fields, Value, read_fields
from lepton.errors import RecipeError
from lepton.pack.onnx_source import GraphTensor, read_onnx
from lepton.pack.origin import Origin, onnx_origin

__all__ = [
    "EnsembleStep",
    "TritonEntry",
    "TritonTensor",
    "entry_origin",
    "model_file",
    "read_entry",
    "shared_facts",
    "tensor_facts",
]

#: Before the name of a parameter that `lepton convert --to triton` wrote.
PARAMETER = "lepton."
_PLATFORMS = ("onnxruntime_onnx", "onnxruntime", "onnx")
_DATATYPES = {"STRING": "BYTES"}
#: Members that the reading below uses; every other one is for a server.
_READ = frozenset(
    (
        *("name", "platform", "backend", "max_batch_size", "input", "output", "default_model_filename"),
        *("ensemble_scheduling", "parameters", "version_policy"),
    )
)


@dataclass(frozen=True, slots=True)
class TritonTensor:
    """An input or output; `dims` without the batch axis, -1 for any size. `labels` is a file's name."""

    name: str
    datatype: str
    dims: tuple[int, ...]
    labels: str | None
    reshaped: bool


@dataclass(frozen=True, slots=True)
class EnsembleStep:
    """One model of an ensemble. Maps go from the model's tensors to the ensemble's."""

    model: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TritonEntry:
    """One model of a repository; `unread` are members that a package has no place for."""

    folder: Path
    platform: str
    batch: int
    inputs: tuple[TritonTensor, ...]
    outputs: tuple[TritonTensor, ...]
    steps: tuple[EnsembleStep, ...]
    parameters: Mapping[str, str]
    filename: str
    unread: tuple[str, ...]


def read_entry(folder: Path) -> TritonEntry:
    """Read the configuration of a model's folder. Raises: RecipeError."""
    name = str(folder / "config.pbtxt")
    fields = read_fields(text_in(folder, "config.pbtxt").encode(), name)
    reader = _Members(fields, name)
    platform = reader.text("platform") or reader.text("backend")
    batch = reader.number("max_batch_size")
    if batch < 0:
        raise RecipeError(f"{name}: found max_batch_size {batch}, expected 0 or more")
    steps = [
        EnsembleStep(step.text("model_name"), step.mapping("input_map"), step.mapping("output_map"))
        for scheduling in reader.messages("ensemble_scheduling")
        for step in scheduling.messages("step")
    ]
    parameters = {
        parameter.text("key"): value.text("string_value")
        for parameter in reader.messages("parameters")
        for value in parameter.messages("value")
    }
    return TritonEntry(
        folder,
        platform,
        batch,
        tuple(_tensor(one) for one in reader.messages("input")),
        tuple(_tensor(one) for one in reader.messages("output")),
        tuple(steps),
        parameters,
        reader.text("default_model_filename") or "model.onnx",
        tuple(dict.fromkeys(key for key, _ in fields if key not in _READ)),
    )


class _Members:
    """The members of one message, asked for by name and kind."""

    def __init__(self, fields: Fields, place: str) -> None:
        self._fields, self._place = fields, place

    def _all(self, name: str) -> list[Value]:
        return [value for key, value in self._fields if key == name]

    def text(self, name: str) -> str:
        """Return a string, the last where it stands several times; empty when it is absent."""
        found = self._all(name)
        if not found:
            return ""
        if not isinstance(found[-1], bytes):
            raise RecipeError(f"{self._place}: found no string for {name!r}, expected one in quotes")
        try:
            return found[-1].decode()
        except UnicodeDecodeError as error:
            raise RecipeError(f"{self._place}: found bytes that are not UTF-8 in {name!r}") from error

    def word(self, name: str) -> str:
        found = self._all(name)
        if found and not isinstance(found[-1], str):
            raise RecipeError(f"{self._place}: found no word for {name!r}, expected a number or a name")
        return str(found[-1]) if found else ""

    def number(self, name: str) -> int:
        return _integer(self.word(name) or "0", self._place, name)

    def numbers(self, name: str) -> tuple[int, ...]:
        return tuple(_integer(str(value), self._place, name) for value in self._all(name))

    def messages(self, name: str) -> "list[_Members]":
        found = []
        for value in self._all(name):
            if not isinstance(value, list):
                raise RecipeError(f"{self._place}: found no message for {name!r}, expected one in braces")
            found.append(_Members(value, f"{self._place}, {name}"))
        return found

    def mapping(self, name: str) -> dict[str, str]:
        return {one.text("key"): one.text("value") for one in self.messages(name)}


def _integer(word: str, place: str, name: str) -> int:
    try:
        return int(word, 10)
    except ValueError as error:
        raise RecipeError(f"{place}: found {word[:40]!r} for {name!r}, expected an integer") from error


def _tensor(one: _Members) -> TritonTensor:
    word = one.word("data_type").removeprefix("TYPE_")
    return TritonTensor(
        one.text("name"),
        _DATATYPES.get(word, word),
        one.numbers("dims"),
        one.text("label_filename") or None,
        bool(one.messages("reshape")),
    )


def model_file(entry: TritonEntry) -> tuple[Path, list[str]]:
    """Return the ONNX file of the newest version, and a word on the others. Raises: RecipeError."""
    if entry.platform not in _PLATFORMS:
        raise RecipeError(
            f"{entry.folder / 'config.pbtxt'}: found the platform {entry.platform!r}, expected one of "
            f"{', '.join(_PLATFORMS)}; a package carries ONNX models"
        )
    versions = sorted(
        int(one.name)
        for one in entry.folder.iterdir()
        if one.is_dir() and one.name.isdecimal() and one.name != "0"
    )
    if not versions:
        raise RecipeError(f"{entry.folder}: found no folder of a version, expected one such as 1")
    newest = versions[-1]
    path = inside(entry.folder, f"{newest}/{entry.filename}")
    lost = [f"version {one} of {entry.folder.name}: version {newest} is carried" for one in versions[:-1]]
    return (path / "model.onnx" if path.is_dir() else path), lost


def entry_origin(entry: TritonEntry) -> Origin:
    """Read a model that stands alone. Raises: RecipeError when configuration and graph contradict."""
    path, lost = model_file(entry)
    origin = onnx_origin(read_onnx(path))
    facts, more = shared_facts(entry)
    symbols: dict[str, Any] = {}
    language = facts.get("language", "en")
    facts["signature"] = {
        "inputs": [tensor_facts(entry, one, entry.inputs, symbols, language, lost) for one in origin.inputs],
        "outputs": [
            tensor_facts(entry, one, entry.outputs, symbols, language, lost) for one in origin.outputs
        ],
    }
    facts["symbols"] = {name: facts.get("symbols", {}).get(name, bounds) for name, bounds in symbols.items()}
    return replace(
        origin, facts=facts, files=tuple(licenses_in(entry.folder)), lost=(*origin.lost, *lost, *more)
    )


def shared_facts(entry: TritonEntry) -> tuple[dict[str, Any], list[str]]:
    """Return what the README and the parameters say of the model, and what has no place."""
    facts: dict[str, Any] = {}
    lost: list[str] = []
    if (entry.folder / "README.md").is_file():
        card = card_facts(text_in(entry.folder, "README.md").encode(), str(entry.folder / "README.md"))
        facts, lost = card.recipe, card.lost
    for key, value in entry.parameters.items():
        name = key.removeprefix(PARAMETER)
        if not key.startswith(PARAMETER):
            lost.append(f"config.pbtxt: the parameter {key} has no place in a package")
        elif name in ("id", "version", "license", "language"):
            facts[name] = value
        elif name == "symbols":
            try:
                facts["symbols"] = dict(json.loads(value))
            except (ValueError, TypeError, RecursionError) as error:
                raise RecipeError(f"config.pbtxt: found no JSON object in the parameter {key}") from error
    lost += [f"config.pbtxt: {key} is for a server and has no place in a package" for key in entry.unread]
    return facts, lost


def tensor_facts(
    entry: TritonEntry,
    tensor: GraphTensor,
    configured: Iterable[TritonTensor],
    symbols: dict[str, Any],
    language: str,
    lost: list[str],
) -> dict[str, Any]:
    """Return what the configuration says of a tensor of the graph; new sizes are added to `symbols`.

    Raises: RecipeError when it says another datatype or shape than the graph.
    """
    place = entry.folder / "config.pbtxt"
    known = {one.name: one for one in configured}
    said = known.get(tensor.name)
    if known and said is None:
        raise RecipeError(f"{place}: found no {tensor.name!r}, expected each tensor of the graph")
    if said is not None and said.datatype != tensor.datatype:
        raise RecipeError(
            f"{place}: found {said.datatype} for {tensor.name!r}, expected the graph's {tensor.datatype}"
        )
    if said is not None and said.reshaped:
        lost.append(f"{tensor.name}: its reshape; the package has the model's own shape")
    batched = entry.batch > 0
    shape = [_size(entry, tensor, axis, dim, batched, symbols) for axis, dim in enumerate(tensor.shape)]
    facts: dict[str, Any] = {"name": tensor.name, "shape": shape}
    if batched:
        facts["axes"] = ["batch"] + ["other"] * (len(shape) - 1)
    if said is not None and said.labels is not None:
        names = text_in(entry.folder, said.labels).splitlines()
        axes = [axis for axis, dim in enumerate(shape) if dim == len(names)]
        if len(axes) == 1 and all(names):
            facts["labels"] = {"axis": axes[0], "names": {language: names}}
            if batched:
                facts["axes"][axes[0]] = "class"
        else:
            lost.append(f"labels of {tensor.name}: {len(names)} lines fit no one axis of {shape}")
    return facts


def _size(
    entry: TritonEntry,
    tensor: GraphTensor,
    axis: int,
    dim: int | str | None,
    batched: bool,
    symbols: dict[str, Any],
) -> int | str:
    """Return a fixed size, or a symbol: the graph's name for it where it has one."""
    if isinstance(dim, int):
        return dim
    if dim is None and batched and axis == 0:
        dim = "N"
    given = dim if dim is not None else f"{tensor.name}_{axis}"
    name = "".join(mark if mark.isalnum() and mark.isascii() else "_" for mark in given)
    if batched and axis == 0:
        symbols[name] = {"min": 1, "max": entry.batch}
    else:
        symbols.setdefault(name, {"min": 1, "unbounded": True})
    return name
