"""The valid packages that violations start from, plain or varied.

Owns `Bases` (one method a package) and what a `Variation` changes: files, texts, licence, card, copies of the
artifact, the container. Leaves the packages to `valid`. Serves `package`.
"""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.gallery import gallery_draft
from lepton_conformance.forge.package import CARD, MODEL
from lepton_conformance.forge.pictures import pictures_draft
from lepton_conformance.forge.pipelines import text_draft
from lepton_conformance.forge.readings import boxes_draft, coarse_draft, lines_draft
from lepton_conformance.forge.sound_steps import plain_gallery, sound_steps
from lepton_conformance.forge.valid import (
    decorated_draft,
    external_draft,
    linear_draft,
    strings_draft,
    threshold_draft,
    two_artifacts_draft,
    vision_draft,
)

__all__ = ["PLAIN", "Bases", "Variation"]


@dataclass(frozen=True, slots=True)
class Variation:
    """What is other than in the plain packages; `seed` chooses contents where there is a choice."""

    zipped: bool = False
    deflated: bool = False
    files: int = 0
    unlisted: int = 0
    texts: int = 0
    licence: int = 0
    extensions: int = 0
    card: int = 0
    copies: int = 0
    seed: int = 0


_PATHS = ("extra/α.bin", "data/0/0/x", "文件/说明 (1).md", "café.d/.hidden", "tokens.JSON", "a b/c+d=e.txt")
_LICENCES = (
    "Apache-2.0",
    "MIT",
    "(MIT OR BSD-3-Clause) AND CC-BY-4.0",
    "gpl-2.0-only WITH Classpath-exception-2.0",
)
_LANGUAGES = {"fr": "Modèle", "ja": "モデル", "zh": "模型", "zu": "Imodeli"}
_EXTENSIONS: tuple[Any, ...] = (None, [], {"lepton": "2.0", "files": [1e300, -0.5, True]}, "\u202e\x7f\0")


@dataclass(frozen=True, slots=True)
class Bases:
    """The valid packages, all in one variation."""

    variation: Variation = Variation()

    def linear(self) -> Draft:
        """Return the plainest package: one artifact, no processing."""
        return self._vary(linear_draft())

    def external(self) -> Draft:
        """Return the package with a file of external data."""
        return self._vary(external_draft())

    def vision(self) -> Draft:
        """Return the package with an image at its interface, and steps before and after."""
        return self._vary(vision_draft())

    def strings(self) -> Draft:
        """Return the package of strings."""
        return self._vary(strings_draft())

    def text(self) -> Draft:
        """Return the package that reads text: steps with files, one of them a graph."""
        return self._vary(text_draft())

    def pictures(self) -> Draft:
        """Return the package that reads PNG files."""
        return self._vary(pictures_draft())

    def boxes(self) -> Draft:
        """Return the package that keeps boxes and names them."""
        return self._vary(boxes_draft())

    def lines(self) -> Draft:
        """Return the package that reads lines of text."""
        return self._vary(lines_draft())

    def coarse(self) -> Draft:
        """Return the plainest package with a second artifact of another precision."""
        return self._vary(coarse_draft(linear_draft()))

    def threshold(self) -> Draft:
        """Return the package with an optional input and two empty lists of steps."""
        return self._vary(threshold_draft())

    def gallery(self) -> Draft:
        """Return the package with tensors of every kind, and steps beside the model if it is varied."""
        if self.variation == PLAIN.variation:
            return plain_gallery()
        chosen = random.Random(self.variation.seed)
        return self._vary(
            gallery_draft(*sound_steps([chosen.randrange(999) for _ in range(chosen.randrange(5))]))
        )

    def alone(self) -> "Bases":
        """Return the same packages without copies of the artifact."""
        return Bases(replace(self.variation, copies=0))

    def of_kind(self, number: int) -> Forged:
        """Return one of the valid packages, finished."""
        kinds: tuple[Callable[[], Draft], ...] = (
            linear_draft,
            external_draft,
            vision_draft,
            strings_draft,
            threshold_draft,
            text_draft,
            decorated_draft,
            two_artifacts_draft,
        )
        return self.finish(self._vary(kinds[number % len(kinds)]()))

    def finish(self, draft: Draft, manifest: bytes | None = None) -> Forged:
        """Finish a package in the container of the variation; `manifest` replaces its canonical bytes."""
        if not self.variation.zipped:
            return draft.directory(manifest)
        plain = [member.path for member in draft.members if member.role not in ("artifact", "weights")]
        deflated = ("lepton.json", *plain) if self.variation.deflated else ()
        return draft.archive(deflated=deflated, manifest=manifest)

    def _vary(self, draft: Draft) -> Draft:
        variation = self.variation
        if variation == PLAIN.variation:
            return draft
        chosen = random.Random(variation.seed)
        for path in chosen.sample(_PATHS, variation.files):
            draft.add(
                path, b"#" + chosen.randbytes(chosen.randrange(40)), "application/octet-stream", "other"
            )
        for number in range(variation.unlisted):
            draft.unlisted[f"signatures/{number}.sig"] = chosen.randbytes(9)
        manifest = draft.manifest
        for language in sorted(chosen.sample(sorted(_LANGUAGES), variation.texts)):
            manifest["title"][language] = _LANGUAGES[language]
            manifest["description"][language] = _LANGUAGES[language]
        if variation.licence and "LicenseRef" not in manifest["license"]:
            manifest["license"] = _LICENCES[variation.licence % len(_LICENCES)]
        for number in range(variation.extensions):
            extensions = manifest.setdefault("extensions", {})
            extensions[f"org.example.e{number}"] = chosen.choice(_EXTENSIONS)
        if variation.card:
            draft.edit(CARD, lambda card: _vary_card(card, variation.card, chosen))
        for number in range(variation.copies):
            _copy_artifact(draft, number)
        return draft


def _vary_card(card: Any, count: int, chosen: random.Random) -> None:
    """Add evaluations, and another language."""
    for language in sorted(chosen.sample(sorted(_LANGUAGES), count % len(_LANGUAGES))):
        card["intendedUse"][language] = _LANGUAGES[language]
    for number in range(count):
        dataset = {"name": f"points {number}", "sha256": chosen.randbytes(32).hex()}
        value = chosen.randrange(-1000, 1000) / 8
        evaluation = {"metric": "error", "value": value, "direction": "lower", "n": 1 + number}
        card.setdefault("evaluations", []).append({**evaluation, "dataset": dataset})


def _copy_artifact(draft: Draft, number: int) -> None:
    """Add a copy of the first artifact, beside it: external data are found from there as well."""
    path = f"model/copy-{number}.onnx"
    draft.add(path, draft.member(MODEL).data, "application/vnd.onnx", "artifact")
    draft.manifest["artifacts"].append(
        {**copy.deepcopy(draft.manifest["artifacts"][0]), "id": f"copy-{number}", "entry": path}
    )


PLAIN = Bases()
