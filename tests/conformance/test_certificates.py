"""Certificates: what holds, and everything that is refused with one line."""

import base64
import copy
import datetime
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.signer import CryptoSigner, SSlibKey

import lepton_spec
from lepton.cli import main
from lepton_conformance import edition
from lepton_conformance.certificate import Inconclusive, Refusal, attest, verify
from lepton_conformance.certificate.envelope import PAYLOAD_TYPE, seal
from lepton_conformance.certificate.keys import key_id, new_key, public_path, read_public
from lepton_conformance.certificate.source import MAX_REPORT_BYTES
from lepton_conformance.certificate.statement import encode, state
from lepton_conformance.description import describe_server, document_digest
from lepton_conformance.verdict import members, obligations

PROFILE = "oip-rest"
REQUIREMENTS = lepton_spec.requirements()
ISSUED = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
Report = dict[str, Any]


def signer_of(seed: int) -> CryptoSigner:
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return CryptoSigner(key, SSlibKey.from_crypto(key.public_key(), keyid=key_id(key.public_key())))


SIGNER, STRANGER = signer_of(1), signer_of(2)
KEY = SIGNER.public_key


def passing_report() -> Report:
    """Return the report of a subject that passes every test that the installed suite has for the profile."""
    entries = []
    for key in members(PROFILE, REQUIREMENTS):
        names = sorted(edition.tests().get(key, ()))
        tests = [{"test": name, "outcome": "passed", "examples": 2, "seconds": 0.1} for name in names]
        entries.append(
            {
                "id": key,
                "level": REQUIREMENTS[key]["level"],
                "verdict": "pass" if tests else "not-tested",
                "blocked_by": [],
                "tests": tests,
            }
        )
    return {
        "lepton": "1.0",
        "subject": describe_server(
            "http://127.0.0.1:8000",
            "example",
            "2.1",
            metadata=document_digest({"name": "example"}),
            models={"lepton_sub": document_digest({"name": "lepton_sub"})},
        ),
        "suite": edition.describe(seed=0, max_examples=25),
        "started": "2026-11-24T09:00:00Z",
        "seconds": 3.5,
        "profiles": [{"profile": PROFILE, "verdict": "pass"}],
        "requirements": entries,
    }


def data_of(report: Report) -> bytes:
    return json.dumps(report, indent=1).encode()


GOOD = passing_report()
GOOD_DATA = data_of(GOOD)
CERTIFICATE = attest(GOOD_DATA, SIGNER, issued=ISSUED)


def resealed(report: Report, change: Callable[[dict[str, Any]], None] = lambda statement: None) -> bytes:
    """Return what a holder of the key who lies would sign: no verdict is computed on the way."""
    statement = state(report, data_of(report), [PROFILE], ISSUED)
    change(statement)
    return seal(encode(statement), SIGNER)


def entry_of(report: Report, key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in report["requirements"] if entry["id"] == key)
    return found


@pytest.mark.requirement("CNF-CRT-01", "CNF-CRT-03")
def test_a_certificate_of_a_passing_report_holds() -> None:
    shown = verify(CERTIFICATE, GOOD_DATA, KEY, profiles=[PROFILE])
    assert shown.profiles == (PROFILE,)
    assert shown.subject == "http://127.0.0.1:8000"
    assert shown.subject_digest == GOOD["subject"]["digest"]


@pytest.mark.requirement("CNF-CRT-01")
def test_the_envelope_is_dsse_and_its_signature_is_over_the_pre_authentication_encoding() -> None:
    envelope = json.loads(CERTIFICATE)
    payload = base64.b64decode(envelope["payload"])
    encoding = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    public = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).public_key()
    public.verify(base64.b64decode(envelope["signatures"][0]["sig"]), encoding)
    assert envelope["payloadType"] == "application/vnd.in-toto+json"


@pytest.mark.requirement("CNF-CRT-02")
def test_a_certificate_binds_subject_suite_requirement_set_and_report_by_sha256() -> None:
    statement = json.loads(base64.b64decode(json.loads(CERTIFICATE)["payload"]))
    predicate = statement["predicate"]
    assert "sha256:" + statement["subject"][0]["digest"]["sha256"] == GOOD["subject"]["digest"]
    assert predicate["suite"]["digest"] == edition.suite_digest()
    assert predicate["requirementSet"]["digest"] == edition.requirement_set_digest()
    assert predicate["report"] == {
        "digest": "sha256:" + hashlib.sha256(GOOD_DATA).hexdigest(),
        "size": len(GOOD_DATA),
    }


