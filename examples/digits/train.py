"""Train a small convolutional network on scikit-learn's digits, in seconds, the same every time.

`python examples/digits/train.py DIR` writes to DIR what `recipe.yml` names: weights, samples of held-out
images for the golden vectors, and the evaluation for the card. `trained` hands the module to `lepton pack`.
"""

import argparse
import hashlib
import io
import json
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


def _evaluation(model: nn.Module) -> dict[str, Any]:
    images, labels = held_out()
    with torch.no_grad():
        right = int((model(_tensor(images)).argmax(1).numpy() == labels).sum())
    return {
        "metric": "accuracy",
        "value": round(right / HELD_OUT, 6),
        "direction": "higher",
        "n": HELD_OUT,
        "dataset": {
            "name": f"scikit-learn digits, last {HELD_OUT} images",
            "sha256": hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest(),
            "license": "BSD-3-Clause",
        },
    }


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
    evaluation = _evaluation(model)
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    (folder / WEIGHTS).write_bytes(buffer.getvalue())
    np.savez(folder / SAMPLES, image=held_out()[0][:16])
    np.save(folder / IMAGES, held_out()[0][:16])
    (folder / EVALUATIONS).write_text(json.dumps([evaluation], indent=2) + "\n")
    if evaluation["value"] < LEAST_ACCURACY:
        raise SystemExit(f"found an accuracy of {evaluation['value']}, expected at least {LEAST_ACCURACY}")
    print(f"accuracy {evaluation['value']:.4f} on {evaluation['n']} held-out images, written to {folder}")


if __name__ == "__main__":
    main()
