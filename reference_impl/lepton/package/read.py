"""Read a package: its container, its manifest, and every file that the manifest lists, once.

Owns the order of reading and the rule that nothing is interpreted before it is verified; yields facts, and
leaves judging them to `lepton.checks`. Serves PKG-DIG-04, PKG-DIG-05 and COR-VER-02.
"""

import hashlib
import posixpath
import stat
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from lepton.errors import NoContainerError, SourceError
from lepton.finding import Finding
from lepton.formats import Contents, read_contents
from lepton.formats.archive import ArchiveLimit
from lepton.formats.onnx import OnnxModel, OnnxTensor
from lepton.formats.reversal import has_reversible_weights
from lepton.formats.safetensors import is_safetensors
from lepton.formats.signs import content_sign
from lepton.formats.source import MemorySource, Source
from lepton.formats.weights import WeightFact, weight_facts
from lepton.package.attached import Attached, read_attached
from lepton.package.budget import CLOSED, Budget, closed
from lepton.package.container import Container, Entry, OpenFile
from lepton.package.digests import Digest, digest, spread
from lepton.package.directory import DirectoryContainer
from lepton.package.jsontext import JsonFault, JsonText, Kind, read_json
from lepton.package.limits import MAX_DOCUMENT_BYTES, MAX_MANIFEST_BYTES, MAX_MEMORY_BYTES
from lepton.package.paths import MANIFEST, displayed
from lepton.package.schema import SchemaFault, schema_faults
from lepton.package.tensorfile import HeaderFact, read_header
from lepton.package.written import Written

__all__ = ["DOCUMENTS", "DocumentFact", "FileFact", "Package", "open_package"]

#: What makes the content of a container ambiguous: nothing in it is then interpreted.
STRUCTURE = ("PKG-LAY-07", "PKG-ZIP-04", "PKG-ZIP-02")

#: How the files that steps read are interpreted, by role.
STEP_FORMATS = {"graph": "onnx", "tokenizer": "lines", "vocabulary": "lines"}

#: The schemas of documents that no member of the manifest names, by role: of each, a package has one at most.
DOCUMENTS = {"application": "application.schema.json", "assurance": "assurance.schema.json"}


class DocumentFact(NamedTuple):
    """A JSON document of the package: its text and, when that has no fault, how it breaks its schema.

    `kind` is the role as which it was read: a card that a manifest names as vectors is a card.
    """

    text: JsonText
    faults: tuple[SchemaFault, ...]
    kind: str

    @property
    def value(self) -> Any:
        """Return the document when it is valid, else None."""
        return None if self.text.fault or self.faults else self.text.value


class FileFact(NamedTuple):
    """What reading one listed file showed. `broken` names the requirement that hides its content, if any.

    `size` and `sha256` are those found (None when not computed); `damage` says how the container contradicts
    the content. `sign` is the kind of code that the content shows, `unread` why that could not be told,
    `header` how the header of a safetensors file is.
    """

    broken: str
    size: int | None = None
    sha256: str | None = None
    damage: str = ""
    sign: str | None = None
    unread: str = ""
    document: DocumentFact | None = None
    contents: Contents | None = None
    header: HeaderFact | None = None


