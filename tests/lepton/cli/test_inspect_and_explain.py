"""`lepton inspect` and `lepton explain`."""

import hashlib
import itertools
import json
from pathlib import Path

import pytest
import rfc8785

import lepton_spec
from lepton.cli import main
from lepton.cli.explain import WIDTH
from lepton_conformance.forge.application_pictures import image_classification
from lepton_conformance.forge.assurance_faults import ASSURANCE_FAULTS
from lepton_conformance.forge.assurances import VALID_ASSURANCES
from lepton_conformance.forge.valid import linear_draft, vision_draft


def test_inspect_shows_files_signature_steps_vectors_and_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = vision_draft()
    assert main(["inspect", str(draft.archive().write(tmp_path))]) == 0
    text = capsys.readouterr().out
    manifest = draft.sealed()
    expected = [one["path"] for one in manifest["files"]]
    expected += [one["name"] for one in manifest["interface"]["inputs"] + manifest["signature"]["outputs"]]
    expected += [step["op"] for step in manifest["processing"]["pre"]]
    expected += ["constant-answer", "intendedUse", "personalData", "sha256:"]
    for word in expected:
        assert word in text


def test_inspect_as_json_holds_the_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = linear_draft().directory().write(tmp_path)
    assert main(["inspect", str(path), "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["manifest"]["id"] == "linear"
    assert all(one["verified"] for one in shown["files"])


def test_inspect_says_which_files_are_not_as_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = linear_draft().directory().write(tmp_path)
    (path / "card.json").write_text("{}")
    assert main(["inspect", str(path)]) == 0
    assert "card.json  NOT AS LISTED" in capsys.readouterr().out


def test_inspect_escapes_what_the_package_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft = linear_draft()
    draft.manifest["title"]["en"] = "a\x1b[31m\u202e"
    assert main(["inspect", str(draft.directory().write(tmp_path))]) == 0
    assert "a\\u001b[31m\\u202e" in capsys.readouterr().out


def test_inspect_of_a_broken_manifest_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = linear_draft().directory().write(tmp_path)
    (path / "lepton.json").write_text("{")
    assert main(["inspect", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "lepton validate" in captured.err


def test_explain_shows_clause_and_remedy_of_every_requirement_in_both_languages(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, entry in lepton_spec.requirements().items():
        for language in ("en", "zh"):
            assert main(["explain", name, "--lang", language]) == 0
            text = capsys.readouterr().out
            shown = entry.get("zh", entry) if language == "zh" else entry
            assert text.startswith(f"{name}: {shown['title']}\n")
            assert entry["level"] in text


def test_explain_fills_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "INF-REP-16"]) == 0
    clause = capsys.readouterr().out.split("\n\n")[1].split("\n")
    assert len(clause) > 1
    for line, following in itertools.pairwise(clause):
        assert len(f"{line} {following.split()[0]}") > WIDTH


def test_explain_names_what_exercises_a_requirement(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "pkg-dig-03"]) == 0
    assert "checks/digests.py::listed_files" in capsys.readouterr().out


def test_explain_of_an_unknown_requirement_names_close_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "PKG-DIG-33"]) == 2
    assert "PKG-DIG-03" in capsys.readouterr().err


def test_inspect_as_a_page_escapes_what_the_package_says_and_needs_nothing_else(tmp_path: Path) -> None:
    draft = linear_draft()
    draft.manifest["title"]["en"] = "<script>alert(1)</script>\u202e"
    draft.manifest["description"] = {"en": "one\ntwo <b>"}
    page = tmp_path / "page.html"
    path = draft.directory().write(tmp_path)
    assert main(["inspect", str(path), "--format", "html", "-o", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e" in text
    assert "one<br>two &lt;b&gt;" in text
    assert "http" not in text.replace("http-equiv", "")
    for entry in draft.sealed()["files"]:
        assert entry["path"] in text


def test_inspect_names_signatures_and_says_that_it_does_not_judge_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = linear_draft().directory().write(tmp_path)
    (path / "signatures").mkdir()
    (path / "signatures" / "a.sigstore.json").write_text("{}")
    assert main(["inspect", str(path)]) == 0
    assert "signatures (not judged here; see lepton verify)\n  signatures/a.sigstore.json\n" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("form", ["text", "html"])
def test_inspect_shows_the_mutation_score_and_who_survives(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = linear_draft().directory().write(tmp_path)
    (vectors,) = path.glob("vectors/*.json")
    document = json.loads(vectors.read_bytes())
    survivors = [{"mutant": "weights-zeroed:1", "reason": "The bias is tiny."}]
    document["mutation"] = {"mutants": 30, "killed": 29, "survivors": survivors}
    vectors.write_bytes(json.dumps(document).encode())
    manifest = json.loads((path / "lepton.json").read_bytes())
    for entry in manifest["files"]:
        data = (path / entry["path"]).read_bytes()
        entry |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (path / "lepton.json").write_bytes(rfc8785.dumps(manifest))
    assert main(["inspect", str(path), "--format", form]) == 0
    text = capsys.readouterr().out
    assert "29 of 30 mutants killed" in text
    assert "weights-zeroed:1" in text
    assert "The bias is tiny." in text


def test_inspect_shows_what_the_assurance_document_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = VALID_ASSURANCES[0].forge().write(tmp_path)
    assert main(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "groups: The side of the plane. 2 groups, accuracy 0.8 (right, n = 40)" in shown
    assert "smallest: accuracy 0.8 (right, n = 40)" in shown
    assert "contact: mailto:security@example.org" in shown
    assert "environment: training, energy: 0 kWh, estimated. It was not trained." in shown
    assert main(["inspect", str(path), "--format", "html"]) == 0
    assert "<dt>Misuse</dt><dd>Taking it for a model." in capsys.readouterr().out


def test_inspect_shows_references_that_lead_nowhere_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = next(one for one in ASSURANCE_FAULTS if one.name == "no-evaluations")
    assert main(["inspect", str(fault.forge().write(tmp_path))]) == 0
    assert "no group that the card has" in capsys.readouterr().out


def test_inspect_shows_which_tasks_a_package_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = image_classification().directory().write(tmp_path)
    assert main(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "  main: image-classification 1, How bright?" in shown
    assert "  main answers: label-scores (y)" in shown
    assert "  main measured by: accuracy = 0.5, n = 2; calibration-error (bins 15)" in shown
    assert main(["inspect", str(path), "--format", "html"]) == 0
    assert "<dt>main reads</dt><dd>image-pixels (x)</dd>" in capsys.readouterr().out
