"""The rules of style that a program can hold."""

import ast
import importlib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path
    for folder in ("schemas/lepton_spec", "reference_impl", "conformance", "tools")
    for path in (ROOT / folder).rglob("*.py")
)
OURS = {"lepton", "lepton_spec", "lepton_conformance", "specification", "pages"}
MAX_LINES = 400
#: Longer modules, and why. A catalogue has one small class a fault, and nobody reads it from end to end.
CATALOGUE = "a catalogue of faults"
MUTANTS = "conformance/lepton_conformance/mutants"
LONG = {
    f"{MUTANTS}/abuse_faults.py": CATALOGUE,
    f"{MUTANTS}/acceptance_faults.py": CATALOGUE,
    f"{MUTANTS}/binary_faults.py": CATALOGUE,
    f"{MUTANTS}/compression_faults.py": CATALOGUE,
    f"{MUTANTS}/data_faults.py": CATALOGUE,
    f"{MUTANTS}/edge_validators.py": CATALOGUE,
    f"{MUTANTS}/engine_faults.py": CATALOGUE,
    f"{MUTANTS}/framing_faults.py": CATALOGUE,
    f"{MUTANTS}/graph_elementwise_faults.py": CATALOGUE,
    f"{MUTANTS}/graph_flow_faults.py": CATALOGUE,
    f"{MUTANTS}/graph_form_faults.py": CATALOGUE,
    f"{MUTANTS}/graph_index_faults.py": CATALOGUE,
    f"{MUTANTS}/graph_layer_faults.py": CATALOGUE,
    f"{MUTANTS}/grpc_answer_faults.py": CATALOGUE,
    f"{MUTANTS}/grpc_call_faults.py": CATALOGUE,
    f"{MUTANTS}/grpc_service_faults.py": CATALOGUE,
    f"{MUTANTS}/grpc_typed_faults.py": CATALOGUE,
    f"{MUTANTS}/grpc_value_faults.py": CATALOGUE,
    f"{MUTANTS}/loading_faults.py": CATALOGUE,
    f"{MUTANTS}/repository_faults.py": CATALOGUE,
    f"{MUTANTS}/request_faults.py": CATALOGUE,
    f"{MUTANTS}/response_faults.py": CATALOGUE,
    f"{MUTANTS}/validator_faults.py": CATALOGUE,
    f"{MUTANTS}/talker.py": "an adapter program and its faults, in one file as a stranger's would be",
    f"{MUTANTS}/decoding.py": "each step of decoding is a method that a mutant may replace",
}
LONG["conformance/lepton_conformance/forge/application_faults.py"] = CATALOGUE
LONG["conformance/lepton_conformance/strategies/graphs/indexing.py"] = "one small recipe an operator"
NO_NOUNS = {"utils", "util", "helpers", "helper", "common", "misc"}
PUBLIC = {
    "lepton": {"Finding", "LeptonError", "PackageReport", "Report", "Severity"},
    "lepton_spec": {
        "ROOT",
        "SPEC_VERSION",
        "datatypes",
        "editions",
        "path",
        "requirements",
        "schema",
        "schemas",
        "traceability",
    },
    "lepton_conformance": set(),
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_module_is_a_documented_noun_of_bounded_length(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "the module has no docstring"
    assert (len(text.splitlines()) > MAX_LINES) == (name(path) in LONG)
    assert path.stem not in NO_NOUNS


def test_no_private_name_crosses_a_module() -> None:
    crossing = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in OURS:
                crossing += [
                    f"{name(path)}:{node.lineno} imports {alias.name}"
                    for alias in node.names
                    if alias.name.startswith("_") and not alias.name.startswith("__")
                ]
    assert crossing == []


def test_what_a_package_hands_out_stands_in_all() -> None:
    for path in SOURCES:
        if path.name != "__init__.py":
            continue
        tree = ast.parse(path.read_bytes())
        hands_out = any(isinstance(node, ast.ImportFrom) for node in tree.body)
        targets = [t for node in tree.body if isinstance(node, ast.Assign) for t in node.targets]
        has_all = any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
        assert has_all or not hands_out, f"{name(path)} has no __all__"


@pytest.mark.parametrize("package", PUBLIC)
def test_the_public_names_are_those_that_were_promised(package: str) -> None:
    module = importlib.import_module(package)
    assert set(getattr(module, "__all__", ())) == PUBLIC[package]


@pytest.mark.parametrize("command", sorted(entry_points(group="lepton.commands")), ids=lambda each: each.name)
def test_a_registered_command_has_the_four_names(command: object) -> None:
    module = command.load()  # type: ignore[attr-defined]
    assert isinstance(module.HELP, str)
    assert "\n" not in module.HELP
    assert module.EXAMPLE.startswith("lepton ")
    assert callable(module.add_arguments)
    assert callable(module.run)
