"""A naive server whose repository holds packages, and such servers with one fault (Spec: ASR-SAF-04).

Owns verifying a package before its model is taken; leaves states and routes to `repository`. Written apart
from the reference.
"""

import hashlib
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from lepton_conformance.mutants.computing import Model
from lepton_conformance.mutants.repository import NaiveRepository

__all__ = ["ALL", "PackageRepository"]

MANIFEST = "lepton.json"
#: What lies beside the files of a package and speaks about it.
BESIDE = ("signatures/", "attestations/")


class PackageRepository(NaiveRepository):
    """The correct server of packages."""

    id = "correct-packages"
    layout = "lepton"

    def known_names(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.lepton"))

    def file_of(self, name: str) -> Path:
        return self.folder / f"{name}.lepton"

    def read_model(self, name: str) -> Model:
        try:
            with zipfile.ZipFile(self.file_of(name)) as archive:
                files = {entry: archive.read(entry) for entry in archive.namelist()}
            manifest = json.loads(files[MANIFEST])
            self.verify(files, manifest)
            model = files[manifest["artifacts"][0]["entry"]]
        except Exception as error:
            raise self.unloadable(name, error) from None
        with tempfile.TemporaryDirectory(prefix="lepton-package-") as folder:
            path = Path(folder) / "model.onnx"
            path.write_bytes(model)
            return self.model_of(name, path)

    def model_of(self, name: str, path: Path) -> Model:
        try:
            loaded = self.engine.load(str(path))
        except Exception as error:
            raise self.unloadable(name, error) from None
        return Model(name, loaded.inputs, loaded.outputs, lambda given: self.run(loaded, given))

    def verify(self, files: dict[str, bytes], manifest: Any) -> None:
        """Raises: ValueError, KeyError for files that are not those listed."""
        self.check_listed({entry["path"] for entry in manifest["files"]}, files)
        for entry in manifest["files"]:
            self.check_file(entry, files)

    def check_listed(self, listed: set[str], files: dict[str, bytes]) -> None:
        more = [path for path in files if path not in listed | {MANIFEST} and not path.startswith(BESIDE)]
        if more:
            raise ValueError(f"the file {more[0]} is not listed")

    def check_file(self, entry: Any, files: dict[str, bytes]) -> None:
        data = files[entry["path"]]
        if len(data) != entry["size"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise ValueError(f"the file {entry['path']} is not the one that is listed")


class TrustsModels(PackageRepository):
    """The digest of the model is not compared."""

    id = "asr-saf-04-model"
    breaks = "ASR-SAF-04"

    def check_file(self, entry: Any, files: dict[str, bytes]) -> None:
        if entry["role"] != "artifact":
            super().check_file(entry, files)


class VerifiesModelsOnly(PackageRepository):
    """Only the files of artifacts are verified."""

    id = "asr-saf-04-card"
    breaks = "ASR-SAF-04"

    def check_file(self, entry: Any, files: dict[str, bytes]) -> None:
        if entry["role"] == "artifact":
            super().check_file(entry, files)


class ComparesSizes(PackageRepository):
    """Sizes are compared, digests are not."""

    id = "asr-saf-04-sizes"
    breaks = "ASR-SAF-04"

    def check_file(self, entry: Any, files: dict[str, bytes]) -> None:
        if len(files[entry["path"]]) != entry["size"]:
            raise ValueError(f"the file {entry['path']} has another size")


class ForgivesMissing(PackageRepository):
    """A listed file that is not there is passed over."""

    id = "asr-saf-04-missing"
    breaks = "ASR-SAF-04"

    def check_file(self, entry: Any, files: dict[str, bytes]) -> None:
        if entry["path"] in files:
            super().check_file(entry, files)


class AllowsMore(PackageRepository):
    """Files that are not listed are passed over."""

    id = "asr-saf-04-unlisted"
    breaks = "ASR-SAF-04"

    def check_listed(self, listed: set[str], files: dict[str, bytes]) -> None:
        return


ALL: tuple[type[NaiveRepository], ...] = (
    TrustsModels,
    VerifiesModelsOnly,
    ComparesSizes,
    ForgivesMissing,
    AllowsMore,
)
