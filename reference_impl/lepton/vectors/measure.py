"""Run every mutant of a package, and say which vector exposes it.

Owns the whole count, where a validation takes four of it; leaves single mutants to `mutation`. Serves
PKG-VEC-11 and PKG-VEC-12.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from lepton.errors import UnsupportedError
from lepton.runtime.pipeline import VerifiedPackage
from lepton.runtime.plan import Plan
from lepton.vectors.bench import Bench
from lepton.vectors.document import VectorDocument
from lepton.vectors.mutants import subject
from lepton.vectors.mutation import package_mutants, run_mutant

__all__ = ["measured_score"]


def measured_score(
    package: VerifiedPackage,
    *,
    allow_executable: bool = False,
    tell: Callable[[str, int, int], None] = lambda what, done, of: None,
) -> dict[str, Any]:
    """Return `mutants`, `killed` and `survivors` as the member `mutation` has them, and a `table`.

    The table has each mutant with the vector that kills it and how its answer is wrong. Raises: LeptonError
    when the artifact that mutants are made of cannot be run.
    """
    manifest = package.document
    artifact = subject(manifest)
    if artifact["executable"] and not allow_executable:
        raise UnsupportedError(
            f"the mutants are made of the artifact {artifact['id']!r}, which is executable; if you trust its "
            "author, say --allow-executable"
        )
    documents = [json.loads(package.read(path)) for path in manifest["vectors"]]
    vectors = [vector for one in documents for vector in VectorDocument.from_json(one).vectors]
    bench = Bench(package, artifact, Plan.from_manifest(manifest, package.read))
    try:
        known = package_mutants(bench, manifest, vectors)
        table = []
        for done, mutant in enumerate(known):
            tell("running mutants", done, len(known))
            table.append(run_mutant(bench, manifest, mutant, vectors))
    finally:
        bench.close()
    reasons = _reasons(documents)
    survivors = [
        {"mutant": one.mutant} | ({"reason": reasons[one.mutant]} if one.mutant in reasons else {})
        for one in table
        if not one.killed
    ]
    return {
        "mutants": len(table),
        "killed": len(table) - len(survivors),
        "survivors": survivors,
        "table": [
            {"mutant": one.mutant, "killed": one.killed, "vector": one.vector, "message": one.message}
            for one in table
        ],
    }


def _reasons(documents: list[Mapping[str, Any]]) -> dict[str, str]:
    return {
        one["mutant"]: one["reason"]
        for document in documents
        for one in document.get("mutation", {}).get("survivors", [])
        if "reason" in one
    }
