"""Packages that break one requirement of the chapter `assurance` each.

Owns the table `ASSURANCE_FAULTS`; leaves the sound packages and the ways to change them to `assurances`.
Serves `assurance`.
"""

import rfc8785

from lepton_conformance.forge.assurances import (
    FORM,
    NEAR,
    OVERSIGHT,
    SIDE,
    UNKNOWN,
    WILSON,
    assured_draft,
    every,
    generating,
    group,
    interval,
    least,
    least_but,
    nested,
    put,
    said,
    text_of,
    whole,
)
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.package import CARD
from lepton_conformance.forge.violation import Violation

__all__ = ["ASSURANCE_FAULTS"]


def _twice(bases: Bases) -> Forged:
    draft = assured_draft(bases, least(), [])
    return bases.finish(draft.add("more.json", rfc8785.dumps(least()), "application/json", "assurance"))


ASSURANCE_FAULTS: tuple[Violation, ...] = (
    Violation("ASR-DOC-01", "two", _twice),
    Violation("ASR-DOC-02", "issued-missing", least_but(put("/issued", None))),
    Violation("ASR-DOC-02", "issued-as-a-number", least_but(put("/issued", 20261124))),
    Violation("ASR-DOC-02", "unknown-member", least_but(put("/ethics", {"en": "Good."}))),
    Violation("ASR-DOC-02", "another-edition", least_but(put("/lepton", "2.0"))),
    Violation("ASR-DOC-02", "extension-without-domain", least_but(put("/extensions", {"x": 1}))),
    Violation("ASR-DOC-02", "instructions-empty", whole(put("/use/instructions", ""))),
    Violation("ASR-DOC-02", "name-twice", text_of(lambda d: d.replace(b"{", b'{"lepton":"1.0",', 1))),
    Violation("ASR-DOC-02", "not-utf-8", text_of(lambda d: d.replace(b"meaning", b"meanin\xff", 1))),
    Violation("ASR-DOC-02", "cut", text_of(lambda d: d[:-1])),
    Violation("ASR-DOC-02", "a-list", text_of(lambda d: b"[]")),
    Violation("ASR-DOC-02", "too-deep", least_but(put("/extensions", {"org.example.x": nested(63)}))),
    Violation("ASR-DOC-02", "too-long", text_of(lambda d: d + b" " * (64 << 20)), varies=False),
    Violation("ASR-DOC-03", "statement", whole(put("/use/users", {"zh": "人"}))),
    Violation("ASR-DOC-03", "reason", least_but(put("/robustness", {"notProvided": {"zh": "无"}}))),
    Violation("ASR-DOC-03", "attribute", whole(put(f"{FORM}/attribute", {"EN": "Form."}))),
    Violation("ASR-DOC-03", "note", whole(put(f"{FORM}/groups/0/interval/note", {"fr": "mille"}))),
    Violation("ASR-DOC-03", "misuse", whole(put("/use/misuse/0/answer", {"zh": "无"}))),
    Violation("ASR-DOC-03", "alarm", whole(put("/monitoring/signals/0/alarm", {"zh": "大于 1"}))),
    Violation("ASR-DOC-03", "method", whole(put("/environment/0/method", {"zh": "无"}))),
    Violation("ASR-DOC-03", "watermark", whole(put("/generative/watermark", {"notProvided": {"zh": "无"}}))),
    Violation("ASR-DOC-04", "overall-beyond-the-end", whole(put(f"{SIDE}/overall", "/evaluations/7"))),
    Violation(
        "ASR-DOC-04",
        "group-beyond-the-end",
        whole(put(f"{SIDE}/groups/1/evaluation", "/evaluations/9999")),
    ),
    Violation("ASR-DOC-04", "smallest-beyond-the-end", whole(put(f"{SIDE}/smallest", "/evaluations/8"))),
    Violation("ASR-DOC-04", "condition", whole(put("/robustness/0/evaluations/0", "/evaluations/7"))),
    Violation("ASR-DOC-04", "no-evaluations", whole(card=put("/evaluations", None)), findings=9),
    Violation("ASR-DOC-04", "instructions-not-listed", whole(put("/use/instructions", "docs/other.md"))),
    Violation("ASR-DOC-04", "instructions-of-another-role", whole(put("/use/instructions", CARD))),
    Violation("ASR-USE-01", "no-users", least_but(put("/use/users", None))),
    Violation("ASR-USE-01", "no-affected", least_but(put("/use/affected", None))),
    Violation("ASR-USE-01", "use-missing", least_but(put("/use", None))),
    Violation("ASR-USE-01", "users-as-text", least_but(put("/use/users", "All"))),
    Violation("ASR-USE-02", "no-misuse", least_but(put("/use/misuse", None))),
    Violation("ASR-USE-02", "empty-list", least_but(put("/use/misuse", []))),
    Violation("ASR-USE-02", "no-answer", whole(put("/use/misuse/0/answer", None))),
    Violation("ASR-PRV-01", "files-missing", least_but(put("/privacy/files", None))),
    Violation("ASR-PRV-01", "status-missing", least_but(put("/privacy/files/status", None))),
    Violation("ASR-PRV-01", "status-of-another-name", least_but(put("/privacy/files/status", "some"))),
    Violation(
        "ASR-PRV-01",
        "present-without-people",
        least_but(put("/privacy/files", {"status": "present", "basis": said("Consent.")})),
    ),
    Violation(
        "ASR-PRV-01",
        "present-without-basis",
        least_but(put("/privacy/files", {"status": "present", "people": said("One.")})),
    ),
    Violation("ASR-PRV-02", "possible-and-none", whole(put("/privacy/files/status", "possible"))),
    Violation(
        "ASR-PRV-02",
        "present-and-possible",
        whole(
            put("/privacy/files", {"status": "present", "basis": said("Consent."), "people": said("One.")}),
            put("/personalData", {"status": "possible"}),
        ),
    ),
    Violation("ASR-PRV-03", "no-retention", least_but(put("/privacy/retention", None))),
    Violation("ASR-PRV-03", "no-membership", least_but(put("/privacy/membership", None))),
    Violation("ASR-PRV-03", "no-inversion", least_but(put("/privacy/inversion", None))),
    Violation("ASR-PRV-03", "no-requests", least_but(put("/privacy/requests", None))),
    Violation("ASR-PRV-03", "reason-as-truth", least_but(put("/privacy/inversion", {"notProvided": True}))),
    Violation("ASR-PRV-03", "privacy-missing", least_but(put("/privacy", None))),
    Violation("ASR-PRV-04", "of-the-card", whole(card=UNKNOWN)),
    Violation("ASR-PRV-04", "of-the-files", whole(put("/privacy/files/status", "unknown"))),
    Violation("ASR-BIA-01", "no-measures", least_but(put("/bias/measures", None))),
    Violation("ASR-BIA-01", "empty-list", least_but(put("/bias/comparisons", []))),
    Violation("ASR-BIA-01", "bias-missing", least_but(put("/bias", None))),
    Violation("ASR-BIA-01", "one-group", whole(put(f"{SIDE}/groups/1", None))),
    Violation("ASR-BIA-01", "bootstrap-without-note", whole(put(f"{WILSON}/method", "bootstrap"))),
    Violation("ASR-BIA-02", "overall-of-a-group", whole(put(f"{SIDE}/overall", "/evaluations/1"))),
    Violation("ASR-BIA-02", "a-group-of-all", whole(put(f"{SIDE}/groups/0/evaluation", "/evaluations/0"))),
    Violation("ASR-BIA-02", "group-of-another-metric", whole(card=put("/evaluations/1/metric", "recall"))),
    Violation("ASR-BIA-02", "group-on-other-data", whole(card=put("/evaluations/1/dataset", NEAR))),
    Violation(
        "ASR-BIA-02",
        "group-on-data-of-another-digest",
        whole(card=put("/evaluations/2/dataset/sha256", "ef" * 32)),
    ),
    Violation(
        "ASR-BIA-02",
        "one-group-twice",
        whole(
            every(
                put(f"{SIDE}/groups/1", group(1)),
                put(f"{SIDE}/groups/0/interval", interval(0.9, 60, 0.9)),
                put(f"{SIDE}/groups/1/interval", interval(0.9, 60, 0.9)),
            )
        ),
    ),
    Violation("ASR-BIA-02", "one-name-twice", whole(card=put("/evaluations/2/group", "left"))),
    Violation(
        "ASR-BIA-03",
        "metric-without-a-definition",
        whole(card=every(*(put(f"/evaluations/{at}/metric", "Accuracy") for at in range(3)))),
    ),
    Violation(
        "ASR-BIA-03",
        "direction-of-its-own",
        whole(card=every(*(put(f"/evaluations/{at}/direction", "lower") for at in range(3)))),
    ),
    Violation("ASR-BIA-04", "a-sample-missing", whole(card=put("/evaluations/0/n", 101))),
    Violation("ASR-BIA-04", "ungrouped-too-many", whole(put(f"{SIDE}/ungrouped", 1))),
    Violation("ASR-BIA-04", "group-larger-than-all", whole(put(f"{FORM}/ungrouped", 31))),
    Violation("ASR-BIA-04", "mean-of-means", whole(card=put("/evaluations/0/value", 0.85))),
    Violation("ASR-BIA-04", "mean-off-by-three-thousandths", whole(card=put("/evaluations/0/value", 0.863))),
    Violation("ASR-BIA-05", "largest-as-smallest", whole(put(f"{SIDE}/smallest", "/evaluations/1"))),
    Violation("ASR-BIA-05", "smallest-of-no-group", whole(put(f"{SIDE}/smallest", "/evaluations/6"))),
    Violation("ASR-BIA-05", "difference-a-little-off", whole(put(f"{SIDE}/disparity/value", 0.10201))),
    Violation("ASR-BIA-05", "difference-too-small", whole(put(f"{SIDE}/disparity/value", 0.05))),
    Violation("ASR-BIA-05", "ratio-upside-down", whole(put(f"{FORM}/disparity/value", 2))),
    Violation("ASR-BIA-05", "ratio-as-difference", whole(put(f"{FORM}/disparity/measure", "difference"))),
    Violation(
        "ASR-BIA-05",
        "ratio-of-nothing",
        whole(
            every(
                put(f"{FORM}/disparity/value", 0),
                put(f"{FORM}/groups/0/interval/low", 0),
            ),
            put("/evaluations/4/value", 0),
        ),
    ),
    Violation("ASR-BIA-06", "value-just-outside", whole(put(f"{FORM}/groups/1/interval/low", 4.00001))),
    Violation("ASR-BIA-06", "value-outside", whole(put(f"{FORM}/groups/0/interval/high", 1.9))),
    Violation(
        "ASR-BIA-06", "bounds-exchanged", whole(every(put(f"{WILSON}/low", 1), put(f"{WILSON}/high", 0)))
    ),
    Violation(
        "ASR-BIA-06",
        "normal-approximation",
        whole(every(put(f"{WILSON}/low", 0.8241), put(f"{WILSON}/high", 0.9759))),
    ),
    Violation("ASR-BIA-06", "of-another-level", whole(put(f"{WILSON}/level", 0.9))),
    Violation("ASR-BIA-06", "wilson-of-no-share", whole(put(f"{FORM}/groups/0/interval/method", "wilson"))),
    Violation("ASR-BIA-07", "one-without", whole(put(f"{SIDE}/groups/1/interval", None))),
    *(
        Violation("ASR-OVS-01", f"no-{name}", least_but(put(f"/oversight/{name}", None)))
        for name in OVERSIGHT
    ),
    Violation("ASR-OVS-01", "oversight-missing", least_but(put("/oversight", None))),
    Violation("ASR-MON-01", "robustness-missing", least_but(put("/robustness", None))),
    Violation("ASR-MON-01", "condition-without-evaluations", whole(put("/robustness/0/evaluations", []))),
    Violation("ASR-MON-01", "pointer-to-the-data", whole(put("/robustness/0/evaluations/0", "/trainedOn/0"))),
    Violation("ASR-MON-02", "no-updates", least_but(put("/monitoring/updates", None))),
    Violation("ASR-MON-02", "no-signals", least_but(put("/monitoring/signals", None))),
    Violation("ASR-MON-02", "watches-something-else", whole(put("/monitoring/signals/0/watches", "weights"))),
    Violation("ASR-MON-02", "no-alarm", whole(put("/monitoring/signals/0/alarm", None))),
    Violation("ASR-SUP-01", "no-contact", least_but(put("/support/contact", []))),
    Violation(
        "ASR-SUP-01", "contact-without-scheme", least_but(put("/support/contact/0", "security@example.org"))
    ),
    Violation("ASR-SUP-01", "contact-that-runs", least_but(put("/support/contact/0", "javascript:alert(1)"))),
    Violation("ASR-SUP-01", "no-end", least_but(put("/support/end", None))),
    Violation("ASR-SUP-01", "no-expiry", least_but(put("/support/expires", None))),
    Violation("ASR-SUP-01", "month-13", least_but(put("/support/expires", "2027-13-01"))),
    Violation("ASR-SUP-02", "no-such-day", whole(put("/support/expires", "2029-02-29"))),
    Violation("ASR-SUP-02", "no-such-day-of-issue", whole(put("/issued", "2026-04-31"))),
    Violation("ASR-SUP-02", "year-nought", whole(put("/issued", "0000-01-01"))),
    Violation("ASR-SUP-02", "expired-when-issued", least_but(put("/support/expires", "2026-11-23"))),
    Violation("ASR-SUP-02", "ended-when-issued", whole(put("/support/end", "2026-11-23"))),
    Violation("ASR-SUP-02", "support-longer-than-contact", whole(put("/support/end", "2028-03-01"))),
    Violation("ASR-ENV-01", "no-method", whole(put("/environment/0/method", None))),
    Violation("ASR-ENV-01", "unit-of-another-quantity", whole(put("/environment/0/unit", "L"))),
    Violation("ASR-ENV-01", "negative", whole(put("/environment/0/value", -1))),
    Violation("ASR-ENV-01", "empty", whole(put("/environment", []))),
    Violation("ASR-GEN-01", "text-without-a-word-about-it", generating(lambda document: None)),
    Violation(
        "ASR-GEN-01",
        "watermark-without-detector",
        whole(put("/generative/watermark", {"scheme": "green-list", "limits": said("Lost in translation.")})),
    ),
    Violation("ASR-GEN-01", "no-disclosure", whole(put("/generative/disclosure", None))),
)
