"""The reference validator against the requirements that bind validators, from outside.

Packages come from the forge; behaviour is seen through the command line and Python's audit events.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import rfc8785

import lepton_spec
from lepton.cli import main
from lepton_conformance.forge import VIOLATIONS, Draft, Violation
from lepton_conformance.forge.package import CARD, MODEL
from lepton_conformance.forge.valid import linear_draft, vision_draft

Judge = Callable[..., dict[str, Any]]
CHECKABLE = {
    identifier: requirement
    for identifier, requirement in lepton_spec.requirements().items()
    if requirement["role"] == "package"
    and "package" in requirement["profiles"]
    and {"schema", "check"} & set(requirement["verify"])
}
VIOLATION = {f"{one.requirement}-{one.name}": one for one in VIOLATIONS}
SAMPLE = [
    next(one for one in VIOLATIONS if one.requirement == each)
    for each in sorted(CHECKABLE)
    if each in {one.requirement for one in VIOLATIONS} and each != "PKG-LAY-07"
]


@pytest.fixture
def judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    """Write a package, run `lepton validate` on it, and return its report."""
    count = 0

    def run(draft: Any, level: str = "quick") -> dict[str, Any]:
        nonlocal count
        count += 1
        forged = draft.directory() if isinstance(draft, Draft) else draft
        main(["validate", str(forged.write(tmp_path, f"p{count}")), "--level", level, "--format", "json"])
        (package,) = json.loads(capsys.readouterr().out)["packages"]
        assert isinstance(package, dict)
        return package

    return run


def not_checked(report: dict[str, Any]) -> dict[str, str]:
    return {each["requirement"]: each["reason"] for each in report["notChecked"]}


def violated(report: dict[str, Any]) -> set[str]:
    return {each["requirement"] for each in report["findings"]}


@pytest.mark.requirement("COR-VER-02")
def test_reports_only_the_version_of_another_major_edition(judge: Judge) -> None:
    """A validator that meets a manifest whose member `lepton` does not satisfy COR-VER-01 MUST report it."""
    draft = linear_draft()
    draft.manifest.update(lepton="2.0", licence="unknown", artifacts="none")
    report = judge(draft)
    assert violated(report) == {"COR-VER-01"}
    assert {"PKG-MAN-04", "PKG-DIG-03", "PKG-DOC-01", "PKG-VEC-02"} <= set(not_checked(report))


@pytest.mark.requirement("COR-EXT-02")
@pytest.mark.parametrize(
    "content", [None, [], {"lepton": "2.0", "sha256": "x"}, "\u202e", 1e300, {"a": {"b": [1.5]}}]
)
@pytest.mark.parametrize("name", ["manifest", "PKG-DOC-05-no-description", "PKG-DIG-03-one-bit-of-the-model"])
def test_extensions_change_no_finding(judge: Judge, name: str, content: Any) -> None:
    """The same verdict and the same findings whatever well-formed content `extensions` have."""
    reports = []
    for extensions in (None, {"org.example.x": content}):
        draft = linear_draft()
        if extensions is not None:
            draft.manifest["extensions"] = extensions
        if name == "PKG-DOC-05-no-description":
            del draft.manifest["description"]
        forged = draft.directory()
        if name == "PKG-DIG-03-one-bit-of-the-model":
            data = forged.files[MODEL]
            forged = type(forged)({**forged.files, MODEL: data[:-1] + bytes([data[-1] ^ 1])})
        reports.append(judge(forged))
    one, other = reports
    assert (one["verdict"], one["findings"]) == (other["verdict"], other["findings"])


#: The hook writes to a file, so that it sees the process in which engines run, too, and all its children.
AUDITED = """
import os, sys
from pathlib import Path
from lepton.cli import main
from lepton.validate import load
from lepton.vectors.replay import replay
# Read from disk only when a package needs them: loading our own bytecode is no event of the package's.
import lepton.checks.licence, lepton.formats.archive, lepton.formats.pt2, lepton.package.zipread
import lepton.package.reopened, lepton.vectors.workshop
with load(Path({warm!r})) as warm:
    replay(warm)
