"""What a signature of a package says: every file with its digest, as OpenSSF Model Signing v1 lists them.

Owns writing and judging that statement; leaves keys and envelopes to the other modules. Serves PKG-SGN-01 to
PKG-SGN-03.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from lepton.package.envelope import MODEL_SIGNATURE, STATEMENT_TYPE, Statement
from lepton.package.paths import MANIFEST, UNLISTED_AREAS, displayed
from lepton.package.read import Package

__all__ = ["digests_of", "form_fault", "resources_fault", "root_of", "statement_of", "subject_fault"]


def digests_of(package: Package) -> dict[str, str]:
    """Return the SHA-256 of every file that a signature covers, in the order of model signing.

    That order compares paths segment by segment, so `a/b` comes before `a.txt`.
    """
    assert package.manifest is not None
    assert package.identity is not None
    digests = {MANIFEST: package.identity.removeprefix("sha256:")}
    digests |= {one["path"]: one["sha256"] for one in package.manifest["files"]}
    return dict(sorted(digests.items(), key=lambda one: one[0].split("/")))


def root_of(digests: Iterable[str]) -> str:
    """Return the digest over digests, in hex, that is the subject of a signature."""
    state = hashlib.sha256()
    for one in digests:
        state.update(bytes.fromhex(one))
    return state.hexdigest()


def statement_of(name: str, digests: Mapping[str, str]) -> dict[str, Any]:
    """Return the in-toto statement that is signed. `digests` are in the order of `digests_of`."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": root_of(digests.values())}}],
        "predicateType": MODEL_SIGNATURE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": sorted(one.rstrip("/") for one in UNLISTED_AREAS),
            },
            "resources": [
                {"name": path, "algorithm": "sha256", "digest": one} for path, one in digests.items()
            ],
        },
    }


def form_fault(statement: Statement) -> str:
    """Say in what a statement is none of model signing, or return an empty text. Spec: PKG-SGN-01."""
    if statement.predicate_type != MODEL_SIGNATURE:
        return f"found the predicateType {_shown(statement.predicate_type)}, expected {MODEL_SIGNATURE!r}"
    if len(statement.subjects) != 1:
        return f"found {len(statement.subjects)} subjects, expected one"
    subject = statement.subjects[0]
    if not subject.name or not _is_sha256(subject.sha256):
        return "found a subject without a name or a SHA-256 digest, expected both"
    predicate = statement.predicate if isinstance(statement.predicate, dict) else {}
    serialization = predicate.get("serialization")
    if not isinstance(serialization, dict):
        return "found no serialization in the predicate, expected one"
    for name, expected in (("method", "files"), ("hash_type", "sha256")):
        if serialization.get(name) != expected:
            return f"found the {name} {_shown(serialization.get(name))}, expected {expected!r}"
    return ""


def resources_fault(statement: Statement, digests: Mapping[str, str]) -> str:
    """Say in what the signed list is not exactly the package's files, or return an empty text.

    `digests` are in the order of `digests_of`. Spec: PKG-SGN-02.
    """
    resources = statement.predicate.get("resources")
    if not isinstance(resources, list):
        return "found no list of resources, expected one"
    seen: dict[str, None] = {}
    for one in resources:
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str):
            return "found a resource without a name, expected the path of a file"
        if name in seen:
            return f"found the resource {_shown(name)} twice, expected it once"
        seen[name] = None
        if name not in digests:
            return f"found the resource {_shown(name)}, which is no file that a signature covers"
        if one.get("algorithm") != "sha256" or one.get("digest") != digests[name]:
            return f"found another digest of {_shown(name)} than the SHA-256 of its bytes"
    missing = next((path for path in digests if path not in seen), None)
    if missing is not None:
        return f"found no resource {_shown(missing)}, expected every file of the package"
    if list(seen) != list(digests):
        return "found the resources in another order, expected that of their paths, segment by segment"
    return ""


def subject_fault(statement: Statement, name: str) -> str:
    """Say in what the subject is not the package and the digest over the listed resources, or an empty text.

    Resources whose digests cannot be read are PKG-SGN-02's matter. Spec: PKG-SGN-03.
    """
    subject = statement.subjects[0]
    if subject.name != name:
        return f"found the subject {_shown(subject.name)}, expected the id {name!r}"
    resources = statement.predicate.get("resources")
    listed = resources if isinstance(resources, list) else []
    digests: list[Any] = [one.get("digest") if isinstance(one, dict) else None for one in listed]
    if not digests or not all(_is_sha256(one) for one in digests):
        return ""
    root = root_of(digests)
    if subject.sha256 != root:
        return f"found the digest {subject.sha256} of the subject, expected {root} over the resources"
    return ""


def _is_sha256(text: Any) -> bool:
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def _shown(text: Any) -> str:
    return repr(displayed(text)[:100]) if isinstance(text, str) else repr(text)[:40]
