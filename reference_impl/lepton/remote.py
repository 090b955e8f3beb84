"""Validate a package that is elsewhere: in a registry (oci://) or a file behind https://.

Owns what is fetched for which level and what therefore counts as not checked; leaves judging to
`lepton.validate`. At the level quick only the container, the manifest and its small documents are fetched, so
that no verdict can be `pass`; at the level full the package is fetched to a temporary folder first. Serves
PKG-VAL-05 and PKG-OCI-03.
"""

import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from lepton.checks import ALL, Outcome, run
from lepton.errors import LeptonError
from lepton.finding import PackageReport
from lepton.package.container import Container
from lepton.package.partial import PartialPackage
from lepton.transport.containers import LayersContainer, remote_zip
from lepton.transport.credentials import Credentials
from lepton.transport.http import Client
from lepton.transport.pull import pull, read_remote
from lepton.transport.push import Progress
from lepton.transport.ranges import RangeSource, download
from lepton.transport.reference import SCHEME, parse
from lepton.transport.registry import Registry
from lepton.validate import report_of, validate_package

__all__ = ["is_remote", "validate_remote"]

#: Topics, and requirements of others, whose judgement needs the bytes of files that are not fetched.
_TOPICS = ("PKG-ART-", "PKG-DIG-", "PKG-SGN-")
_CONTENT = ("PKG-ZIP-07", "PKG-PRO-05")
_REASON = "the files were not fetched; give --level full"


def is_remote(text: str) -> bool:
    """Say whether a command's argument names a package that is elsewhere."""
    return text.startswith((SCHEME, "https://", "http://"))


def validate_remote(
    text: str,
    client: Client,
    credentials: Credentials,
    *,
    level: str,
    allow_executable: bool = False,
    profile: str = "package",
    progress: Progress = lambda _path, _done: None,
) -> PackageReport:
    """Judge one package that is elsewhere. Raises: SourceError, LeptonError when it cannot be read."""
    if level == "quick":
        return _from_afar(text, client, credentials, profile)
    folder = Path(tempfile.mkdtemp(prefix="lepton-"))
    try:
        if text.startswith(SCHEME):
            there = folder / "package"
            pull(_registry(text, client, credentials), there, progress=progress)
        else:
            there = folder / "package.lepton"
            download(client, text, there, shutil.disk_usage(folder).free // 2, progress)
        report = validate_package(there, level=level, allow_executable=allow_executable, profile=profile)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return report._replace(path=_shown(text))


def _from_afar(text: str, client: Client, credentials: Credentials, profile: str) -> PackageReport:
    container: Container
    if text.startswith(SCHEME):
        registry = _registry(text, client, credentials)
        container = LayersContainer(registry, read_remote(registry))
    else:
        container = remote_zip(RangeSource(client, text), text)
    with PartialPackage(container) as package:
        unread = {name: _REASON for one in ALL for name in one.ids if _needs_bytes(name) and not one.full}
        near = [one for one in ALL if not one.full and not any(name in unread for name in one.ids)]
        outcome = run(package, near, Outcome((), (), unread), profile=profile)
        return report_of(package, outcome, "quick")._replace(path=_shown(text))


def _needs_bytes(requirement: str) -> bool:
    return requirement.startswith(_TOPICS) or requirement in _CONTENT


def _registry(text: str, client: Client, credentials: Credentials) -> Registry:
    reference = parse(text)
    if not reference.target:
        raise LeptonError(f"found no tag in {text[:200]!r}, expected oci://HOST/NAME:TAG or @sha256:DIGEST")
    return Registry(client, reference, credentials)


def _shown(text: str) -> str:
    """Return the address without a query, which may hold a secret."""
    if text.startswith(SCHEME):
        return text
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
