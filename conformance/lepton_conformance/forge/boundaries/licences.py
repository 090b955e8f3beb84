"""Licence expressions at the boundary of the grammar, and references with and without their text.

Owns the expressions. Serves PKG-DOC-01.
"""

import json
from collections.abc import Iterator

import lepton_spec
from lepton_conformance.forge.boundaries.sealed import broken, sealed, sound
from lepton_conformance.forge.draft import Forged, Member
from lepton_conformance.forge.valid import ValidPackage, linear_draft
from lepton_conformance.forge.violation import Violation

__all__ = ["licence_faults", "sound_licences"]

_WRONG = (
    *("proprietary", "Apache 2.0", "Apache-3.0", "MIT or Apache-2.0", "MIT and Apache-2.0", "MIT And MIT"),
    *("MIT Or MIT", "GPL-2.0-only with Classpath-exception-2.0", "MIT AND", "AND MIT", "MIT OR", "OR", "AND"),
    *(
        "WITH",
        "MIT WITH",
        "MIT MIT",
        "MIT Apache-2.0",
        "MIT,Apache-2.0",
        "MIT;MIT",
        "MIT/Apache-2.0",
        "MIT|MIT",
    ),
    *("MIT AND AND MIT", "MIT OR OR MIT", "MIT AND OR MIT", "MIT  ANDMIT", "MITAND MIT", "MIT OR(MIT)"),
    *(
        "(MIT)OR MIT",
        "(MIT)AND(MIT)",
        "(MIT",
        "MIT)",
        "((MIT)",
        "(MIT))",
        "()",
        "( )",
        "(MIT OR)",
        "(OR MIT)",
    ),
    *(
        ")MIT(",
        "(MIT) MIT",
        "MIT (MIT)",
        "(MIT)(MIT)",
        " MIT",
        "MIT ",
        "(MIT) ",
        "MIT\tOR MIT",
        "MIT OR\nMIT",
    ),
    *(
        "MIT\u00a0OR MIT",
        "MIT\n",
        "MIT ++",
        "MIT++",
        "+MIT",
        "MIT +",
        "+",
        "GPL-2.0+ +",
        "NONE",
        "NOASSERTION",
    ),
    *("DocumentRef-a:LicenseRef-b", "DocumentRef-a", "LicenseRef", "LicenseRef-", "LicenseRef-a_b"),
    *(
        "LicenseRef-é",
        "LicenseRef-a+",
        "LicenseRef-a:b",
        "licenseref-Own",
        "LICENSEREF-Own",
        "LicenseRef-a/b",
    ),
    *("MIT WITH MIT", "MIT WITH LicenseRef-a", "MIT WITH Classpath-exception-2.0+", "LLVM-exception"),
    *("MIT WITH Classpath-exception-9.9", "(MIT) WITH LLVM-exception", "Classpath-exception-2.0 WITH MIT"),
    *("MIT WITH LLVM-exception WITH LLVM-exception", "MIT WITH (LLVM-exception)", "GPL-2.0 +", "МIT", "ＭIT"),
    *("ſMLNJ", "MIT AND Foo", "Foo AND MIT", "MIT OR (MIT AND Foo)", "(Foo)", "MIT OR MIT OR MIT OR Foo"),
    *(
        "MIT AND MIT WITH Foo",
        "MIT WITH Foo AND MIT",
        "MIT'",
        '"MIT"',
        "MIT.",
        "MIT-",
        "-MIT",
        "M IT",
        "MIT_",
    ),
    *("GPL", "BSD", "Apache", "CC-BY", "GPL-2", "GPLv2", "Public Domain", "unknown", "MIT OR unknown", "0"),
    *("(" * 60 + "MIT" + ")" * 59, "(" * 59 + "MIT" + ")" * 60, "MIT OR " * 140 + "Foo", "x" * 1024),
)
_RIGHT = (
    *(
        "MIT",
        "mit",
        "MiT",
        "apache-2.0",
        "MIT OR Apache-2.0",
        "MIT AND MIT",
        "MIT  OR   MIT",
        "(MIT)",
        "((MIT))",
    ),
    *("( MIT )", "(  MIT OR MIT  )", "(MIT OR Apache-2.0) AND CC-BY-4.0", "MIT OR (Apache-2.0 AND CC0-1.0)"),
    *("GPL-2.0+", "gpl-2.0+", "MIT+", "GPL-2.0-or-later", "Apache-2.0+ OR MIT+", "0BSD", "MIT-0"),
    *("GPL-2.0-only WITH Classpath-exception-2.0", "gpl-2.0-only WITH CLASSPATH-EXCEPTION-2.0"),
    *("GPL-2.0+ WITH GCC-exception-3.1", "MIT WITH LLVM-exception OR MIT WITH LLVM-exception AND MIT"),
    *(
        "MIT OR MIT AND MIT OR MIT",
        "(((MIT OR MIT) AND MIT) OR MIT)",
        "(MIT) OR (MIT)",
        "MIT   WITH LLVM-exception",
    ),
    *("(" * 60 + "MIT" + ")" * 60, "MIT OR " * 145 + "MIT", "(GPL-2.0-only WITH LLVM-exception)"),
)
#: References, with the path of the file of the role `license` that has its text.
_TEXTS = (
    ("LicenseRef-a", "LICENSES/LicenseRef-a.txt"),
    ("LicenseRef-a", "LicenseRef-a"),
    ("LicenseRef-a", "deep/er/LicenseRef-a.md"),
    ("LicenseRef-a", "LicenseRef-a.b.c"),
    ("LicenseRef-A.b-9", "LICENSES/LicenseRef-A.b-9.txt"),
    ("LicenseRef-a OR MIT", "x/LicenseRef-a.html"),
    ("MIT AND (MIT OR LicenseRef-a)", "LicenseRef-a.txt"),
    ("LicenseRef-a WITH LLVM-exception", "LicenseRef-a.txt"),
    ("LicenseRef-1", "1/LicenseRef-1.pdf"),
    ("LicenseRef-a OR LicenseRef-a", "LicenseRef-a.txt"),
)
_NO_TEXTS = (
    ("LicenseRef-a", "LICENSES/LicenseRef-b.txt"),
    ("LicenseRef-a", "LICENSES/LicenseRef-ab.txt"),
    ("LicenseRef-a", "LICENSES/licenseref-a.txt"),
    ("LicenseRef-a", "LICENSES/LicenseRef-A.txt"),
    ("LicenseRef-a", "LICENSES/LicenseRef-a-1.txt"),
    ("LicenseRef-a", "LICENSES/LicenseRef-a_.txt"),
    ("LicenseRef-a", "LicenseRef-a/text"),
    ("LicenseRef-a", "LicenseRef-a.txt/text"),
    ("LicenseRef-a", "xLicenseRef-a.txt"),
    ("LicenseRef-a", "x.LicenseRef-a"),
    ("LicenseRef-a", "a.txt"),
    ("LicenseRef-a", "LicenseRef- a.txt"),
    ("LicenseRef-ab", "LicenseRef-a.txt"),
    ("LicenseRef-a.b", "LicenseRef-a.txt"),
    ("MIT OR LicenseRef-b", "LicenseRef-a.txt"),
    ("LicenseRef-a OR LicenseRef-b", "LicenseRef-a.txt"),
    ("LicenseRef-b OR LicenseRef-a", "LicenseRef-a.txt"),
    ("(MIT AND (LicenseRef-a OR LicenseRef-b))", "LicenseRef-b.txt"),
)
_OTHER_ROLES = ("other", "documentation", "vocabulary", "weights", "artifact")


