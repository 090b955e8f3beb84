"""Where a package is in a registry: `oci://HOST[:PORT]/NAME[:TAG|@DIGEST]`.

Owns the grammar and which hosts are this machine; leaves speaking to them to `lepton.transport.http`. Serves
the topic PKG-OCI.
"""

import ipaddress
import re
from dataclasses import dataclass

from lepton.errors import LeptonError

__all__ = ["SCHEME", "Reference", "is_loopback", "parse", "tag_of"]

SCHEME = "oci://"

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"oci://(?P<host>{_HOST})/(?P<name>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A repository in a registry, and one of `tag` and `digest`, or neither; `host` may have a port."""

    host: str
    name: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        suffix = f":{self.tag}" if self.tag else f"@{self.digest}" if self.digest else ""
        return f"{SCHEME}{self.host}/{self.name}{suffix}"

    @property
    def target(self) -> str:
        """Return the digest or the tag."""
        return self.digest or self.tag


def parse(text: str) -> Reference:
    """Read a reference. Raises: LeptonError."""
    found = _REFERENCE.fullmatch(text)
    if found is None or len(found["name"]) > 255:
        raise LeptonError(
            f"found {text[:200]!r}, expected oci://HOST[:PORT]/NAME[:TAG] or ...@sha256:DIGEST with a "
            "lowercase NAME, for example oci://registry.example.org/models/digits:1.0.0"
        )
    return Reference(found["host"], found["name"], found["tag"] or "", found["digest"] or "")


def tag_of(version: str) -> str:
    """Return the tag of a version: tags have no `+`."""
    return version.replace("+", "_")[:128]


def is_loopback(host: str) -> bool:
    """Say whether a host (with or without a port) is this machine by its name alone."""
    name = host.rsplit(":", 1)[0] if re.search(r":[0-9]+$", host) and not host.endswith("]") else host
    name = name.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
