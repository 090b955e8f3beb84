"""`lepton pack`: make a package of a model and a recipe.

Owns the command's arguments and its answer on the terminal; leaves the work to `lepton.pack`.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lepton.cli.progress import progress
from lepton.errors import RecipeError
from lepton.vectors.document import Comparison, VectorDocument

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "make a package of a model of any known kind, with golden vectors that are proved to discriminate"
EXAMPLE = (
    "python examples/digits/train.py build/digits && lepton pack examples/digits/train.py:trained "
    "--recipe examples/digits/recipe.yml --files build/digits -o build/digits.lepton"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from lepton.convert import KINDS, kinds_said

    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a model's file or folder, whose kind shows by its content, or MODULE:NAME or FILE.py:NAME: "
        "your own code that returns one",
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUT",
        type=Path,
        help="the package: a zip if the name ends in .lepton, else a new directory",
    )
    parser.add_argument(
        "--recipe",
        metavar="FILE",
        type=Path,
        help="what the model is and is for, in YAML (default: recipe.yml beside SOURCE)",
    )
    parser.add_argument(
        "--files",
        metavar="DIR",
        type=Path,
        help="the folder of the files that the recipe names (default: the recipe's own)",
    )
    parser.add_argument(
        "--from",
        dest="kind",
        metavar="KIND",
        choices=sorted(KINDS),
        help="read SOURCE as this kind (default: by its content)",
    )
    parser.add_argument(
        "--weights",
        metavar="FILE",
        type=Path,
        help="the .safetensors file that fills the torch module which FILE.py:NAME builds",
    )
    parser.add_argument(
        "--allow-executable",
        action="store_true",
        help="read a SOURCE that runs its maker's code when it is read; only if you trust its maker",
    )
    said = [f"{name:<12} {sentence}" for name, sentence in kinds_said().items()]
    parser.add_argument_group("kinds of SOURCE", "\n".join(said))


def run(args: argparse.Namespace) -> int:
    """Pack, and say what was proved."""
    from lepton.convert.packing import pack_source
    from lepton.pack import read_recipe

    with progress("lepton pack") as tell:
        packed = pack_source(
            args.source,
            read_recipe(_recipe(args), args.files),
            args.output,
            kind=args.kind,
            weights=args.weights,
            allow_executable=args.allow_executable,
            tell=tell,
        )
    stages = Counter(vector.stage for vector in packed.vectors.vectors)
    print(f"{packed.out}: {packed.manifest['id']} {packed.manifest['version']}")
    print(f"  identity   {packed.identity}")
    print(f"  vectors    {', '.join(f'{count} of the stage {stage}' for stage, count in stages.items())}")
    print(f"  oracle     {_oracle(packed.vectors)}")
    for stage, comparison in _comparisons(packed.vectors):
        print(f"  tolerance  {stage} {comparison.output}: {_tolerance(comparison)}")
    for control in packed.vectors.controls:
        step = "" if control.step is None else f", step {control.step}"
        print(f"  exposed    {control.control}{step} by {control.killed_by}")
    for line in _score(packed.vectors):
        print(line)
    for sentence in packed.lost:
        print(f"  lost       {sentence}")
    return 0


def _score(document: VectorDocument) -> Iterator[str]:
    mutation = document.mutation
    if mutation is None:
        return
    yield f"  mutants    {mutation.killed} of {mutation.mutants} killed"
    for one in mutation.survivors:
        yield f"  survives   {one.mutant}{': ' + one.reason if one.reason else ''}"


def _recipe(args: argparse.Namespace) -> Path:
    if args.recipe is not None:
        return Path(args.recipe)
    source = Path(args.source)
    if ":" not in args.source and not source.exists():
        raise RecipeError(f"found nothing at {source}, expected a model's file or folder, or MODULE:NAME")
    place = source if source.exists() else Path(args.source.rpartition(":")[0])
    beside = place.parent / "recipe.yml"
    if not beside.is_file():
        raise RecipeError(
            f"found no recipe {beside}, expected one: write id, version, language, title, license and card "
            "(intendedUse, outOfScopeUse, limitations, personalData) in YAML and name it with --recipe"
        )
    return beside


def _oracle(document: VectorDocument) -> str:
    provenance = document.provenance
    return f"{provenance.oracle} {provenance.oracle_version} in {provenance.precision}"


def _comparisons(document: VectorDocument) -> list[tuple[str, Comparison]]:
    """Return the comparisons of each stage, which are the same for all its vectors."""
    first = {one.stage: one for one in reversed(document.vectors)}
    return [(stage, one) for stage, vector in reversed(first.items()) for one in vector.comparisons]


def _tolerance(comparison: Comparison) -> str:
    if comparison.comparator == "exact":
        return "exact"
    others = [
        f"; {name}: atol {atol:g}, rtol {rtol:.3g}" for name, (atol, rtol) in comparison.precisions.items()
    ]
    return f"atol {comparison.atol:g}, rtol {comparison.rtol:.3g}{''.join(others)}"