def licence_faults() -> Iterator[Violation]:
    """Yield packages with a licence that is no expression, or has no text."""
    key = "PKG-DOC-01"
    for number, text in enumerate(_WRONG):
        yield broken(key, f"expression-{number}", _licensed, text)
    listed = json.loads(lepton_spec.path("spdx.json").read_bytes())
    for number, one in enumerate(listed["licenses"][:: len(listed["licenses"]) // 25]):
        yield broken(key, f"almost-{number}", _licensed, _almost(one, listed["licenses"]))
    for number, one in enumerate(listed["exceptions"][:: len(listed["exceptions"]) // 8]):
        yield broken(key, f"exception-almost-{number}", _licensed, f"MIT WITH {one}x")
        yield broken(key, f"exception-alone-{number}", _licensed, one)
    for number, (expression, path) in enumerate(_NO_TEXTS):
        yield broken(key, f"no-text-{number}", _licensed, expression, (path, "license"))
    for role in _OTHER_ROLES:
        yield broken(key, f"text-of-role-{role}", _licensed, "LicenseRef-a", ("LicenseRef-a.txt", role))
    yield broken(key, "no-file", _licensed, "LicenseRef-a")
    yield broken(key, "text-among-signatures", _unlisted)


def sound_licences() -> Iterator[ValidPackage]:
    """Yield packages with licences of every production, and every identifier of the list."""
    for number, text in enumerate(_RIGHT):
        yield sound(f"licence-{number}", _licensed, text)
    for number, (expression, path) in enumerate(_TEXTS):
        yield sound(f"licence-text-{number}", _licensed, expression, (path, "license"))
    yield sound("licence-texts", _licensed, "LicenseRef-a AND LicenseRef-b", *_BOTH)
    listed = json.loads(lepton_spec.path("spdx.json").read_bytes())
    identifiers = [*listed["licenses"], *(f"MIT WITH {one}" for one in listed["exceptions"])]
    together: list[str] = []
    for one in identifiers:
        if len(" OR ".join([*together, one])) > 1024:
            yield sound(f"licences-to-{one}", _licensed, " OR ".join(together))
            together = []
        together.append(one.swapcase() if len(together) % 3 == 1 and " " not in one else one)
    yield sound("licences-last", _licensed, " OR ".join(together))


_BOTH = (("LicenseRef-a.txt", "license"), ("LicenseRef-b", "license"))


def _almost(one: str, every: list[str]) -> str:
    """Return a text that is almost an identifier and is none."""
    known = {each.lower() for each in every}
    made = (one[:-1], f"{one}-x", f"{one}1", one.replace("-", "_"), f"{one}0")
    return next(text for text in made if text and text.removesuffix("+").lower() not in known)


def _licensed(expression: str, *files: tuple[str, str]) -> Forged:
    """Return the package with a licence, and files of given roles."""
    draft = sealed(linear_draft).draft(*(Member(path, b"Do.", "text/plain", role) for path, role in files))
    draft.manifest["license"] = expression
    return draft.directory()


def _unlisted() -> Forged:
    draft = sealed(linear_draft).draft(unlisted={"signatures/LicenseRef-a.txt": b"Do."})
    draft.manifest["license"] = "LicenseRef-a"
    return draft.directory()
