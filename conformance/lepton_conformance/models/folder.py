"""The folder that a server loads models from: changed models and broken ones are put into it, and taken out.

Owns which layout a folder has and the exchange of one model file for another, in one step, with the old one
put back whatever happens; leaves loading to the server. Only the file of `lepton_generation` is touched.
Serves `inference` (INF-REP-14 to 16) and `assurance` (ASR-SAF-04).
"""

import contextlib
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lepton_conformance.models.catalog import GENERATION, VERSION
from lepton_conformance.models.graphs import model_bytes

__all__ = ["ALTERED", "BROKEN", "FolderFault", "RepositoryFolder", "open_folder"]

#: Where each layout keeps the file of the model, most particular first.
_PLACES = (
    ("lepton", f"{GENERATION.name}.lepton", None),
    ("triton", f"{GENERATION.name}/{VERSION}/model.onnx", f"{GENERATION.name}/config.pbtxt"),
    ("plain", f"{GENERATION.name}/{VERSION}/model.onnx", None),
    ("mlserver", f"{GENERATION.name}/model.onnx", f"{GENERATION.name}/model-settings.json"),
    ("kserve", f"{GENERATION.name}/model.onnx", None),
)
#: Kinds of files that no server can load.
BROKEN = ("empty", "text", "first half", "zeros")
#: How a package differs from what its manifest lists.
ALTERED = ("another model", "another card", "a shorter card", "no card", "a file that is not listed")


class FolderFault(Exception):
    """The folder is none that the suite wrote (exit code 2)."""


@dataclass(frozen=True, slots=True)
class RepositoryFolder:
    """A folder of one of the layouts, and the file of `lepton_generation` in it."""

    layout: str
    file: Path

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[None]:
        """Put the file back as it was, whatever happens. Raises: FolderFault when it cannot be read."""
        try:
            original = self.file.read_bytes()
        except OSError as error:
            raise FolderFault(f"cannot read {self.file}: {error.strerror}") from error
        with _terminable():
            try:
                yield
            finally:
                self._replace(original)

    def put(self, generation: int) -> None:
        """Put a model of another generation there."""
        self._replace(self.made(generation))

    def break_file(self, kind: str) -> None:
        """Put a file there that is no model."""
        whole = self.made(1)
        self._replace(
            {
                "empty": b"",
                "text": b"This is no model.\n" * 40,
                "first half": whole[: len(whole) // 2],
                "zeros": b"\0" * len(whole),
            }[kind]
        )

    def alter(self, kind: str) -> None:
        """Put a package there whose files are not those that its manifest lists; layout `lepton` only."""
        import rfc8785

        from lepton_conformance.forge.conformance_package import wrap_model
        from lepton_conformance.forge.package import CARD, MODEL

        sound = wrap_model(GENERATION)
        manifest = rfc8785.dumps(sound.sealed())
        draft = sound.copied()
        card = draft.member(CARD).data
        match kind:
            case "another model":
                draft.put(MODEL, model_bytes(GENERATION, 2))
            case "another card":
                draft.put(CARD, card.replace(b"Testing", b"testing"))
            case "a shorter card":
                draft.put(CARD, b"{}")
            case "no card":
                draft.members = [member for member in draft.members if member.path != CARD]
            case "a file that is not listed":
                draft.unlisted["model/more.bin"] = b"\0"
        archive = draft.archive(manifest=manifest).archive
        assert archive is not None
        self._replace(archive)

    def made(self, generation: int) -> bytes:
        """Return the file of a generation in this layout."""
        if self.layout != "lepton":
            return model_bytes(GENERATION, generation)
        from lepton_conformance.forge.conformance_package import wrap_model

        archive = wrap_model(GENERATION, generation).archive().archive
        assert archive is not None
        return archive

    def _replace(self, data: bytes) -> None:
        """Exchange the file in one step: what is written is beside it, under a name that is no model's."""
        number, name = tempfile.mkstemp(prefix=".lepton-", suffix=".part", dir=self.file.parent)
        written = Path(name)
        try:
            with os.fdopen(number, "wb") as beside:
                beside.write(data)
            written.chmod(self.file.stat().st_mode & 0o777)
            written.replace(self.file)
        except BaseException:
            written.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the run like Ctrl-C, so that the file is put back, where this thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def open_folder(root: Path) -> RepositoryFolder:
    """Recognise the layout of a folder. Raises: FolderFault."""
    for layout, place, witness in _PLACES:
        file = root / place
        if file.is_file() and (witness is None or (root / witness).is_file()):
            if not os.access(file, os.R_OK | os.W_OK) or not os.access(file.parent, os.W_OK):
                raise FolderFault(
                    f"found {file} read-only, expected to be allowed to exchange it for a while"
                )
            return RepositoryFolder(layout, file)
    raise FolderFault(
        f"found no model {GENERATION.name} in {root}, expected the folder that the server loads from, "
        "written by: lepton certify export-models DIR --layout lepton"
    )
