"""Validators with one planted fault each: they stand before a validator and alter what it says.

Owns the faults; leaves passing on to `validator`. For every requirement on packages there is a validator that
is blind to it, and one that sees it violated everywhere. Serves `package` (PKG-VAL, PKG-DIG, PKG-ZIP, COR).
"""

import contextlib
import json
import pickle
import signal
import socket
import time
import urllib.parse
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import lepton_spec
from lepton_conformance.mutants.validator import OUTSIDE_QUICK, Proxy, Report, finding

__all__ = ["ALL", "SLOW", "TRIVIAL"]


def _manifest(request: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of a directory, as far as it can be read."""
    try:
        found = json.loads((Path(request["path"]) / "lepton.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _violated(report: Report) -> set[str]:
    return {one["requirement"] for one in report["findings"]}


class Blind(Proxy):
    """Does not see one requirement violated, and says that it has checked it."""

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        kept = [one for one in report["findings"] if one["requirement"] != self.breaks]
        if len(kept) == len(report["findings"]):
            return report
        checked = sorted({*report["checked"], self.breaks})
        return self.concluded({**report, "findings": kept, "checked": checked}, request["level"])


class Alarmed(Proxy):
    """Sees one requirement violated in every valid package."""

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        if report["findings"]:
            return report
        return self.concluded({**report, "findings": [finding(self.breaks)]}, request["level"])


def _checkable() -> list[str]:
    return [
        key
        for key, entry in lepton_spec.requirements().items()
        if entry["role"] == "package"
        and "package" in entry["profiles"]
        and not {"schema", "check"}.isdisjoint(entry["verify"])
    ]


def _each(kind: type[Proxy], word: str) -> tuple[type[Proxy], ...]:
    made: list[type[Proxy]] = []
    for key in _checkable():
        members = {"id": f"{key.lower()}-{word}", "breaks": key, "__doc__": kind.__doc__}
        made.append(type(f"{kind.__name__}{key}", (kind,), members))
    return tuple(made)


class FollowsLinks(Proxy):
    """Follows links that lead to a file inside."""

    id = "pkg-lay-05-follows"
    breaks = "PKG-LAY-05"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        link = Path(request["path"]) / "link"
        if not (link.is_symlink() and link.exists()):
            return report
        kept = [one for one in report["findings"] if one["requirement"] != self.breaks]
        return self.concluded({**report, "findings": kept}, request["level"])


class TrustsOneHeader(Proxy):
    """Takes name, sizes and CRC from the central header alone, and compares the rest."""

    id = "pkg-zip-03-central"
    breaks = "PKG-ZIP-03"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        with contextlib.suppress(zipfile.BadZipFile, OSError, NotImplementedError):
            with zipfile.ZipFile(request["path"]) as archive:
                archive.namelist()
            kept = [one for one in report["findings"] if one["requirement"] != self.breaks]
            return self.concluded({**report, "findings": kept}, request["level"])
        return report


class AlwaysPass(Proxy):
    """Gives the verdict pass whatever it found."""

    id = "pkg-val-01-pass"
    breaks = "PKG-VAL-01"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        return {**report, "verdict": "pass"}


class AlwaysFail(Proxy):
    """Gives the verdict fail whatever it found."""

    id = "pkg-val-01-fail"
    breaks = "PKG-VAL-01"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        return {**report, "verdict": "fail"}


class WarningsFail(Proxy):
    """Gives the verdict fail for a violated recommendation."""

    id = "pkg-val-01-warnings"
    breaks = "PKG-VAL-01"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        return {**report, "verdict": "fail" if report["findings"] else report["verdict"]}


class QuickIsInconclusive(Proxy):
    """Gives the verdict inconclusive at the level quick, because it replays nothing."""

    id = "pkg-val-01-quick"
    breaks = "PKG-VAL-01"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        quick = request["level"] == "quick" and report["verdict"] == "pass"
        return {**report, "verdict": "inconclusive"} if quick else report


class RunsScripts(Proxy):
    """Runs the setup.py of a package."""

    id = "pkg-val-02-setup"
    breaks = "PKG-VAL-02"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        script = Path(request["path"]) / "setup.py"
        if script.is_file():
            exec(compile(script.read_bytes(), "setup.py", "exec"), {})
        return report


class Unpickles(Proxy):
    """Unpickles what ends in .pkl, to see whether it is one."""

    id = "pkg-val-02-pickle"
    breaks = "PKG-VAL-02"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        for path in Path(request["path"]).rglob("*.pkl"):
            with contextlib.suppress(Exception):
                pickle.loads(path.read_bytes())
        return report


class UnpicklesAtFull(Proxy):
    """Loads a torch archive at the level full, pickles and all."""

    id = "pkg-val-02-archive"
    breaks = "PKG-VAL-02"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        if request["level"] == "full":
            for path in Path(request["path"]).rglob("*.pt2"):
                with contextlib.suppress(Exception), zipfile.ZipFile(path) as archive:
                    pickle.loads(archive.read("m/data.pkl"))
        return report


class _Placed(Proxy):
    """Gives every finding another place."""

    change: ClassVar[dict[str, str]] = {}
    breaks = "PKG-VAL-03"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        return {**report, "findings": [{**one, **self.change} for one in report["findings"]]}


class NoFile(_Placed):
    """Names no file."""

    id = "pkg-val-03-no-file"
    breaks = "PKG-VAL-03"
    change: ClassVar[dict[str, str]] = {"file": ""}


class AlwaysManifest(_Placed):
    """Names the manifest as the file of everything."""

    id = "pkg-val-03-manifest"
    breaks = "PKG-VAL-03"
    change: ClassVar[dict[str, str]] = {"file": "lepton.json"}


class NoPointer(_Placed):
    """Names the file and no place in it."""

    id = "pkg-val-03-no-pointer"
    breaks = "PKG-VAL-03"
    change: ClassVar[dict[str, str]] = {"pointer": ""}


class AlwaysWarning(_Placed):
    """Calls everything a warning."""

    id = "pkg-val-03-warning"
    breaks = "PKG-VAL-03"
    change: ClassVar[dict[str, str]] = {"severity": "warning"}


class FragmentPointer(Proxy):
    """Writes pointers as URI fragments."""

    id = "pkg-val-03-fragment"
    breaks = "PKG-VAL-03"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        findings = [{**one, "pointer": f"#{one['pointer']}"} for one in report["findings"]]
        return {**report, "findings": findings}


class Twice(Proxy):
    """Says every finding twice."""

    id = "pkg-val-04-twice"
    breaks = "PKG-VAL-04"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        return {**report, "findings": report["findings"] * 2}


class Cascades(Proxy):
    """Judges the artifact of a package whose manifest is wrong."""

    id = "pkg-val-04-cascade"
    breaks = "PKG-VAL-04"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        if not any(key.startswith("PKG-SIG") for key in _violated(report)):
            return report
        return {**report, "findings": [*report["findings"], finding("PKG-ART-03")]}


class ClaimsChecked(Proxy):
    """Says of what was not checked that it was."""

    id = "pkg-val-05-claims"
    breaks = "PKG-VAL-05"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        checked = sorted({*report["checked"], *(one["requirement"] for one in report["notChecked"])})
        return {**report, "checked": checked, "notChecked": []}


class SaysNothing(Proxy):
    """Leaves out what was not checked, and what was."""

    id = "pkg-val-05-silent"
    breaks = "PKG-VAL-05"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        return {key: value for key, value in report.items() if key not in ("checked", "notChecked")}


class Forgets(Proxy):
    """Leaves out what a violation blocks."""

    id = "pkg-val-05-blocked"
    breaks = "PKG-VAL-05"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        kept = [one for one in report["notChecked"] if not one["reason"].startswith("blocked")]
        return {key: value for key, value in report.items() if key != "checked"} | {"notChecked": kept}


class ClaimsReplays(Proxy):
    """Says at the level quick that the vectors passed."""

    id = "pkg-val-05-replays"
    breaks = "PKG-VAL-05"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        kept = [one for one in report["notChecked"] if one["requirement"] not in OUTSIDE_QUICK]
        if request["level"] == "full" or len(kept) == len(report["notChecked"]):
            return report
        return {**report, "checked": sorted({*report["checked"], *OUTSIDE_QUICK}), "notChecked": kept}


class NoLevels(Proxy):
    """Declares no levels."""

    id = "pkg-val-06-levels"
    breaks = "PKG-VAL-06"

    def hello(self, hello: dict[str, Any]) -> dict[str, Any]:
        return {**hello, "capabilities": {"validate": []}}


class NoName(Proxy):
    """Has no name."""

    id = "pkg-val-06-name"
    breaks = "PKG-VAL-06"

    def hello(self, hello: dict[str, Any]) -> dict[str, Any]:
        return {**hello, "name": ""}


class ReportsNothing(Proxy):
    """Reports a path where nothing is as a package that fails."""

    id = "pkg-val-06-missing"
    breaks = "PKG-VAL-06"

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = super().answer(request)
        if answer.get("error", {}).get("code") != "NOT_FOUND":
            return answer
        findings = [finding("PKG-LAY-01", "")]
        return {
            "report": {"path": request["path"], "identity": None, "verdict": "fail", "findings": findings}
        }


class ErrorForText(Proxy):
    """Answers with an error to a package that has no manifest."""

    id = "pkg-val-06-error"
    breaks = "PKG-VAL-06"

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = super().answer(request)
        if "report" in answer and "PKG-LAY-01" in _violated(answer["report"]):
            return {"error": {"code": "INTERNAL", "message": "this is no package"}}
        return answer


class EndsWithOne(Proxy):
    """Ends with status 1 after shutdown."""

    id = "pkg-val-06-status"
    breaks = "PKG-VAL-06"
    exit_status = 1


class AnswersAnything(Proxy):
    """Answers an unknown operation as if it were done."""

    id = "pkg-val-06-operation"
    breaks = "PKG-VAL-06"

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        return super().answer(request) if request["op"] in ("validate", "shutdown") else {}


class Inflates(Proxy):
    """Takes memory for what a package announces, not for what it has."""

    id = "pkg-val-07-announced"
    breaks = "PKG-VAL-07"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        if "PKG-ZIP-07" in _violated(report):
            bytearray(400_000_000)[::4096] = b"x" * len(range(0, 400_000_000, 4096))
        return report


class CrashesOnLinks(Proxy):
    """Dies of a link to nothing."""

    id = "pkg-val-08-links"
    breaks = "PKG-VAL-08"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        link = Path(request["path"]) / "link"
        if link.is_symlink() and not link.exists():
            signal.raise_signal(signal.SIGSEGV)
        return report


class HangsOnBrackets(Proxy):
    """Does not come back from a million brackets."""

    id = "pkg-val-08-brackets"
    breaks = "PKG-VAL-08"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        if "PKG-MAN-01" in _violated(report):
            time.sleep(600)
        return report


class Remembers(Proxy):
    """Reports what it found in the package before as well."""

    id = "pkg-val-08-remembers"
    breaks = "PKG-VAL-08"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        last: list[dict[str, Any]] = self.__dict__.setdefault("last", [])
        self.__dict__["last"] = report["findings"]
        return self.concluded({**report, "findings": [*report["findings"], *last]}, request["level"])


class KnowsPaths(Proxy):
    """Gives the report that it gave of the same path."""

    id = "pkg-val-08-paths"
    breaks = "PKG-VAL-08"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        known: dict[str, Report] = self.__dict__.setdefault("known", {})
        return known.setdefault(f"{request['path']} {request['level']}", report)


class ParsesFirst(Proxy):
    """Interprets the card and the model before it has their digests."""

    id = "pkg-dig-04-first"
    breaks = "PKG-DIG-04"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        altered = {one["file"] for one in report["findings"] if one["requirement"] == "PKG-DIG-03"}
        more = [finding("PKG-ART-01", "model/model.onnx")] if "model/model.onnx" in altered else []
        return {**report, "findings": [*report["findings"], *more]}


class ParsesOtherSizes(Proxy):
    """Interprets the card although its size is another one."""

    id = "pkg-dig-04-sizes"
    breaks = "PKG-DIG-04"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        altered = {one["file"] for one in report["findings"] if one["requirement"] == "PKG-DIG-02"}
        more = [finding("PKG-DOC-02", "card.json")] if "card.json" in altered else []
        return {**report, "findings": [*report["findings"], *more]}


class CanonicalIdentity(Proxy):
    """Digests the manifest as it ought to be, not as it is."""

    id = "pkg-dig-05-canonical"
    breaks = "PKG-DIG-05"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        loose = "PKG-MAN-03" in _violated(report)
        return {**report, "identity": f"sha256:{'0' * 64}"} if loose else report


class NoIdentity(Proxy):
    """Gives no identity of a package that fails."""

    id = "pkg-dig-05-failing"
    breaks = "PKG-DIG-05"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        return {**report, "identity": None} if report["findings"] else report


class GuessesEditions(Proxy):
    """Judges a manifest of another edition by the schema of this one."""

    id = "cor-ver-02-guesses"
    breaks = "COR-VER-02"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        if "COR-VER-01" not in _violated(report) or "licence" not in str(_manifest(request)):
            return report
        return {**report, "findings": [*report["findings"], finding("PKG-MAN-04")]}


class PassesEditions(Proxy):
    """Says of everything in a manifest of another edition that it has been checked."""

    id = "cor-ver-02-passes"
    breaks = "COR-VER-02"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        if "COR-VER-01" not in _violated(report):
            return report
        checked = sorted({*report["checked"], *(one["requirement"] for one in report["notChecked"])})
        return {**report, "checked": checked, "notChecked": []}


class ReadsExtensions(Proxy):
    """Takes a member of an extension for one of the manifest."""

    id = "cor-ext-02-reads"
    breaks = "COR-EXT-02"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        if "sha256" not in str(_manifest(request).get("extensions", "")):
            return report
        return self.concluded(
            {**report, "findings": [*report["findings"], finding("PKG-MAN-04")]}, request["level"]
        )


class Visits(Proxy):
    """Looks whether the supplier's page is there."""

    id = "cor-net-01-supplier"
    breaks = "COR-NET-01"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        supplier = _manifest(request).get("supplier")
        address = urllib.parse.urlsplit(supplier["url"]) if isinstance(supplier, dict) else None
        if address is not None and address.hostname and address.port:
            with contextlib.suppress(OSError):
                socket.create_connection((address.hostname, address.port), 1).close()
        return report


class WritesRaw(Proxy):
    """Writes text of the package as it is."""

    id = "cor-esc-01-raw"
    breaks = "COR-ESC-01"

    def say(self, message: dict[str, Any]) -> None:
        print(json.dumps(message, ensure_ascii=False), flush=True)


class OpensArchives(Proxy):
    """Judges a package inside a package."""

    id = "pkg-zip-08-packages"
    breaks = "PKG-ZIP-08"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        inner = [*Path(request["path"]).glob("*.lepton")]
        if not inner:
            return report
        more = self.validator.ask({**request, "path": str(inner[0])})["report"]["findings"]
        return self.concluded({**report, "findings": [*report["findings"], *more]}, request["level"])


class UnpacksArchives(Proxy):
    """Unpacks every archive, and complains of what does not unpack."""

    id = "pkg-zip-08-unpacks"
    breaks = "PKG-ZIP-08"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        more = []
        for path in Path(request["path"]).glob("*.zip"):
            with zipfile.ZipFile(path) as archive:
                try:
                    bad = archive.testzip()
                except (zipfile.BadZipFile, NotImplementedError):
                    bad = "x"
                if bad or any(name.startswith("..") for name in archive.namelist()):
                    more.append(finding("PKG-ZIP-07", path.name))
        return self.concluded({**report, "findings": [*report["findings"], *more]}, request["level"])


class OwnMembers(Proxy):
    """Adds a member of its own to every report."""

    id = "cnf-rep-04-member"
    breaks = "CNF-REP-04"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        return {**report, "seconds": 0.1}


class OwnVerdict(Proxy):
    """Says ok for pass."""

    id = "cnf-rep-04-ok"
    breaks = "CNF-REP-04"

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        return {**report, "verdict": "ok"} if report["verdict"] == "pass" else report


class DoesNothing(Proxy):
    """Answers every request with an error."""

    id = "trivial-validator-nothing"

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        return {} if request["op"] == "shutdown" else {"error": {"code": "INTERNAL", "message": "not today"}}


class _Constant(Proxy):
    """Says the same of every package."""

    verdict = "pass"
    claims = True

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] != "validate" or not Path(request["path"]).exists():
            return super().answer(request)
        findings = [finding("PKG-LAY-01", "")] if self.verdict == "fail" else []
        missing = [{"requirement": key, "reason": "not done"} for key in _checkable()]
        judged = {"checked": _checkable(), "notChecked": []} if self.claims else {"notChecked": missing}
        report = {"path": request["path"], "identity": None, "verdict": self.verdict, "findings": findings}
        return {"report": {**report, **judged}}


