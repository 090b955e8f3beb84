"""Loading a package for use: only sound ones, and only bytes that were verified."""

from pathlib import Path

import pytest

from lepton.errors import LeptonError, SourceError
from lepton.package.manifest import Manifest
from lepton.validate import load
from lepton_conformance.forge.valid import external_draft, linear_draft, vision_draft


@pytest.mark.parametrize("zipped", [False, True])
def test_materialized_files_are_those_of_the_package(tmp_path: Path, zipped: bool) -> None:
    draft = external_draft()
    path = (draft.archive() if zipped else draft.directory()).write(tmp_path)
    with load(path) as package:
        folder = package.materialize("onnx")
        for member in draft.members:
            if member.role in ("artifact", "weights"):
                assert (folder / member.path).read_bytes() == member.data
        assert package.entry() == folder / package.manifest.artifacts[0].entry
    assert folder.exists() != zipped


def test_the_typed_manifest_says_what_the_json_says(tmp_path: Path) -> None:
    draft = vision_draft()
    with load(draft.directory().write(tmp_path)) as package:
        manifest: Manifest = package.manifest
        document = package.document
        assert [one.name for one in manifest.signature.inputs] == [
            one["name"] for one in document["signature"]["inputs"]
        ]
        assert manifest.interface is not None
        assert manifest.served is manifest.interface
        assert manifest.processing is not None
        assert [(step.op, step.sources, step.targets) for step in manifest.processing.pre] == [
            (step["op"], (step["in"],), (step["out"],)) for step in document["processing"]["pre"]
        ]
        assert {name: (one.min, one.max) for name, one in manifest.symbols.items()} == {
            name: (one["min"], one.get("max")) for name, one in document["symbols"].items()
        }
        assert package.read("card.json") == draft.member("card.json").data


def test_an_unsound_package_is_not_loaded_and_the_message_names_the_requirement(tmp_path: Path) -> None:
    path = linear_draft().directory().write(tmp_path)
    (path / "extra").touch()
    with pytest.raises(LeptonError, match="PKG-LAY-06 extra"):
        load(path)


def test_a_file_that_changes_after_loading_is_not_handed_out(tmp_path: Path) -> None:
    path = linear_draft().directory().write(tmp_path)
    with load(path) as package:
        (path / "card.json").write_bytes(b"{}")
        with pytest.raises(SourceError, match="changed after"):
            package.read("card.json")


def test_nothing_is_there_to_load(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        load(tmp_path / "absent")