class Package:
    """The facts about one package. Everything is read on construction; `close` gives the handles back.

    `manifest` is None unless the manifest is read, of this edition and valid; `files` has a fact for each
    listed path; `damage` says of entries of a zip how their content contradicts their headers; `reversible`
    says of the entry file of each ONNX artifact whether it has weights to reverse, None if unknown, and
    `weights` which of its weights mutants can change; `closed` are the files that unpack to too much.
    """

    def __init__(self, container: Container, written: Written | None = None) -> None:
        """Read everything; of what this process has just written, large files are not digested again.

        Raises: SourceError when the disk fails.
        """
        self.container = container
        self._written = written
        self.path = container.path
        self.manifest_bytes: bytes | None = None
        self.manifest_size: int | None = None
        self.manifest_damage = ""
        self.text: JsonText | None = None
        self.version_fault = ""
        self.schema_faults: tuple[SchemaFault, ...] = ()
        self.manifest: dict[str, Any] | None = None
        self.files: dict[str, FileFact] = {}
        self.damage: dict[str, str] = {}
        input_bytes = sum(one.input_bytes for one in container.entries.values())
        self._budget = Budget(input_bytes)
        self.closed = closed(container.entries.values(), input_bytes)
        self.reversible: dict[str, bool | None] = {}
        self.attached: tuple[Attached, ...] = ()
        self.weights: dict[str, tuple[WeightFact, ...] | None] = {}
        if not any(fault.requirement in STRUCTURE for fault in container.faults):
            self._read_manifest()
        if self.manifest is not None:
            self._read_files(self.manifest)
            self.attached = tuple(read_attached(self.container, self._budget, self.closed))
        if self.container.kind == "zip":
            self._read_rest()

    @property
    def identity(self) -> str | None:
        """Return `sha256:` and the digest of the manifest's bytes; None when they could not be read."""
        if self.manifest_bytes is None:
            return None
        return f"sha256:{hashlib.sha256(self.manifest_bytes).hexdigest()}"

    @property
    def faults(self) -> tuple[Finding, ...]:
        """Return what reading the container showed."""
        return self.container.faults

    def __enter__(self) -> "Package":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the container."""
        self.container.close()

    def _read_manifest(self) -> None:
        entry = self.container.entries.get(MANIFEST)
        if entry is None or entry.faulty:
            return
        self.manifest_size = entry.size
        if entry.size > MAX_MANIFEST_BYTES:
            return
        if not entry.stored:
            self._budget.expand(entry.size)
        file = self.container.open(entry)
        try:
            found = digest(file, keep=MAX_MANIFEST_BYTES)
            self.manifest_damage = file.fault() or ""
        finally:
            file.close()
        self.manifest_size = found.size
        if self.manifest_damage or found.data is None:
            return
        self.manifest_bytes = found.data
        self.text = read_json(found.data, max_bytes=MAX_MANIFEST_BYTES, take=self._budget.take)
        if self.text.fault is not None:
            return
        self.version_fault = _version_fault(self.text.value)
        if self.version_fault:
            return
        self.schema_faults = schema_faults(self.text.value, "manifest.schema.json")
        if not self.schema_faults:
            self.manifest = self.text.value

    def _read_files(self, manifest: Mapping[str, Any]) -> None:
        listed = {one["path"]: one for one in manifest["files"]}
        roles = {path: one["role"] for path, one in listed.items()}
        # A file of another role than its use is not interpreted: that is PKG-MAN-06's matter.
        formats = {
            one["entry"]: one["format"]
            for one in manifest["artifacts"]
            if roles.get(one["entry"]) == "artifact"
        }
        formats.update((path, STEP_FORMATS[role]) for path, role in roles.items() if role in STEP_FORMATS)
        schemas = {
            path: "vectors.schema.json" for path in manifest["vectors"] if roles.get(path) == "vectors"
        }
        if roles.get(manifest["card"]) == "card":
            schemas[manifest["card"]] = "card.schema.json"
        schemas.update((path, DOCUMENTS[role]) for path, role in roles.items() if role in DOCUMENTS)

        def read(path: str) -> FileFact:
            if path in self.closed:
                return FileFact("PKG-DIG-03", unread=CLOSED)
            schema, form = schemas.get(path), formats.get(path)
            return _read_file(self.container, listed[path], schema, form, self._budget, self._written)

        tasks = [(one["size"], path) for path, one in listed.items()]
        self.files = dict(zip(listed, spread(read, tasks), strict=True))
        for path, fact in self.files.items():
            if fact.damage:
                self.damage[path] = fact.damage
            if fact.contents is not None and fact.contents.onnx is not None:
                self._read_weights(path, fact.contents.onnx)

    def _read_rest(self) -> None:
        """Read what the manifest does not list, which must be what its headers declare all the same."""
        if self.manifest_damage:
            self.damage[MANIFEST] = self.manifest_damage
        if any(fault.requirement in STRUCTURE for fault in self.container.faults):
            return
        for path, entry in self.container.entries.items():
            read = path in self.files or (path == MANIFEST and self.text is not None)
            if read or entry.faulty or path in self.closed:
                continue
            file = self.container.open(entry)
            for _ in file.chunks():
                pass
            damage = file.fault()
            if damage is not None:
                self.damage[path] = damage

    def _read_weights(self, path: str, model: OnnxModel) -> None:
        opened: dict[str, OpenFile] = {}

        def external(tensor: OnnxTensor) -> tuple[Source, int] | None:
            facts = dict(tensor.external or ())
            name = posixpath.join(posixpath.dirname(path), facts.get("location", ""))
            offset = facts.get("offset", "0")
            entry = self.container.entries.get(name)
            sound = name in self.files and not self.files[name].broken and offset.isdecimal()
            if entry is None or not sound or len(offset) > 18:
                return None
            if name not in opened:
                opened[name] = self.container.open(entry)
            source = opened[name].source()
            return None if source is None else (source, int(offset))

        file = self.container.open(self.container.entries[path])
        try:
            source = file.source()
            if source is None:
                self.reversible[path] = self.weights[path] = None
            else:
                self.reversible[path] = has_reversible_weights(model, source, external)
                self.weights[path] = weight_facts(model, source, external)
        finally:
            file.close()
            for one in opened.values():
                one.close()


def open_package(path: Path, *, written: Written | None = None) -> Package:
    """Open a package directory or package file and read its facts; `written` if this process wrote it.

    Raises: SourceError when nothing is there or it cannot be read, NoContainerError when what is there is
    neither a directory nor a zip.
    """
    shown = displayed(str(path))
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        kind = NoContainerError if _is_link(path) else SourceError
        raise kind(f"cannot read {shown!r}: {reason}; expected a package") from error
    container: Container
    if stat.S_ISDIR(status.st_mode):
        container = DirectoryContainer(path)
    elif stat.S_ISREG(status.st_mode):
        if path.suffix != ".lepton" and not _starts_like_zip(path):
            raise NoContainerError(f"found {shown!r}, expected a package: a directory or a .lepton file")
        from lepton.package.zipread import ZipContainer

        container = ZipContainer(path)
    else:
        raise NoContainerError(f"found {shown!r}, which is neither a directory nor a regular file")
    try:
        return Package(container, written)
    except BaseException:
        container.close()
        raise


def _is_link(path: Path) -> bool:
    """Say whether a link is there, wherever it leads."""
    try:
        return stat.S_ISLNK(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def _starts_like_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\3\4"
    except OSError as error:
        raise SourceError(f"cannot read {displayed(str(path))!r}: {error.strerror}") from error


def _is_known(version: str) -> bool:
    major, dot, minor = version.partition(".")
    digits = minor.isascii() and minor.isdigit() and len(minor) < 32
    return major == "1" and dot == "." and digits and (minor == "0" or not minor.startswith("0"))


def _version_fault(value: Any) -> str:
    """Say what is wrong with the member `lepton`, or return an empty text. Spec: COR-VER-01."""
    if not isinstance(value, dict):
        return ""
    version = value.get("lepton")
    if isinstance(version, str) and _is_known(version):
        return ""
    if "lepton" not in value:
        return "found no member 'lepton', expected \"1.0\""
    shown = repr(version)[:40]
    return f'found {shown}, expected an edition that this validator knows: "1.0" or a later 1.x'


def _read_file(
    container: Container,
    listed: Mapping[str, Any],
    schema: str | None,
    format_name: str | None,
    budget: Budget,
    written: Written | None,
) -> FileFact:
    entry = container.entries.get(listed["path"])
    if entry is None:
        irregular = listed["path"] in container.irregular
        return FileFact("PKG-LAY-05" if irregular else "PKG-DIG-01")
    if entry.faulty:
        return FileFact(entry.faulty)
    if entry.size != listed["size"] and container.kind == "directory":
        return FileFact("PKG-DIG-02", entry.size)
    file = container.open(entry)
    try:
        keep = _keep(entry, schema, format_name, budget)
        known = written.digest(entry, file) if written is not None and entry.size > keep else None
        found = known or digest(file, keep=keep)
        damage = file.fault()
        if damage is not None:
            return FileFact("PKG-ZIP-07", found.size, damage=damage)
        if found.size != listed["size"]:
            return FileFact("PKG-DIG-02", found.size)
        if found.sha256 != listed["sha256"]:
            return FileFact("PKG-DIG-03", found.size, found.sha256)
        source = file.source() if found.data is None else MemorySource(found.data)
        fact = _interpret(found, source, schema, format_name, budget)
        if source is not None and is_safetensors(entry.path, listed["mediaType"]):
            fact = fact._replace(header=read_header(source))
        if found.data is None and file.changed():
            raise SourceError(f"{displayed(entry.path)!r} was changed while it was read")
        return fact
    finally:
        file.close()


def _keep(entry: Entry, schema: str | None, format_name: str | None, budget: Budget) -> int:
    if schema is not None:
        return MAX_DOCUMENT_BYTES if entry.stored or budget.expand(entry.size) else 0
    if format_name is not None or not entry.stored or entry.size < 65536:
        return MAX_MEMORY_BYTES
    return 0


def _interpret(
    found: Digest, source: Source | None, schema: str | None, format_name: str | None, budget: Budget
) -> FileFact:
    document = contents = None
    if schema is not None and found.data is None:
        document = DocumentFact(_too_large(found.size), (), _kind(schema))
    if source is None:
        unread = f"a compressed file of more than {MAX_MEMORY_BYTES} bytes, the limit of this validator"
        return FileFact("", found.size, found.sha256, unread=unread, document=document)
    if schema is not None and found.data is not None:
        text = read_json(found.data, max_bytes=MAX_DOCUMENT_BYTES, take=budget.take)
        faults = schema_faults(text.value, schema) if text.fault is None else ()
        document = DocumentFact(text, faults, _kind(schema))
    if format_name is not None:
        contents = read_contents(format_name, source)
    sign, unread = None, ""
    try:
        sign = content_sign(found.head, found.last, source)
    except ArchiveLimit as error:
        unread = f"{error}, the limit of this validator"
    return FileFact("", found.size, found.sha256, "", sign, unread, document, contents)


def _kind(schema: str) -> str:
    return schema.partition(".")[0]


def _too_large(size: int) -> JsonText:
    if size <= MAX_DOCUMENT_BYTES:
        message = "a document that unpacks to more than this validator reads of a package of this size"
        return JsonText(None, JsonFault(Kind.LIMIT, "", message))
    message = f"found {size} bytes, expected at most {MAX_DOCUMENT_BYTES}"
    return JsonText(None, JsonFault(Kind.SIZE, "", message))