@pytest.mark.requirement("CNF-CRT-04")
def test_refuses_a_certificate_signed_by_another_key() -> None:
    with pytest.raises(Refusal, match="signed by the key"):
        verify(attest(GOOD_DATA, STRANGER), GOOD_DATA, KEY)


@pytest.mark.requirement("CNF-CRT-04")
def test_refuses_a_stranger_who_claims_the_trusted_key_id() -> None:
    envelope = json.loads(attest(GOOD_DATA, STRANGER))
    envelope["signatures"][0]["keyid"] = KEY.keyid
    with pytest.raises(Refusal, match="signature is not valid"):
        verify(json.dumps(envelope).encode(), GOOD_DATA, KEY)


LIES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another predicate type": (lambda s: s.update(predicateType="https://example.org/x"), "predicateType"),
    "another statement type": (lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"), "_type"),
    "another requirement set": (
        lambda s: s["predicate"]["requirementSet"].update(digest="sha256:" + "0" * 64),
        "requirementSet",
    ),
    "another suite": (lambda s: s["predicate"]["suite"].update(digest="sha256:" + "0" * 64), "suite"),
    "another seed": (lambda s: s["predicate"]["suite"].update(seed=7), "suite"),
    "another subject": (lambda s: s["subject"][0].update(name="http://other"), "subject"),
    "another subject digest": (lambda s: s["subject"][0]["digest"].update(sha256="0" * 64), "subject"),
    "another report": (lambda s: s["predicate"]["report"].update(digest="sha256:" + "0" * 64), "report"),
    "another report size": (lambda s: s["predicate"]["report"].update(size=1), "bytes"),
    "a profile that the report lacks": (
        lambda s: s["predicate"].update(profiles=["inference-rest"]),
        "does not judge",
    ),
    "a stored verdict": (lambda s: s["predicate"].update(verdict="pass"), "not valid against"),
}


@pytest.mark.requirement("CNF-CRT-04")
@pytest.mark.parametrize("lie", LIES)
def test_refuses_a_signed_statement_that_is_not_what_the_report_says(lie: str) -> None:
    change, message = LIES[lie]
    with pytest.raises(Refusal, match=message):
        verify(resealed(GOOD, change), GOOD_DATA, KEY)


def failing(report: Report) -> None:
    test = entry_of(report, "INF-RSP-04")["tests"][0]
    test["outcome"] = "failed"
    test["failure"] = {"message": "no id", "blame": "subject", "reproducer": "reproducers/a.py"}


def blamed_on_the_suite(report: Report) -> None:
    test = entry_of(report, "INF-RSP-04")["tests"][0]
    test["outcome"] = "failed"
    test["failure"] = {"message": "no id", "blame": "suite", "reproducer": None}


def without_a_requirement(report: Report) -> None:
    report["requirements"] = [entry for entry in report["requirements"] if entry["id"] != "INF-RSP-04"]


def without_tests(report: Report) -> None:
    entry_of(report, "INF-RSP-04")["tests"] = []


def with_another_test(report: Report) -> None:
    entry_of(report, "INF-RSP-04")["tests"][0]["test"] = "test_that_nobody_wrote"


def with_another_requirements_test(report: Report) -> None:
    name = entry_of(report, "INF-HLT-01")["tests"][0]["test"]
    entry_of(report, "INF-RSP-04")["tests"][0]["test"] = name


def with_a_test_twice(report: Report) -> None:
    tests = entry_of(report, "INF-RSP-04")["tests"]
    tests.append(tests[0])


def without_examples(report: Report) -> None:
    entry_of(report, "INF-RSP-04")["tests"][0]["examples"] = 0


def not_tested(report: Report) -> None:
    entry_of(report, "INF-RSP-04")["tests"][0].update(outcome="not-tested", reason="no model", examples=0)


def not_applicable(report: Report) -> None:
    entry_of(report, "INF-RSP-04")["tests"][0].update(outcome="not-applicable", reason="no", examples=0)


def weaker(report: Report) -> None:
    entry_of(report, "INF-RSP-04")["level"] = "MAY"


def with_a_requirement_twice(report: Report) -> None:
    report["requirements"].append(entry_of(report, "INF-RSP-04"))


def with_an_unknown_requirement(report: Report) -> None:
    report["requirements"].append({**entry_of(report, "INF-RSP-04"), "id": "INF-RSP-99"})


def blocked_by_what_passed(report: Report) -> None:
    entry = entry_of(report, "INF-RSP-04")
    entry["tests"][0].update(outcome="blocked", blocked_by=["INF-RSP-01"], examples=0)
    entry.update(verdict="blocked", blocked_by=["INF-RSP-01"])


