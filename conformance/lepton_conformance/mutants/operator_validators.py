"""Validators that compute one operator otherwise: at the level full they see vectors fail that do not.

Owns the replay of the stages `step`, `pre` and `post` with an operator that is wrong; leaves the operators to
`step_faults`, `table_faults` and `operator_faults`. Serves `package` (PKG-VEC-04).
"""

import base64
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from lepton_conformance.forge.chain import names
from lepton_conformance.mutants import operator_faults, step_faults, table_faults
from lepton_conformance.mutants.validator import Proxy, Report, finding
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import from_binary, to_binary
from lepton_conformance.oracle.steps import Sizes, Steps

__all__ = ["ALL"]

#: Faults in what is refused: a vector has an answer, so no replay shows them.
_REFUSALS = ("pro-04-cast-answers-nan",)
_CHAINS = ("pre", "post")


class ComputesOtherwise(Proxy):
    """Computes an operator otherwise than the table says."""

    breaks = "PKG-VEC-04"
    steps: ClassVar[type[Steps]]

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        if request["level"] != "full" or report["findings"]:
            return report
        files = _files(Path(request["path"]))
        manifest = json.loads(files["lepton.json"])
        for path in manifest["vectors"]:
            for place, vector in enumerate(json.loads(files[path])["vectors"]):
                if not self.passes(vector, manifest, files):
                    found = [finding(self.breaks, path, f"/vectors/{place}")]
                    return self.concluded({**report, "findings": found}, request["level"])
        return report

    def passes(
        self, vector: Mapping[str, Any], manifest: Mapping[str, Any], files: Mapping[str, bytes]
    ) -> bool:
        """Say whether a vector of steps passes; a vector of the model does."""
        if vector["stage"] == "step":
            _, _, which, place = vector["step"].split("/")
            steps = [manifest["processing"][which][int(place)]]
        elif vector["stage"] in _CHAINS:
            steps = manifest["processing"][vector["stage"]]
        else:
            return True
        arrays = {tensor["name"]: _array(tensor) for tensor in vector["inputs"]}
        sizes = Sizes(manifest.get("symbols", {}))
        try:
            for step in steps:
                written = self.steps(files, sizes).run(step, [arrays[name] for name in names(step, "in")])
                arrays.update(zip(names(step, "out"), written, strict=True))
        except Exception:  # whatever a wrong operator makes of the next one
            return False
        rules = {rule["output"]: rule for rule in vector["comparisons"]}
        return all(
            _agrees(arrays[tensor["name"]], _array(tensor), rules[tensor["name"]])
            for tensor in vector["expected"]
        )


def _array(tensor: Mapping[str, Any]) -> Array:
    return from_binary(tensor["datatype"], tensor["shape"], base64.b64decode(tensor["data"]))


def _agrees(found: Array, expected: Array, rule: Mapping[str, Any]) -> bool:
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return False
    if rule["comparator"] == "exact":
        return to_binary(found) == to_binary(expected)
    return bool(np.allclose(found, expected, atol=rule["atol"], rtol=rule["rtol"]))


def _files(path: Path) -> dict[str, bytes]:
    """Return the files of a valid package."""
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    found = (each for each in path.rglob("*") if each.is_file())
    return {each.relative_to(path).as_posix(): each.read_bytes() for each in found}


def _validator(steps: Any) -> type[ComputesOtherwise]:
    word = steps.id.removeprefix("pro-04-")
    members = {"id": f"pkg-vec-04-{word}", "steps": steps, "__doc__": steps.__doc__}
    return type(f"ComputesOtherwise{word}", (ComputesOtherwise,), members)


_FAULTS: tuple[Any, ...] = (*step_faults.ALL, *table_faults.ALL, *operator_faults.ALL)
ALL: tuple[type[ComputesOtherwise], ...] = tuple(
    _validator(one) for one in _FAULTS if one.breaks == "PKG-PRO-04" and one.id not in _REFUSALS
)
