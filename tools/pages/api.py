"""The reference of the Python packages, from their docstrings and signatures, in English.

Owns one page a package: the names in its `__all__`, each with signature, docstring, attributes and methods.
Reads the source with griffe and imports nothing, so that no engine has to be installed to build the site.
"""

import functools
import html
import re
from collections.abc import Iterator
from pathlib import Path

import griffe

from pages.links import link_identifiers
from specification import Book

__all__ = ["api_pages"]

#: Import package -> the folder that it lies in.
ROOTS = {"lepton": "reference_impl", "lepton_conformance": "conformance", "lepton_spec": "schemas"}
#: Commands are described by `--help` and the guide.
LEFT_OUT = {"lepton.cli"}
MAX_VALUE_CHARACTERS = 120
_MARKS = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
_TITLE = "Python API"
_INTRODUCTION = (
    "The public names of the three import packages: what stands in the `__all__` of a package. The command "
    "`lepton` is the stable door for programs; these names may change between minor versions, and the "
    "changelog then says so. The text is read from the source when this site is built."
)
_CODE = re.compile(r"(`[^`]*`)")
_WITH_MEANING = ("| attribute | type | meaning |", "|---|---|---|")
_WITHOUT_MEANING = ("| attribute | type |", "|---|---|")


def api_pages(book: Book) -> dict[str, str]:
    """Return the Markdown of each page below `api/`, by file name."""
    pages = {}
    rows = []
    for package in sorted(_packages(str(book.root)), key=lambda each: each.path):
        names = sorted(package.exports or (), key=lambda name: (str(name).isupper(), str(name)))
        name = package.path
        pages[f"{name}.md"] = "\n".join(_page(package, [str(each) for each in names], book))
        listed = ", ".join(f"`{each}`" for each in names)
        rows.append(f"| [{name}]({name}.md) | {_cell(_first_line(package))} | {listed} |")
    head = ["| package | what it is | names |", "|---|---|---|"]
    intro = ["---", "hide:", "  - toc", "---", "", f"# {_TITLE}", "", _INTRODUCTION, ""]
    return {"index.md": "\n".join([*intro, *head, *rows, ""]), **pages}


@functools.lru_cache(maxsize=1)
def _packages(root: str) -> tuple[griffe.Module, ...]:
    """Return the import packages with public names, in the order of their names."""
    paths = [str(Path(root) / folder) for folder in dict.fromkeys(ROOTS.values())]
    loader = griffe.GriffeLoader(search_paths=paths, allow_inspection=False)
    found: list[griffe.Module] = []
    for name in ROOTS:
        module = loader.load(name)
        assert isinstance(module, griffe.Module)
        found += _with_names(module)
    loader.resolve_aliases()
    return tuple(found)


def _with_names(module: griffe.Module) -> Iterator[griffe.Module]:
    if module.exports and module.path not in LEFT_OUT:
        yield module
    for child in module.members.values():
        if isinstance(child, griffe.Module) and child.is_init_module and module.parent is None:
            yield from _with_names(child)


def _page(package: griffe.Module, names: list[str], book: Book) -> Iterator[str]:
    yield from (f"# {package.path}", "", *_docstring(package, book))
    for name in names:
        target = package[name]
        if isinstance(target, griffe.Alias):
            target = target.final_target
        yield from ("", f"## {name} {{#{name}}}", "")
        yield from (f"```python\n{_signature(name, target)}\n```", "")
        yield from _docstring(target, book)
        if isinstance(target, griffe.Class):
            yield from _class(target, book)


def _class(target: griffe.Class, book: Book) -> Iterator[str]:
    """Yield the public attributes as a table, then each public method."""
    public = [
        each
        for each in target.members.values()
        if each.is_public and not each.is_alias and not each.name.startswith("_")
    ]
    attributes = [each for each in public if isinstance(each, griffe.Attribute)]
    if attributes:
        told = any(_first_line(each) for each in attributes)
        yield from ("", *(_WITH_MEANING if told else _WITHOUT_MEANING))
        for each in attributes:
            kind = f"<code>{_escaped(str(each.annotation))}</code>" if each.annotation is not None else ""
            says = link_identifiers("en", _escaped(_first_line(each)), book, "../")
            yield f"| `{each.name}` | {_cell(kind)} |" + (f" {_cell(says)} |" if told else "")
    for method in public:
        if isinstance(method, griffe.Function):
            yield from ("", f"### {method.name} {{#{target.name}.{method.name}}}", "")
            yield from (f"```python\n{_signature(method.name, method)}\n```", "")
            yield from _docstring(method, book)


def _signature(name: str, target: griffe.Object | griffe.Alias) -> str:
    if isinstance(target, griffe.Function):
        returns = f" -> {target.returns}" if target.returns is not None else ""
        return f"def {name}{_parameters(target.parameters)}{returns}"
    if isinstance(target, griffe.Class):
        bases = f"({', '.join(map(str, target.bases))})" if target.bases else ""
        made = target.members.get("__init__")
        own = f"\n\n{name}{_parameters(made.parameters)}" if isinstance(made, griffe.Function) else ""
        return f"class {name}{bases}{own}"
    if isinstance(target, griffe.Attribute):
        value = str(target.value) if target.value is not None else ""
        shown = f" = {value}" if value and len(value) <= MAX_VALUE_CHARACTERS and "\n" not in value else ""
        annotation = f": {target.annotation}" if target.annotation is not None else ""
        return f"{name}{annotation}{shown}"
    return f"module {name}"


def _parameters(parameters: griffe.Parameters) -> str:
    """Return a parameter list as Python writes it, one a line where it is long."""
    parts = []
    star = False
    for each in parameters:
        if each.name in ("self", "cls"):
            continue
        if each.kind is griffe.ParameterKind.keyword_only and not star:
            parts.append("*")
            star = True
        star = star or each.kind is griffe.ParameterKind.var_positional
        mark = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}.get(
            each.kind, ""
        )
        annotation = f": {each.annotation}" if each.annotation is not None else ""
        default = f" = {each.default}" if each.default is not None and not mark else ""
        parts.append(f"{mark}{each.name}{annotation}{default if annotation else default.replace(' ', '')}")
    line = f"({', '.join(parts)})"
    return line if len(line) <= 76 else "(\n    " + ",\n    ".join(parts) + ",\n)"


def _docstring(target: griffe.Object | griffe.Alias, book: Book) -> Iterator[str]:
    """Yield the docstring as Markdown: angle brackets are text, identifiers are links."""
    text = target.docstring.value if target.docstring is not None else ""
    for line in text.splitlines():
        yield link_identifiers("en", _escaped(line), book, "../")
    yield ""


def _escaped(text: str) -> str:
    """Return text with what Markdown would take for HTML or emphasis as plain characters, code aside."""
    parts = _CODE.split(text)
    return "".join(
        part if index % 2 else html.escape(part, quote=False).replace("*", "\\*").replace("_", "\\_")
        for index, part in enumerate(parts)
    )


def _first_line(target: griffe.Object | griffe.Alias) -> str:
    text = target.docstring.value if target.docstring is not None else ""
    return " ".join(text.partition("\n\n")[0].split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