def with_another_edition(report: Report) -> None:
    report["suite"]["requirementsDigest"] = "sha256:" + "1" * 64


def with_another_suite(report: Report) -> None:
    report["suite"]["digest"] = "sha256:" + "1" * 64


def with_another_name(report: Report) -> None:
    report["subject"]["name"] = "somebody else"


def with_another_description(report: Report) -> None:
    report["subject"]["description"]["models"] = {}


def with_an_unknown_profile(report: Report) -> None:
    report["profiles"].append({"profile": "of-our-own", "verdict": "pass"})


def with_an_unknown_member(report: Report) -> None:
    report["certified"] = True


CHANGES = [
    failing,
    blamed_on_the_suite,
    without_a_requirement,
    without_tests,
    with_another_test,
    with_another_requirements_test,
    with_a_test_twice,
    without_examples,
    not_tested,
    not_applicable,
    weaker,
    with_a_requirement_twice,
    with_an_unknown_requirement,
    blocked_by_what_passed,
    with_another_edition,
    with_another_suite,
    with_another_name,
    with_another_description,
    with_an_unknown_profile,
    with_an_unknown_member,
]


@pytest.mark.requirement("CNF-CRT-03", "CNF-CRT-05")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_refuses_a_report_whose_tests_do_not_carry_its_verdicts_although_the_key_signed_it(
    change: Callable[[Report], None],
) -> None:
    report = copy.deepcopy(GOOD)
    change(report)
    with pytest.raises(Refusal) as refusal:
        verify(resealed(report), data_of(report), KEY)
    assert "\n" not in str(refusal.value)
    with pytest.raises(Refusal):
        attest(data_of(report), SIGNER)


@pytest.mark.requirement("CNF-CRT-05")
def test_an_honest_failing_report_is_not_certified() -> None:
    report = copy.deepcopy(GOOD)
    failing(report)
    entry_of(report, "INF-RSP-04")["verdict"] = "fail"
    report["profiles"][0]["verdict"] = "fail"
    for work in (
        lambda: attest(data_of(report), SIGNER),
        lambda: attest(data_of(report), SIGNER, profiles=[PROFILE]),
        lambda: verify(resealed(report), data_of(report), KEY),
    ):
        with pytest.raises(Refusal):
            work()


@pytest.mark.requirement("CNF-CRT-03")
def test_an_honest_report_with_something_untested_is_inconclusive() -> None:
    report = copy.deepcopy(GOOD)
    not_tested(report)
    entry_of(report, "INF-RSP-04")["verdict"] = "not-tested"
    report["profiles"][0]["verdict"] = "inconclusive"
    with pytest.raises(Inconclusive):
        attest(data_of(report), SIGNER)
    with pytest.raises(Inconclusive):
        verify(resealed(report), data_of(report), KEY)


@pytest.mark.requirement("CNF-CRT-03")
def test_every_obligation_of_the_profile_is_needed() -> None:
    for key in obligations(PROFILE, REQUIREMENTS):
        report = copy.deepcopy(GOOD)
        report["requirements"] = [entry for entry in report["requirements"] if entry["id"] != key]
        with pytest.raises(Refusal, match="amount to"):
            verify(resealed(report), data_of(report), KEY)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every member and element."""
    members_of = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, child in members_of:
        yield (*path, name)
        yield from places(child, (*path, name))


def changed(document: Any, path: tuple[Any, ...], new: Any) -> Any:
    copied = copy.deepcopy(document)
    parent = copied
    for name in path[:-1]:
        parent = parent[name]
    if new is None:
        del parent[path[-1]]
    else:
        old = parent[path[-1]]
        parent[path[-1]] = other_than(old) if new is Ellipsis else new
    return copied


def other_than(value: Any) -> Any:
    """Return a like value that is another one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return value[:-1] + ("A" if not value.endswith("A") else "B") if value else "A"
    if isinstance(value, int | float):
        return value + 1
    return [*value, "x"] if isinstance(value, list) else {**value, "x": "y"}


REPORT_PLACES = list(places(GOOD))
ENVELOPE = json.loads(CERTIFICATE)
ENVELOPE_PLACES = list(places(ENVELOPE))
STATEMENT = json.loads(base64.b64decode(ENVELOPE["payload"]))
NEW: st.SearchStrategy[Any] = st.sampled_from([..., None, "", 0, [], {}])