main(["validate", {warm!r}, "--level", "full", "--format", "json"])
seen = os.open({seen!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
WATCHED = ("socket.", "urllib.", "http.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork",
           "pickle.", "marshal.", "ctypes.dlopen")
def hook(name, args):
    if name.startswith(WATCHED) or (name in ("exec", "compile", "import") and {path!r} in repr(args)):
        os.write(seen, (name + " " + repr(args)[:200] + "\\n").encode())
sys.addaudithook(hook)
code = main(["validate", {path!r}, "--level", "full", "--format", "json"])
{then}
"""


def audited(path: Path, warm: Path, then: str = "") -> list[str]:
    """Return the audit events of validating `path`, in a process that has validated `warm` before.

    The forks of the processes in which engines run are no events of the package's.
    """
    seen = path.parent / "events"
    program = AUDITED.format(path=str(path), warm=str(warm), seen=str(seen), then=then)
    subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    return [event for event in seen.read_text(encoding="utf-8").splitlines() if event != "os.fork ()"]


def hostile(draft: Draft) -> Draft:
    """Give a package everything that might tempt a reader to fetch or to run something."""
    draft.manifest["supplier"] = {"name": "x", "url": "https://lepton-standard.org/collect"}
    draft.manifest["extensions"] = {"org.example.x": {"$ref": "https://lepton-standard.org/x.json"}}
    draft.add("setup.py", b"raise SystemExit('executed')\n", "text/x-python", "other")
    draft.add("model/__init__.py", b"raise SystemExit('executed')\n", "text/x-python", "other")
    draft.add("conftest.py", b"raise SystemExit('executed')\n", "text/x-python", "other")
    dataset = {"name": "d", "url": "https://lepton-standard.org/d", "sha256": "0" * 64}
    return draft.edit(CARD, lambda card: card.update(trainedOn=[dataset]))


@pytest.mark.requirement("COR-NET-01")
@pytest.mark.requirement("PKG-VAL-02")
def test_opens_no_connection_and_executes_nothing(tmp_path: Path) -> None:
    """A validator MUST NOT open a network connection, nor execute, import, unpickle or evaluate anything."""
    warm = vision_draft().directory().write(tmp_path, "warm")
    assert audited(hostile(vision_draft()).directory().write(tmp_path, "hostile"), warm) == []


@pytest.mark.requirement("PKG-VAL-02")
@pytest.mark.parametrize(
    "name", ["PKG-ART-07-pickle-5", "PKG-ART-07-archive-with-a-pickle", "PKG-ART-07-compiled-python"]
)
def test_unpickles_nothing(name: str, tmp_path: Path) -> None:
    warm = vision_draft().directory().write(tmp_path, "warm")
    assert audited(VIOLATION[name].forge().write(tmp_path), warm) == []


@pytest.mark.parametrize(
    ("statement", "event"),
    [
        ("import socket; socket.socket().close()", "socket."),
        ("import pickle; pickle.loads(pickle.dumps(print))", "pickle."),
        ("import subprocess; subprocess.run(['true'])", "subprocess."),
        ("exec(compile('1', {path!r} + '/setup.py', 'exec'))", "compile"),
    ],
)
def test_the_audit_sees_what_it_looks_for(statement: str, event: str, tmp_path: Path) -> None:
    path = linear_draft().directory().write(tmp_path)
    events = audited(path, path, statement.replace("{path!r}", repr(str(path))))
    assert any(name.startswith(event) for name in events)


EVIL = "\x1b]0;owned\x07\u202e<script>alert(1)</script>\u2028&\"'"


@pytest.mark.requirement("COR-ESC-01")
@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "html"])
def test_text_of_a_package_is_escaped(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No control character reaches a terminal and no markup reaches a page."""
    draft = linear_draft()
    draft.manifest.update(title={"en": EVIL}, version=EVIL, license=EVIL)
    files = draft.files()
    files["a\x1b[31mred<script>"] = b""
    main(["validate", str(type(draft.directory())(files).write(tmp_path)), "--format", form])
    out = capsys.readouterr().out
    assert "<script" not in out or form in ("text", "json", "sarif")
    assert not any(mark in out for mark in ("\x1b", "\x07", "\u202e", "\u2028"))


@pytest.mark.requirement("PKG-ZIP-08")
def test_an_archive_in_a_package_stays_closed(judge: Judge) -> None:
    """An inner package full of faults, and one that would grow a thousandfold, change nothing."""
    broken = VIOLATION["PKG-ZIP-07-bomb"].forge().archive
    assert broken is not None
    draft = linear_draft().add("inner.lepton", broken, "application/zip", "other")
    assert (judge(draft)["verdict"], violated(judge(draft))) == ("pass", set())


@pytest.mark.requirement("PKG-DIG-04")
@pytest.mark.parametrize("path", [CARD, "vectors/golden.json", MODEL])
def test_a_file_is_interpreted_only_after_its_digest(judge: Judge, path: str) -> None:
    """Content that would have findings of its own has none while the digest is wrong."""
    files = linear_draft().files()
    size = len(files[path])
    forged = type(linear_draft().directory())({**files, path: b"not what it should be".ljust(size, b"!")})
    assert violated(judge(forged)) == {"PKG-DIG-03"}


@pytest.mark.requirement("PKG-DIG-05")
def test_the_identity_is_the_digest_of_the_manifest(judge: Judge) -> None:
    forged = linear_draft().directory()
    digest = hashlib.sha256(forged.files["lepton.json"]).hexdigest()
    assert judge(forged)["identity"] == f"sha256:{digest}"
    loose = json.dumps(json.loads(forged.files["lepton.json"]), indent=1).encode()
    report = judge(type(forged)({**forged.files, "lepton.json": loose}))
    assert report["identity"] == "sha256:" + hashlib.sha256(loose).hexdigest()
    assert rfc8785.dumps(json.loads(loose)) == forged.files["lepton.json"]


@pytest.mark.requirement("PKG-VAL-01")
@pytest.mark.requirement("PKG-VAL-03")
@pytest.mark.parametrize("violation", SAMPLE, ids=lambda one: one.requirement)
def test_severity_and_verdict_follow_from_the_keyword_and_the_place_is_given(
    judge: Judge, violation: Violation
) -> None:
    """`fail` if and only if an absolute requirement is violated; each finding names file and place."""
    report = judge(violation.forge(), "full")
    absolute = CHECKABLE[violation.requirement]["level"].startswith("MUST")
    assert report["verdict"] == ("fail" if absolute else "pass")
    for finding in report["findings"]:
        assert finding["severity"] == ("error" if absolute else "warning")
        assert finding["message"]
        assert finding["hint"]
        if finding["pointer"]:
            assert finding["pointer"].startswith(("/", "byte "))
        if finding["file"] == "" and finding["requirement"][:7] not in ("PKG-LAY", "PKG-ZIP"):
            pytest.fail(f"{finding['requirement']} names no file")


@pytest.mark.requirement("PKG-VAL-05")
@pytest.mark.parametrize("level", ["quick", "full"])
@pytest.mark.parametrize("violation", [None, *SAMPLE], ids=lambda one: one.requirement if one else "valid")
def test_each_requirement_is_checked_or_reported_as_not_checked(
    judge: Judge, violation: Violation | None, level: str
) -> None:
    """A requirement that was not checked is reported as such, with the reason, and never as passed."""
    report = judge(linear_draft() if violation is None else violation.forge(), level)
    checked, missing = set(report["checked"]), not_checked(report)
    assert not checked & set(missing)
    assert set(CHECKABLE) <= checked | set(missing) | violated(report)
    assert all(missing.values())
    if level == "quick":
        assert {"PKG-VEC-04", "PKG-VEC-08"} <= set(missing)


@pytest.mark.requirement("PKG-VAL-04")
def test_one_flipped_byte_is_one_finding(judge: Judge) -> None:
    files = linear_draft().files()
    data = files[MODEL]
    forged = type(linear_draft().directory())({**files, MODEL: b"\0" + data[1:]})
    assert [each["requirement"] for each in judge(forged, "full")["findings"]] == ["PKG-DIG-03"]


@pytest.mark.requirement("CNF-REP-04")
@pytest.mark.parametrize("violation", [None, *SAMPLE], ids=lambda one: one.requirement if one else "valid")
def test_the_report_is_valid_against_its_schema(
    violation: Violation | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = linear_draft().directory() if violation is None else violation.forge()
    main(["validate", str(forged.write(tmp_path)), "--level", "quick", "--format", "json"])
    schema = {"$ref": "https://lepton-standard.org/schemas/1.0/findings.schema.json"}
    registry = jsonschema_rs.Registry(list(lepton_spec.schemas().items()))
    validator = jsonschema_rs.Draft202012Validator(schema, registry=registry)
    assert [str(error) for error in validator.iter_errors(json.loads(capsys.readouterr().out))] == []
