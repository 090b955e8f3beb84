"""What came after the manifest: the signatures and attestations inside a package.

Owns reading them once, with the package; leaves judging them to `lepton.checks.signatures` and verifying them
to `lepton.signing.verify`. Serves PKG-SGN-01 and PKG-SGN-06.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from lepton.package.budget import CLOSED, Budget
from lepton.package.container import Container, Entry
from lepton.package.digests import digest
from lepton.package.envelope import Bundle, Envelope, Malformed, read_bundle, read_envelope
from lepton.package.limits import MAX_DOCUMENT_BYTES

__all__ = ["Attached", "read_attached"]


class Attached(NamedTuple):
    """One bundle of signatures/ or envelope of attestations/; `fault` is where and what is wrong in it.

    `limit` says that it was not read for a limit of this implementation, and is then the only text.
    """

    path: str
    bundle: Bundle | None
    envelope: Envelope | None
    fault: tuple[str, str] | None
    limit: str = ""


def read_attached(container: Container, budget: Budget, closed: Collection[str]) -> Iterator[Attached]:
    """Read every file that the standard says something about, but for those in `closed`.

    Raises: SourceError when the disk fails.
    """
    for path in sorted(container.entries, key=lambda one: one.encode("utf-8", "surrogateescape")):
        entry = container.entries[path]
        signed = path.startswith("signatures/") and path.endswith(".sigstore.json")
        attested = path.startswith("attestations/") and path.endswith(".dsse.json")
        if (not signed and not attested) or entry.faulty:
            continue
        if path in closed or (
            not entry.stored and not budget.expand(min(entry.size, MAX_DOCUMENT_BYTES + 1))
        ):
            yield Attached(path, None, None, None, CLOSED)
            continue
        data = _data(container, entry)
        if data is None:
            yield Attached(
                path, None, None, ("", f"found more than {MAX_DOCUMENT_BYTES} bytes, expected at most that")
            )
            continue
        try:
            if signed:
                yield Attached(path, read_bundle(data, budget.take), None, None)
            else:
                yield Attached(path, None, read_envelope(data, budget.take), None)
        except Malformed as fault:
            if fault.limit:
                yield Attached(path, None, None, None, str(fault))
            else:
                yield Attached(path, None, None, (fault.pointer, str(fault)))


def _data(container: Container, entry: Entry) -> bytes | None:
    if entry.size > MAX_DOCUMENT_BYTES:
        return None
    file = container.open(entry)
    try:
        return digest(file, keep=MAX_DOCUMENT_BYTES).data
    finally:
        file.close()
