"""What people call from their own repositories and editors: the pre-commit hook, and the recipe's schema.

Owns the topic `people`, with the real pre-commit in a scratch repository and a real language server for YAML.
Serves `package`.
"""

import json
import shutil
import zipfile
from pathlib import Path

from field.packages import example
from field.packages.line import Line
from field.packages.tool import ToolFault, program, version
from field.place import FIELD, ROOT

__all__ = ["run"]

_LANGUAGE_SERVER = "1.25.0"
#: Installing the hook's environment takes longest.
_HOOK_SECONDS = 900
_IDENTITY = {
    "GIT_AUTHOR_NAME": "field",
    "GIT_AUTHOR_EMAIL": "field@example.org",
    "GIT_COMMITTER_NAME": "field",
    "GIT_COMMITTER_EMAIL": "field@example.org",
}


def run(folder: Path) -> list[Line]:
    """Use the hook on sound and on broken packages, and open recipes in an editor's language server."""
    return [*_hook(folder), *_editor(folder)]


def _hook(folder: Path) -> list[Line]:
    scratch = folder / "scratch"
    (scratch / "models").mkdir(parents=True)
    revision = program("git", "rev-parse", "HEAD", folder=ROOT).output.strip()
    # A clean copy of the last commit: pre-commit clones what it is given.
    program("git", "clone", "--quiet", "--no-hardlinks", ROOT, folder / "lepton")
    hooks = f"- repo: {folder / 'lepton'}\n  rev: {revision}\n  hooks: [{{id: lepton-validate}}]\n"
    (scratch / ".pre-commit-config.yaml").write_text(f"repos:\n{hooks}", encoding="utf-8")
    shutil.copyfile(example.digits(), scratch / "models" / "digits.lepton")
    with zipfile.ZipFile(example.digits()) as archive:
        archive.extractall(scratch / "models" / "digits")
    program("git", "init", "--quiet", folder=scratch)
    lines = [_hook_line(folder, "accepts a sound file and a sound directory", 0, "Passed")]
    card = scratch / "models" / "digits" / "card.json"
    card.write_bytes(card.read_bytes() + b" ")
    lines.append(_hook_line(folder, "refuses a directory whose card was altered", 1, "PKG-DIG-02"))
    return lines


def _hook_line(folder: Path, shown: str, status: int, word: str) -> Line:
    """Commit everything in the scratch repository, as far as the hook lets it."""
    scratch = folder / "scratch"
    program("git", "add", "--all", folder=scratch)
    manifest = program("pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")
    found = ""
    try:
        said = program(
            *("pre-commit", "run", "--all-files", "--color", "never"),
            folder=scratch,
            status=status,
            environment={**_IDENTITY, "PRE_COMMIT_HOME": str(folder / "cache")},
            seconds=_HOOK_SECONDS,
        )
        found = "" if word in said.output else f"found no {word} in: {said.output}"
    except ToolFault as fault:
        found = str(fault)
    return Line("pre-commit", version("pre-commit"), shown, not found, found + manifest.errors)


def _editor(folder: Path) -> list[Line]:
    if shutil.which("npm") is None:
        raise ToolFault("found no npm, expected one; install it: conformance/field/system-packages.sh")
    package = f"yaml-language-server@{_LANGUAGE_SERVER}"
    program("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", package, folder=folder)
    server = folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    recipe = (ROOT / "examples" / "digits" / "recipe.yml").read_text(encoding="utf-8")
    schema = ROOT / "schemas" / "1.0" / "recipe.schema.json"
    lines = []
    for shown, text, expected in (
        ("finds nothing wrong in a recipe of the examples", recipe, []),
        ("marks a misspelt member of a recipe", f"{recipe}\nlicence: MIT\n", ["licence"]),
        ("marks a wrong value of a recipe", recipe.replace("status: possible", "status: maybe"), ["unknown"]),
    ):
        file = folder / "recipe.yml"
        first, _, rest = text.partition("\n")
        assert first.startswith("# yaml-language-server: $schema=")
        file.write_text(f"# yaml-language-server: $schema={schema}\n{rest}", encoding="utf-8")
        said = program("node", FIELD / "packages" / "language_server.mjs", server, file)
        marked = json.loads(said.output)
        held = len(marked) == len(expected) and all(
            word in one for word, one in zip(expected, marked, strict=True)
        )
        lines.append(Line("yaml-language-server", _LANGUAGE_SERVER, shown, held, f"it marked {marked}"))
    return lines
