"""Who cites which requirement: read from the source code, which is parsed and never run.

Owns finding `@check("ID")`, `requirement("ID", needs=(...))` and `breaks = "ID"`; leaves other mentions
to `mentions` and what a citation is worth to `coverage`.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from specification.problem import Problem
from specification.source import read_source

__all__ = ["KINDS", "Citation", "check_citations", "read_citations", "traceability"]

#: Kind of citation -> the folders where it is made.
KINDS = {
    "checks": ("reference_impl/lepton/checks",),
    "tests": ("conformance/lepton_conformance/suite", "tests"),
    "mutants": ("conformance/lepton_conformance/mutants", "conformance/lepton_conformance/forge"),
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Citation:
    """One citation: `kind` is a key of KINDS, or `needs`, which covers nothing.

    `name` is `file::function` for checks and tests, and the mutant's ID for mutants.
    """

    kind: str
    id: str
    name: str
    file: str
    line: int


def read_citations(root: Path, problems: list[Problem]) -> list[Citation]:
    """Return every citation under `root`, sorted; a file that is not Python goes to `problems`."""
    found: set[tuple[str, str, str, str, int]] = set()
    for folder in sorted(folder for folders in KINDS.values() for folder in folders):
        for path in sorted((root / folder).rglob("*.py")):
            file = path.relative_to(root).as_posix()
            kinds = [kind for kind, folders in KINDS.items() if _within(file, folders)]
            text = read_source(path)
            try:
                tree = ast.parse(text)
            except SyntaxError as error:
                problems.append(
                    Problem(file, error.lineno or 1, f"no Python ({error.msg})", "Python", "mend the file")
                )
                continue
            for kind in kinds:
                found.update(_of_kind(kind, file, tree))
    return [Citation(*each) for each in sorted(found)]


def _within(file: str, folders: Collection[str]) -> bool:
    return any(file.startswith(folder + "/") for folder in folders)


def _of_kind(kind: str, file: str, tree: ast.Module) -> Iterator[tuple[str, str, str, str, int]]:
    if kind == "mutants":
        yield from _mutants(file, tree, file)
        return
    function = {"checks": "check", "tests": "requirement"}[kind]
    lists = _lists(tree)
    for name, call in _calls(tree, ""):
        if _called(call) != function:
            continue
        where = f"{file}::{name}" if name else file
        for argument in call.args:
            for identifier in _strings(argument, lists):
                yield kind, identifier, where, file, argument.lineno
        for keyword in call.keywords:
            if keyword.arg == "needs":
                for identifier in _strings(keyword.value):
                    yield "needs", identifier, where, file, keyword.value.lineno


def _calls(node: ast.AST, owner: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call with the qualified name of the function or class around it."""
    for child in ast.iter_child_nodes(node):
        inner = owner
        if isinstance(child, _FUNCTIONS):
            inner = f"{owner}.{child.name}" if owner else child.name
        if isinstance(child, ast.Call):
            yield inner, child
        yield from _calls(child, inner)


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _lists(tree: ast.Module) -> dict[str, list[str]]:
    """Return the literal strings of each name that the module assigns at its top, once."""
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    return {t.id: _strings(node.value) for node in assigned for t in node.targets if isinstance(t, ast.Name)}


def _strings(node: ast.AST, lists: Mapping[str, list[str]] = MappingProxyType({})) -> list[str]:
    """Return the literal strings in an argument: one, a tuple or list, or the name of one; none is empty."""
    if isinstance(node, ast.Starred):
        node = node.value
    if isinstance(node, ast.Name):
        return lists.get(node.id, [])
    parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    constants = [each.value for each in parts if isinstance(each, ast.Constant)]
    return [value for value in constants if isinstance(value, str) and value]


def _mutants(file: str, node: ast.AST, name: str) -> Iterator[tuple[str, str, str, str, int]]:
    """Yield `breaks` of classes (assigned, named by their `id`) and of calls (a keyword argument).

    A `Violation("ID", "name", ...)` is a package that breaks the requirement: a mutant of a package.
    """
    for child in ast.walk(node):
        pairs: list[tuple[str, ast.expr]] = []
        if isinstance(child, ast.ClassDef):
            name = f"{file}::{child.name}"
            for statement in child.body:
                if isinstance(statement, ast.Assign):
                    pairs += [(t.id, statement.value) for t in statement.targets if isinstance(t, ast.Name)]
                elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    pairs += [(statement.target.id, statement.value)] if statement.value else []
        elif isinstance(child, ast.Call) and _called(child) == "Violation" and len(child.args) > 1:
            for identifier, case in zip(_strings(child.args[0]), _strings(child.args[1]), strict=False):
                yield "mutants", identifier, f"{identifier}/{case}", file, child.lineno
            continue
        elif isinstance(child, ast.Call):
            name = f"{file}::{_called(child)}"
            pairs = [(each.arg, each.value) for each in child.keywords if each.arg]
            first = _strings(child.args[0]) if child.args else []
            pairs += [("id", child.args[0])] if first else []
        else:
            continue
        values = dict(pairs)
        given = _strings(values["id"]) if "id" in values else []
        for identifier in _strings(values["breaks"]) if "breaks" in values else []:
            yield "mutants", identifier, given[0] if given else name, file, values["breaks"].lineno


def check_citations(citations: list[Citation], known: Collection[str], problems: list[Problem]) -> None:
    """Note each citation of an ID that no block defines."""
    for citation in citations:
        if citation.id in known:
            continue
        problems.append(
            Problem(
                citation.file,
                citation.line,
                f"{citation.id!r} ({citation.kind}), which no block of spec/en defines",
                "the ID of a requirement",
                "mend the ID, or write the requirement first",
            )
        )


def traceability(citations: list[Citation], known: Collection[str]) -> dict[str, dict[str, list[str]]]:
    """Return, for each known ID in order, who checks it, tests it and breaks it."""
    table: dict[str, dict[str, list[str]]] = {each: {kind: [] for kind in KINDS} for each in known}
    for citation in citations:
        if citation.kind in KINDS and citation.id in table:
            names = table[citation.id][citation.kind]
            if citation.name not in names:
                names.append(citation.name)
    return table
