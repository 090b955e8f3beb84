"""Train a small convolutional network on scikit-learn's digits, in seconds, the same every time.

`python examples/digits/train.py DIR` writes to DIR what `recipe.yml` names: weights, samples of held-out
images for the golden vectors, the evaluations for the card (over all, for each digit, with moved images) and
the comparison of the digits for the assurance document. `trained` hands the module to `lepton pack`.
"""

import argparse
import hashlib
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.datasets import load_digits
from torch import nn

__all__ = ["DigitsCnn", "held_out", "main", "trained"]

SEED = 20260101
#: The last images of the data set, by other writers than the first ones, are never trained on.
HELD_OUT = 360
EPOCHS, BATCH, LEARNING_RATE = 60, 64, 2e-3
#: The held-out accuracy below which training is taken to have gone wrong.
LEAST_ACCURACY = 0.97

WEIGHTS, SAMPLES, EVALUATIONS = "weights.pt", "samples.npz", "evaluations.json"
COMPARISONS = "comparisons.json"
DIGITS = 10
#: The 0.975 quantile of the standard normal distribution, for intervals at the level 0.95.
LEVEL, QUANTILE = 0.95, 1.959964
#: The first held-out images, as one asks a package for an answer.
IMAGES = "images.npy"

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


class DigitsCnn(nn.Module):
    """Two convolutions and two dense layers: (N, 1, 8, 8) float32 in 0..1 -> (N, 10) logits."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classes = nn.Sequential(nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        classes: torch.Tensor = self.classes(self.features(image).flatten(1))
        return classes


def _digits() -> tuple[Images, Labels]:
    """Return all images, (1797, 8, 8) uint8 in 0..16, and their labels."""
    data = load_digits()
    return data.images.astype(np.uint8), data.target.astype(np.int64)


def held_out() -> tuple[Images, Labels]:
    """Return the images and labels that were not trained on."""
    images, labels = _digits()
    return images[-HELD_OUT:], labels[-HELD_OUT:]


def _tensor(images: Images) -> torch.Tensor:
    """Scale and shape images as `processing.pre` of the recipe does."""
    return torch.from_numpy(images.astype(np.float32) * np.float32(0.0625)).reshape(-1, 1, 8, 8)


def _train() -> DigitsCnn:
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # sums in the same order everywhere, and no waiting for a busy core
    torch.use_deterministic_algorithms(True)
    images, labels = _digits()
    inputs, targets = _tensor(images[:-HELD_OUT]), torch.from_numpy(labels[:-HELD_OUT])
    model = DigitsCnn()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for _ in range(EPOCHS):
        order = torch.randperm(len(inputs))
        for rows in torch.split(order, BATCH):
            optimizer.zero_grad()
            torch.autograd.backward(nn.functional.cross_entropy(model(_shifted(inputs[rows])), targets[rows]))
            optimizer.step()
        schedule.step()
    return model.eval()


def _shifted(images: torch.Tensor) -> torch.Tensor:
    """Move a batch by at most one pixel each way: the writers held out do not centre their digits alike."""
    down, right = torch.randint(0, 3, (2,)).tolist()
    return nn.functional.pad(images, (1, 1, 1, 1))[:, :, down : down + 8, right : right + 8]


def _right(model: nn.Module, images: Images, labels: Labels) -> npt.NDArray[np.bool_]:
    """Say of each image whether the model reads it rightly."""
    with torch.no_grad():
        right: npt.NDArray[np.bool_] = model(_tensor(images)).argmax(1).numpy() == labels
    return right


def _evaluation(right: npt.NDArray[np.bool_], images: Images, labels: Labels, name: str) -> dict[str, Any]:
    return {
        "metric": "accuracy",
        "value": round(int(right.sum()) / len(right), 6),
        "direction": "higher",
        "n": len(right),
        "dataset": {
            "name": name,
            "sha256": hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest(),
            "license": "BSD-3-Clause",
        },
    }


def _evaluations(model: nn.Module) -> list[dict[str, Any]]:
    """Return the accuracy over all images, of each digit in order, and of images moved by a pixel."""
    images, labels = held_out()
    right = _right(model, images, labels)
    name = f"scikit-learn digits, last {HELD_OUT} images"
    found = [_evaluation(right, images, labels, name)]
    for digit in range(DIGITS):
        of_group = _evaluation(right[labels == digit], images, labels, name)
        found.append({**of_group, "group": f"digit {digit}"})
    moved = np.roll(images, 1, axis=2)
    moved[:, :, 0] = 0
    found.append(
        _evaluation(_right(model, moved, labels), moved, labels, f"{name}, moved by one pixel to the right")
    )
    return found


def _comparison(evaluations: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the comparison of the digits, by number in the list of evaluations."""
    digits = evaluations[1 : DIGITS + 1]
    values = [one["value"] for one in digits]
    fewest = min(range(DIGITS), key=lambda digit: digits[digit]["n"])
    return {
        "attribute": {"en": "The digit that was written.", "zh": "所写的数字。"},
        "overall": "/evaluations/0",
        "groups": [
            {"evaluation": f"/evaluations/{at}", "interval": _interval(one["value"], one["n"])}
            for at, one in enumerate(digits, 1)
        ],
        "overlap": "none",
        "ungrouped": 0,
        "smallest": f"/evaluations/{fewest + 1}",
        "disparity": {"measure": "difference", "value": round(max(values) - min(values), 6)},
    }


def _interval(share: float, n: int) -> dict[str, Any]:
    """Return the score interval of Wilson (1927)."""
    z2 = QUANTILE**2
    centre = share + z2 / (2 * n)
    spread = QUANTILE * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low, high = (round((centre + sign * spread) / (1 + z2 / n), 6) for sign in (-1, 1))
    return {"method": "wilson", "level": LEVEL, "low": low, "high": high}


def trained(folder: Path) -> nn.Module:
    """Return the module whose weights `main` wrote to `folder`."""
    model = DigitsCnn()
    model.load_state_dict(torch.load(folder / WEIGHTS, weights_only=True))
    return model.eval()


def main() -> None:
    """Train, evaluate on the held-out images, and write what the recipe names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    model = _train()
    evaluations = _evaluations(model)
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    (folder / WEIGHTS).write_bytes(buffer.getvalue())
    np.savez(folder / SAMPLES, image=held_out()[0][:16])
    np.save(folder / IMAGES, held_out()[0][:16])
    (folder / EVALUATIONS).write_text(json.dumps(evaluations, indent=2) + "\n")
    comparison = json.dumps([_comparison(evaluations)], ensure_ascii=False, indent=2)
    (folder / COMPARISONS).write_text(comparison + "\n", encoding="utf-8")
    evaluation = evaluations[0]
    if evaluation["value"] < LEAST_ACCURACY:
        raise SystemExit(f"found an accuracy of {evaluation['value']}, expected at least {LEAST_ACCURACY}")
    print(f"accuracy {evaluation['value']:.4f} on {evaluation['n']} held-out images, written to {folder}")


if __name__ == "__main__":
    main()
