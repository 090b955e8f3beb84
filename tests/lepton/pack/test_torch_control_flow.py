"""Modules whose way depends on data, and sizes that a module fixes: packed, or refused with the reason."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch

from lepton.convert.packing import pack_source
from lepton.errors import RecipeError
from lepton.finding import Verdict
from lepton.pack import read_recipe
from lepton.validate import validate_package

SAID = {"en": "Tests."}
RECIPE: dict[str, Any] = {
    "lepton": "1.0",
    "id": "model",
    "version": "1.0.0",
    "language": "en",
    "title": SAID,
    "license": "MIT",
    "card": {
        "intendedUse": SAID,
        "outOfScopeUse": SAID,
        "limitations": SAID,
        "personalData": {"status": "none"},
    },
    "symbols": {"N": {"min": 1, "max": 8}, "L": {"min": 1, "max": 8}},
}
MODULES = """
    import torch

    class Chosen(torch.nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.one, self.other = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)

        def forward(self, x):
            return torch.cond(x.sum() > 0, lambda y: self.one(y), lambda y: self.other(y), (x,))

    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.recurrent = torch.nn.LSTM(4, 3, batch_first=True)

        def forward(self, x):
            return self.recurrent(x)[0]
"""


def written(folder: Path, shape: list[str | int]) -> Path:
    (folder / "modules.py").write_text(dedent(MODULES))
    signature = {"inputs": [{"name": "x", "datatype": "FP32", "shape": shape}], "outputs": [{"name": "y"}]}
    used = {name: bounds for name, bounds in RECIPE["symbols"].items() if name in shape}
    (folder / "recipe.yml").write_text(json.dumps({**RECIPE, "symbols": used, "signature": signature}))
    return folder / "recipe.yml"


def test_a_module_that_chooses_by_its_data_is_refused_and_its_onnx_file_is_packed(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path, ["N", 4]))

    with pytest.raises(RecipeError, match=r"found an operator of higher order .* pack the .onnx file"):
        pack_source(f"{tmp_path}/modules.py:Chosen", recipe, tmp_path / "out.lepton")

    namespace: dict[str, Any] = {}
    exec(dedent(MODULES), namespace)
    file = tmp_path / "chosen.onnx"
    rows = {0: torch.export.Dim("N", min=1, max=8)}
    torch.onnx.export(
        namespace["Chosen"](),
        (torch.ones(3, 4),),
        file,
        dynamo=True,
        dynamic_shapes=(rows,),
        input_names=["x"],
        output_names=["y"],
    )
    result = pack_source(str(file), recipe, tmp_path / "out.lepton")
    assert validate_package(result.out, level="full").verdict is Verdict.PASS


def test_a_size_that_the_module_fixes_is_named_with_torchs_reason(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path, ["N", "L", 4]))

    with pytest.raises(RecipeError, match=r"You marked L as dynamic but your code .* constant .*as a number"):
        pack_source(f"{tmp_path}/modules.py:Fixed", recipe, tmp_path / "out.lepton")
