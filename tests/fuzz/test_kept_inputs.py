"""Every input that fuzzing kept, what it once found included, holds what its target asks."""

from pathlib import Path

import pytest

from fuzzing.catalogue import MODULES, target

CORPUS = Path(__file__).parent / "corpus"
TARGETS = [name for names in MODULES.values() for name in names]


@pytest.mark.parametrize("name", TARGETS)
def test_kept_inputs_hold_what_their_target_asks(name: str) -> None:
    inputs = sorted((CORPUS / name).iterdir())
    assert inputs
    for one in inputs:
        target(name).run(one.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs_hold_it_too(name: str) -> None:
    """A few hundred new inputs: enough to see that a target still works, not to find what is new."""
    import random

    chosen = target(name)
    seeds = list(chosen.seeds())
    chance = random.Random(name)
    for _ in range(100):
        data = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 2, 5))):
            data = (chosen.change or _cut)(data, chance)[: chosen.max_bytes]
        chosen.run(data)


def _cut(data: bytes, chance: object) -> bytes:
    import random

    assert isinstance(chance, random.Random)
    return data[: chance.randrange(len(data) + 1)]


def test_every_folder_of_kept_inputs_has_a_target() -> None:
    assert {one.name for one in CORPUS.iterdir()} == set(TARGETS)
