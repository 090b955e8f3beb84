"""Packages whose documents are almost right: the validator judges every one and crashes on none."""

import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lepton.finding import Verdict, severity
from lepton.validate import validate_package
from lepton_conformance.forge import Forged
from lepton_conformance.forge.draft import MANIFEST, Draft
from lepton_conformance.forge.package import CARD, VECTORS
from lepton_conformance.forge.valid import external_draft, linear_draft, threshold_draft, vision_draft
from lepton_conformance.strategies.documents import mutated

DRAFTS = {
    "linear": linear_draft,
    "external": external_draft,
    "vision": vision_draft,
    "threshold": threshold_draft,
}
SETTINGS = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def written(value: Any) -> bytes:
    """Return the canonical form, or any form of a value that has none."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@st.composite
def packages(draw: st.DrawFn) -> Forged:
    """Draw a package with one document that is almost right, described by its manifest as it stands."""
    draft: Draft = DRAFTS[draw(st.sampled_from(sorted(DRAFTS)))]()
    name = draw(st.sampled_from([MANIFEST, MANIFEST, CARD, VECTORS]))
    if name == MANIFEST:
        return draft.directory(written(draw(mutated(draft.sealed()))))
    return draft.put(name, written(draw(mutated(json.loads(draft.member(name).data))))).directory()


@pytest.mark.requirement("PKG-VAL-01")
@SETTINGS
@given(packages())
def test_every_package_is_judged(tmp_path_factory: pytest.TempPathFactory, package: Forged) -> None:
    path: Path = package.write(tmp_path_factory.mktemp("mutated"))
    report = validate_package(path, level="quick")
    absolute = [one for one in report.findings if severity(one.requirement) == "error"]
    assert (report.verdict is Verdict.FAIL) == bool(absolute)
    assert report.verdict is not Verdict.INCONCLUSIVE
