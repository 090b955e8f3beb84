"""Checks of the folder of a data set: its files, their names, and what the document lists.

Serves DAT-LAY and DAT-DST.
"""

import re
from collections.abc import Iterator

from lepton.checks.datasets.registry import DatasetCheck, Stage, check
from lepton.checks.registry import NotChecked
from lepton.data.dataset import DOCUMENT, Dataset
from lepton.data.nodes import FILE, is_address
from lepton.finding import Finding
from lepton.package.paths import collision_key, displayed, reserved_fault, syntax_fault

__all__ = ["CHECKS"]

_ADDRESS = re.compile(r"https://[^/?#@\s\x00-\x1f\x7f-\x9f]+(?:[/?#][^\s\x00-\x1f\x7f-\x9f]*)?")


def _from_walk(dataset: Dataset, theirs: str, ours: str) -> Iterator[Finding]:
    for fault in dataset.container.faults:
        if fault.requirement == theirs:
            yield fault._replace(requirement=ours)


@check("DAT-LAY-05", stage=Stage.FOLDER)
def number_of_files(dataset: Dataset) -> Iterator[Finding]:
    """The walk counts."""
    yield from _from_walk(dataset, "PKG-LAY-07", "DAT-LAY-05")


@check("DAT-LAY-03", stage=Stage.FOLDER)
def regular_files(dataset: Dataset) -> Iterator[Finding]:
    """The walk saw what is no regular file, and did not open it."""
    yield from _from_walk(dataset, "PKG-LAY-05", "DAT-LAY-03")


@check("DAT-LAY-01", stage=Stage.FOLDER)
def one_document(dataset: Dataset) -> Iterator[Finding]:
    """There is a document at the root; a link of that name is DAT-LAY-03's matter."""
    container = dataset.container
    if DOCUMENT not in container.entries and DOCUMENT not in container.irregular:
        others = [path for path in container.entries if path.endswith("/" + DOCUMENT)]
        more = f"; there is {displayed(others[0])!r}" if others else ""
        yield Finding("DAT-LAY-01", "", "", f"found no {DOCUMENT!r} at the root, expected one{more}", "")


def _path_faults(dataset: Dataset) -> Iterator[tuple[tuple[str, ...], Finding]]:
    """Yield each violation of DAT-LAY-02 with the paths that it hides from later requirements."""
    told = set()
    for fault in _from_walk(dataset, "PKG-LAY-02", "DAT-LAY-02"):
        told.add(fault.file)
        yield (), fault
    places = [(path, displayed(path), "") for path in dataset.container.entries]
    places += [(path, displayed(path), "") for path in dataset.container.irregular]
    seen = {path for path, _, _ in places}
    if dataset.value is not None and not dataset.schema_faults:
        for path, pointer in dataset.nodes.listed:
            # What a contentUrl breaks by itself is DAT-DST-01's.
            theirs = pointer.startswith("/distribution/") and _fault_of(path) is not None
            if path not in seen and not theirs:
                places.append((path, DOCUMENT, pointer))
                seen.add(path)
    keys: dict[str, str] = {}
    for path, file, pointer in places:
        fault_text = _fault_of(path)
        if fault_text is not None:
            if file not in told:
                message = f"found {displayed(path)!r}: {fault_text}"
                yield (path,), Finding("DAT-LAY-02", file, pointer, message, "")
            continue
        other = keys.setdefault(collision_key(path), path)
        if other != path:
            message = (
                f"found {displayed(path)!r} beside {displayed(other)!r}, which some systems take for one"
            )
            yield (path, other), Finding("DAT-LAY-02", file, pointer, message, "")
    for path, file, pointer in places:
        folders = path.split("/")[:-1]
        for end in range(1, len(folders) + 1):
            file_of_name = keys.get(collision_key("/".join(folders[:end])))
            if file_of_name is not None and syntax_fault(path) is None:
                message = f"found {displayed(path)!r} below the file {displayed(file_of_name)!r}"
                yield (path, file_of_name), Finding("DAT-LAY-02", file, pointer, message, "")
                break


def _fault_of(path: str) -> str | None:
    return syntax_fault(path) or reserved_fault(path)


@check("DAT-LAY-02", stage=Stage.FOLDER)
def paths(dataset: Dataset) -> Iterator[Finding]:
    """Every path satisfies the rules, in the folder and where it is listed; see also DAT-DST-01."""
    for _, fault in _path_faults(dataset):
        yield fault


def _hidden(dataset: Dataset) -> dict[str, str]:
    """Return the paths of which nothing further is judged, with the requirement that they violate."""
    found = {path: "DAT-LAY-02" for hidden, _ in _path_faults(dataset) for path in hidden}
    found |= dict.fromkeys(dataset.container.irregular, "DAT-LAY-03")
    for path, _ in dataset.nodes.listed:
        if _fault_of(path) is not None:
            found.setdefault(path, "DAT-DST-01")
    return found


