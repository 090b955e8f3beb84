"""A list of known failures: one failure an entry, pinned, reviewed, and good until a day."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lepton.cli import main
from lepton_conformance.certify import certify
from lepton_conformance.evidence import Evidence, Failure
from lepton_conformance.fingerprint import fingerprint, kind_of_fault
from lepton_conformance.mutants.catalogue import server
from lepton_conformance.mutants.listener import listening
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.subject.exchange import HttpExchange
from lepton_conformance.verdict import Blame, Outcome

QUICK = ["--only", "INF-DAT-04", "--max-examples", "2"]
FOREVER = "9999-12-31"
OTHER = "sha256:" + "0" * 64


@pytest.fixture
def naive() -> Iterator[str]:
    with listening(Naive(), 0) as url:
        yield url


@pytest.fixture
def broken() -> Iterator[str]:
    with listening(server("dat-04-zero"), 0) as url:
        yield url


@pytest.fixture(scope="module")
def pinned() -> str:
    """Return the fingerprint of the failure of `broken`."""
    with listening(server("dat-04-zero"), 0) as url:
        report = certify(url, ["inference-rest"], only=["INF-DAT-04"], max_examples=2)
    (entry,) = (entry for entry in report["requirements"] if entry["id"] == "INF-DAT-04")
    found: str = entry["tests"][0]["failure"]["fingerprint"]
    return found


def known(path: Path, reproducer: object, **changed: object) -> Path:
    entry = {
        "requirement": "INF-DAT-04",
        "reason": "printer",
        "link": "https://x/1",
        "expires": FOREVER,
        "reproducer": reproducer,
    }
    path.write_text(json.dumps([{**entry, **changed}]), encoding="utf-8")
    return path


def judged(subject: str, file: Path, *more: str) -> int:
    return main(["certify", subject, *QUICK, "--known-failures", str(file), *more])


def test_known_failure_changes_the_exit_code_and_not_the_report(
    broken: str, pinned: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report"
    assert judged(broken, known(tmp_path / "known.yaml", pinned), "--report", str(report)) == 0
    assert "the subject does not conform" in capsys.readouterr().out
    written = json.loads((report / "report.json").read_text(encoding="utf-8"))
    assert written["profiles"][0]["verdict"] == "fail"


def test_stale_known_failure_fails_the_run(
    naive: str, pinned: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(naive, known(tmp_path / "known.yaml", pinned)) == 1
    assert "remove the entry" in capsys.readouterr().out


def test_failure_in_another_way_than_pinned_fails_the_run(
    broken: str, pinned: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(broken, known(tmp_path / "known.yaml", OTHER)) == 1
    out = capsys.readouterr().out
    assert "known failure INF-DAT-04: it fails, but not as pinned" in out
    assert f"INF-DAT-04 fails in a way that is not known (test_fp32_keeps_its_bits, {pinned})" in out


def test_another_fault_of_the_same_requirement_is_not_the_pinned_one(
    pinned: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with listening(server("dat-04-6-digits"), 0) as url:
        assert judged(url, known(tmp_path / "known.yaml", pinned)) == 1
    assert "not as pinned" in capsys.readouterr().out


def test_reproducer_beside_the_list_pins_its_failure(broken: str, tmp_path: Path) -> None:
    main(["certify", broken, *QUICK, "--report", str(tmp_path / "report")])
    file = known(tmp_path / "known.yaml", "report/reproducers/INF-DAT-04.py")
    assert judged(broken, file) == 0


def test_failure_whose_request_varies_is_pinned_by_test_and_kind(
    broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = (
        "sent other inputs; output y: found 7.5 (bits 40f00000) at [3, 0], expected -1.25 (bits bfa00000)"
    )
    as_found = {"test": "test_fp32_keeps_its_bits", "message": message}
    assert judged(broken, known(tmp_path / "one.yaml", as_found)) == 0
    unlike = {**as_found, "message": "found status 500 with 'x', expected 200"}
    assert judged(broken, known(tmp_path / "two.yaml", unlike)) == 1
    assert "not as pinned" in capsys.readouterr().out


def test_expired_known_failure_fails_the_run(
    broken: str, pinned: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(broken, known(tmp_path / "known.yaml", pinned, expires="2020-01-01")) == 1
    assert "expired on 2020-01-01" in capsys.readouterr().out


def test_failure_that_is_not_known_fails_the_run(
    broken: str, pinned: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(broken, known(tmp_path / "known.yaml", pinned, requirement="INF-DAT-05")) == 1
    assert "INF-DAT-04 fails and is no known failure" in capsys.readouterr().out


def test_draft_is_refused_until_a_person_has_written_the_reasons(
    broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lists" / "known.yaml"
    assert main(["certify", broken, *QUICK, "--write-known-failures", str(file)]) == 1
    capsys.readouterr()
    assert judged(broken, file) == 2
    assert "entry 1: found no reason" in capsys.readouterr().err
    reviewed: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(
        yaml.safe_dump([{**entry, "reason": "known", "link": "x"} for entry in reviewed]), encoding="utf-8"
    )
    assert judged(broken, file) == 0


def test_draft_never_overwrites_a_reviewed_list(
    broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "known.yaml"
    file.write_text("reviewed", encoding="utf-8")
    assert main(["certify", broken, *QUICK, "--write-known-failures", str(file)]) == 2
    assert "is not overwritten" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == "reviewed"


def test_same_failure_has_the_same_fingerprint_at_every_address(pinned: str) -> None:
    with listening(server("dat-04-zero"), 0) as url:
        report = certify(f"{url}/", ["inference-rest"], only=["INF-DAT-04"], max_examples=9, seed=4)
    found = [
        entry["tests"][0].get("failure") for entry in report["requirements"] if entry["id"] == "INF-DAT-04"
    ]
    assert found[0]["fingerprint"] == pinned


def test_failure_of_a_crowd_has_the_same_fingerprint_whoever_of_it_was_wronged() -> None:
    def failed(body: bytes, lane: int | None) -> str:
        exchange = HttpExchange("POST", "/", (), body, b"", 200, (), b"", lane=lane)
        failure = Failure("found 1, expected 2", Blame.SUBJECT, (exchange,))
        return fingerprint(Evidence("INF-ISO-01", "test_x", Outcome.FAILED, 1, 0.0, failure=failure))

    assert failed(b"one", 0) == failed(b"two", 3)
    assert failed(b"one", None) != failed(b"two", None)


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("sent a [1]; found 0.0 at [0, 1], expected -0.0", "sent b [2]; found 3 at [4], expected nan", True),
        ("found status 500 with 'a', expected 200", "found status 500 with 'b\\'c', expected 200", True),
        ("found status 500 with 'a', expected 200", "found status 404 with 'a', expected 200", False),
        ("found no output y", "found the order ['y']", False),
    ],
)
def test_kind_of_fault_is_the_message_without_values(one: str, two: str, same: bool) -> None:
    assert (kind_of_fault(one) == kind_of_fault(two)) is same


PIN = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "- 7",
        f"[{{requirement: INF-DAT-04, reason: '', link: x, expires: 2030-01-01, reproducer: '{PIN}'}}]",
        f"[{{requirement: INF-DAT-04, reason: a, link: x, expires: soon, reproducer: '{PIN}'}}]",
        "[{requirement: INF-DAT-04, reason: a, link: x, expires: 2030-01-01}]",
        "[{requirement: INF-DAT-04, reason: a, link: x, expires: 2030-01-01, reproducer: 'sha256:0'}]",
        "[{requirement: INF-DAT-04, reason: a, link: x, expires: 2030-01-01, reproducer: none.py}]",
        "[{requirement: INF-DAT-04, reason: a, link: x, expires: 2030-01-01, reproducer: known.yaml}]",
        "[{requirement: INF-DAT-04, reason: a, link: x, expires: 2030-01-01, reproducer: {test: 7}}]",
        "[{requirement: INF-DAT-04, reason: a, link: x}]",
        "a: [",
        "!!python/object:os.system {}",
        "\x00",
    ],
)
def test_unusable_file_of_known_failures_exits_2(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "known.yaml"
    file.write_text(text, encoding="utf-8")
    assert main(["certify", "http://127.0.0.1:1", "--known-failures", str(file)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