class AcceptsAll(_Constant):
    """Accepts every package."""

    id = "trivial-validator-accepts"


class RejectsAll(_Constant):
    """Rejects every package."""

    id = "trivial-validator-rejects"
    verdict = "fail"


class ChecksNothing(_Constant):
    """Says of every package that nothing was checked."""

    id = "trivial-validator-abstains"
    verdict = "inconclusive"
    claims = False


#: Mutants that take as long as the suite waits for an answer.
SLOW: tuple[type[Proxy], ...] = (HangsOnBrackets,)
TRIVIAL: tuple[type[Proxy], ...] = (DoesNothing, AcceptsAll, RejectsAll, ChecksNothing)
ALL: tuple[type[Proxy], ...] = (
    *(FollowsLinks, TrustsOneHeader, AlwaysPass, AlwaysFail, WarningsFail, QuickIsInconclusive),
    *(RunsScripts, Unpickles, UnpicklesAtFull, NoFile, AlwaysManifest, NoPointer, AlwaysWarning),
    *(FragmentPointer, Twice, Cascades, ClaimsChecked, SaysNothing, Forgets, ClaimsReplays, NoLevels),
    *(NoName, ReportsNothing, ErrorForText, EndsWithOne, AnswersAnything, Inflates, CrashesOnLinks),
    *(Remembers, KnowsPaths, ParsesFirst, ParsesOtherSizes, CanonicalIdentity, NoIdentity),
    *(GuessesEditions, PassesEditions, ReadsExtensions, Visits, WritesRaw, OpensArchives),
    *(UnpacksArchives, OwnMembers, OwnVerdict),
    *_each(Blind, "blind"),
    *_each(Alarmed, "alarmed"),
    *SLOW,
)
