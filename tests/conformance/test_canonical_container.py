"""Two writers that share nothing write the same canonical container from the same files."""

from pathlib import Path

import pytest

from lepton.package.write import Member, write_package
from lepton_conformance.forge import Draft
from lepton_conformance.forge.valid import external_draft, linear_draft, vision_draft


def decorated() -> Draft:
    draft = external_draft()
    draft.add("说明/é.txt", "文".encode(), "text/plain", "other")
    return draft.add("a-b", b"", "text/plain", "other").add("a/b", b"x", "text/plain", "other")


@pytest.mark.requirement("PKG-ZIP-10")
@pytest.mark.requirement("PKG-MAN-03")
@pytest.mark.parametrize("draft", [linear_draft, external_draft, vision_draft, decorated])
def test_the_reference_writes_the_canonical_container(draft: object, tmp_path: Path) -> None:
    """A producer SHOULD write the canonical layout, so that equal files give equal bytes."""
    assert callable(draft)
    made = draft()
    members = [Member(one.path, one.data, one.media_type, one.role) for one in reversed(made.members)]
    out = tmp_path / "package.lepton"
    write_package(members, made.manifest, out)
    assert out.read_bytes() == made.archive().archive