@pytest.mark.requirement("CNF-CRT-04")
@settings(deadline=None, max_examples=150, derandomize=True, database=None)
@given(st.sampled_from(REPORT_PLACES), NEW)
def test_any_change_of_one_field_of_the_report_is_refused(path: tuple[Any, ...], new: Any) -> None:
    report = changed(GOOD, path, new)
    if report != GOOD:
        with pytest.raises(Refusal):
            verify(CERTIFICATE, data_of(report), KEY)


@pytest.mark.requirement("CNF-CRT-04")
@settings(deadline=None, max_examples=100, derandomize=True, database=None)
@given(st.sampled_from(ENVELOPE_PLACES), NEW)
def test_any_change_of_one_field_of_the_envelope_is_refused(path: tuple[Any, ...], new: Any) -> None:
    envelope = changed(ENVELOPE, path, new)
    if envelope != ENVELOPE:
        with pytest.raises(Refusal):
            verify(json.dumps(envelope).encode(), GOOD_DATA, KEY)


@pytest.mark.requirement("CNF-CRT-04")
@pytest.mark.parametrize("path", list(places(STATEMENT)), ids=lambda path: "/".join(map(str, path)))
def test_any_change_of_one_field_of_the_statement_is_refused_unless_it_is_signed_anew(
    path: tuple[Any, ...],
) -> None:
    statement = changed(STATEMENT, path, ...)
    unsigned = {**ENVELOPE, "payload": base64.b64encode(encode(statement)).decode()}
    with pytest.raises(Refusal, match="signature is not valid"):
        verify(json.dumps(unsigned).encode(), GOOD_DATA, KEY)


@pytest.mark.requirement("CNF-CRT-04")
@settings(deadline=None, max_examples=150, derandomize=True, database=None)
@given(st.data())
def test_a_flipped_bit_or_a_cut_of_the_certificate_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(CERTIFICATE) - 2))
    bit = data.draw(st.one_of(st.none(), st.integers(0, 7)))
    if bit is None:
        altered = CERTIFICATE[:place]
    else:
        altered = CERTIFICATE[:place] + bytes([CERTIFICATE[place] ^ 1 << bit]) + CERTIFICATE[place + 1 :]
    try:
        same = json.loads(altered) == ENVELOPE
    except ValueError:
        same = False
    if not same:
        with pytest.raises(Refusal):
            verify(altered, GOOD_DATA, KEY)


@pytest.mark.requirement("CNF-CRT-04")
def test_a_base64_spelling_that_decodes_to_the_same_signature_is_refused() -> None:
    sig = ENVELOPE["signatures"][0]["sig"]
    assert sig.endswith("==")
    respelled = sig[:-3] + chr(ord(sig[-3]) + 1) + "=="
    assert base64.b64decode(respelled) == base64.b64decode(sig)
    envelope = changed(ENVELOPE, ("signatures", 0, "sig"), respelled)
    with pytest.raises(Refusal, match="canonical base64"):
        verify(json.dumps(envelope).encode(), GOOD_DATA, KEY)


@pytest.mark.requirement("CNF-CRT-04")
@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":1,"a":2}', b"[" * 100_000, b'{"a":NaN}', b"1" * 100_000],
    ids=["empty", "cut", "list", "null", "utf-16", "twice", "deep", "nan", "digits"],
)
def test_what_is_not_a_strict_json_object_is_refused_in_one_line(data: bytes) -> None:
    for work in (
        lambda: verify(data, GOOD_DATA, KEY),
        lambda: verify(CERTIFICATE, data, KEY),
        lambda: attest(data, SIGNER),
    ):
        with pytest.raises(Refusal) as refusal:
            work()
        assert "\n" not in str(refusal.value)
        assert len(str(refusal.value)) < 500


def test_refuses_another_subject_than_the_expected_one() -> None:
    with pytest.raises(Refusal, match="about the subject"):
        verify(CERTIFICATE, GOOD_DATA, KEY, subject_digest="sha256:" + "0" * 64)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "report.json").write_bytes(GOOD_DATA)
    return tmp_path