@check("DAT-DST-01")
def addresses(dataset: Dataset) -> Iterator[Finding]:
    """Every `contentUrl` is an https address, or a path that stays inside."""
    for _, entry, pointer in dataset.nodes.of_kind(FILE):
        url = entry["contentUrl"]
        if "containedIn" not in entry and is_address(url):
            if not _ADDRESS.fullmatch(url):
                message = f"found {url[:80]!r}, expected https:// without user name and spaces, or a path"
                yield Finding("DAT-DST-01", DOCUMENT, f"{pointer}/contentUrl", message, "")
        else:
            fault = _fault_of(url)
            if fault is not None:
                message = f"found {url[:80]!r}: {fault}"
                yield Finding("DAT-DST-01", DOCUMENT, f"{pointer}/contentUrl", message, "")


@check("DAT-LAY-04")
def listed_files(dataset: Dataset) -> Iterator[Finding | NotChecked]:
    """Every file is listed, once."""
    places: dict[str, list[str]] = {}
    for path, pointer in dataset.nodes.listed:
        places.setdefault(path, []).append(pointer)
    hidden = _hidden(dataset)
    for path in dataset.container.entries:
        listed = places.get(path, [])
        if path == DOCUMENT:
            continue
        if path in hidden:
            yield NotChecked("DAT-LAY-04", f"blocked by {hidden[path]}")
        elif not listed:
            message = "found a file that no FileObject and no entry of lepton.files names"
            yield Finding("DAT-LAY-04", displayed(path), "", message, "")
        elif len(listed) > 1:
            message = f"found {path!r} listed {len(listed)} times, expected once"
            yield Finding("DAT-LAY-04", DOCUMENT, listed[1], message, "")
    for pointer in places.get(DOCUMENT, []):
        yield Finding("DAT-LAY-04", DOCUMENT, pointer, "found the document listed in itself", "")


def _sound_paths(dataset: Dataset, requirement: str) -> Iterator[tuple[str, str] | NotChecked]:
    """Yield each listed path that is judged with its place, or why `requirement` is not."""
    hidden = _hidden(dataset)
    for path, pointer in dict(reversed(dataset.nodes.listed)).items():
        if path in hidden:
            yield NotChecked(requirement, f"blocked by {hidden[path]}")
        elif path != DOCUMENT:
            yield path, pointer


@check("DAT-DST-03")
def present_files(dataset: Dataset) -> Iterator[Finding | NotChecked]:
    """Every listed path is the path of a file."""
    for one in _sound_paths(dataset, "DAT-DST-03"):
        if isinstance(one, NotChecked):
            yield one
        elif one[0] not in dataset.container.entries:
            yield Finding("DAT-DST-03", DOCUMENT, one[1], f"found no file {one[0]!r} in the folder", "")


@check("DAT-DST-04")
def digests(dataset: Dataset) -> Iterator[Finding | NotChecked]:
    """Size and SHA-256 of every listed file are those of the document."""
    with_md5 = _with_md5(dataset)
    for one in _sound_paths(dataset, "DAT-DST-04"):
        if isinstance(one, NotChecked):
            yield one
            continue
        path, _ = one
        if path not in dataset.container.entries:
            continue
        size, sha256 = dataset.nodes.expected[path]
        actual = dataset.container.entries[path].size
        if size is not None and actual != size:
            yield Finding("DAT-DST-04", path, "", f"found {actual} bytes, expected {size}", "")
            continue
        found = dataset.digests(path, md5=path in with_md5)
        if found.sha256 != sha256:
            message = f"found the SHA-256 digest {found.sha256}, expected {sha256}"
            yield Finding("DAT-DST-04", path, "", message, "")


def _with_md5(dataset: Dataset) -> dict[str, tuple[str, str]]:
    """Return MD5 and pointer by path."""
    return {
        entry["contentUrl"]: (entry["md5"], f"{pointer}/md5")
        for _, entry, pointer in dataset.nodes.of_kind(FILE)
        if "md5" in entry and "containedIn" not in entry and not is_address(entry["contentUrl"])
    }


@check("DAT-DST-05")
def other_digests(dataset: Dataset) -> Iterator[Finding | NotChecked]:
    """An MD5 that is there is right, too."""
    hidden = _hidden(dataset)
    for path, (expected, pointer) in _with_md5(dataset).items():
        if path in hidden:
            yield NotChecked("DAT-DST-05", f"blocked by {hidden[path]}")
            continue
        if not dataset.sound(path):
            yield NotChecked("DAT-DST-05", "blocked by DAT-DST-04")
            continue
        found = dataset.digests(path, md5=True).md5
        if found != expected:
            yield Finding("DAT-DST-05", DOCUMENT, pointer, f"found the MD5 {expected}, expected {found}", "")


CHECKS: tuple[DatasetCheck, ...] = (
    number_of_files,
    regular_files,
    one_document,
    paths,
    addresses,
    listed_files,
    present_files,
    digests,
    other_digests,
)
