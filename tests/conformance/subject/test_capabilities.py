"""What a hello declares: absent is everything, a slip of the pen is a fault of the adapter."""

from pathlib import Path
from typing import Any

import pytest

from lepton_conformance.outcome import AdapterFault
from lepton_conformance.smoke import smoke
from lepton_conformance.subject.capabilities import GROUPS, OPSETS, Capabilities, read_capabilities
from lepton_conformance.subject.stdio import StdioSubject, command_of


def test_hello_that_declares_nothing_declares_everything() -> None:
    assert read_capabilities({"capabilities": {"datatypes": ["FP32"]}}) == Capabilities(
        frozenset(GROUPS), OPSETS, True
    )


def test_operator_sets_are_cut_to_those_that_are_judged() -> None:
    assert read_capabilities({"capabilities": {"opsets": [7, 17]}}).opsets == (13, 17)
    low, high = read_capabilities({"capabilities": {"opsets": [7, 11]}}).opsets
    assert low > high


@pytest.mark.parametrize(
    "wrong",
    [
        {"operators": "dense"},
        {"operators": ["Dense"]},
        {"operators": [["dense"]]},
        {"operators": None},
        {"opsets": [17]},
        {"opsets": [17, 13]},
        {"opsets": [13.0, 17.0]},
        {"opsets": [False, True]},
        {"dynamic": 1},
        {"dynamic": None},
    ],
)
def test_value_of_another_kind_is_a_fault_of_the_adapter(wrong: dict[str, Any]) -> None:
    with pytest.raises(AdapterFault, match=next(iter(wrong))):
        read_capabilities({"capabilities": wrong})


def test_attributes_of_a_hosted_object_reach_its_hello(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "narrow_runtime.py").write_text(
        "class Runtime:\n"
        "    name, version = 'narrow', '1'\n"
        "    operators, opsets, dynamic = ('dense', 'strings'), (13, 17), False\n"
        "    def load(self, path): raise ValueError(path)\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = StdioSubject(command_of("python:narrow_runtime:Runtime"))
    assert found.declared() == Capabilities(frozenset({"dense", "strings"}), (13, 17), False)
    found.close()


def test_smoke_names_what_will_be_judged_and_finds_a_slip_of_the_pen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = "from lepton_conformance.mutants.engine import Engine\n"
    (tmp_path / "smoke_runtime.py").write_text(
        f"{engine}class Narrow(Engine):\n    operators, dynamic = ('dense',), False\n    opsets = (13, 17)\n"
        "class Slip(Engine):\n    operators = ('dense', 'convolutions')\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said: list[str] = []
    assert smoke("python:smoke_runtime:Narrow", said.append) == 0
    assert any("operators without elementwise, convolution" in line for line in said)
    assert any("operator sets 13 to 17; fixed sizes" in line for line in said)
    said.clear()
    assert smoke("python:smoke_runtime:Slip", said.append) == 1
    assert "convolutions" in said[-1]
    assert "expected operators from elementwise, dense" in said[-1]