def lepton(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def attested(files: Path) -> tuple[Path, Path, Path]:
    report, key, out = files / "report.json", files / "key.pem", files / "certificate.json"
    assert lepton("attest", report, "--new-key", key, "-o", out) == 0
    return report, public_path(key), out


@pytest.mark.requirement("CNF-EXI-01")
def test_attest_and_verify_work_as_commands(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, public, out = attested(files)
    assert lepton("verify", out, "--report", report, "--key", public, "--profile", PROFILE) == 0
    assert "the certificate holds: oip-rest" in capsys.readouterr().out
    assert lepton("verify", out, "--report", report, "--key", public, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "pass"
    assert (files / "key.pem").stat().st_mode & 0o077 == 0
    assert read_public(public).keyid


@pytest.mark.requirement("CNF-EXI-01")
def test_verify_exits_1_for_what_does_not_hold_and_2_for_what_cannot_be_read(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, public, out = attested(files)
    (files / "altered.json").write_bytes(GOOD_DATA.replace(b'"example"', b'"elpmaxe"'))
    (files / "cut.json").write_bytes(out.read_bytes()[:-40])
    with (files / "huge.json").open("wb") as stream:
        stream.truncate(MAX_REPORT_BYTES + 1)
    codes = {
        ("altered report",): lepton("verify", out, "--report", files / "altered.json", "--key", public),
        ("cut",): lepton("verify", files / "cut.json", "--report", report, "--key", public),
        ("huge report",): lepton("verify", out, "--report", files / "huge.json", "--key", public),
        ("huge certificate",): lepton("verify", files / "huge.json", "--report", report, "--key", public),
        ("profile",): lepton(
            "verify", out, "--report", report, "--key", public, "--profile", "inference-rest"
        ),
    }
    assert set(codes.values()) == {1}, codes
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(codes)
    assert all(line.startswith("lepton verify: ") for line in lines)
    unreadable = {
        "no certificate": lepton("verify", files / "none", "--report", report, "--key", public),
        "no report": lepton("verify", out, "--report", files / "none", "--key", public),
        "no key": lepton("verify", out, "--report", report, "--key", files / "none"),
        "a directory": lepton("verify", files, "--report", report, "--key", public),
        "private key": lepton("verify", out, "--report", report, "--key", files / "key.pem"),
        "not a key": lepton("verify", out, "--report", report, "--key", report),
    }
    assert set(unreadable.values()) == {2}, unreadable
    assert len(capsys.readouterr().err.splitlines()) == len(unreadable)


def test_attest_overwrites_no_key_and_leaves_nothing_half_written(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, _, out = attested(files)
    before = sorted(path.name for path in files.iterdir())
    key = (files / "key.pem").read_bytes()
    assert lepton("attest", report, "--new-key", files / "key.pem", "-o", out) == 2
    assert lepton("attest", report, "--key", report, "-o", out) == 2
    assert lepton("attest", report, "--key", files / "key.pem", "-o", files / "none" / "c.json") == 2
    assert lepton("attest", report, "--new-key", files / "k2.pem", "-o", files / "none" / "c.json") == 2
    assert lepton("attest", report, "--key", files / "key.pem", "-o", out, "--profile", "runtime") == 1
    assert (files / "key.pem").read_bytes() == key
    assert sorted(path.name for path in files.iterdir()) == before
    assert len(capsys.readouterr().err.splitlines()) == 5


def test_attest_makes_no_key_for_a_report_that_does_not_pass(files: Path) -> None:
    report = copy.deepcopy(GOOD)
    failing(report)
    (files / "report.json").write_bytes(data_of(report))
    assert lepton("attest", files / "report.json", "--new-key", files / "k.pem", "-o", files / "c.json") == 1
    assert [path.name for path in files.iterdir()] == ["report.json"]


def test_a_new_key_is_another_one_each_time(tmp_path: Path) -> None:
    one, other = new_key(tmp_path / "a.pem"), new_key(tmp_path / "b.pem")
    assert one.public_key.keyid != other.public_key.keyid


def test_compare_prints_what_differs_and_exits_1(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = copy.deepcopy(GOOD)
    failing(report)
    entry_of(report, "INF-RSP-04")["verdict"] = "fail"
    without = copy.deepcopy(report)
    without["requirements"] = [e for e in without["requirements"] if e["id"] != "INF-RSP-09"]
    (files / "b.json").write_bytes(data_of(report))
    (files / "c.json").write_bytes(data_of(without))
    paths = [files / "report.json", files / "b.json", files / "c.json"]
    assert lepton("compare", *paths, "--format", "json") == 1
    differences = json.loads(capsys.readouterr().out)["differences"]
    assert differences["requirements"] == {
        "INF-RSP-04": ["pass", "fail", "fail"],
        "INF-RSP-09": ["pass", "pass", "absent"],
    }
    assert lepton("compare", *paths) == 1
    assert "INF-RSP-04   pass  fail  fail" in capsys.readouterr().out
    assert lepton("compare", paths[0], paths[0]) == 0


def test_compare_refuses_what_is_no_report_with_2(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "b.json").write_text('{"passed": "97 %"}')
    assert lepton("compare", files / "report.json", files / "b.json") == 2
    assert lepton("compare", files / "report.json") == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
