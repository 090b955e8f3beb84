"""Who asks a registry: nobody, a name with a password, or a token; never from a package.

Owns finding credentials (the options of a command, or Docker's configuration file and its helper programs);
leaves using them to `registry`. Serves the topic PKG-OCI.
"""

import base64
import binascii
import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lepton.errors import LeptonError
from lepton.package.paths import displayed

__all__ = ["Credentials", "find_credentials"]

MAX_CONFIG_BYTES = 1024 * 1024
HELPER_SECONDS = 30
#: The name under which Docker files its own registry.
_DOCKER_HUB = "https://index.docker.io/v1/"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and password, or a refresh token; all empty for nobody. Secrets are kept out of `repr`."""

    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.user or self.identity_token)

    @property
    def basic(self) -> str:
        """Return the value of `Authorization` for the scheme Basic."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def find_credentials(host: str, environment: Mapping[str, str] = os.environ) -> Credentials:
    """Look up a registry in Docker's configuration.

    Raises: LeptonError when that file or its helper is broken.
    """
    folder = environment.get("DOCKER_CONFIG")
    path = Path(folder) / "config.json" if folder else Path.home() / ".docker" / "config.json"
    config = _read(path)
    names = [host, f"https://{host}"]
    if host in ("docker.io", "registry-1.docker.io", "index.docker.io"):
        names.append(_DOCKER_HUB)
    helpers = config.get("credHelpers")
    auths = config.get("auths")
    for name in names:
        helper = helpers.get(name) if isinstance(helpers, dict) else None
        helper = helper or config.get("credsStore")
        if isinstance(helper, str) and helper:
            found = _ask_helper(helper, name)
            if found:
                return found
        entry = auths.get(name) if isinstance(auths, dict) else None
        if isinstance(entry, dict) and (entry.get("auth") or entry.get("identitytoken")):
            return _from_entry(entry, path)
    return Credentials()


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LeptonError(f"cannot read {displayed(str(path))!r}: {error.strerror}") from error
    try:
        value = json.loads(data) if len(data) <= MAX_CONFIG_BYTES else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise LeptonError(
            f"found no JSON object in {displayed(str(path))!r}, expected Docker's configuration"
        )
    return value


def _from_entry(entry: Mapping[str, Any], path: Path) -> Credentials:
    token = entry.get("identitytoken")
    if isinstance(token, str) and token:
        return Credentials(identity_token=token)
    try:
        user, colon, password = base64.b64decode(str(entry["auth"]), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise LeptonError(f"found no base64 of user:password in {displayed(str(path))!r}; log in again")
    return Credentials(user, password)


def _ask_helper(helper: str, name: str) -> Credentials:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", helper):
        raise LeptonError(f"found the credential helper {helper[:80]!r}, expected letters, digits, - and _")
    try:
        done = subprocess.run(
            [f"docker-credential-{helper}", "get"],
            input=name.encode(),
            capture_output=True,
            timeout=HELPER_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise LeptonError(
            f"found no program docker-credential-{helper}, which Docker's settings name"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LeptonError(f"docker-credential-{helper} gave no answer: {type(error).__name__}") from error
    if done.returncode != 0:
        return Credentials()
    try:
        answer = json.loads(done.stdout[:MAX_CONFIG_BYTES])
        user, secret = answer["Username"], answer["Secret"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise LeptonError(f"docker-credential-{helper} answered no Username and Secret") from None
    if user == "<token>":
        return Credentials(identity_token=str(secret))
    return Credentials(str(user), str(secret))
