"""`lepton validate --level quick` on a package of 1 MB, beside an empty Python and check-jsonschema.

Owns that comparison; prints ratios. check-jsonschema looks at the manifest alone; lepton reads every file.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import lepton_spec
from lepton_conformance.forge.valid import linear_draft
from pairs import measure, print_ratio

__all__ = ["main"]

FILES = 12
FILE_BYTES = 80_000
AIM_PYTHON = 5.0
AIM_CHECK_JSONSCHEMA = 0.2


def write_package(folder: Path) -> Path:
    """Write a valid package of 15 files and 1 MB."""
    draft = linear_draft()
    for number in range(FILES):
        text = (f"line {number} of a document\n" * FILE_BYTES)[:FILE_BYTES]
        draft.add(f"docs/part-{number}.txt", text.encode(), "text/plain", "documentation")
    return draft.directory().write(folder)


def main() -> int:
    """Measure, print, and return 0 when both aims are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    tools = Path(sys.executable).parent
    schema = lepton_spec.path("manifest.schema.json")
    with tempfile.TemporaryDirectory() as folder:
        package = write_package(Path(folder))
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "lepton validate --level quick": [
                str(tools / "lepton"),
                "validate",
                "--level",
                "quick",
                str(package),
            ],
            "check-jsonschema": [
                str(tools / "check-jsonschema"),
                "--schemafile",
                str(schema),
                "--base-uri",
                schema.as_uri(),
                str(package / "lepton.json"),
            ],
        }
        runs = measure(commands, rounds)
    ours = "lepton validate --level quick"
    met = [
        print_ratio(runs, ours, "python -c pass", AIM_PYTHON),
        print_ratio(runs, ours, "check-jsonschema", AIM_CHECK_JSONSCHEMA),
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
