"""Packages whose files or paths break the topic PKG-LAY.

Owns the table `LAYOUT_FAULTS`. Serves `package`.
"""

import rfc8785

from lepton_conformance.forge.archive import Entry
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import MANIFEST, Draft, Forged
from lepton_conformance.forge.violation import Forge, Violation, manifest

__all__ = ["LAYOUT_FAULTS"]


def _listed(*paths: str) -> Forge:
    """Return a forge with more listed files, whose paths are the fault."""

    def forge(bases: Bases) -> Forged:
        draft = bases.linear()
        for path in paths:
            draft.add(path, b"text", "text/plain", "other")
        return bases.finish(draft)

    return forge


def _unlisted(path: str, data: bytes = b"") -> Forge:
    def forge(bases: Bases) -> Forged:
        draft = bases.linear()
        draft.unlisted[path] = data
        return bases.finish(draft)

    return forge


def _zip_entry(name: bytes, *, flags: int | None = None, external: int = 0, made_by: int = 20) -> Forge:
    """Return a ZIP container with one more entry; a text name is listed in the manifest where it can be."""

    def forge(bases: Bases) -> Forged:
        draft = bases.linear()
        path = name.decode("utf-8", errors="ignore")
        draft.add(path, b"text", "text/plain", "other")
        entries = [entry for entry in draft.zip_entries() if entry.name != path.encode()]
        headers = {"external": external, "made_by": made_by} | ({} if flags is None else {"flags": flags})
        local = {} if flags is None else {"flags": flags}
        return Draft.zipped([*entries, Entry(name, b"text", local=local, central=headers)])

    return forge


def _without_manifest(bases: Bases) -> Forged:
    files = bases.linear().files()
    return Forged({f"inner/{path}": data for path, data in files.items()})


def _zip_without_manifest(bases: Bases) -> Forged:
    return Draft.zipped([entry for entry in bases.linear().zip_entries() if entry.name != MANIFEST.encode()])


def _too_many(bases: Bases) -> Forged:
    entries = bases.linear().zip_entries()
    return Draft.zipped([*entries, *(Entry(b"many/%05d" % number, b"") for number in range(65_536))])


def _linked(path: str, target: str) -> Forge:
    return lambda bases: Forged(bases.linear().files(), links={path: target})


def _listed_link(bases: Bases) -> Forged:
    """Return a package whose listed file is a link to a file with the very bytes."""
    draft = bases.linear()
    draft.add("notes.txt", b"text", "text/plain", "other")
    draft.add("real.txt", b"text", "text/plain", "other")
    files = draft.files()
    del files["notes.txt"]
    return Forged(files, links={"notes.txt": "real.txt"})


def _lists_itself(bases: Bases) -> Forged:
    draft = bases.linear()
    draft.unlisted = {"signatures/a.sig": b"x"}
    listed = bases.linear().add("signatures/a.sig", b"x", "application/octet-stream", "other")
    return draft.directory(rfc8785.dumps(listed.sealed()))


LAYOUT_FAULTS: tuple[Violation, ...] = (
    Violation("PKG-LAY-01", "directory-without-manifest", _without_manifest),
    Violation("PKG-LAY-01", "zip-without-manifest", _zip_without_manifest),
    Violation("PKG-LAY-02", "backslash", _listed("a\\b")),
    Violation("PKG-LAY-02", "colon", _listed("c:file")),
    Violation("PKG-LAY-02", "question-mark", _listed("what?")),
    Violation("PKG-LAY-02", "line-feed", _listed("a\nb")),
    Violation("PKG-LAY-02", "delete-character", _listed("a\x7f")),
    Violation("PKG-LAY-02", "right-to-left-override", _listed("a\u202ecod.txt")),
    Violation("PKG-LAY-02", "decomposed", _listed("cafe\u0301")),
    Violation("PKG-LAY-02", "path-too-long", _listed("/".join(["d" * 200] * 6))),
    Violation("PKG-LAY-02", "zip-parent", _zip_entry(b"../evil")),
    Violation("PKG-LAY-02", "zip-absolute", _zip_entry(b"/etc/evil")),
    Violation("PKG-LAY-02", "zip-dot-segment", _zip_entry(b"a/./b")),
    Violation("PKG-LAY-02", "zip-empty-segment", _zip_entry(b"a//b")),
    Violation("PKG-LAY-02", "zip-directory-entry", _zip_entry(b"folder/")),
    Violation("PKG-LAY-02", "zip-name-without-utf8-flag", _zip_entry("é".encode(), flags=0)),
    Violation("PKG-LAY-02", "zip-segment-too-long", _zip_entry(b"d" * 256)),
    Violation("PKG-LAY-03", "case", _listed("Readme", "README")),
    Violation("PKG-LAY-03", "sharp-s", _listed("straße", "STRASSE")),
    Violation("PKG-LAY-03", "file-and-folder", _listed("Notes", "notes/a")),
    Violation("PKG-LAY-03", "manifest-in-capitals", _listed("Lepton.json")),
    Violation("PKG-LAY-04", "nul", _listed("nul.txt")),
    Violation("PKG-LAY-04", "folder-aux", _listed("AUX/a")),
    Violation("PKG-LAY-04", "superscript", _listed("com¹")),
    Violation("PKG-LAY-04", "console", _listed("CONIN$")),
    Violation("PKG-LAY-04", "space-before-extension", _listed("prn .txt")),
    Violation("PKG-LAY-04", "ends-in-a-dot", _listed("a.")),
    Violation("PKG-LAY-04", "ends-in-a-space", _listed("a /b")),
    Violation("PKG-LAY-05", "link-to-a-file", _linked("link", "card.json")),
    Violation("PKG-LAY-05", "link-outside", _linked("link", "/etc/hostname")),
    Violation("PKG-LAY-05", "link-to-a-folder", _linked("link", "model")),
    Violation("PKG-LAY-05", "link-to-nothing", _linked("link", "nowhere")),
    Violation("PKG-LAY-05", "listed-link", _listed_link),
    Violation("PKG-LAY-05", "pipe", lambda bases: Forged(bases.linear().files(), pipes=("pipe",))),
    Violation("PKG-LAY-05", "zip-link", _zip_entry(b"link", external=0o120777 << 16, made_by=0x0314)),
    Violation("PKG-LAY-05", "zip-device", _zip_entry(b"tty", external=0o020666 << 16, made_by=0x0314)),
    Violation("PKG-LAY-06", "extra-file", _unlisted("notes.txt", b"text")),
    Violation("PKG-LAY-06", "hidden-file", _unlisted("model/.hidden", b"text")),
    Violation("PKG-LAY-06", "empty-file", _unlisted("__init__.py")),
    Violation("PKG-LAY-06", "deeper-manifest", _unlisted("inner/lepton.json", b"{}")),
    Violation("PKG-LAY-06", "signatures-look-alike", _unlisted("signatures.d/a.sig", b"x")),
    Violation("PKG-LAY-06", "lists-a-signature", _lists_itself),
    Violation(
        "PKG-LAY-06",
        "lists-the-manifest",
        manifest(
            lambda m: m["files"].append(
                {
                    "path": MANIFEST,
                    "size": 1,
                    "sha256": "0" * 64,
                    "mediaType": "application/json",
                    "role": "other",
                }
            )
        ),
    ),
    Violation("PKG-LAY-07", "zip-of-65545", _too_many, varies=False),
)
