"""pt2 archives: matched by order, refused when they keep state, loaded only by those who may."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lepton.errors import RuntimeRefusal
from lepton.runtime.torch import TorchRuntime


class Difference(torch.nn.Module):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return a - b, a


class Counter(torch.nn.Module):
    calls: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls.add_(1)
        return x + self.calls


def _save(module: torch.nn.Module, arguments: tuple[torch.Tensor, ...], path: Path) -> Path:
    torch.export.save(torch.export.export(module, arguments), path)
    return path


def test_matches_tensors_by_order_and_shares_no_memory(tmp_path: Path) -> None:
    path = _save(Difference(), (torch.zeros(2), torch.zeros(2)), tmp_path / "m.pt2")
    model = TorchRuntime().load(path, ["minuend", "subtrahend"], ["difference", "same"])
    a, b = np.array([5, 7], np.float32), np.array([1, 2], np.float32)
    a.flags.writeable = False
    answer = model.infer({"subtrahend": b, "minuend": a})
    assert answer["difference"].tolist() == [4, 5]
    assert not np.shares_memory(answer["same"], a)
    with pytest.raises(RuntimeRefusal, match="found 2 outputs"):
        TorchRuntime().load(path, ["a", "b"], ["one"])


def test_refuses_a_program_with_state(tmp_path: Path) -> None:
    path = _save(Counter(), (torch.zeros(1),), tmp_path / "m.pt2")
    with pytest.raises(RuntimeRefusal, match="without state"):
        TorchRuntime().load(path, ["x"], ["y"])


def test_refuses_a_file_that_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "m.pt2"
    path.write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(RuntimeRefusal, match="refuses") as refusal:
        TorchRuntime().load(path, ["x"], ["y"])
    assert "\n" not in str(refusal.value)
