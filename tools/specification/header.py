"""Read the header line of a requirement block: revision, keyword, role, profiles, verification, schema.

Owns the syntax of that line; leaves the rest of the block to `blocks`.
"""

import re

from specification.problem import Problem
from specification.vocabulary import LEVELS, PROFILES, ROLES, VERIFICATIONS

__all__ = ["read_header"]


def read_header(file: str, number: int, text: str, problems: list[Problem]) -> dict[str, str]:
    """Return the items of a header line by name; empty, with a problem noted, when it is malformed.

    The items: `rev N`, a keyword, a role, `profiles: a, b`, `verify: a, b` and, at will, `schema: F#/p`.
    """
    spans = re.findall(r"`([^`]*)`", text)
    fields: dict[str, str] = {}
    faults = []
    if re.sub(r"`[^`]*`", "", text).strip():
        faults.append("words outside code spans")
    for span in spans:
        name, _, value = span.partition(":")
        if re.fullmatch(r"rev [1-9][0-9]*", span):
            name, value = "rev", span.removeprefix("rev ")
        elif span in LEVELS:
            name, value = "level", span
        elif span in ROLES:
            name, value = "role", span
        elif name not in ("profiles", "verify", "schema"):
            faults.append(f"the unknown item `{span}`")
            continue
        if name in fields:
            faults.append(f"two items for {name}")
        fields[name] = ", ".join(part.strip() for part in value.split(",") if part.strip())
    for name, allowed in (("profiles", PROFILES), ("verify", VERIFICATIONS)):
        unknown = [part for part in fields.get(name, "").split(", ") if part and part not in allowed]
        if unknown:
            faults.append(f"{name} {', '.join(unknown)} (known: {', '.join(allowed)})")
    missing = [name for name in ("rev", "level", "role", "profiles", "verify") if name not in fields]
    if missing or not fields.get("verify", "-"):
        faults.append(f"no {', '.join(missing) or 'value for verify'}")
    if "schema" in fields.get("verify", "").split(", ") and not fields.get("schema"):
        faults.append("`verify: schema` without a schema pointer")
    if faults:
        problems.append(
            Problem(
                file,
                number,
                f"a malformed block header: {'; '.join(faults)}",
                "`rev N` `KEYWORD` `role` `profiles: ...` `verify: ...` and perhaps `schema: FILE#/pointer`",
                "write each item once, as code",
            )
        )
        return {}
    return fields
