"""The published JSON files: resolve pointers into them and validate instances against them.

Owns reading `schemas/1.0`, RFC 6901 pointers, and the executed examples of the chapters. Leaves the schemas'
content to the schemas.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from specification.blocks import Requirement
from specification.problem import Problem

__all__ = ["EXAMPLE_TAG", "Example", "PublishedFiles", "check_examples", "check_pointers", "read_examples"]

EXAMPLE_TAG = re.compile(r"^\s*(?:>\s?)?<!--\s*example:(.*?)-->\s*$")
_TAG_BODY = re.compile(r"^\s*(valid|invalid)\s+([a-z-]+\.schema\.json(?:#\S*)?)\s*$")


class PublishedFiles:
    """The JSON files of one directory, read once."""

    def __init__(self, directory: Path) -> None:
        """Read nothing yet: a file is parsed when a pointer first leads into it."""
        self._directory = directory
        self._parsed: dict[str, Any] = {}
        self._registry: jsonschema_rs.Registry | None = None

    def names(self) -> list[str]:
        """Return the names of the schemas."""
        return sorted(path.name for path in self._directory.glob("*.schema.json"))

    def load(self, name: str) -> Any:
        """Return a file, parsed. Raises: OSError, ValueError."""
        if name not in self._parsed:
            self._parsed[name] = json.loads((self._directory / name).read_bytes())
        return self._parsed[name]

    def resolve(self, reference: str) -> Any:
        """Return what `FILE#/pointer` leads to. Raises: LookupError saying how far it led."""
        name, _, pointer = reference.partition("#")
        try:
            value = self.load(name)
        except (OSError, ValueError) as error:
            raise LookupError(f"{name} cannot be read ({error})") from error
        if pointer and not pointer.startswith("/"):
            raise LookupError(f"{pointer!r} is no JSON pointer")
        for part in pointer.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (KeyError, IndexError, ValueError, TypeError) as error:
                raise LookupError(f"there is no {key!r} on the way") from error
        return value

    def errors(self, reference: str, instance: Any) -> str | None:
        """Return why `instance` is not valid against the schema `FILE#/pointer`, or None when it is."""
        if self._registry is None:
            resources = [(self.load(name)["$id"], self.load(name)) for name in self.names()]
            self._registry = jsonschema_rs.Registry(resources)
        name, _, pointer = reference.partition("#")
        target = self.load(name)["$id"] + (f"#{pointer}" if pointer else "")
        validator = jsonschema_rs.validator_for({"$ref": target}, registry=self._registry)
        first = next(iter(validator.iter_errors(instance)), None)
        if first is None:
            return None
        place = "".join(f"/{part}" for part in first.instance_path)
        return f"{str(first.message)[:200]} at {place or 'the root'}"


@dataclass(frozen=True, slots=True)
class Example:
    """One tagged example. `reference` is the schema that it is valid or invalid against."""

    valid: bool
    reference: str
    source: str
    file: str
    line: int


def read_examples(file: str, text: str, problems: list[Problem]) -> Iterator[Example]:
    """Yield the tagged examples of a chapter; a tag without its fence, or misspelt, goes to `problems`."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        tag = EXAMPLE_TAG.match(line)
        if tag is None:
            continue
        body = _TAG_BODY.match(tag.group(1))
        fence = lines[index + 1].strip() if index + 1 < len(lines) else ""
        end = next((i for i in range(index + 2, len(lines)) if lines[i].strip() == "```"), None)
        if body is None or fence != "```json" or end is None:
            problems.append(
                Problem(
                    file,
                    index + 1,
                    f"the tag {line.strip()!r} before {fence or 'nothing'!r}",
                    "`<!-- example: valid|invalid NAME.schema.json#/pointer -->` and then a ```json fence",
                    "mend the tag, or put it on the line before the fence",
                )
            )
            continue
        source = "\n".join(lines[index + 2 : end])
        yield Example(body.group(1) == "valid", body.group(2), source, file, index + 1)


def check_examples(examples: list[Example], published: PublishedFiles, problems: list[Problem]) -> None:
    """Execute each example: it has to be JSON, and valid or invalid as its tag says."""
    for example in examples:
        try:
            published.resolve(example.reference)
            instance = json.loads(example.source)
        except LookupError as error:
            found, remedy = f"the schema {example.reference}: {error}", "name a schema that exists"
        except ValueError as error:
            found, remedy = f"an example that is not JSON ({error})", "mend the example"
        else:
            why = published.errors(example.reference, instance)
            if (why is None) == example.valid:
                continue
            found = f"an example that is invalid ({why})" if why else "an example that is valid"
            remedy = "mend the example or its tag"
        word = "valid" if example.valid else "invalid"
        problems.append(
            Problem(example.file, example.line, found, f"one {word} against {example.reference}", remedy)
        )


def check_pointers(
    requirements: list[Requirement], published: PublishedFiles, problems: list[Problem]
) -> None:
    """Note each requirement whose schema pointer leads nowhere."""
    for requirement in requirements:
        if requirement.schema is None:
            continue
        try:
            published.resolve(requirement.schema)
        except LookupError as error:
            problems.append(
                Problem(
                    requirement.file,
                    requirement.line,
                    f"the schema pointer {requirement.schema} of {requirement.id}: {error}",
                    "a pointer that resolves in schemas/1.0",
                    "mend the pointer, or move it with the schema",
                )
            )
