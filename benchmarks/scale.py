"""Pack and validate 10 GB in constant memory, beside `openssl dgst` of the same bytes.

Owns that comparison; prints the ratios of time and the most memory, and sees that packing twice gives equal
bytes. Packing reads each byte once and writes it once: `cp` after the digests is the same work without it.
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from digests import MEBIBYTE, write_package

from pairs import measure, print_ratio

__all__ = ["main"]

#: Validating takes at most 1 / 0.9 of the time of digesting.
AIM = 1 / 0.9
#: A zip has a CRC-32 besides, which costs half of what SHA-256 does.
AIM_PACK = 1.5
AIM_PEAK_BYTES = 200_000_000

PACK = """
import json, sys
from pathlib import Path
from lepton.package.write import Member, write_package
root, out = map(Path, sys.argv[1:])
manifest = json.loads((root / "lepton.json").read_bytes())
listed = manifest.pop("files")
out.unlink(missing_ok=True)
write_package([Member(f["path"], root / f["path"], f["mediaType"], f["role"]) for f in listed], manifest, out)
"""


def sha256(path: Path) -> str:
    """Return the digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> int:
    """Measure, print, and return 0 when the aims are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--mebibytes", type=int, default=10_240)
    parser.add_argument("--folder", type=Path, help="a disk with four times the room (default: the system's)")
    arguments = parser.parse_args()
    where = arguments.folder or Path(tempfile.gettempdir())
    if shutil.disk_usage(where).free < 4 * arguments.mebibytes * MEBIBYTE:
        print(f"benchmarks/scale.py: found too little room in {where}, expected four times the package")
        return 2
    with tempfile.TemporaryDirectory(dir=where) as folder:
        package, packed = (
            write_package(Path(folder), arguments.mebibytes * MEBIBYTE),
            Path(folder) / "p.lepton",
        )
        copied = Path(folder) / "copy"
        lepton = str(Path(sys.executable).parent / "lepton")
        digest = f"find '{package}' -type f -print0 | xargs -0 -n1 -P2 openssl dgst -sha256"
        commands = {
            "openssl dgst": ["sh", "-c", digest],
            "openssl dgst, cp": [
                "sh",
                "-c",
                f"{digest} && rm -rf '{copied}' && cp -r '{package}' '{copied}'",
            ],
            "pack": [sys.executable, "-c", PACK, str(package), str(packed)],
            "validate (directory)": [lepton, "validate", "--level", "quick", str(package)],
            "validate (zip)": [lepton, "validate", "--level", "quick", str(packed)],
        }
        runs = measure(commands, arguments.rounds)
        first = sha256(packed)
        measure({"pack": commands["pack"]}, 0)
        equal = sha256(packed) == first
    met = [print_ratio(runs, f"validate ({kind})", "openssl dgst", AIM) for kind in ("directory", "zip")]
    print_ratio(runs, "pack", "openssl dgst", float("inf"))
    met.append(print_ratio(runs, "pack", "openssl dgst, cp", AIM_PACK))
    peaks = {name: run.peak_bytes for name, run in runs.items() if not name.startswith("openssl")}
    print("; ".join(f"{name}: at most {peak / MEBIBYTE:.0f} MiB of memory" for name, peak in peaks.items()))
    print(f"packed twice: {'equal' if equal else 'OTHER'} bytes")
    return 0 if all(met) and equal and max(peaks.values()) <= AIM_PEAK_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
