"""`python -m lepton_conformance.forge FOLDER`: write the corpus of packages, or data sets, for validators."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lepton_conformance.forge.application_faults import APPLICATION_FAULTS
from lepton_conformance.forge.applications import VALID_APPLICATIONS
from lepton_conformance.forge.corpus import write_corpus, write_kept
from lepton_conformance.forge.datasets import write_datasets

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the corpus and say where its index is; 2 when that cannot be done."""
    parser = argparse.ArgumentParser(
        prog="python -m lepton_conformance.forge",
        description="Write valid packages, and packages that each violate one requirement, with an index.",
        epilog="example: python -m lepton_conformance.forge corpus",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder that does not exist yet")
    parser.add_argument(
        "--kept",
        action="store_true",
        help="write each package in one file, as conformance/corpus keeps them; FOLDER may exist",
    )
    parser.add_argument("--data", action="store_true", help="write data sets (chapter data), not packages")
    parser.add_argument(
        "--application", action="store_true", help="write packages with tasks (chapter application)"
    )
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    try:
        if options.application:
            print(write_corpus(folder, VALID_APPLICATIONS, APPLICATION_FAULTS))
            return 0
        write = write_datasets if options.data else write_kept if options.kept else write_corpus
        print(write(folder))
    except OSError as error:
        reason = (
            "is there already; name a new folder" if isinstance(error, FileExistsError) else error.strerror
        )
        print(f"forge: {str(folder)!r}: {reason}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
