"""The checks: one module a topic, each a function over the facts about a package.

Owns the explicit list `ALL` and the order in which causes hide effects. A check does no I/O and never prints.
Serves `core`, `package` and the profiles that build on it.
"""

from lepton.checks import (
    application,
    artifacts,
    assurance,
    controls,
    digests,
    documentation,
    documents,
    examples,
    groups,
    layout,
    manifest,
    measured,
    mutation,
    processing,
    replay,
    signature,
    signatures,
    stepfiles,
    tensors,
    vectors,
    zip,
)
from lepton.checks.registry import Check, NotChecked, Outcome, check, run
from lepton.checks.replay import checks_of

__all__ = ["ALL", "REVIEWED", "Check", "NotChecked", "Outcome", "check", "checks_of", "run"]

ALL: tuple[Check, ...] = (
    layout.CHECKS[0],
    *zip.CHECKS[:2],
    *layout.CHECKS[1:6],
    *zip.CHECKS[2:4],
    *manifest.CHECKS,
    layout.CHECKS[6],
    zip.CHECKS[4],
    *digests.CHECKS,
    *documents.CHECKS,
    *artifacts.CHECKS,
    *tensors.CHECKS,
    *signature.SYMBOLS,
    *processing.CHECKS,
    *stepfiles.CHECKS,
    *signature.CHECKS,
    *vectors.CHECKS,
    *controls.CHECKS,
    *mutation.CHECKS,
    *documentation.CHECKS,
    *signatures.CHECKS,
    *application.CHECKS,
    *measured.CHECKS,
    *examples.CHECKS,
    *assurance.CHECKS,
    *groups.CHECKS,
    *replay.checks_of(None, "the level quick does not replay the vectors"),
)

#: Requirements on packages that people decide.
REVIEWED = ("PKG-ART-11",)
