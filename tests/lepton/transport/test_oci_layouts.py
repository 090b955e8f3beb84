"""The OCI manifest of a package: ModelPack's form, the same bytes each time; and the layout in a folder."""

import hashlib
import json
from pathlib import Path

import pytest

from lepton.errors import LeptonError
from lepton.transport import write_layout
from lepton.transport.modelpack import model
from lepton_conformance.forge.valid import linear_draft, vision_draft


def blob(layout: Path, digest: str) -> bytes:
    data = (layout / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == digest
    return data


@pytest.mark.requirement("PKG-OCI-01")
@pytest.mark.requirement("PKG-OCI-02")
def test_a_layout_holds_the_artifact_and_each_file_as_a_raw_layer(tmp_path: Path) -> None:
    package = vision_draft().directory().write(tmp_path, "made")
    digest = write_layout(package, tmp_path / "layout")
    manifest = json.loads(blob(tmp_path / "layout", digest))
    assert manifest["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.model.config.v1+json"
    files = json.loads((package / "lepton.json").read_bytes())["files"]
    held = [one["annotations"]["org.cncf.model.filepath"] for one in manifest["layers"]]
    assert held == ["lepton.json", *sorted((one["path"] for one in files), key=str.encode)]
    kinds = {"artifact": "weight", "weights": "weight", "vectors": "dataset"}
    roles = {one["path"]: one["role"] for one in files}
    for layer in manifest["layers"]:
        path = layer["annotations"]["org.cncf.model.filepath"]
        assert blob(tmp_path / "layout", layer["digest"]) == (package / path).read_bytes()
        assert layer["size"] == (package / path).stat().st_size
        assert layer["annotations"]["org.opencontainers.image.title"] == path
        if path in roles:
            kind = kinds.get(roles[path], "doc")
            assert layer["mediaType"] == f"application/vnd.cncf.model.{kind}.v1.raw"
    config = json.loads(blob(tmp_path / "layout", manifest["config"]["digest"]))
    assert config["modelfs"] == {"type": "layers", "diffIds": [one["digest"] for one in manifest["layers"]]}
    assert config["config"] == {"format": "onnx", "precision": "float32"}
    stated = json.loads((package / "lepton.json").read_bytes())
    assert config["descriptor"]["name"] == stated["id"]
    assert config["descriptor"]["licenses"] == [stated["license"]]
    index = json.loads((tmp_path / "layout" / "index.json").read_bytes())
    assert index["manifests"][0]["digest"] == digest
    assert json.loads((tmp_path / "layout" / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}


@pytest.mark.requirement("PKG-OCI-06")
def test_the_same_package_gives_the_same_artifact_in_a_folder_and_in_a_zip(tmp_path: Path) -> None:
    one = write_layout(linear_draft().directory().write(tmp_path, "one"), tmp_path / "a")
    two = write_layout(linear_draft().archive().write(tmp_path, "two"), tmp_path / "b")
    assert one == two
    names = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)


def test_signatures_refer_to_the_artifact_and_do_not_change_it(tmp_path: Path) -> None:
    bare = write_layout(linear_draft().directory().write(tmp_path, "bare"), tmp_path / "a")
    draft = linear_draft()
    draft.unlisted["signatures/k.sigstore.json"] = b"{}"
    signed = write_layout(draft.directory().write(tmp_path, "signed"), tmp_path / "b")
    assert signed == bare
    index = json.loads((tmp_path / "b" / "index.json").read_bytes())
    referrer = json.loads(blob(tmp_path / "b", index["manifests"][1]["digest"]))
    assert referrer["subject"]["digest"] == bare
    assert referrer["artifactType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert blob(tmp_path / "b", referrer["config"]["digest"]) == b"{}"


def test_a_package_that_is_not_whole_makes_no_layout(tmp_path: Path) -> None:
    package = linear_draft().directory().write(tmp_path, "made")
    (package / "stray").write_bytes(b"")
    with pytest.raises(LeptonError, match="not listed"):
        write_layout(package, tmp_path / "layout")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["made"]


def test_more_files_than_a_registry_takes_are_refused() -> None:
    document = linear_draft().sealed()
    entry = document["files"][0]
    document["files"] = [{**entry, "path": f"f{at}"} for at in range(20_000)]
    with pytest.raises(LeptonError, match="join small files"):
        model(b"{}", document)
