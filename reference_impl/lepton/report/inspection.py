"""What a package holds and says of itself, as JSON values: the form that `lepton inspect` shows and exports.

Owns the selection; leaves how it looks to `inspection_text` and `inspection_html`, and judging to
`lepton.validate`. Nothing here is verified but the digests of the listed files.
"""

from collections.abc import Mapping
from typing import Any

from lepton.errors import SourceError
from lepton.package import Package

__all__ = ["describe", "measure_of", "said", "size_of", "statement", "tensor_facts"]

#: Folders of files that no manifest lists, because they speak about it.
_BESIDE = ("signatures", "attestations")


def describe(package: Package) -> dict[str, Any]:
    """Return what is shown. Raises: SourceError when there is no valid manifest to show."""
    manifest = package.manifest
    if manifest is None:
        raise SourceError(
            f"found no valid manifest in {str(package.path)!r}, expected one; "
            f"run: lepton validate --level quick {package.path}"
        )
    files = []
    for one in manifest["files"]:
        fact = package.files[one["path"]]
        files.append({**one, "verified": not fact.broken})
    documents = {
        path: fact.document.value for path, fact in package.files.items() if fact.document is not None
    }
    vectors = {path: documents[path] for path in manifest["vectors"] if documents.get(path) is not None}
    mutations = [one["mutation"] for one in vectors.values() if "mutation" in one]
    return {
        "path": str(package.path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        "container": package.container.kind,
        "identity": package.identity,
        "manifest": {name: value for name, value in manifest.items() if name != "files"},
        "files": files,
        "vectors": [_vectors(path, document) for path, document in vectors.items()],
        "mutation": mutations[0] if mutations else None,
        "card": documents.get(manifest["card"]),
        "application": _of_role("application", manifest, documents),
        "assurance": _of_role("assurance", manifest, documents),
        **{
            folder: sorted(path for path in package.container.entries if path.startswith(f"{folder}/"))
            for folder in _BESIDE
        },
    }


def _of_role(role: str, manifest: Mapping[str, Any], documents: Mapping[str, Any]) -> Any:
    """Return the document that is listed with a role, None where there is no valid one."""
    return next((documents.get(one["path"]) for one in manifest["files"] if one["role"] == role), None)


def _vectors(path: str, document: Any) -> dict[str, Any]:
    return {
        "path": path,
        "vectors": [{"id": one["id"], "stage": one["stage"]} for one in document["vectors"]],
        "controls": document["controls"],
        "provenance": document["provenance"],
    }


def said(text: Mapping[str, str], language: str) -> str:
    """Return human text in a language, or in the first one there is."""
    return text.get(language) or next(iter(text.values()))


def statement(value: Mapping[str, Any], language: str) -> str:
    """Return a statement of the card, or why there is none."""
    if "notProvided" in value:
        return f"not provided, because: {said(value['notProvided'], language)}"
    return said(value, language)


def size_of(symbol: Mapping[str, Any]) -> str:
    """Return the sizes that a symbol admits, in words."""
    step = f", multiples of {symbol['multipleOf']}" if "multipleOf" in symbol else ""
    return f"{symbol['min']}..{symbol.get('max', 'unbounded')}{step}"


def tensor_facts(tensor: Mapping[str, Any]) -> tuple[str, str]:
    """Return datatype and shape of a tensor, and what its axes are, in words."""
    shape = ", ".join(str(dim) for dim in tensor["shape"])
    return f"{tensor['datatype']}[{shape}]", ", ".join(tensor.get("axes", ()))


def measure_of(mutation: Mapping[str, Any]) -> str:
    """Return a mutation score in words."""
    return f"{mutation['killed']} of {mutation['mutants']} mutants killed"
